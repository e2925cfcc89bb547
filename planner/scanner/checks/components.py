"""Deployments that start Airflow's processes, but not the dag-processor, which 3.x cannot do without."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from planner.scanner.checks import Check
from planner.scanner.kinds import kind_of
from planner.scanner.material import Hit, Process
from planner.scanner.project import Project

_DEPLOYS = ("yaml", "service", "shell", "dockerfile", "makefile")
_ENOUGH = frozenset(["dag-processor", "standalone"])


def _check(project: Project) -> Iterator[Hit]:
    by_folder: defaultdict[str, list[Process]] = defaultdict(list)
    for process in project.processes:
        kind = kind_of(process.path)
        if kind is not None and kind.name in _DEPLOYS:
            by_folder[str(PurePosixPath(process.path).parent)].append(process)
    for folder, processes in by_folder.items():
        names = {process.name for process in processes}
        started = names | _around(folder, by_folder)
        if "scheduler" in names and "webserver" in names and not started & _ENOUGH:
            yield _hit(next(one for one in processes if one.name == "scheduler"))


def _around(folder: str, by_folder: dict[str, list[Process]]) -> set[str]:
    """What is started in the folders above and below."""
    return {
        process.name
        for other, processes in by_folder.items()
        if f"{other}/".startswith(f"{folder}/")
        or f"{folder}/".startswith(f"{other}/")
        or other == "."
        for process in processes
    }


def _hit(process: Process) -> Hit:
    message = "nothing here starts `airflow dag-processor`, without which Airflow 3 sees no DAGs"
    return Hit(
        line=process.place.line,
        column=process.place.column,
        message=message,
        symbol="dag-processor",
        path=process.path,
    )


CHECK = Check("AF3-COMPONENTS", Project, _check)
