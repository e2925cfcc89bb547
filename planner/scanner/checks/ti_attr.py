"""Attributes of task instances, runs and DAGs that Airflow 3 no longer has, in Python."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from planner.scanner.airflow_context import ROWS, context_of
from planner.scanner.checks import Check
from planner.scanner.dag_call import dag_calls
from planner.scanner.material import Hit
from planner.scanner.python_file import PythonFile
from planner.scanner.removed_names import names_of
from planner.scanner.task_code import runs_in_task
from planner.scanner.two_sided import is_two_sided

_RULE = "AF3-TI-ATTR"


def _check(file: PythonFile) -> Iterator[Hit]:
    removed = names_of(_RULE)
    words = _attributes()
    read = [
        node
        for node in file.of(ast.Attribute)
        if node.attr in words and isinstance(node.ctx, ast.Load)
    ]
    dags = _dag_names(file) if read else set()
    for node in read:
        symbol = f"{_holder(file, node.value, dags)}.{node.attr}"
        if symbol in removed and not is_two_sided(file, node, node.attr):
            yield file.hit(node, f"`{symbol}` is gone in Airflow 3", symbol=symbol)


@functools.cache
def _attributes() -> frozenset[str]:
    return frozenset(name.partition(".")[2] for name in names_of(_RULE))


def _holder(file: PythonFile, node: ast.expr, dags: set[str]) -> str:
    """``ti``, ``dag_run``, ``dag``, or the name of a table; nothing where it is none of them surely."""
    table = file.name(node)
    if table.startswith("airflow.models.") and (last := table.rpartition(".")[2])[:1].isupper():
        return last
    kind = context_of(file).kind_of(node)
    if not kind and isinstance(node, ast.Name) and node.id in dags and table == node.id:
        kind = "dag"
    return kind if kind in ROWS.values() or runs_in_task(file, node) else ""


def _dag_names(file: PythonFile) -> set[str]:
    """Names that the file binds to a DAG it makes, and to nothing else."""
    calls = {dag.call for dag in dag_calls(file) if dag.call is not None}
    names: set[str] = set()
    for item in file.of(ast.withitem):
        if item.context_expr in calls and isinstance(item.optional_vars, ast.Name):
            names.add(item.optional_vars.id)
    for node in file.of(ast.Assign):
        if node.value in calls:
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return names


CHECK = Check(_RULE, PythonFile, _check)
