"""SLAs, which Airflow 3 accepts and does not watch: also where ruff does not look, in ``default_args``."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.dag_call import dag_calls
from planner.scanner.code.python_file import PythonFile, is_none
from planner.scanner.code.task_call import task_arguments
from planner.scanner.material import Hit

_CALLBACK = "sla_miss_callback"


def _check(file: PythonFile) -> Iterator[Hit]:
    for found in task_arguments(file, "sla"):
        if not is_none(file.value(found.value)):
            message = "Airflow 3 accepts `sla` and does nothing with it"
            yield file.hit(found.node, message, symbol="sla")
    for dag in dag_calls(file):
        callback = dag.entry(_CALLBACK)
        if callback is not None and not is_none(file.value(callback.value)):
            message = f"Airflow 3 accepts `{_CALLBACK}` and never calls it"
            yield file.hit(callback.node, message, symbol=_CALLBACK)


CHECK = Check(
    "AF3-SLA", PythonFile, _check, worth=lambda glimpse: glimpse.spells(["sla", _CALLBACK])
)
