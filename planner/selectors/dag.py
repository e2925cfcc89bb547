"""DAGs of a deployment: which file they are in, and how many are clean, warned or blocked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from django.db.models import Min, QuerySet

from planner.domain.finding import ACTIVE_STATES, SEVERITY_ORDER, Category, Severity
from planner.domain.paths import relative_to
from planner.domain.report import Report
from planner.models import Dag, Deployment, Finding, HelperModule, Source


@dataclass(frozen=True, slots=True)
class DagTally:
    """How many of the known DAGs are blocked by an ERROR, have warnings only, or neither."""

    clean: int
    warnings: int
    blocked: int

    @property
    def known(self) -> int:
        return self.clean + self.warnings + self.blocked

    def as_dict(self) -> dict[str, int]:
        return {**asdict(self), "known": self.known}


def dag_ids_by_path(source: Source) -> dict[str, str]:
    """DAG ids, one a line, of every file that the source's DAGs are defined in or import."""
    by_path: dict[str, list[str]] = {}
    for _source, path, dag_id in _known(Dag.objects.filter(source=source)):
        by_path.setdefault(path, []).append(dag_id)
    whole = {path: list(ids) for path, ids in by_path.items()}
    helpers = HelperModule.objects.filter(source=source).order_by("path")
    for path, used_by in helpers.values_list("path", "used_by").iterator():
        others = sorted(dag_id for user in used_by for dag_id in by_path.get(user, ()))
        whole[path] = [*by_path.get(path, ()), *others]
    return {path: "\n".join(dict.fromkeys(ids)) for path, ids in whole.items() if ids}


def dags_gone(source: Source, report: Report, root: str) -> frozenset[str]:
    """Files that had DAGs before, none of which a report of the whole tree finds anywhere any more."""
    cover = report.coverage
    if not (report.dags and cover.complete and cover.status == "success" and cover.files):
        return frozenset()
    here = {entry.dag_id for entry in report.dags}
    unsure = {relative_to(root, entry.path) for entry in report.dags if not entry.resolved}
    before: dict[str, set[str]] = {}
    for path, dag_id in source.dags.filter(seen_by="scan").values_list("path", "dag_id"):
        before.setdefault(path, set()).add(dag_id)
    return frozenset(path for path, ids in before.items() if path not in unsure and not ids & here)


def _known(dags: QuerySet[Dag]) -> Iterator[tuple[int, str, str]]:
    """Source, path and id of each DAG. One whose id is made at run time goes by its place until Airflow's own
    list names the DAGs of its file.
    """
    columns = ("source_id", "path", "dag_id", "resolved", "seen_by")
    rows = list(dags.order_by("dag_id").values_list(*columns))
    listed = {(source, path) for source, path, _id, _known, seen_by in rows if seen_by == "airflow"}
    for source, path, dag_id, resolved, _seen_by in rows:
        if resolved or (source, path) not in listed:
            yield source, path, dag_id


def dag_tally(deployment: Deployment) -> DagTally:
    """Count the deployment's known DAGs by the worst active finding that names them."""
    worst: dict[str, int] = {}
    rows = (
        Finding.objects.filter(deployment=deployment, state__in=ACTIVE_STATES)
        .exclude(category=Category.STYLE)
        .exclude(dag_ids="")
        .values_list("dag_ids")
        .annotate(worst=Min("severity_rank"))
    )
    for dag_ids, rank in rows:
        for dag_id in dag_ids.split("\n"):
            worst[dag_id] = min(worst.get(dag_id, rank), rank)
    known = {dag_id for _source, _path, dag_id in _known(Dag.objects.filter(deployment=deployment))}
    known.update(worst)
    blocked = sum(rank == SEVERITY_ORDER[Severity.ERROR] for rank in worst.values())
    warned = sum(rank == SEVERITY_ORDER[Severity.WARNING] for rank in worst.values())
    return DagTally(clean=len(known) - blocked - warned, warnings=warned, blocked=blocked)
