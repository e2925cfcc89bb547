"""The scans of a deployment as its page tells them: how fresh, what comes next, what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from planner.domain.freshness import age_in_words
from planner.models import Beat, Deployment, Scan
from planner.selectors.health import BEAT_IS_LATE_AFTER, TICK
from planner.selectors.scan_changes import PREVIEW
from planner.selectors.source import UNFINISHED, SourceRow, source_rows

PAGE = 25
APPLIED = (Scan.State.DONE, Scan.State.DUPLICATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanHistory:
    """What ``/d/SLUG/scans/`` shows."""

    sources: list[SourceRow]
    scans: list[Scan]
    cursor: int | None
    """Id of the last row, where there are older scans."""
    is_first_page: bool
    last_applied: Scan | None
    unfinished: list[Scan]
    age: str
    """Age of the newest applied scan in words; empty where there is none."""
    next_due_at: datetime | None
    next_is_soon: bool
    """True where the weekday alone names the day."""
    worker_is_silent: bool
    """Something waits, and no worker has told that it lives."""

    @property
    def is_busy(self) -> bool:
        return bool(self.unfinished)

    @property
    def newest(self) -> Scan | None:
        return self.scans[0] if self.is_first_page and self.scans else None


def scan_history(deployment: Deployment, before: int | None, now: datetime) -> ScanHistory:
    """One page of scans, newest first, with the sources. Six queries at most."""
    sources = source_rows(deployment)
    scans = list(_older_than(deployment, before)[: PAGE + 1])
    due = [row.source.next_due_at for row in sources if row.source.next_due_at]
    next_due_at = min(due, default=None)
    unfinished = list(_scans_of(deployment).filter(state__in=UNFINISHED).order_by("id")[:PAGE])
    last_applied = _scans_of(deployment).filter(state__in=APPLIED).first()
    return ScanHistory(
        sources=sources,
        scans=scans[:PAGE],
        cursor=scans[PAGE - 1].pk if len(scans) > PAGE else None,
        is_first_page=before is None,
        last_applied=last_applied,
        unfinished=unfinished,
        age=_age(last_applied, now),
        next_due_at=next_due_at,
        worker_is_silent=bool(unfinished) and not _worker_lives(now),
        next_is_soon=next_due_at is not None and next_due_at - now < timedelta(days=6),
    )


def _worker_lives(now: datetime) -> bool:
    return Beat.objects.filter(name=TICK, at__gt=now - BEAT_IS_LATE_AFTER).exists()


def _age(scan: Scan | None, now: datetime) -> str:
    if scan is None:
        return ""
    age = now - scan.created_at
    if age >= timedelta(days=1):
        # By the calendar, as everywhere else: what was scanned on Monday is six days old on Sunday.
        age = timezone.localdate(now) - timezone.localdate(scan.created_at)
    return age_in_words(age)


def _scans_of(deployment: Deployment) -> QuerySet[Scan]:
    return (
        Scan.objects.filter(deployment=deployment)
        .select_related("source", "requested_by")
        .order_by("-created_at", "-id")
    )


def _older_than(deployment: Deployment, before: int | None) -> QuerySet[Scan]:
    scans = _scans_of(deployment)
    if before is None:
        return scans
    moment = Scan.objects.filter(pk=before, deployment=deployment).values("created_at")[:1]
    return scans.filter(Q(created_at__lt=moment) | Q(created_at=moment, pk__lt=before))


def scan_by_id(deployment: Deployment, scan_id: int) -> Scan | None:
    """The deployment's scan of that id, with its source and sender."""
    return _scans_of(deployment).filter(pk=scan_id).first()


def scan_by_public_id(public_id: UUID) -> Scan | None:
    """The scan that an API caller was told of."""
    return Scan.objects.filter(public_id=public_id).select_related("source", "deployment").first()


def is_refused(scan: Scan) -> bool:
    """True where the scan changed nothing because something is wrong; ``error`` says what."""
    return scan.state in (Scan.State.REJECTED, Scan.State.FAILED)


def has_good_items(scan: Scan) -> bool:
    """True where the report was rejected for some of its items only."""
    return 0 < scan.counts.get("left_out", 0) < scan.counts.get("received", 0)


def is_held(scan: Scan) -> bool:
    """True where the scan waits for a person."""
    return scan.state == Scan.State.HELD


def is_preview(scan: Scan) -> bool:
    """True where the scan is kept nowhere: it only says what it would change."""
    return scan.cause == PREVIEW


def newer_applied(scan: Scan) -> Scan | None:
    """An applied scan of the same source and tool that came in after this one, where there is one."""
    applied = Scan.objects.filter(source=scan.source_id, tool=scan.tool, state=Scan.State.DONE)
    return applied.filter(created_at__gt=scan.created_at).order_by("-created_at").first()


def is_unfinished(scan: Scan) -> bool:
    """True where the scan waits or runs."""
    return scan.state in UNFINISHED
