"""Addresses that a task mails to by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.material import Hit
from planner.scanner.python_file import PythonFile, is_none
from planner.scanner.task_call import task_arguments


def _check(file: PythonFile) -> Iterator[Hit]:
    for found in task_arguments(file, "email"):
        value = file.value(found.value)
        if not is_none(value) and not isinstance(value, ast.Dict):
            message = "mail that the task sends itself is deprecated on Airflow 3"
            yield file.hit(found.node, message, symbol="email")


CHECK = Check("AF3-EMAIL", PythonFile, _check, worth=lambda glimpse: glimpse.spells(["email"]))
