"""Code of tasks and DAG files that reads the address of Airflow's own database."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.python_file import PythonFile, text_of
from planner.scanner.code.task_code import may_run_in_task, runs_in_task
from planner.scanner.material import Hit

_CONFS = (
    "airflow.configuration.conf.get",
    "airflow.configuration.conf.get_mandatory_value",
    "airflow.configuration.get",
    "airflow.conf.get",
    "airflow.sdk.configuration.conf.get",
)
_OPTION = "sql_alchemy_conn"
_SECTIONS = ("core", "database")
_VARIABLES = ("AIRFLOW__CORE__SQL_ALCHEMY_CONN", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
_ENVIRONMENT_GETS = ("os.environ.get", "os.environ.pop", "os.getenv")
_SETTINGS = "airflow.settings.SQL_ALCHEMY_CONN"


def _check(file: PythonFile) -> Iterator[Hit]:
    for node in file.of(ast.Call, ast.Subscript, ast.Attribute, ast.Name):
        symbol = _asked(file, node)
        if symbol and runs_in_task(file, node) and not file.is_guarded(node, imports=False):
            message = f"`{symbol}` holds no usable address in tasks and DAG files on Airflow 3"
            yield file.hit(node, message, symbol=symbol)


def _asked(file: PythonFile, node: ast.AST) -> str:
    """What is asked for the address, or nothing."""
    match node:
        case ast.Call(args=[section, option, *_]) if file.name(node.func) in _CONFS:
            name = (text_of(section) or "").lower()
            if name in _SECTIONS and (text_of(option) or "").lower() == _OPTION:
                return f"{name}.{_OPTION}"
        case ast.Call(args=[name, *_]) if file.name(node.func) in _ENVIRONMENT_GETS:
            return _variable(name)
        case ast.Subscript(value=value, slice=name, ctx=ast.Load()):
            return _variable(name) if file.name(value) == "os.environ" else ""
        case ast.Attribute(ctx=ast.Load()) | ast.Name(ctx=ast.Load()):
            return "settings.SQL_ALCHEMY_CONN" if file.name(node) == _SETTINGS else ""
    return ""


def _variable(node: ast.expr) -> str:
    name = text_of(node) or ""
    return name if name in _VARIABLES else ""


CHECK = Check(
    "AF3-DB-CONN-STRING",
    PythonFile,
    _check,
    spelled=(_OPTION, _OPTION.upper(), *_VARIABLES),
    worth=may_run_in_task,
    needs_airflow=False,
)
