"""SubDAGs, however the operator reached the file."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.gone import GoneName, gone_hit, gone_names
from planner.scanner.code.python_file import PythonFile
from planner.scanner.material import Hit

_OPERATOR = "SubDagOperator"
_MODULES = ("airflow.operators.subdag.", "airflow.operators.subdag_operator.")
_OF_DAGS = ("is_subdag", "subdags")
"""What DAGs told of their SubDAGs."""


def _check(file: PythonFile) -> Iterator[Hit]:
    imports = [gone for gone in gone_names(file) if f"{gone.symbol}.".startswith(_MODULES)]
    uses = list(_uses(file))
    yield from uses or (gone_hit(file, gone) for gone in imports)
    yield from _asked(file, imports)


def _uses(file: PythonFile) -> Iterator[Hit]:
    """Calls of the operator and classes made from it."""
    called = [call.func for call in file.of(ast.Call)]
    bases = [base for definition in file.of(ast.ClassDef) for base in definition.bases]
    for node in called + bases:
        full = file.name(node)
        if full.rpartition(".")[2] == _OPERATOR and not file.is_guarded(node):
            message = "SubDAGs are gone from Airflow 3.0 on"
            yield file.hit(node, message, symbol=_symbol(full))


def _symbol(full: str) -> str:
    """The operator's own name in Airflow, whoever handed it on."""
    return full if full.startswith(_MODULES) else f"{_MODULES[0]}{_OPERATOR}"


def _asked(file: PythonFile, imports: list[GoneName]) -> Iterator[Hit]:
    for node in file.of(ast.Attribute):
        if node.attr in _OF_DAGS and isinstance(node.ctx, ast.Load) and not file.is_guarded(node):
            message = f"DAGs have no `{node.attr}` from Airflow 3.0 on"
            yield file.hit(node, message, symbol=node.attr)


CHECK = Check(
    "AF3-SUBDAG",
    PythonFile,
    _check,
    spelled=("SubDagOperator", "subdag", "is_subdag", "subdags"),
)
