"""DAGs whose runs may have no date, and that use it all the same."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.scanner.around.jinja import may_read, reading_of
from planner.scanner.around.templates import hit_in
from planner.scanner.checks import Check
from planner.scanner.code.airflow_context import context_of
from planner.scanner.code.dag_call import DagCall, Schedule, dag_calls
from planner.scanner.code.glimpse import may_make_dags
from planner.scanner.code.python_file import PythonFile, text_of
from planner.scanner.code.removed_names import names_of
from planner.scanner.code.two_sided import is_two_sided
from planner.scanner.material import Hit, Template
from planner.scanner.readers.python_templates import templates_of

_RULE = "AF3-LOGICAL-NULL"
_OLD = {
    "execution_date": "logical_date",
    "tomorrow_ds": "ds",
    "tomorrow_ds_nodash": "ds",
    "yesterday_ds": "ds",
    "yesterday_ds_nodash": "ds",
    "next_ds": "data_interval_end",
    "next_ds_nodash": "data_interval_end",
    "next_execution_date": "data_interval_end",
}
"""Removed keys whose newer forms are no better off without a date, with what these read."""
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
            name = _OLD.get(word, word)
            yield hit_in(template, word, offset, f"`{name}` is undefined {why}", symbol=name)
    if not any(text_of(node) in _dates() for node in file.of(ast.Constant)):
        return
    context = context_of(file)
    for node in file.of(ast.Subscript, ast.Call):
        key = context.key_read(node)
        word = text_of(key) or ""
        if key is not None and word in _dates() and not _is_prepared(file, node, word):
            name = _OLD.get(word, word)
            yield file.hit(key, f"`{name}` is not in the context {why}", symbol=name)


def _dates() -> frozenset[str]:
    return names_of(_RULE).union(_OLD)


def _dates_in(template: Template) -> Iterator[tuple[str, int]]:
    wanted = may_read(template.text, _dates()) - template.provided
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


CHECK = Check(_RULE, PythonFile, _check, spelled=("DAG", "dag"), worth=may_make_dags)
