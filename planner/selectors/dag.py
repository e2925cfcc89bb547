"""DAGs of a deployment: which file they are in, and how many are clean, warned or blocked."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.db.models import Min

from planner.domain.finding import ACTIVE_STATES, SEVERITY_ORDER, Category, Severity
from planner.models import Dag, Deployment, Finding, Source


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
    """DAG ids, one a line, of every file in which the source's DAGs are defined."""
    by_path: dict[str, list[str]] = {}
    rows = Dag.objects.filter(source=source, resolved=True).order_by("dag_id")
    for path, dag_id in rows.values_list("path", "dag_id"):
        by_path.setdefault(path, []).append(dag_id)
    return {path: "\n".join(dict.fromkeys(ids)) for path, ids in by_path.items()}


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
    known = set(Dag.objects.filter(deployment=deployment).values_list("dag_id", flat=True))
    known.update(worst)
    blocked = sum(rank == SEVERITY_ORDER[Severity.ERROR] for rank in worst.values())
    warned = sum(rank == SEVERITY_ORDER[Severity.WARNING] for rank in worst.values())
    return DagTally(clean=len(known) - blocked - warned, warnings=warned, blocked=blocked)
