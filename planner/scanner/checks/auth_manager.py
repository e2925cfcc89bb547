"""A deployment that signs people in through webserver_config.py, which only the FAB auth manager reads."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.material import Hit
from planner.scanner.project import Project


def _check(project: Project) -> Iterator[Hit]:
    if "core.auth_manager" in project.settings:
        return
    for path in project.files:
        if path.rpartition("/")[2] == "webserver_config.py":
            message = (
                "Airflow 3 reads this file only where `[core] auth_manager` names the FAB auth manager;"
                " nothing here sets it"
            )
            yield Hit(line=1, message=message, symbol="webserver_config", path=path)


CHECK = Check("AF3-AUTH", Project, _check)
