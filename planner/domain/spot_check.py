"""Which DAG runs a person looks at by hand after the flip: few, and as different as they come."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from posixpath import dirname

from planner.domain.report import DagEntry


def spread(dags: Iterable[DagEntry], number: int) -> list[DagEntry]:
    """At most ``number`` DAGs that run, one owner and folder after the other. The same DAGs give the same list."""
    running = {entry.dag_id: entry for entry in dags if entry.resolved and not entry.paused}
    groups: dict[tuple[str, str], deque[DagEntry]] = defaultdict(deque)
    for dag_id in sorted(running):
        entry = running[dag_id]
        owner = entry.owners[0] if entry.owners else ""
        groups[owner, dirname(entry.path)].append(entry)
    turns = deque(groups[key] for key in sorted(groups))
    chosen: list[DagEntry] = []
    while turns and len(chosen) < number:
        group = turns.popleft()
        chosen.append(group.popleft())
        if group:
            turns.append(group)
    return chosen
