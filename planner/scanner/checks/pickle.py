"""Values that only pickling can carry from task to task, and operators told to use dill."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.dag_call import Decorated
from planner.scanner.code.glimpse import Glimpse
from planner.scanner.code.python_file import PythonFile
from planner.scanner.code.task_call import is_task_decorator, task_functions
from planner.scanner.material import Hit

_PICKLERS = ("pickle.dumps", "dill.dumps", "cloudpickle.dumps")
_OTHER_PYTHON = ("VirtualenvOperator", "ExternalPythonOperator")
_OWN_FORM = ("serialize", "__getstate__", "__iter__", "__new__", "__init_subclass__")
"""A class with one of these may know how to be stored, or be made something else."""


def _check(file: PythonFile) -> Iterator[Hit]:
    yield from _dill(file)
    plain = _plain_classes(file)
    for function in task_functions(file):
        if not _keeps_its_value(file, function):
            yield from _returned(file, function, plain)


def _dill(file: PythonFile) -> Iterator[Hit]:
    for call in file.of(ast.Call):
        full = file.name(call.func)
        if full.endswith(_OTHER_PYTHON) or is_task_decorator(file, call):
            for word in call.keywords:
                if word.arg == "use_dill":
                    message = "no operator takes `use_dill` on Airflow 3: the file fails"
                    yield file.hit(word, message, symbol="use_dill")


def _plain_classes(file: PythonFile) -> dict[str, ast.ClassDef]:
    """Classes of the file that extend nothing, have no decorator, and no form of their own to be stored in."""
    return {
        definition.name: definition
        for definition in file.of(ast.ClassDef)
        if not (definition.bases or definition.keywords or definition.decorator_list)
        and not any(
            isinstance(one, ast.FunctionDef) and one.name in _OWN_FORM for one in definition.body
        )
        and not any(isinstance(one, ast.Assign) for one in definition.body)
    }


def _keeps_its_value(file: PythonFile, function: Decorated) -> bool:
    """Whether something says that the function's value goes to no XCom: ``do_xcom_push=False``."""
    calls = [one for one in function.decorator_list if isinstance(one, ast.Call)]
    for call in file.of(ast.Call):
        if any(
            isinstance(word.value, ast.Name) and word.value.id == function.name
            for word in call.keywords
        ):
            calls.append(call)
    return any(word.arg == "do_xcom_push" for call in calls for word in call.keywords)


def _returned(
    file: PythonFile, function: Decorated, plain: dict[str, ast.ClassDef]
) -> Iterator[Hit]:
    for node in ast.walk(function):
        if not isinstance(node, ast.Return) or file.function_of(node) is not function:
            continue
        what = _unstorable(file, node.value, plain)
        if what:
            message = f"XCom cannot store {what} without pickling, which Airflow 3 does not have"
            yield file.hit(node, message, symbol="return")


def _unstorable(file: PythonFile, value: ast.expr | None, plain: dict[str, ast.ClassDef]) -> str:
    match value:
        case ast.Lambda():
            return "a function"
        case ast.GeneratorExp():
            return "a generator"
        case ast.Call(func=ast.Name(id=name)) if name in plain:
            return f"an object of class `{name}`"
        case ast.Call() if file.name(value.func) in _PICKLERS:
            return "pickled bytes"
    return ""


_DECORATOR = re.compile(rb"@[ \t]*[\w.]*\.task\b")


def _may_be_a_task(glimpse: Glimpse) -> bool:
    return (
        glimpse.spells(["use_dill", "python_callable"])
        or any(full.endswith((".task", ".*")) for full in glimpse.imports)
        or (glimpse.spells(["task"]) and _DECORATOR.search(glimpse.content) is not None)
    )


CHECK = Check("AF3-PICKLE", PythonFile, _check, worth=_may_be_a_task)
