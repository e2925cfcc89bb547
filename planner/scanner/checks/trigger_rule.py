"""Trigger rules that are gone, where ruff does not look."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.python_file import PythonFile, text_of
from planner.scanner.code.task_call import task_arguments
from planner.scanner.material import Hit

_NOW = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}


def _check(file: PythonFile) -> Iterator[Hit]:
    for found in task_arguments(file, "trigger_rule"):
        rule = text_of(file.value(found.value))
        if rule in _NOW:
            message = f"Airflow 3 has no trigger rule `{rule}`; write `{_NOW[rule]}`"
            yield file.hit(found.value, message, symbol=rule)


CHECK = Check("AF3-TRIGGER-RULE", PythonFile, _check, spelled=("trigger_rule",))
