"""Imports from ``airflow.datasets``, which went away in 3.2."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.gone import gone_hit, gone_names, may_name_gone
from planner.scanner.code.python_file import PythonFile
from planner.scanner.material import Hit

_MODULES = ("airflow.datasets", "airflow.timetables.datasets")


def _check(file: PythonFile) -> Iterator[Hit]:
    for gone in gone_names(file):
        if f"{gone.symbol}.".startswith(tuple(f"{module}." for module in _MODULES)):
            yield gone_hit(file, gone)


CHECK = Check("AF3-DATASETS-32", PythonFile, _check, spelled=("datasets",), worth=may_name_gone)
