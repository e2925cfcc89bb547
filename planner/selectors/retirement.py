"""Which findings go with a DAG that is retired, which stay and why, and what was promised so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Count, Q, QuerySet

from planner.domain.finding import LIVE_STATES, State
from planner.domain.retirement import Stays, broken_promise, why_it_stays
from planner.models import Dag, Deployment, Finding, HelperModule, Retirement, Source
from planner.selectors.finding_filter import blocks_dag

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True)
class RetirementPreview:
    """What retiring a DAG does to its findings."""

    dag_id: str
    going: list[Finding]
    """Open ones that would be claimed, by file."""
    stays: list[tuple[str, int, list[str]]]
    """(why, findings, up to five files)"""
    running: Retirement | None

    @property
    def files(self) -> list[str]:
        return list(dict.fromkeys(finding.path for finding in self.going))

    @property
    def staying(self) -> int:
        return sum(count for _why, count, _files in self.stays)


@dataclass(frozen=True, slots=True)
class RunningRetirement:
    """A DAG that is being retired, and how many of its findings wait for it to be gone."""

    retirement: Retirement
    left: int
    is_late: bool


def retirement_preview(
    deployment: Deployment, dag_id: str, *, owner_ids: Collection[int] | None
) -> RetirementPreview:
    """What would be claimed if the DAG were retired. Four queries.

    Args:
        owner_ids: only findings of these owners go; None: anybody's.
    """
    going: list[Finding] = []
    counts: Counter[Stays] = Counter()
    files: dict[Stays, dict[str, None]] = {}
    for finding, why in _judged(deployment, dag_id, owner_ids):
        if why is None:
            going.append(finding)
            continue
        counts[why] += 1
        files.setdefault(why, {})[finding.path] = None
    return RetirementPreview(
        dag_id=dag_id,
        going=going,
        stays=[(why.value, count, list(files[why])[:5]) for why, count in counts.most_common()],
        running=running_retirement(deployment, dag_id),
    )


def running_retirement(deployment: Deployment, dag_id: str) -> Retirement | None:
    """The retirement of this DAG that nobody has ended."""
    return Retirement.objects.filter(deployment=deployment, dag_id=dag_id, ended_at=None).first()


def retirement_by_id(deployment: Deployment, retirement_id: int) -> Retirement | None:
    """A retirement of this deployment."""
    return Retirement.objects.filter(deployment=deployment, pk=retirement_id).first()


def retirements_running(
    deployments: Collection[Deployment], *, today: date, user: User | None = None
) -> list[RunningRetirement]:
    """DAGs whose findings wait for them to be gone, of one person or of all. One query."""
    rows = Retirement.objects.filter(deployment__in=deployments, ended_at=None)
    if user is not None:
        rows = rows.filter(stated_by=user)
    counted = (
        rows.annotate(left=Count("findings", filter=Q(findings__state=State.CLAIMED)))
        .filter(left__gt=0)
        .select_related("deployment", "stated_by")
        .order_by("gone_by", "dag_id")
    )
    return [RunningRetirement(one, one.left, one.gone_by < today) for one in counted]


def promises_of(source: Source, today: date) -> dict[int, str]:
    """The source's claimed findings whose DAG is to go, with what a scan of ``today`` that sees one of them
    says against it: nothing until the day has passed. One query.
    """
    rows = Finding.objects.filter(
        source=source, state=State.CLAIMED, retirement__isnull=False, retirement__ended_at=None
    )
    found = rows.values_list("pk", "retirement__dag_id", "retirement__gone_by")
    return {key: broken_promise(dag_id, gone_by, today) for key, dag_id, gone_by in found}


def claimed_with(retirement: Retirement) -> QuerySet[Finding]:
    """Findings that wait for the DAG to be gone."""
    return Finding.objects.filter(retirement=retirement, state=State.CLAIMED)


def _judged(
    deployment: Deployment, dag_id: str, owner_ids: Collection[int] | None
) -> Iterator[tuple[Finding, Stays | None]]:
    rows = Finding.objects.filter(blocks_dag(dag_id), deployment=deployment, state__in=LIVE_STATES)
    findings = list(rows.defer("fix", "extra", "message").order_by("path", "line", "pk"))
    paths = {finding.path for finding in findings}
    dags: dict[tuple[int, str], set[str]] = {}
    known = Dag.objects.filter(deployment=deployment, path__in=paths)
    for source_id, path, name in known.values_list("source_id", "path", "dag_id"):
        dags.setdefault((source_id, path), set()).add(name)
    helpers = HelperModule.objects.filter(source__deployment=deployment, path__in=paths)
    imported = set(helpers.values_list("source_id", "path"))
    for finding in findings:
        place = (finding.source_id, finding.path)
        why = why_it_stays(
            dag_id=dag_id,
            dags_in_file=dags.get(place, ()),
            dags_named=finding.dag_ids.split("\n"),
            is_helper=place in imported,
        )
        if why is None and owner_ids is not None and finding.owner_id not in owner_ids:
            why = Stays.NOT_YOURS
        if why is None and finding.state != State.OPEN:
            why = Stays.CLOSED
        yield finding, why
