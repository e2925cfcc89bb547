"""Attributes of task instances, runs and DAGs that Airflow 3 no longer has, in templates."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from planner.scanner.around.jinja import reading_of
from planner.scanner.around.templates import Instead, hit_in
from planner.scanner.checks import Check
from planner.scanner.checks.ti_attr import may_be_read
from planner.scanner.code.airflow_context import HELD
from planner.scanner.code.removed_names import names_of
from planner.scanner.material import Hit, Template

_RULE = "AF3-TI-ATTR"
_INSTEAD = {"dag_run.execution_date": Instead("logical_date", is_safe=True)}


@functools.cache
def _read_of_them() -> re.Pattern[str]:
    """One of the attributes read of what has them: most templates that name a task instance pull a value."""
    attributes = "|".join(sorted({name.rpartition(".")[2] for name in names_of(_RULE)}))
    holders = "|".join(rf"{holder}(?<![\w.]{holder})" for holder in sorted(HELD))
    return re.compile(rf"(?:{holders})[\s)]*[.\[][\s\"']*(?:{attributes})\b")


def _check(template: Template) -> Iterator[Hit]:
    if not _read_of_them().search(template.text):
        return
    removed = names_of(_RULE)
    for use in reading_of(template.text, in_pieces=not template.in_file).uses:
        if len(use.path) < 2 or use.path[0] not in HELD or use.path[0] in template.provided:
            continue
        symbol = f"{HELD[use.path[0]]}.{use.path[1]}"
        if symbol in removed and not use.excused(2):
            message = f"`{symbol}` is gone in Airflow 3"
            instead = _INSTEAD.get(symbol)
            yield hit_in(template, use.path[1], use.offsets[1], message, symbol, instead)


CHECK = Check(_RULE, Template, _check, worth=may_be_read)
