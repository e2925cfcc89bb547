"""Callers of the REST API of 2.x in Python."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.scanner.around.rest_calls import called_newer, calls_in, message_of
from planner.scanner.checks import Check
from planner.scanner.code.of_tests import is_unit_test
from planner.scanner.code.python_file import PythonFile
from planner.scanner.material import Hit

_CLIENTS = ("airflow.api.client", "airflow_client.client.model.")
"""Modules that only clients of 2.x have."""


def _check(file: PythonFile) -> Iterator[Hit]:
    yield from _clients(file)
    if is_unit_test(file.path):
        return
    texts = [
        (node, node.value)
        for node in file.of(ast.Constant)
        if isinstance(node.value, str) and "api/" in node.value and not _is_docstring(file, node)
    ]
    newer = called_newer(text for _, text in texts)
    for node, text in texts:
        yield from _calls(file, node, text, newer)


def _clients(file: PythonFile) -> Iterator[Hit]:
    for imported in file.imports:
        name = imported.alias.name if isinstance(imported.node, ast.Import) else imported.full
        if name.startswith(_CLIENTS) and not file.is_guarded(imported.node):
            message = f"`{name}` is of the client for Airflow 2"
            yield file.hit(imported.alias, message, symbol=name)


def _calls(file: PythonFile, node: ast.Constant, text: str, newer: frozenset[str]) -> Iterator[Hit]:
    around = _around(file, node)
    if len(text) > 2_000:
        return
    of_airflow = "airflow" in file.source.lower()
    for call in calls_in(f"{around} {text}", of_airflow=of_airflow, newer=newer):
        yield file.hit(node, message_of(call), symbol=call.path)
        return


def _around(file: PythonFile, node: ast.Constant) -> str:
    """What stands before a text in its statement: the name it is assigned to, the base it is added to."""
    names: list[str] = []
    for outer in file.ancestors(node):
        if isinstance(outer, ast.JoinedStr | ast.BinOp):
            names.append(ast.unparse(outer)[:500].partition("api/")[0])
        if isinstance(outer, ast.Assign):
            names += [ast.unparse(target)[:200] for target in outer.targets]
        if isinstance(outer, ast.keyword) and outer.arg:
            names.append(outer.arg)
        if isinstance(outer, ast.stmt):
            break
    return " ".join(names)


def _is_docstring(file: PythonFile, node: ast.Constant) -> bool:
    return isinstance(file.parent(node), ast.Expr)


CHECK = Check(
    "AF3-REST-V1",
    PythonFile,
    _check,
    spelled=("v1", "experimental", "client", "airflow_client"),
    needs=(b"api/v1", b"api/experimental", b"airflow.api.client", b"airflow_client"),
    needs_airflow=False,
)
