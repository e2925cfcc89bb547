"""Calls of ``xcom_pull`` that do not say whose value they want, in templates."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.around.jinja import reading_of
from planner.scanner.around.templates import hit_in
from planner.scanner.checks import Check
from planner.scanner.checks.xcom_pull_noids import MESSAGE, SYMBOL
from planner.scanner.material import Hit, Template


def _check(template: Template) -> Iterator[Hit]:
    if SYMBOL in template.text:
        for pull in reading_of(template.text, in_pieces=not template.in_file).pulls:
            if not pull.names_tasks:
                yield hit_in(template, SYMBOL, pull.offset, MESSAGE)


CHECK = Check("AF3-XCOM-PULL-NOIDS", Template, _check, needs=(SYMBOL.encode(),))
