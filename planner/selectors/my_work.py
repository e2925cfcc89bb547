"""What is on a signed-in person's plate, in all the deployments they may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from planner.domain.access import Role
from planner.domain.finding import Category, State
from planner.models import Deployment, Finding, Membership
from planner.selectors.access import deployments_of
from planner.selectors.checks import Check, checks_by_deployment
from planner.selectors.finding_page import live_waivers
from planner.selectors.finding_row import FindingRow, finding_rows
from planner.selectors.owner import FileGroup, file_groups, owner_ids_of
from planner.selectors.work import active, late, week_end

if TYPE_CHECKING:
    from django.contrib.auth.models import User

VIEWS = {
    "week": "Due this week",
    "all": "All open",
    "claimed": "Claimed, awaiting a scan",
    "regressed": "Came back",
    "waived": "Waived",
    "fixed": "Fixed",
}
LIMIT = 200
"""Findings on the page at once."""


@dataclass(frozen=True, slots=True)
class MyCounts:
    """How much there is of each."""

    week: int
    """Due by Sunday, what is late included."""
    late: int
    all: int
    blocking: int
    claimed: int
    regressed: int
    waived: int
    fixed: int

    def of(self, view: str) -> int:
        count: int = getattr(self, view)
        return count


@dataclass(frozen=True, slots=True)
class DeploymentWork:
    """One deployment's part of it."""

    deployment: Deployment
    may_claim: bool
    files: list[FileGroup]


@dataclass(frozen=True, slots=True)
class MyWork:
    """The page of one's own work."""

    show: str
    parts: list[DeploymentWork]
    counts: MyCounts
    shown: int
    blocking_here: int
    files: int
    deployments: int
    """Deployments the person may see."""
    unchecked: list[tuple[Deployment, list[Check]]]
    """Of each of them, the kinds of check it has not had: a short list of work may only mean that."""

    @property
    def total(self) -> int:
        return self.counts.of(self.show)

    @property
    def tabs(self) -> list[tuple[str, str, int]]:
        """(view, words, how many)"""
        return [(view, words, self.counts.of(view)) for view, words in VIEWS.items()]


def my_work(user: User, *, show: str, today: date) -> MyWork:
    """What belongs to the person, grouped by deployment and file. Seven queries at most."""
    deployments = list(deployments_of(user))
    rows = Finding.objects.filter(
        deployment__in=deployments, owner__in=owner_ids_of(user, deployments)
    ).exclude(category=Category.STYLE)
    counts = MyCounts(**rows.aggregate(**_tallies(today)))
    shown = (
        rows.filter(_in_view(show, today))
        .select_related("owner", "source")
        .prefetch_related(live_waivers())
        .order_by("deployment__name", "deployment_id", "path", "severity_rank", "line", "pk")
    )
    found = finding_rows(shown[:LIMIT], today=today)
    parts = _parts(found, deployments, _claimable(user, deployments))
    return MyWork(
        show=show,
        parts=parts,
        counts=counts,
        shown=len(found),
        blocking_here=sum(row.finding.category == Category.BLOCK for row in found),
        files=sum(len(part.files) for part in parts),
        deployments=len(deployments),
        unchecked=_unchecked(deployments),
    )


def _unchecked(deployments: list[Deployment]) -> list[tuple[Deployment, list[Check]]]:
    checks = checks_by_deployment(deployments)
    missing = (
        (deployment, [check for check in checks[deployment.pk] if not check.done])
        for deployment in deployments
    )
    return [(deployment, kinds) for deployment, kinds in missing if kinds]


def my_claimable(user: User, finding_ids: Iterable[int]) -> dict[Deployment, list[int]]:
    """Those of the findings that belong to the person and that they may claim, by deployment."""
    deployments = list(deployments_of(user))
    allowed = _claimable(user, deployments)
    by_id = {deployment.pk: deployment for deployment in deployments if deployment.pk in allowed}
    mine = Finding.objects.filter(
        pk__in=list(finding_ids),
        deployment__in=by_id,
        owner__in=owner_ids_of(user, deployments),
    )
    found: dict[Deployment, list[int]] = {}
    for finding_id, deployment_id in mine.order_by("pk").values_list("pk", "deployment_id"):
        found.setdefault(by_id[deployment_id], []).append(finding_id)
    return found


def _claimable(user: User, deployments: Iterable[Deployment]) -> set[int]:
    """Deployments in which the person's role lets them claim."""
    if user.is_superuser:
        return {deployment.pk for deployment in deployments}
    roles = Membership.objects.filter(user_id=user.pk).values_list("deployment_id", "role")
    return {deployment_id for deployment_id, role in roles if Role(role).reaches(Role.OWNER)}


def _parts(
    rows: list[FindingRow], deployments: list[Deployment], claimable: set[int]
) -> list[DeploymentWork]:
    by_id = {deployment.pk: deployment for deployment in deployments}
    return [
        DeploymentWork(by_id[key], key in claimable, file_groups(part))
        for key, part in groupby(rows, key=lambda row: row.finding.deployment_id)
    ]


def _tallies(today: date) -> dict[str, Count]:
    conditions = {view: _in_view(view, today) for view in VIEWS}
    conditions["late"] = late(today)
    conditions["blocking"] = active() & Q(category=Category.BLOCK)
    return {name: Count("pk", filter=condition) for name, condition in conditions.items()}


def _in_view(view: str, today: date) -> Q:
    conditions = {
        "week": active() & Q(due__lte=week_end(today)),
        "all": active(),
        "claimed": Q(state=State.CLAIMED),
        "regressed": active() & Q(regressed=True),
        "waived": Q(state=State.WAIVED),
        "fixed": Q(state=State.FIXED),
    }
    return conditions[view]
