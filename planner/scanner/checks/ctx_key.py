"""Keys of the task context that Airflow 3 no longer has, in code that ruff does not look at."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Sequence

from planner.scanner.checks import Check
from planner.scanner.code.airflow_context import (
    CALLED_BY_KEYWORD,
    AirflowContext,
    Given,
    context_of,
    key_of,
)
from planner.scanner.code.edits import rename_string
from planner.scanner.code.glimpse import Glimpse
from planner.scanner.code.python_file import PythonFile, text_of
from planner.scanner.code.removed_names import names_of
from planner.scanner.code.task_code import may_run_in_task, runs_in_task
from planner.scanner.code.two_sided import is_two_sided
from planner.scanner.material import Hit

_RULE = "AF3-CTX-KEY"
_COMMON = frozenset(["conf", "expanded_ti_count", "test_mode", "try_number"])
"""Keys that other dicts have too: told only where the dict is surely Airflow's context."""
_NEWER = "logical_date"
_RENAMED = {
    "execution_date": "logical_date",
    "prev_execution_date_success": "prev_data_interval_start_success",
}
"""The same value under the name that both sides know."""


def _check(file: PythonFile) -> Iterator[Hit]:
    reads = _reads(file)
    if not reads and not any(parameter.arg in names_of(_RULE) for parameter in file.of(ast.arg)):
        return
    context = context_of(file)
    yield from _keys_read(file, context, reads)
    told: set[ast.arg] = set()
    for given in context.given:
        for parameter in _parameters_filled(given, context):
            if parameter not in told and runs_in_task(file, parameter):
                told.add(parameter)
                yield file.hit(parameter, _message(parameter.arg), symbol=parameter.arg)


def _reads(file: PythonFile) -> list[tuple[ast.AST, ast.expr, str]]:
    """Where one of the keys is read of anything: the whole, the key and its text."""
    removed = names_of(_RULE)
    return [
        (node, key, name)
        for node in file.of(ast.Subscript, ast.Call)
        if (key := key_of(node)) is not None and (name := text_of(key)) in removed
    ]


def _keys_read(
    file: PythonFile, context: AirflowContext, reads: Sequence[tuple[ast.AST, ast.expr, str]]
) -> Iterator[Hit]:
    written = _keys_written(file)
    for node, key, name in reads:
        if context.key_read(node) is None or (file.function_of(node), name) in written:
            continue
        if name in _COMMON and not context.is_sure(node):
            continue
        if runs_in_task(file, node) and not is_two_sided(file, node, name):
            edits = rename_string(file, key, _RENAMED[name]) if name in _RENAMED else []
            yield file.hit(key, _message(name), symbol=name, edits=edits, is_safe=True)


def _keys_written(file: PythonFile) -> set[tuple[ast.AST | None, str]]:
    """Keys that a function puts into a dict itself."""
    return {
        (file.function_of(node), name)
        for node in file.of(ast.Subscript)
        if isinstance(node.ctx, ast.Store) and (name := text_of(node.slice))
    }


def _parameters_filled(given: Given, context: AirflowContext) -> Iterator[ast.arg]:
    """Parameters that only the context could fill, and no longer does."""
    if given.own is None or context.is_task(given.function):
        return
    arguments = given.function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    if any(argument.arg == _NEWER for argument in every):
        return
    for argument in every:
        if argument.arg in names_of(_RULE) and argument.arg not in given.own:
            yield argument


def _message(name: str) -> str:
    return f"`{name}` is not in the task context of Airflow 3"


@functools.cache
def _quoted() -> dict[str, re.Pattern[bytes]]:
    """Each key as a text."""
    return {name: re.compile(rf"{name}(?<=[\"']{name})[\"']".encode()) for name in names_of(_RULE)}


def _may_be_read(glimpse: Glimpse) -> bool:
    """Where a key is read its text is spelled; where it is a parameter, a function is handed over."""
    spelled = names_of(_RULE) & glimpse.words
    if not spelled or not may_run_in_task(glimpse):
        return False
    return glimpse.spells(CALLED_BY_KEYWORD) or any(
        _quoted()[name].search(glimpse.content) for name in spelled
    )


CHECK = Check(_RULE, PythonFile, _check, worth=_may_be_read)
