"""Arguments that no operator of that class takes on Airflow 3."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.rulebook.load import rulebook
from planner.scanner.checks import Check
from planner.scanner.material import Hit
from planner.scanner.python_file import PythonFile

_PLACES = ("airflow.operators.", "airflow.sensors.", "airflow.providers.standard.")


def _check(file: PythonFile) -> Iterator[Hit]:
    taken = rulebook().operator_arguments
    for call in file.of(ast.Call):
        full = file.name(call.func)
        name = full.rpartition(".")[2]
        if name not in taken or not full.startswith(_PLACES):
            continue
        for word in call.keywords:
            if word.arg is not None and word.arg not in taken[name]:
                message = f"`{name}` takes no `{word.arg}` on Airflow 3: the file fails"
                yield file.hit(word, message, symbol=word.arg)


CHECK = Check(
    "AF3-ILLEGAL-ARGUMENTS",
    PythonFile,
    _check,
    needs=(b"operators", b"sensors"),
    worth=lambda glimpse: glimpse.spells(rulebook().operator_arguments),
    gives_way=True,
)
