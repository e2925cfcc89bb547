"""DAGs on a schedule by time that leave catching up to the default, which is another one on Airflow 3."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.dag_call import scheduled_dags
from planner.scanner.code.glimpse import may_make_dags
from planner.scanner.code.python_file import PythonFile
from planner.scanner.code.start_dates import keeps_up_with_the_clock
from planner.scanner.material import Hit

_SETTING = "scheduler.catchup_by_default"


def _check(file: PythonFile) -> Iterator[Hit]:
    if any(_is_said_later(node) for node in file.of(ast.Attribute)):
        return
    for dag in scheduled_dags(file):
        if not dag.schedule.by_time or keeps_up_with_the_clock(dag):
            continue
        if not dag.may_hold("catchup"):
            message = "the DAG does not say `catchup`, which is off by default on Airflow 3"
            yield file.hit(dag.head, message, symbol="catchup", unless_set=_SETTING)


def _is_said_later(node: ast.Attribute) -> bool:
    """``dag.catchup = False``"""
    return node.attr == "catchup" and isinstance(node.ctx, ast.Store)


CHECK = Check(
    "AF3-CATCHUP-DEFAULT", PythonFile, _check, spelled=("DAG", "dag"), worth=may_make_dags
)
