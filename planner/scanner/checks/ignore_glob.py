"""Lines of .airflowignore that mean something else as a glob than as a regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.material import Hit, Text

_REGEXP = re.compile(r"\.[*+?]|\\[.dwsSDWbB]|\^|\$$|\||\(|\)|\[[^\]]{1,80}\][*+?{]|[\w)\]]\+")
"""What only a regular expression would hold."""


def _check(text: Text) -> Iterator[Hit]:
    if text.kind != "airflowignore":
        return
    for number, line in enumerate(text.source.splitlines(), 1):
        pattern = line.split("#", 1)[0].strip()
        if pattern and _REGEXP.search(pattern):
            message = f"`{pattern}` is read as a glob since Airflow 3.0, so it ignores other files"
            yield Hit(
                line=number,
                column=1,
                message=message,
                symbol=".airflowignore",
                unless_set="core.dag_ignore_file_syntax",
            )


CHECK = Check("AF3-IGNORE-GLOB", Text, _check)
