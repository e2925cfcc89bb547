"""Which DAGs a tree makes, read from its syntax trees. Nothing is imported and nothing is run.

The way of a file:

1. ``outline`` keeps of its syntax tree what may make or name DAGs, as plain data that can be kept and followed later.
2. ``following`` runs through the outline with values (``values.py``) instead of a machine, and asks ``known`` what
   Python's own functions answer. What only running can tell is ``Unknown``, and says why.
3. ``dag_code.py`` does both for one file by itself; the answer, ``DagCode``, hangs on its path and bytes alone.
   ``entries.py`` puts the DAGs that were found in the form of a report.
4. ``linking.py`` joins all files: those that use what others bind (``modules.py`` says which file an import means) are
   followed again with these at hand. The answer, ``DagMap``, also says which DAGs import which files.

``names.py`` tells from a full name alone what it can be; which calls make DAGs is in ``scanner/dag_call.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from planner.domain.report import DagEntry
from planner.scanner.dag_map.dag_code import DagCode, dag_code_of, may_tell_of_dags, outline_in
from planner.scanner.dag_map.linking import DagMap, dag_map
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
    "may_tell_of_dags",
    "outline_in",
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
