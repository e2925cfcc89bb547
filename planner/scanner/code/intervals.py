"""What a DAG's code reads of its logical date and data interval."""

from __future__ import annotations

import ast

from planner.scanner.around.jinja import may_read, reading_of
from planner.scanner.around.templates import looks_like_jinja
from planner.scanner.code.dag_call import DagCall
from planner.scanner.code.glimpse import Glimpse
from planner.scanner.code.python_file import PythonFile, parameters, text_of
from planner.scanner.code.task_call import task_functions

MOVED = frozenset(
    [
        "data_interval_start",
        "ds",
        "ds_nodash",
        "execution_date",
        "logical_date",
        "prev_ds",
        "prev_ds_nodash",
        "prev_execution_date",
        "tomorrow_ds",
        "tomorrow_ds_nodash",
        "ts",
        "ts_nodash",
        "ts_nodash_with_tz",
        "yesterday_ds",
        "yesterday_ds_nodash",
    ]
)
"""Keys of the context that hold another time once a schedule has no data intervals. ``data_interval_end`` and
``next_ds`` are the moment of the run either way."""
_ATTRIBUTES = frozenset(["data_interval_start", "execution_date", "logical_date"])
_OF_RUNS = frozenset(["dag_run", "dagrun", "ti", "task_instance"])
_CONTEXTS = frozenset(["context", "kwargs", "ctx"])


def may_read_moved(glimpse: Glimpse) -> bool:
    """Whether a file may make a DAG whose code reads any of it, told from its words."""
    return glimpse.spells(MOVED) and glimpse.makes_dags


def moved_names(dag: DagCall) -> list[str]:
    """What the DAG's code and its templates read that another default moves, in a steady order."""
    tasks = set(task_functions(dag.file))
    found: set[str] = set()
    for node in dag.body:
        found |= _of_node(dag.file, node)
        if node in tasks and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found |= MOVED.intersection(parameters(node)) & _names_read(node)
    return sorted(found)


def _names_read(function: ast.AST) -> set[str]:
    return {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _of_node(file: PythonFile, node: ast.AST) -> set[str]:
    match node:
        case ast.Constant(value=str(text)):
            is_words = isinstance(file.parent(node), ast.Expr)
            return set() if is_words or not looks_like_jinja(text) else _of_template(text)
        case ast.Subscript(value=ast.Name(id=name), slice=key) if name in _CONTEXTS:
            return set(MOVED.intersection([text_of(key) or ""]))
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[key, *_]) if (
            name in _CONTEXTS
        ):
            return set(MOVED.intersection([text_of(key) or ""]))
        case ast.Attribute(value=holder, attr=attribute) if attribute in _ATTRIBUTES:
            return {attribute} if _is_run(file, holder) else set()
    return set()


def _of_template(text: str) -> set[str]:
    found: set[str] = set()
    if not may_read(text, MOVED | _OF_RUNS):
        return found
    for use in reading_of(text, in_pieces=True).uses:
        if use.path[0] in MOVED:
            found.add(use.path[0])
        elif use.path[0] in _OF_RUNS:
            found |= _ATTRIBUTES.intersection(use.path[1:2])
    return found


def _is_run(file: PythonFile, holder: ast.expr) -> bool:
    match holder:
        case ast.Name(id=name):
            if name not in _OF_RUNS or _is_of_a_loop(file, holder, name):
                return False
            return not _is_made_here(file, holder, name)
        case ast.Attribute(attr=name):
            return name in _OF_RUNS
        case ast.Subscript(slice=key):
            return text_of(key) in _OF_RUNS
    return False


def _is_of_a_loop(file: PythonFile, holder: ast.Name, name: str) -> bool:
    """Whether the code goes through several runs: they are others than the task's own."""
    return any(
        isinstance(loop, ast.For | ast.comprehension)
        and isinstance(loop.target, ast.Name)
        and loop.target.id == name
        for above in file.ancestors(holder)
        for loop in (above, *getattr(above, "generators", ()))
    )


def _is_made_here(file: PythonFile, holder: ast.Name, name: str) -> bool:
    """Whether the function makes or finds the run itself: ``dag_run = trigger_dag(…)``."""
    around = file.function_of(holder)
    if around is None:
        return False
    values = [
        assign.value
        for assign in file.of(ast.Assign)
        if file.function_of(assign) is around
        and any(isinstance(target, ast.Name) and target.id == name for target in assign.targets)
    ]
    return bool(values) and not any(map(_is_of_context, values))


def _is_of_context(value: ast.expr) -> bool:
    """``context["dag_run"]``, ``context.get("ti")``, ``ti.dag_run``, alone or with something else in its place."""
    match value:
        case ast.Subscript(slice=key):
            return text_of(key) in _OF_RUNS
        case ast.Call(func=ast.Attribute(attr="get"), args=[key, *_]):
            return text_of(key) in _OF_RUNS
        case ast.Attribute(attr=name):
            return name in _OF_RUNS
        case ast.Name():
            return True
        case ast.BoolOp(values=values):
            return any(map(_is_of_context, values))
        case ast.IfExp(body=body, orelse=other):
            return _is_of_context(body) or _is_of_context(other)
        case ast.Call(args=given):
            return any(map(_is_of_context, given))
    return False
