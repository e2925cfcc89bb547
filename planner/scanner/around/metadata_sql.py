"""SQL about Airflow's own database, read token by token: dialects and templates make it no one grammar's.

A table counts where a statement reads or changes it by name; a column where it belongs to such a table, or
where all tables of the statement are Airflow's. What stands in comments, text and Jinja does not count.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from planner.scanner.around.jinja import spans_of

_TOKEN = re.compile(
    r"--[^\n]*|/\*[\s\S]*?(?:\*/|\Z)|'[^']*(?:'|\Z)|[\w$]+|\"[^\"\n]*\"|`[^`\n]*`|\S"
)
_STARTS = frozenset(["select", "with", "delete", "update", "insert", "explain", "create", "("])
_BEFORE_TABLE = frozenset(["from", "join", "update", "into"])
_SCHEMAS = frozenset(["public", "airflow", "main", "dbo"])
"""Schemas that hold Airflow's tables; a table of another schema is somebody's own."""
_NO_ALIAS = frozenset(
    [
        "as",
        "cross",
        "for",
        "full",
        "group",
        "having",
        "inner",
        "join",
        "lateral",
        "left",
        "limit",
        "natural",
        "on",
        "order",
        "outer",
        "right",
        "select",
        "set",
        "union",
        "using",
        "values",
        "where",
        "window",
    ]
)
TABLES = frozenset(
    ["dag", "dag_code", "dag_run", "import_error", "serialized_dag", "task_instance", "xcom", "log"]
)
"""Tables of Airflow's that both sides have. A statement about one of them may name the others."""
_COMMON = frozenset(["dataset", "dataset_alias", "dataset_event", "log", "xcom", "dag"])
"""Names that tables of one's own have too."""


class Token(NamedTuple):
    """A word or a sign, in lower case and without its quotes."""

    text: str
    offset: int


class Gone(NamedTuple):
    """A table or column that Airflow 3 no longer has."""

    symbol: str
    """``sla_miss``, ``dag_run.execution_date``."""
    word: str
    offset: int


def gone_from(sql: str, removed: frozenset[str]) -> Iterator[Gone]:
    """What a text of SQL statements asks of Airflow's database that is among ``removed``."""
    statement: list[Token] = []
    for token in [*_tokens(sql), Token(";", len(sql))]:
        if token.text != ";":
            statement.append(token)
        elif statement:
            yield from _gone_from_statement(statement, removed)
            statement = []


def _tokens(sql: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(_without_jinja(sql)):
        text = match[0]
        if not text.startswith(("--", "/*", "'")):
            yield Token(text.strip('"`').lower(), match.start() + (text[0] in '"`'))


def _without_jinja(sql: str) -> str:
    """The same text with blanks where Jinja stands."""
    parts, at = [], 0
    for start, end in spans_of(sql):
        parts += [sql[at:start], " " * (end - start)]
        at = end
    return "".join([*parts, sql[at:]])


def _gone_from_statement(tokens: list[Token], removed: frozenset[str]) -> Iterator[Gone]:
    if tokens[0].text not in _STARTS:
        return
    tables = list(_tables(tokens))
    named = {table.text for table, _ in tables}
    if named.isdisjoint(TABLES | removed) or named <= _COMMON - {"dag"}:
        return
    for table, _ in tables:
        if table.text in removed and (table.text not in _COMMON or named & (TABLES - _COMMON)):
            yield Gone(table.text, table.text, table.offset)
    aliases = {alias: table.text for table, alias in tables}
    yield from _columns(tokens, aliases, removed, own=named <= TABLES | removed)


def _tables(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Each table that a statement names, and what it calls it; CTEs and tables of other schemas left out."""
    made = {
        first.text
        for first, second, third in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if second.text == "as" and third.text == "("
    }
    texts = [token.text for token in tokens] + [""] * 4
    for index, token in enumerate(tokens):
        if token.text not in _BEFORE_TABLE:
            continue
        at = index + 1
        while texts[at + 1] == "." and texts[at] in _SCHEMAS:
            at += 2
        if not texts[at].isidentifier() or texts[at + 1] == "." or texts[at] in made:
            continue
        alias = texts[at + 2] if texts[at + 1] == "as" else texts[at + 1]
        known = alias.isidentifier() and alias not in _NO_ALIAS
        yield tokens[at], alias if known else texts[at]


def _columns(
    tokens: list[Token], aliases: Mapping[str, str], removed: frozenset[str], *, own: bool
) -> Iterator[Gone]:
    words = {name.partition(".")[2] for name in removed if "." in name}
    renamed = {second.text for first, second in itertools.pairwise(tokens) if first.text == "as"}
    for index, token in enumerate(tokens):
        if token.text not in words:
            continue
        before = tokens[index - 1].text if index else ""
        if before == "." and index > 1:
            candidates = [aliases.get(tokens[index - 2].text, "")]
        else:
            plain = own and before != "as" and token.text not in renamed
            candidates = sorted(set(aliases.values())) if plain else []
        for table in candidates:
            if f"{table}.{token.text}" in removed:
                yield Gone(f"{table}.{token.text}", token.text, token.offset)
                break
