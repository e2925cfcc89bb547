"""DAGs on a timedelta schedule that read what another default moves on Airflow 3."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.dag_call import Schedule, scheduled_dags
from planner.scanner.code.intervals import may_read_moved, moved_names
from planner.scanner.code.python_file import PythonFile
from planner.scanner.material import Hit

_SETTING = "scheduler.create_delta_data_intervals"


def _check(file: PythonFile) -> Iterator[Hit]:
    for dag in scheduled_dags(file):
        names = moved_names(dag) if dag.schedule is Schedule.DELTA else []
        if names:
            message = f"`{names[0]}` means another time for a timedelta schedule on Airflow 3"
            yield file.hit(dag.head, message, symbol="schedule", unless_set=_SETTING)


CHECK = Check(
    "AF3-DELTA-INTERVAL", PythonFile, _check, spelled=("DAG", "dag"), worth=may_read_moved
)
