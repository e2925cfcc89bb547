"""The DAG map of a source, and what it tells about findings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from planner.domain.paths import relative_to
from planner.domain.report import DagEntry
from planner.models import Dag, Deployment, Finding, Source
from planner.selectors.dag import dag_ids_by_path
from planner.services import bulk
from planner.services.ownership import rules_apply


def dags_replace(*, source: Source, entries: Sequence[DagEntry], root: str, seen_by: str) -> bool:
    """Replace what ``seen_by`` (scan or airflow) knew of a source's DAGs; whether a file's owners changed."""
    known = Dag.objects.filter(source=source, seen_by=seen_by)
    before = {(path, *owners) for path, owners in known.values_list("path", "owners")}
    known.delete()
    Dag.objects.bulk_create(
        (
            Dag(
                deployment_id=source.deployment_id,
                source=source,
                dag_id=entry.dag_id[:300],
                path=relative_to(root, entry.path),
                owners=list(entry.owners),
                paused=entry.paused,
                resolved=entry.resolved,
                seen_by=seen_by,
            )
            for entry in entries
        ),
        batch_size=1000,
    )
    return before != {(relative_to(root, entry.path), *entry.owners) for entry in entries}


def dags_join_findings(*, deployment: Deployment, source: Source, now: datetime) -> None:
    """Name the DAGs that each finding blocks, and let the owners of those DAGs count.

    Only findings of files that the inventory lists change; what a person picked stays.
    """
    by_path = dag_ids_by_path(source)
    if not by_path:
        return
    rows = Finding.objects.filter(deployment=deployment, path__in=by_path).values_list(
        "pk", "path", "dag_ids"
    )
    changed = (
        (key, by_path[path])
        for key, path, dag_ids in rows.iterator(chunk_size=10_000)
        if dag_ids != by_path[path]
    )
    bulk.update(Finding, ("dag_ids",), list(changed))
    rules_apply(deployment=deployment, now=now, user=None)
