"""DAGs on a schedule by time that leave catching up to the default, which is another one on Airflow 3."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.dag_call import dag_calls
from planner.scanner.material import Hit
from planner.scanner.python_file import PythonFile

_SETTING = "scheduler.catchup_by_default"


def _check(file: PythonFile) -> Iterator[Hit]:
    for dag in dag_calls(file):
        if dag.schedule.by_time and not dag.may_hold("catchup"):
            message = "the DAG does not say `catchup`, which is off by default on Airflow 3"
            yield file.hit(dag.head, message, symbol="catchup", unless_set=_SETTING)


CHECK = Check("AF3-CATCHUP-DEFAULT", PythonFile, _check, needs=(b"DAG", b"dag"))
