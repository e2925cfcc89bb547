"""What every page of a deployment shows about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Q, Subquery

from planner.domain.facts import DeploymentFacts, facts_from, line_of
from planner.domain.finding import ACTIVE_STATES, Category, Severity
from planner.domain.rules import Rulebook
from planner.models import Deployment, Finding, Scan, Source
from planner.selectors.checks import Check, checks_of

LATE_AFTER = timedelta(minutes=15)
"""A due rescan that nothing has started after this long counts as missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A rescan that failed or never started."""

    source: str
    kind: str
    """failed or missed."""
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Counts of open findings without style, the newest applied scan, and what is wrong with rescans, what was never checked."""

    open: int
    errors: int
    warnings: int
    infos: int
    last_scan_at: datetime | None
    troubles: tuple[Trouble, ...]
    unchecked: tuple[Check, ...]


def deployment_named(slug: str) -> Deployment | None:
    """The deployment of that slug, for commands; pages ask ``selectors.access`` instead."""
    return Deployment.objects.filter(slug=slug).first()


def facts_of(deployment: Deployment) -> DeploymentFacts:
    """The facts as last stored."""
    return facts_from(deployment.facts)


def target_line_of(deployment: Deployment, book: Rulebook) -> str:
    """The release line that findings are rated for: the facts' target, else the newest supported line."""
    return line_of(deployment.facts.get("target_version") or book.default_target)


def header(deployment: Deployment, now: datetime) -> Header:
    """What the bar above every page of the deployment shows. Three queries."""
    active = Finding.objects.filter(deployment=deployment, state__in=ACTIVE_STATES)
    counts = active.exclude(category=Category.STYLE).aggregate(
        open=Count("pk"),
        errors=Count("pk", filter=Q(severity=Severity.ERROR)),
        warnings=Count("pk", filter=Q(severity=Severity.WARNING)),
        infos=Count("pk", filter=Q(severity=Severity.INFO)),
    )
    sources = list(_sources_with_newest_attempt(deployment))
    seen = [source.last_scan.created_at for source in sources if source.last_scan]
    troubles = [trouble for source in sources if (trouble := _trouble(source, now))]
    return Header(
        **counts,
        last_scan_at=max(seen, default=None),
        troubles=tuple(troubles),
        unchecked=tuple(check for check in checks_of(deployment) if not check.done),
    )


def _sources_with_newest_attempt(deployment: Deployment):  # type: ignore[no-untyped-def]
    rescans = Scan.objects.filter(source=OuterRef("pk")).exclude(
        cause__in=("upload", "command", "api")
    )
    newest = rescans.order_by("-created_at", "-id")
    return (
        Source.objects.filter(deployment=deployment)
        .select_related("last_scan")
        .annotate(
            rescan_state=Subquery(newest.values("state")[:1]),
            rescan_at=Subquery(newest.values("created_at")[:1]),
            rescan_error=Subquery(newest.values("error")[:1]),
        )
    )


def _trouble(source: Source, now: datetime) -> Trouble | None:
    state = source.rescan_state  # type: ignore[attr-defined]
    if state in (Scan.State.FAILED, Scan.State.REJECTED):
        return Trouble(
            source=source.name,
            kind="failed",
            at=source.rescan_at,  # type: ignore[attr-defined]
            why=source.rescan_error,  # type: ignore[attr-defined]
        )
    late = source.next_due_at is not None and source.next_due_at < now - LATE_AFTER
    if late and not source.paused and state not in (Scan.State.QUEUED, Scan.State.RUNNING):
        assert source.next_due_at is not None
        return Trouble(source=source.name, kind="missed", at=source.next_due_at, why="")
    return None
