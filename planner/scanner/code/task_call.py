"""Arguments that reach tasks, wherever a file gives them: to the operator, to ``@task``, in ``default_args``."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from planner.scanner.code.dag_call import Entry, entries, functions
from planner.scanner.code.python_file import PythonFile, text_of

DEFAULT_ARGS = "default_args"


def task_arguments(file: PythonFile, *names: str) -> Iterator[Entry]:
    """Every argument of one of these names, each once."""
    return (entry for entry in _every(file) if entry.name in names)


@functools.lru_cache(maxsize=2)
def _every(file: PythonFile) -> tuple[Entry, ...]:
    return tuple({id(one.node): one for one in _found(file)}.values())


def _found(file: PythonFile) -> Iterator[Entry]:
    decorators = _task_decorators(file)
    for call in file.of(ast.Call):
        if id(call) in decorators or any(word.arg == "task_id" for word in call.keywords):
            yield from [Entry(word.arg, word, word.value) for word in call.keywords if word.arg]
            for spread in [one.value for one in call.keywords if one.arg is None]:
                yield from entries(file, spread)
        for word in call.keywords:
            if word.arg == DEFAULT_ARGS:
                yield from entries(file, word.value)
    for assign in file.of(ast.Assign):
        yield from _assigned(file, assign)


def _assigned(file: PythonFile, assign: ast.Assign) -> Iterator[Entry]:
    """``default_args = {...}``, for whoever imports it, and ``default_args["sla"] = ...``."""
    for target in assign.targets:
        match target:
            case ast.Name(id=name) if name.lower() == DEFAULT_ARGS:
                yield from entries(file, assign.value)
            case ast.Subscript(value=ast.Name(id=name), slice=key) if (
                name.lower() == DEFAULT_ARGS and text_of(key)
            ):
                yield Entry(text_of(key) or "", target, assign.value)


def _task_decorators(file: PythonFile) -> set[int]:
    """The calls that decorate a function as a task: ``@task(...)``, ``@task.branch(...)``."""
    return {
        id(decorator)
        for function in functions(file)
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call) and is_task_decorator(file, decorator)
    }


def is_task_decorator(file: PythonFile, decorator: ast.expr) -> bool:
    """Whether a decorator is Airflow's ``task`` or one of its kinds."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    full = file.name(called)
    return full.startswith(("airflow.decorators.task", "airflow.sdk.task")) and not (
        full.startswith(("airflow.decorators.task_group", "airflow.sdk.task_group"))
    )


def task_functions(file: PythonFile) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions that run as tasks: decorated, or named as a ``python_callable``."""
    named = {
        word.value.id
        for call in file.of(ast.Call)
        for word in call.keywords
        if word.arg == "python_callable" and isinstance(word.value, ast.Name)
    }
    for function in functions(file):
        decorated = any(is_task_decorator(file, one) for one in function.decorator_list)
        if decorated or function.name in named:
            yield function
