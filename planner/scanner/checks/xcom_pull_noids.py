"""Calls of ``xcom_pull`` that do not say whose value they want, in Python."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from planner.scanner.checks import Check
from planner.scanner.code.airflow_context import CONTEXT, context_of
from planner.scanner.code.python_file import PythonFile, argument, parameters
from planner.scanner.code.task_code import runs_in_task
from planner.scanner.material import Hit

MESSAGE = "`xcom_pull` without `task_ids` looks only at the task's own values on Airflow 3"
SYMBOL = "xcom_pull"


def _check(file: PythonFile) -> Iterator[Hit]:
    pushed = _pushed(file)
    for call in file.of(ast.Call):
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "xcom_pull":
            continue
        if (
            _says_whose(file, call)
            or file.is_guarded(call, imports=False)
            or not runs_in_task(file, call)
        ):
            continue
        if not pushed and _is_callback(file, call):
            continue
        if not _is_own(file, call, pushed.get(_written(_key(file, call)), ())):
            yield file.hit(call, MESSAGE, symbol=SYMBOL)


def _says_whose(file: PythonFile, call: ast.Call) -> bool:
    """Whether the call names tasks, or may do so at run time."""
    starred = any(isinstance(given, ast.Starred) for given in call.args)
    if starred or any(keyword.arg is None for keyword in call.keywords):
        return True
    tasks = argument(call, "task_ids", _context_arguments(file, call))
    return tasks is not None and not (isinstance(tasks, ast.Constant) and tasks.value is None)


def _key(file: PythonFile, call: ast.Call) -> ast.expr | None:
    return argument(call, "key", 2 + _context_arguments(file, call))


def _context_arguments(file: PythonFile, call: ast.Call) -> int:
    """1 for ``operator.xcom_pull(context, …)``, which takes the context first."""
    return int(bool(call.args) and context_of(file).kind_of(call.args[0]) == CONTEXT)


def _written(key: ast.expr | None) -> str:
    """A key as the code writes it, to tell whether two are the same."""
    return "" if key is None else ast.dump(key)


def _pushed(file: PythonFile) -> Mapping[str, list[ast.Call]]:
    """Where the file pushes each key."""
    found: defaultdict[str, list[ast.Call]] = defaultdict(list)
    for call in file.of(ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "xcom_push":
            key = argument(call, "key", _context_arguments(file, call))
            if key is not None:
                found[_written(key)].append(call)
    return found


def _is_own(file: PythonFile, pull: ast.Call, pushes: Sequence[ast.Call]) -> bool:
    """Whether the value may be one that the same function or class has pushed.

    Not where others push under that key too, and this function does so only after it has pulled.
    """
    owner = _owner(file, pull)
    own = [push for push in pushes if _owner(file, push) is owner]
    if len(own) == len(pushes) or isinstance(owner, ast.ClassDef):
        return bool(own)
    loops = {above for above in file.ancestors(pull) if isinstance(above, ast.For | ast.While)}
    return any(
        push.lineno <= pull.lineno or not loops.isdisjoint(file.ancestors(push)) for push in own
    )


def _is_callback(file: PythonFile, pull: ast.Call) -> bool:
    """Whether this runs for a task that has ended, and reads that one's value as a rule: ``def tell(context)``."""
    owner = _owner(file, pull)
    return (
        isinstance(owner, ast.FunctionDef | ast.AsyncFunctionDef)
        and not owner.decorator_list
        and owner.args.kwarg is None
        and parameters(owner) == ["context"]
        and not any(_is_of_a_dag(call, owner.name) for call in file.of(ast.Call))
    )


def _is_of_a_dag(call: ast.Call, callback: str) -> bool:
    """Whether a DAG gets the function, to be called after its last task, whichever that is."""
    made = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return made.lower().endswith("dag") and any(
        isinstance(given.value, ast.Name) and given.value.id == callback for given in call.keywords
    )


def _owner(file: PythonFile, node: ast.AST) -> ast.AST | None:
    """The class whose code this is, else the function: what becomes one task."""
    function = file.function_of(node)
    for above in file.ancestors(node):
        if isinstance(above, ast.ClassDef):
            return above
    return function


CHECK = Check("AF3-XCOM-PULL-NOIDS", PythonFile, _check, spelled=("xcom_pull",))
