"""The DAG map of a source, and what it tells about findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from django.db.models import QuerySet

from planner.domain.finding import dag_count
from planner.domain.ownership import MAX_KEY, author_key
from planner.domain.paths import relative_to
from planner.domain.report import DagEntry, Report
from planner.models import Dag, Deployment, Finding, HelperModule, LastChange, Scan, Source
from planner.selectors.dag import dag_ids_by_path
from planner.services import bulk
from planner.services.ownership import RulesApplied, rules_apply

_MOST_PATHS = 10_000


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


def helper_modules_replace(*, source: Source, report: Report, root: str) -> None:
    """Replace what was known of the files that a source's DAGs import."""
    HelperModule.objects.filter(source=source).delete()
    HelperModule.objects.bulk_create(
        (
            HelperModule(
                source=source,
                path=relative_to(root, path),
                used_by=_files_of(report, places, root),
            )
            for path, places in report.used_by.items()
        ),
        batch_size=1000,
    )


def last_changes_replace(*, source: Source, report: Report, root: str) -> bool:
    """Replace what was known of who changed the source's files last; whether anything of it is new."""
    if report.last_changes is None:
        return False
    told = {
        relative_to(root, path): (
            author_key(change.name, change.email),
            " ".join(change.name.replace("\0", "").split())[:MAX_KEY],
            change.on,
        )
        for path, change in report.last_changes.items()
    }
    known = LastChange.objects.filter(source=source)
    before = {path: rest for path, *rest in known.values_list("path", "key", "name", "on")}
    if {path: tuple(rest) for path, rest in before.items()} == told:
        return False
    known.delete()
    LastChange.objects.bulk_create(
        (
            LastChange(source=source, path=path, key=key, name=name, on=on)
            for path, (key, name, on) in told.items()
            if key
        ),
        batch_size=1000,
    )
    return True


def _files_of(report: Report, places: Sequence[int], root: str) -> list[str]:
    return list(dict.fromkeys(relative_to(root, report.dags[place].path) for place in places))


def dags_rename_in_findings(*, source: Source, before: Mapping[str, str]) -> None:
    """Name the DAGs that findings block anew where that changed since ``before``, by ``dag_ids_by_path``."""
    after = dag_ids_by_path(source)
    changed = {
        path: after.get(path, "")
        for path in before.keys() | after.keys()
        if before.get(path, "") != after.get(path, "")
    }
    _name_dags(Finding.objects.filter(source=source), changed)


def _name_dags(findings: QuerySet[Finding], by_path: Mapping[str, str]) -> None:
    """Write to findings of these files which DAGs they block; only what differs is written."""
    for paths in _batches(by_path):
        rows = findings.filter(path__in=paths).values_list("pk", "path", "dag_ids")
        changed = (
            (key, by_path[path], dag_count(by_path[path]))
            for key, path, dag_ids in rows.iterator(chunk_size=10_000)
            if dag_ids != by_path[path]
        )
        bulk.update(Finding, ("dag_ids", "dag_count"), list(changed))


def _batches(paths: Iterable[str]) -> Iterator[list[str]]:
    """The paths in lists that any database takes in one statement."""
    every = iter(paths)
    while batch := list(islice(every, _MOST_PATHS)):
        yield batch


def dags_join_findings(
    *, deployment: Deployment, source: Source, scan: Scan, now: datetime
) -> RulesApplied:
    """Name the DAGs that each finding blocks, and let the owners of those DAGs count.

    Only findings of files that the inventory lists change; what a person picked stays.
    """
    by_path = dag_ids_by_path(source)
    if not by_path:
        return RulesApplied(0, 0)
    _name_dags(Finding.objects.filter(deployment=deployment), by_path)
    return rules_apply(deployment=deployment, now=now, user=None, scan=scan)
