"""Addresses that a task mails to by itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.glimpse import Glimpse
from planner.scanner.code.of_tests import in_test_folder
from planner.scanner.code.python_file import PythonFile, text_of
from planner.scanner.code.task_call import task_arguments
from planner.scanner.material import Hit

_SWITCHES = frozenset(["email_on_failure", "email_on_retry"])
"""Both are on where nothing is said."""


def _check(file: PythonFile) -> Iterator[Hit]:
    if in_test_folder(file.path):
        return
    for found in task_arguments(file, "email"):
        value = file.value(found.value)
        if _may_be_address(value) and not _switched_off(file, found.node) >= _SWITCHES:
            message = "mail that the task sends itself is deprecated on Airflow 3"
            yield file.hit(found.node, message, symbol="email")


def _may_be_address(value: ast.expr) -> bool:
    match value:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return any(map(_may_be_address, elements))
        case ast.Constant(value=written):
            return bool(written)
    return not isinstance(value, ast.Dict)


def _switched_off(file: PythonFile, node: ast.AST) -> set[str]:
    """What is False in the same call or dict."""
    match file.parent(node):
        case ast.Call(keywords=words):
            beside: list[tuple[str | None, ast.expr]] = [(word.arg, word.value) for word in words]
        case ast.Dict(keys=keys, values=values):
            beside = [(text_of(key), value) for key, value in zip(keys, values, strict=True)]
        case _:
            return set()
    return {name for name, value in beside if name and _is_false(file.value(value))}


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


_GIVEN = re.compile(rb"email(?<=\bemail)(?:[\"']|\s*=(?!=))")
"""As an argument or as a key."""


def _may_be_given(glimpse: Glimpse) -> bool:
    return not in_test_folder(glimpse.path) and _GIVEN.search(glimpse.content) is not None


CHECK = Check("AF3-EMAIL", PythonFile, _check, spelled=("email",), worth=_may_be_given)
