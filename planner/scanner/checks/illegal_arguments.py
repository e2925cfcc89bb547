"""Arguments that an operator of that class, or a DAG, does not take on Airflow 3."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.rulebook.load import rulebook
from planner.scanner.checks import Check
from planner.scanner.code.glimpse import Glimpse
from planner.scanner.code.python_file import PythonFile
from planner.scanner.code.task_code import runs_while_parsed
from planner.scanner.material import Hit

_PLACES = ("airflow.operators.", "airflow.sensors.", "airflow.providers.standard.")
_ABOVE_PLACES = ("airflow", "airflow.*", "airflow.providers", "airflow.providers.*")
_DAGS = frozenset(
    (
        "airflow.DAG",
        "airflow.models.DAG",
        "airflow.models.dag.DAG",
        "airflow.sdk.DAG",
        "airflow.decorators.dag",
        "airflow.models.dag.dag",
        "airflow.sdk.dag",
    )
)


_OF_EVERY_OPERATOR = "task_concurrency"
"""What no operator at all takes any more: it is ``max_active_tis_per_dag``."""


def _check(file: PythonFile) -> Iterator[Hit]:
    yield from _known(file)
    yield from _others(file)


def _others(file: PythonFile) -> Iterator[Hit]:
    """Operators from elsewhere, which hand on to Airflow what they do not know. Functions have words of their own."""
    own = {definition.name for definition in file.of(ast.ClassDef)}
    if _OF_EVERY_OPERATOR not in file.source:
        return
    for call in file.of(ast.Call):
        words = {word.arg: word for word in call.keywords}
        word = words.get(_OF_EVERY_OPERATOR)
        name = file.name(call.func).rpartition(".")[2]
        if word is None or "task_id" not in words or name in own or not name[:1].isupper():
            continue
        if name not in rulebook().operator_arguments:
            message = f"no operator takes `{word.arg}` on Airflow 3; write `max_active_tis_per_dag`"
            yield file.hit(word, message, symbol=_OF_EVERY_OPERATOR)


def _known(file: PythonFile) -> Iterator[Hit]:
    taken = rulebook().operator_arguments
    for call, full in file.airflow_calls:
        name = "DAG" if full in _DAGS else full.rpartition(".")[2]
        if name not in taken or not (full in _DAGS or full.startswith(_PLACES)):
            continue
        for word in call.keywords:
            if word.arg is not None and word.arg not in taken[name]:
                what = (
                    "the file fails" if runs_while_parsed(file, call) else "this fails when it runs"
                )
                message = f"`{name}` takes no `{word.arg}` on Airflow 3: {what}"
                yield file.hit(word, message, symbol=word.arg)


_PACKAGES = tuple(place.rstrip(".") for place in _PLACES)


def _may_be_called(glimpse: Glimpse) -> bool:
    """Whether a file's words can mean a DAG, one of Airflow's own operators, or an argument of any operator."""
    if glimpse.spells([_OF_EVERY_OPERATOR]) or glimpse.makes_dags:
        return True
    return glimpse.spells(rulebook().operator_arguments) and any(
        full in _ABOVE_PLACES or full.startswith(_PACKAGES) for full in glimpse.imports
    )


CHECK = Check(
    "AF3-ILLEGAL-ARGUMENTS",
    PythonFile,
    _check,
    worth=_may_be_called,
    gives_way=True,
)
