"""The same DAG id in several files of the tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from planner.scanner.checks import Check
from planner.scanner.material import Hit
from planner.scanner.project import Project

_NOT_LOADED = frozenset(["test", "tests", "testing", "docs", "doc", "example_dags", "examples"])
"""Folders whose files no DAG folder of a deployment holds."""
_MOST_NAMED = 3


def _check(project: Project) -> Iterator[Hit]:
    places: dict[str, list[str]] = {}
    for dag in project.dag_map.dags:
        if dag.resolved and _NOT_LOADED.isdisjoint(PurePosixPath(dag.path).parts[:-1]):
            places.setdefault(dag.dag_id, []).append(dag.path)
    for dag_id, paths in places.items():
        for path in paths if len(set(paths)) > 1 else ():
            others = [other for other in paths if other != path]
            more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
            named = ", ".join(others[:_MOST_NAMED])
            message = f"the DAG id `{dag_id}` is also made in {named}{more}"
            yield Hit(line=None, message=message, symbol=dag_id, path=path)


CHECK = Check("AF3-FILELOC-UNIQUE", Project, _check)
