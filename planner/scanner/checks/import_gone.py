"""Imports of names that the target no longer has, used or not: ruff only reports uses."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.gone import gone_hit, gone_names, may_name_gone
from planner.scanner.code.python_file import PythonFile
from planner.scanner.material import Hit


def _check(file: PythonFile) -> Iterator[Hit]:
    for gone in gone_names(file):
        yield gone_hit(file, gone)


CHECK = Check("AF3-IMPORT-GONE", PythonFile, _check, worth=may_name_gone, gives_way=True)
