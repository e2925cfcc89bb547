"""SQL in Python strings about tables and columns of Airflow's database that are gone."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from planner.scanner.around.metadata_sql import gone_from
from planner.scanner.around.templates import LARGEST_TEMPLATE, hit_in
from planner.scanner.checks import Check
from planner.scanner.code.glimpse import Glimpse, Spelled
from planner.scanner.code.of_tests import in_test_folder
from planner.scanner.code.python_file import PythonFile
from planner.scanner.code.removed_names import names_of
from planner.scanner.material import Hit
from planner.scanner.readers.python_templates import texts_of

RULE = "AF3-METADATA-SQL"
_WORDS = ("from", "update", "into", "FROM", "UPDATE", "INTO", "From", "Update")

_TOKENS = (
    b"dag_run",
    b"task_instance",
    b"sla_miss",
    b"task_fail",
    b"dag_pickle",
    b"_dag",
    b" dag",
)
"""One of them is in every file that speaks of these tables."""


def message(symbol: str) -> str:
    """What is wrong with a table or column."""
    return f"Airflow's database has no `{symbol}` any more on Airflow 3"


def _check(file: PythonFile) -> Iterator[Hit]:
    if in_test_folder(file.path):
        return
    for text in texts_of(file, _may_be_sql):
        for gone in gone_from(text.text, names_of(RULE)):
            word = text.text[gone.offset : gone.offset + len(gone.word)]
            yield hit_in(text, word, gone.offset, message(gone.symbol), gone.symbol)


def _may_be_sql(text: str) -> bool:
    return len(text) <= LARGEST_TEMPLATE and any(word in text for word in _WORDS)


@functools.cache
def _names() -> Spelled:
    return Spelled(names_of(RULE))


@functools.cache
def _tables() -> re.Pattern[bytes]:
    tables = "|".join(sorted({name.partition(".")[0] for name in names_of(RULE)}))
    return re.compile(
        rf"(?:from|join|update|into)[\s\"'`\\n]+(?:[^\s;]{{0,60}}\.|\{{\{{[^}}]{{0,60}}\}}\}}\.)?[\"`]?(?:{tables})\b".encode()
    )


@functools.cache
def _spelled() -> frozenset[str]:
    """The tables and columns that are gone, as people write SQL: small, in capitals, or beginning with one."""
    words = {name.rpartition(".")[2] for name in names_of(RULE)}
    ways = (str.lower, str.upper, str.title, str.capitalize)
    return frozenset(way(word) for way in ways for word in words)


def _may_ask(glimpse: Glimpse) -> bool:
    if in_test_folder(glimpse.path) or not glimpse.spells(_spelled()):
        return False
    if not glimpse.has(*_TOKENS):
        return False
    lower = glimpse.in_lower_case
    return _names().may_be_in(lower) and _tables().search(lower.content) is not None


CHECK = Check(
    RULE,
    PythonFile,
    _check,
    worth=_may_ask,
    needs_airflow=False,
)
