"""Arguments that methods of the task instance no longer take, in Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from planner.scanner.checks import Check
from planner.scanner.code.airflow_context import ROWS, context_of
from planner.scanner.code.glimpse import Glimpse
from planner.scanner.code.python_file import PythonFile, argument
from planner.scanner.code.task_code import may_run_in_task, runs_in_task
from planner.scanner.material import Hit

_GONE: Mapping[str, Mapping[str, int]] = {
    "xcom_push": {"execution_date": 2, "session": 3},
    "xcom_pull": {"session": 4},
    "get_template_context": {"session": 0, "ignore_param_exceptions": 1},
    "get_previous_dagrun": {"session": 1},
}
"""By method: what 2.11 takes and no 3.x does, with its place among the positional arguments of 2.11."""


def _check(file: PythonFile) -> Iterator[Hit]:
    for call in file.of(ast.Call):
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in _GONE:
            continue
        method = call.func.attr
        for name, position in _GONE[method].items():
            given = argument(call, name, position)
            if given is not None and _is_of_a_task(file, call, call.func.value):
                message = f"`{method}` of a task instance takes no `{name}` on Airflow 3"
                yield file.hit(given, message, symbol=f"ti.{method}.{name}")


def _is_of_a_task(file: PythonFile, call: ast.Call, holder: ast.expr) -> bool:
    """Whether a task calls its own task instance: in the scheduler and beside a session it is a row."""
    return (
        context_of(file).kind_of(holder) == "ti"
        and runs_in_task(file, call)
        and not file.is_guarded(call, imports=False)
    )


_WORDS = frozenset(name for arguments in _GONE.values() for name in arguments)
_POSITIONAL = re.compile(
    rf"\.(?<!self\.)(?:{'|'.join(_GONE)})\s*\(\s*(?![\s)])(?!\w+\s*=)".encode()
)
"""A call whose first argument has no name."""


def _may_be_given(glimpse: Glimpse) -> bool:
    if not glimpse.spells(ROWS) or not may_run_in_task(glimpse):
        return False
    return glimpse.spells(_WORDS) or _POSITIONAL.search(glimpse.content) is not None


CHECK = Check("AF3-TI-ATTR", PythonFile, _check, spelled=tuple(_GONE), worth=_may_be_given)
