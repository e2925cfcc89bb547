"""Tasks that use Airflow's own database: sessions, queries of its tables."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.metadata_access import accesses, may_access
from planner.scanner.code.python_file import PythonFile
from planner.scanner.material import Hit


def _check(file: PythonFile) -> Iterator[Hit]:
    for access in accesses(file):
        if not access.while_parsed:
            message = (
                f"`{access.symbol}` opens Airflow's database, which tasks may not do on Airflow 3"
            )
            yield file.hit(access.node, message, symbol=access.symbol)


CHECK = Check("AF3-DB-ORM", PythonFile, _check, worth=may_access)
