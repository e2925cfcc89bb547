"""Imports of names that the target no longer has, used or not: ruff only reports uses."""

from __future__ import annotations

from collections.abc import Iterator

from planner.rulebook.load import rulebook
from planner.scanner.checks import Check
from planner.scanner.material import Hit
from planner.scanner.python_file import PythonFile

_LINES = ("3.0", "3.1", "3.2", "3.3")


def _check(file: PythonFile) -> Iterator[Hit]:
    symbols = rulebook().symbols
    for imported in file.imports:
        statuses = symbols.get(imported.full)
        if not statuses or statuses.get("2.11") == "gone" or file.is_guarded(imported.node):
            continue
        gone = next((line for line in _LINES if statuses.get(line) == "gone"), "")
        if gone:
            message = f"`{imported.full}` cannot be imported since Airflow {gone}"
            yield file.hit(imported.alias, message, symbol=imported.full)


CHECK = Check("AF3-IMPORT-GONE", PythonFile, _check, needs=(b"import",))
