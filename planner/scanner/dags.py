"""The DAGs of a tree as a scan hands them over: see ``dag_map`` for how they are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from planner.domain.report import DagEntry


class DagMap(msgspec.Struct):
    """Every DAG of a tree, and which files each of them imports."""

    dags: list[DagEntry] = []
    used_by: dict[str, list[int]] = {}
    """For every other file that DAGs import, directly or not, their places in ``dags``."""


def owners_by_file(dags: Sequence[DagEntry]) -> Mapping[str, str]:
    """The one owner of each file's DAGs, where they agree."""
    owners: dict[str, set[str]] = {}
    for dag in dags:
        owners.setdefault(dag.path, set()).update(dag.owners)
    return {path: next(iter(names)) for path, names in owners.items() if len(names) == 1}


class Told(Protocol):
    """What a map or a whole scan tells about DAGs."""

    @property
    def dags(self) -> list[DagEntry]: ...
    @property
    def used_by(self) -> dict[str, list[int]]: ...


def dag_ids_by_file(told: Told) -> dict[str, list[str]]:
    """The DAGs that each file blocks: its own, then those that import it."""
    found: dict[str, list[str]] = {}
    for dag in told.dags:
        found.setdefault(dag.path, []).append(dag.dag_id)
    for path, places in told.used_by.items():
        others = (told.dags[place].dag_id for place in places)
        found[path] = list(dict.fromkeys([*found.get(path, ()), *others]))
    return found
