"""DAGs whose runs may have no date, and that use it all the same."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.scanner.airflow_context import context_of
from planner.scanner.checks import Check
from planner.scanner.dag_call import DagCall, Schedule, dag_calls
from planner.scanner.jinja import reading_of
from planner.scanner.material import Hit, Template
from planner.scanner.python_file import PythonFile, text_of
from planner.scanner.readers.python_templates import templates_of
from planner.scanner.removed_names import names_of
from planner.scanner.templates import hit_in
from planner.scanner.two_sided import is_two_sided

_RULE = "AF3-LOGICAL-NULL"
_TELL_RUNS = ("dag_run", "logical_date", "run_id")
"""A condition on one of these tells runs with a date from those without."""
_ASSETS = (
    "Asset",
    "AssetAll",
    "AssetAlias",
    "AssetAny",
    "Dataset",
    "DatasetAlias",
    "DatasetAll",
    "DatasetAny",
)


def _check(file: PythonFile) -> Iterator[Hit]:
    dags = dag_calls(file)
    if not dags or not all(map(_is_without_date, dags)):
        return
    why = _why(dags)
    for template in templates_of(file):
        for word, offset in _dates_in(template):
            yield hit_in(template, word, offset, f"`{word}` is undefined {why}")
    context = context_of(file)
    for node in file.of(ast.Subscript, ast.Call):
        key = context.key_read(node)
        name = text_of(key)
        if key is not None and name in names_of(_RULE) and not _is_prepared(file, node, name):
            yield file.hit(key, f"`{name}` is not in the context {why}", symbol=name)


def _dates_in(template: Template) -> Iterator[tuple[str, int]]:
    wanted = {name for name in names_of(_RULE) if name in template.text} - template.provided
    if wanted:
        for use in reading_of(template.text, in_pieces=True).uses:
            if use.path[0] in wanted and not use.excused(1) and use.under.isdisjoint(_TELL_RUNS):
                yield use.path[0], use.offsets[0]


def _is_prepared(file: PythonFile, node: ast.AST, name: str) -> bool:
    """Whether the code reckons with a run that has no date: ``get`` gives None then."""
    return isinstance(node, ast.Call) or is_two_sided(file, node, name)


def _is_without_date(dag: DagCall) -> bool:
    return dag.schedule is Schedule.NONE or _is_by_assets(dag)


def _is_by_assets(dag: DagCall) -> bool:
    schedule = dag.argument("schedule")
    return schedule is not None and _are_assets(dag.file, schedule)


def _are_assets(file: PythonFile, node: ast.expr) -> bool:
    node = file.value(node)
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return bool(elements) and all(_are_assets(file, element) for element in elements)
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd(), right=right):
            return _are_assets(file, left) and _are_assets(file, right)
        case ast.Call(func=func):
            name = file.name(func)
            return name.startswith("airflow.") and name.rpartition(".")[2] in _ASSETS
    return False


def _why(dags: list[DagCall]) -> str:
    if all(map(_is_by_assets, dags)):
        return "in runs that assets start on Airflow 3"
    return "in runs of Airflow 3 that are triggered without a logical date"


CHECK = Check(_RULE, PythonFile, _check, needs=(b"DAG", b"dag"))
