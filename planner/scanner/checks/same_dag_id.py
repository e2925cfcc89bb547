"""The same DAG id in several files of one DAG folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from planner.scanner.checks import Check
from planner.scanner.material import Hit
from planner.scanner.project import Project

_NOT_LOADED = frozenset(["test", "tests", "testing", "docs", "doc", "example_dags", "examples"])
"""Folders whose files no DAG folder of a deployment holds."""
_DAG_FOLDER = re.compile(r"(?:.*[_.-])?dags?(?:[_.-].*)?", re.IGNORECASE)
_ONE_VERSION = re.compile(r"v?\d+(?:\.\d+)+.*|(?:apache[_-]?)?airflow[_-]?v?\d.*", re.IGNORECASE)
"""Folders that hold what is for one release: ``2.10.3``, ``airflow_1_samples``."""
_MOST_NAMED = 3


def _check(project: Project) -> Iterator[Hit]:
    is_dag_folder = any(map(_DAG_FOLDER.fullmatch, project.above[-1:]))
    places: dict[tuple[str, ...], list[str]] = {}
    for dag in project.dag_map.dags:
        folders = PurePosixPath(dag.path).parts[:-1]
        if dag.resolved and _NOT_LOADED.isdisjoint(folders):
            deployment = _deployment(folders, whole_tree=is_dag_folder)
            places.setdefault((dag.dag_id, *deployment), []).append(dag.path)
    for (dag_id, *_), paths in places.items():
        for path in paths if len(set(paths)) > 1 else ():
            others = [other for other in paths if other != path]
            more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
            named = ", ".join(others[:_MOST_NAMED])
            message = f"the DAG id `{dag_id}` is also made in {named}{more}"
            yield Hit(line=None, message=message, symbol=dag_id, path=path)


def _deployment(folders: tuple[str, ...], *, whole_tree: bool) -> tuple[str, ...]:
    """What sets apart files that one Airflow loads: their DAG folder, and the release they are for.

    Where no folder says that it holds DAGs, only files side by side are known to be loaded together, unless
    the tree itself is called a DAG folder.
    """
    depth = 0 if whole_tree else len(folders)
    for index, folder in enumerate(folders):
        if _DAG_FOLDER.fullmatch(folder):
            depth = index + 1
            break
    return "/".join(folders[:depth]), *filter(_ONE_VERSION.fullmatch, folders)


CHECK = Check("AF3-FILELOC-UNIQUE", Project, _check)
