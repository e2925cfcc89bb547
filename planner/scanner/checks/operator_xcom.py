"""XComs through methods of the operator itself, which Airflow 3.1 took away, in Python."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.airflow_context import CONTEXT, context_of
from planner.scanner.code.python_file import PythonFile, argument
from planner.scanner.code.two_sided import is_two_sided
from planner.scanner.material import Hit

_METHODS = ("xcom_push", "xcom_pull")


def _check(file: PythonFile) -> Iterator[Hit]:
    for call in file.of(ast.Call):
        match call.func:
            case ast.Attribute(value=ast.Name(id="self"), attr=method) if method in _METHODS:
                pass
            case _:
                continue
        given = argument(call, "context", 0)
        if (
            given is not None
            and _inherits(file, call, method)
            and (argument(call, "context") or context_of(file).kind_of(given) == CONTEXT)
            and not is_two_sided(file, call.func, method)
        ):
            message = f"operators have no `{method}` from Airflow 3.1 on"
            yield file.hit(call, message, symbol=f"BaseOperator.{method}")


def _inherits(file: PythonFile, call: ast.Call, method: str) -> bool:
    """Whether the class around is an operator, and no class of the file defines the method itself."""
    around = next((one for one in file.ancestors(call) if isinstance(one, ast.ClassDef)), None)
    return (
        around is not None
        and any(file.name(base).endswith(("Operator", "Sensor")) for base in around.bases)
        and not any(one.name == method for one in file.of(ast.FunctionDef))
    )


CHECK = Check(
    "AF3-TI-ATTR",
    PythonFile,
    _check,
    spelled=_METHODS,
    needs=tuple(f"self.{name}".encode() for name in _METHODS),
)
