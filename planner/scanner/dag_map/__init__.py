"""Which DAGs a tree makes, read from its syntax trees. Nothing is imported and nothing is run.

``making.py`` tells what one file says by itself: ``outlining.py`` keeps of its syntax tree what matters, and
``following.py`` runs through that outline with values instead of a machine. ``linking.py`` joins the files of a tree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from planner.domain.report import DagEntry
from planner.scanner.dag_map.linking import DagMap, dag_map
from planner.scanner.dag_map.making import DagCode, dag_code_of
from planner.scanner.dag_map.modules import Modules, imports_by_version, imports_in, imports_of

__all__ = [
    "DagCode",
    "DagMap",
    "Modules",
    "dag_code_of",
    "dag_map",
    "imports_by_version",
    "imports_in",
    "imports_of",
    "owners_by_file",
]


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
