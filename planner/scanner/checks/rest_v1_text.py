"""Callers of the REST API of 2.x in scripts, YAML, Terraform and programs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.scanner.around.rest_calls import called_newer, calls_in, message_of
from planner.scanner.checks import Check
from planner.scanner.code.of_tests import is_unit_test
from planner.scanner.material import Hit, Text

_COMMENT = re.compile(r"[ \t]*(?:#|//|\*|--)")
LONGEST_LINE = 5_000
"""Characters; longer lines are generated."""


def _check(text: Text) -> Iterator[Hit]:
    if "api/v1" not in text.source and "api/experimental" not in text.source:
        return
    if is_unit_test(text.path):
        return
    of_airflow = "airflow" in text.source.lower() or "airflow" in text.path.lower()
    lines = [
        (number, line)
        for number, line in enumerate(text.source.splitlines(), 1)
        if len(line) <= LONGEST_LINE and not _COMMENT.match(line)
    ]
    newer = called_newer(line for _, line in lines)
    for number, line in lines:
        for call in calls_in(line, of_airflow=of_airflow, newer=newer):
            yield Hit(
                line=number,
                column=call.offset + 1,
                message=message_of(call),
                symbol=call.path,
            )


CHECK = Check("AF3-REST-V1", Text, _check)
