"""Attributes of task instances, runs and DAGs that Airflow 3 no longer has, in Python."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator

from planner.parsers.fix import Edit
from planner.scanner.checks import Check
from planner.scanner.code.airflow_context import ROWS, context_of, may_hold
from planner.scanner.code.dag_call import dag_calls
from planner.scanner.code.edits import edit, end_of
from planner.scanner.code.glimpse import Glimpse
from planner.scanner.code.python_file import PythonFile
from planner.scanner.code.removed_names import names_of
from planner.scanner.code.task_code import may_run_in_task, runs_in_task
from planner.scanner.code.two_sided import is_two_sided
from planner.scanner.material import Hit

_RULE = "AF3-TI-ATTR"
_RENAMED = {"dag_run.execution_date": "logical_date"}


def _check(file: PythonFile) -> Iterator[Hit]:
    removed = names_of(_RULE)
    words = _attributes()
    read = [
        node
        for node in file.of(ast.Attribute)
        if node.attr in words and isinstance(node.ctx, ast.Load) and not _is_self(node.value)
    ]
    dags = _dag_names(file) if read else set()
    for node in read:
        symbol = f"{_holder(file, node.value, dags)}.{node.attr}"
        if symbol in removed and not is_two_sided(file, node, node.attr):
            message = f"`{symbol}` is gone in Airflow 3"
            edits = _renamed(file, node, _RENAMED.get(symbol, ""))
            yield file.hit(node, message, symbol=symbol, edits=edits, is_safe=True)


def _renamed(file: PythonFile, node: ast.Attribute, new: str) -> list[Edit]:
    line, column = end_of(file, node)
    begin = column - len(node.attr)
    if not new or file.is_notebook or file.lines[line - 1][begin:column] != node.attr:
        return []
    return [edit((line, begin), (line, column), new)]


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


@functools.cache
def _attributes() -> frozenset[str]:
    return frozenset(name.partition(".")[2] for name in names_of(_RULE))


def _holder(file: PythonFile, node: ast.expr, dags: set[str]) -> str:
    """``ti``, ``dag_run``, ``dag``, or the name of a table; nothing where it is none of them surely."""
    table = file.name(node)
    if table.startswith("airflow.models.") and (last := table.rpartition(".")[2])[:1].isupper():
        return last
    if not may_hold(node):
        return ""
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


_HOLDERS = {
    "ti": ("ti", "task_instance", "TaskInstance"),
    "dag_run": ("dag_run", "DagRun", "ti", "task_instance"),
    "dag": ("dag", "DAG"),
}
"""Words of which one is in any file that holds such a thing. Only in tasks it counts."""
_LONGEST_NAME = 80
_LEADS_ON = (b"task", b"dag")
"""Attributes that lead from one such thing to another."""
_BESIDE_ROWS = ("session", "hookimpl")
"""Words of which one is in any file that holds a row of a table."""


@functools.cache
def _by_holder() -> dict[str, tuple[frozenset[str], re.Pattern[bytes]]]:
    """The attributes of each, and how they are read: not of ``self``, which is in every file that logs."""
    held: dict[str, list[str]] = {}
    for name in sorted(names_of(_RULE)):
        holder, _, attribute = name.partition(".")
        held.setdefault(holder, []).append(attribute)
    return {
        holder: (
            frozenset(attributes),
            re.compile(rf"\.(?<!self\.)(?<!cls\.)(?:{'|'.join(attributes)})\b".encode()),
        )
        for holder, attributes in held.items()
    }


def may_be_read(glimpse: Glimpse) -> bool:
    """Whether a file's words can mean one of the attributes."""
    return any(
        glimpse.spells(attributes)
        and _may_be_held(glimpse, holder)
        and any(map(_may_be_of_a_holder, form.finditer(glimpse.content)))
        for holder, (attributes, form) in _by_holder().items()
    )


_OF_ANOTHER = re.compile(rb"\.(\w+)$")


def _may_be_of_a_holder(read: re.Match[bytes]) -> bool:
    """Whether what an attribute is read of may be a task instance or the like, or a table: ``ti``, not ``self.hook``."""
    begin = read.start()
    above = _OF_ANOTHER.search(read.string[max(begin - _LONGEST_NAME, 0) : begin])
    return above is None or above[1] in _LEADS_ON or above[1][:1].isupper()


def _may_be_held(glimpse: Glimpse, holder: str) -> bool:
    if holder in _HOLDERS:
        return glimpse.spells(_HOLDERS[holder]) and may_run_in_task(glimpse)
    if glimpse.spells([holder]) and glimpse.names_tables:
        return True
    rows = [name for name, table in ROWS.items() if table == holder]
    return glimpse.spells(rows) and glimpse.spells(_BESIDE_ROWS)


CHECK = Check(_RULE, PythonFile, _check, worth=may_be_read)
