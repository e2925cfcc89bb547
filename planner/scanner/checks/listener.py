"""Listeners whose hooks have other names or arguments on Airflow 3."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.dag_call import Decorated, functions
from planner.scanner.code.python_file import PythonFile, parameters
from planner.scanner.material import Hit

_RENAMED = {
    "on_dataset_created": "on_asset_created",
    "on_dataset_alias_created": "on_asset_alias_created",
    "on_dataset_changed": "on_asset_changed",
}
_WITHOUT_SESSION = (
    "on_task_instance_running",
    "on_task_instance_success",
    "on_task_instance_failed",
)


def _check(file: PythonFile) -> Iterator[Hit]:
    for function in functions(file):
        if any(_is_hookimpl(file, decorator) for decorator in function.decorator_list):
            yield from _hits(file, function)


def _is_hookimpl(file: PythonFile, decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    full = file.name(called)
    return full.startswith("airflow.") and full.endswith(".hookimpl")


def _hits(file: PythonFile, function: Decorated) -> Iterator[Hit]:
    if function.name in _RENAMED:
        message = f"Airflow 3 never calls `{function.name}`; it calls `{_RENAMED[function.name]}`"
        yield file.hit(function, message, symbol=function.name)
    if function.name in _WITHOUT_SESSION and "session" in parameters(function):
        session = next(one for one in ast.walk(function.args) if _is_session(one))
        message = (
            f"`{function.name}` gets no `session` on Airflow 3, and the listener does not load"
        )
        yield file.hit(session, message, symbol="session")


def _is_session(node: ast.AST) -> bool:
    return isinstance(node, ast.arg) and node.arg == "session"


CHECK = Check("AF3-LISTENER", PythonFile, _check, spelled=("hookimpl",))
