"""Weekly rescans: which sources are due, and one run from its queued row to the applied report."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import IO

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from planner.domain.numbers import plural
from planner.domain.report import ReportRejected
from planner.domain.schedule import is_late, next_run
from planner.models import Scan, Source
from planner.scanner.cache import Cache
from planner.scanner.from_git import scan_git
from planner.scanner.last_change import with_last_changes
from planner.scanner.result import Progress, ScanFailed
from planner.scanner.scan import scan_folder
from planner.scanner.write import state_digest, write_report
from planner.selectors.deployment import facts_of
from planner.selectors.local_time import local_day, zone_name
from planner.services.fetch import Credentials, FetchFailed, report_fetch
from planner.services.ingest import PREVIEW_LINES, Preview, apply_scan, report_preview
from planner.services.lease import (
    NUDGE_AFTER,
    RESCAN_CAUSES,
    Lease,
    LeaseKeeper,
    LeaseLost,
    RunningClock,
    lease_fail,
    lease_note_crash,
    lease_progress,
    lease_take,
)
from planner.services.raw_report import raw_store
from planner.services.source import (
    SCANNED_KINDS,
    SourceError,
    folder_check,
    git_check,
)

_FETCHED, _SCANNED = 10, 60
"""Percent of the way at which the code is here, and at which it is scanned."""

_log = logging.getLogger(__name__)


class SecretMissing(Exception):
    """A variable that a source names is not there. The message is a sentence without its value."""


class RescanRefused(ValueError):
    """The source cannot be scanned by itself. The message is one sentence."""


_REFUSALS = (ScanFailed, FetchFailed, SourceError, ReportRejected, SecretMissing)
"""What may go wrong with a source, each told in one sentence."""


@transaction.atomic
def rescan_request(*, source: Source, user: User | None, cause: str, now: datetime) -> Scan:
    """The queued scan of a source; the one that already waits or runs, where there is one.

    The caller enqueues the task once the row is committed.

    Raises:
        RescanRefused: the source holds uploads, which nobody can fetch.
    """
    if source.kind not in SCANNED_KINDS:
        raise RescanRefused(f"{source.name} holds uploaded reports; there is nothing to fetch")
    Source.objects.select_for_update().get(pk=source.pk)
    unfinished = Scan.objects.filter(
        source=source,
        cause__in=RESCAN_CAUSES,
        state__in=(Scan.State.QUEUED, Scan.State.RUNNING),
    ).first()
    return unfinished or Scan.objects.create(
        deployment_id=source.deployment_id,
        source=source,
        cause=cause,
        requested_by=user,
        created_at=now,
        lease_until=now + NUDGE_AFTER,
        progress="Waiting for a worker",
    )


def rescans_due(*, now: datetime) -> list[Scan]:
    """Queues a scan for every source whose time has come: one each, however many slots were missed."""
    queued = []
    for source in _scheduled().filter(next_due_at__lte=now):
        scan = _claim_slot(source, now)
        if scan is not None:
            queued.append(scan)
    return queued


def slots_refresh(*, now: datetime) -> None:
    """Moves the next slot of sources whose deployment has changed its time zone, or that have none."""
    for source in _scheduled().exclude(next_due_at__lte=now):
        slot = next_run(source.schedule, now, zone_name(source.deployment))
        if slot != source.next_due_at:
            Source.objects.filter(pk=source.pk, next_due_at=source.next_due_at).update(
                next_due_at=slot
            )


def _scheduled() -> QuerySet[Source]:
    return (
        Source.objects.filter(kind__in=SCANNED_KINDS, paused=False)
        .exclude(schedule="")
        .select_related("deployment")
        .order_by("next_due_at", "id")
    )


@transaction.atomic
def _claim_slot(source: Source, now: datetime) -> Scan | None:
    """The scan of this slot, or None where another tick was first."""
    due = source.next_due_at
    assert due is not None
    following = next_run(source.schedule, now, zone_name(source.deployment))
    claimed = Source.objects.filter(pk=source.pk, next_due_at=due, paused=False)
    if not claimed.update(next_due_at=following):
        return None
    cause = "catch-up" if is_late(due, now) else "schedule"
    return rescan_request(source=source, user=None, cause=cause, now=now)


def scan_run(*, scan_id: int, now: datetime) -> Scan | None:
    """Works a queued scan to its end: fetches the code or report where that is its cause, then applies it.

    Harmless to call again: a finished scan, one that another worker has, and one that must wait
    its turn are left alone. None where the scan is gone.
    """
    lease = lease_take(scan_id=scan_id, now=now)
    if lease is not None:
        _work(lease, RunningClock(now))
    return Scan.objects.select_related("source", "deployment").filter(pk=scan_id).first()


def rescan_preview(
    *, source: Source, now: datetime, told: Progress, lines: int = PREVIEW_LINES
) -> Preview:
    """What a rescan of the source would change now. It is read as always; nothing is kept.

    ``told`` hears how many files are checked.

    Raises:
        RescanRefused: it cannot be read now, or holds uploads.
    """
    if source.kind not in SCANNED_KINDS:
        raise RescanRefused(f"{source.name} holds uploaded reports; there is nothing to fetch")
    scan = Scan(deployment=source.deployment, source=source, created_at=now)
    try:
        with tempfile.TemporaryFile() as report:
            _READERS[Source.Kind(source.kind)](scan, report, told)
            report.seek(0)
            return report_preview(
                source=source,
                stream=report,
                file_name=f"{source.name}.json",
                options={},
                now=now,
                lines=lines,
            )
    except _REFUSALS as error:
        raise RescanRefused(str(error).strip().rstrip(".")) from error


def _work(lease: Lease, clock: Callable[[], datetime]) -> None:
    scan = Scan.objects.select_related("source__last_scan", "deployment").get(pk=lease.scan_id)
    try:
        with LeaseKeeper(lease, clock):
            if _is_to_be_fetched(scan):
                _collect(scan, lease, clock)
            lease_progress(
                lease=lease, text="Comparing with the last scan", percent=70, now=clock()
            )
            apply_scan(scan_id=scan.pk, now=clock())
    except LeaseLost:
        _log.warning("scan %s was taken over by another worker", lease.scan_id)
    except _REFUSALS as error:
        lease_fail(lease=lease, reason=_sentence(error), now=clock())
    except Exception as error:
        lease_note_crash(lease=lease, reason=f"{type(error).__name__}: {error}")
        raise


def _is_to_be_fetched(scan: Scan) -> bool:
    """A held rescan that a person let through is applied as it was read, not read anew."""
    return scan.cause in RESCAN_CAUSES and not scan.options.get("confirm")


def _collect(scan: Scan, lease: Lease, clock: Callable[[], datetime]) -> None:
    """Reads the source and keeps the report with the scan."""
    kind = Source.Kind(scan.source.kind)
    lease_progress(lease=lease, text=_READING[kind], percent=_FETCHED, now=clock())
    with tempfile.TemporaryFile() as report:
        _READERS[kind](scan, report, FilesTold(lease, clock))
        report.seek(0)
        raw = raw_store(stream=report)
    lease_progress(lease=lease, text="Reading the report", percent=_SCANNED, now=clock())
    Scan.objects.filter(pk=scan.pk, attempts=lease.attempt).update(
        raw=raw.name,
        sha256=raw.sha256,
        size=raw.size,
        file_name=f"{scan.source.name}.json",
        options=scan.options,
    )


class FilesTold:
    """Tells a scan's page how many files are checked, at most once a second.

    Raises LeaseLost where another worker has the scan, which ends this one's.
    """

    def __init__(self, lease: Lease, clock: Callable[[], datetime]) -> None:
        self._lease = lease
        self._clock = clock
        self._next = clock()

    def __call__(self, done: int, total: int) -> None:
        now = self._clock()
        if now < self._next:
            return
        self._next = now + timedelta(seconds=1)
        percent = _FETCHED + (_SCANNED - _FETCHED) * done // max(total, 1)
        text = f"Checked {done:,} of {plural(total, 'file')}"
        lease_progress(lease=self._lease, text=text, percent=percent, now=now)


def _read_folder(scan: Scan, report: IO[bytes], told: Progress) -> None:
    source = scan.source
    folder = folder_check(source.location)
    with _cache() as cache:
        result = scan_folder(
            folder,
            root=source.root,
            **_versions(scan),
            cache=cache,
            progress=told,
            today=_started_on(scan),
        )
        result = with_last_changes(result, folder, cache=cache)
    write_report(result, report)


def _read_git(scan: Scan, report: IO[bytes], told: Progress) -> None:
    source = scan.source
    location = git_check(source.location, resolve=True)
    with _cache() as cache:
        result = scan_git(
            location,
            branch=source.branch,
            root=source.root,
            **_versions(scan),
            since_commit=source.last_scan.commit if source.last_scan else "",
            cache_dir=settings.DATA_DIR / "clones",
            credentials=_credentials(source),
            cache=cache,
            progress=told,
            today=_started_on(scan),
        )
    write_report(result, report)
    # Of an unchanged tree the report differs where the one before told of commits.
    scan.options = {**scan.options, "state": state_digest(result)}


@contextmanager
def _cache() -> Iterator[Cache]:
    """What unchanged files yielded before, in this or another source."""
    with Cache(settings.DATA_DIR / "cache") as cache:
        yield cache
    if cache.trouble:
        _log.warning("%s", cache.trouble)


def _started_on(scan: Scan) -> date:
    """The day on which a running scan began, where the deployment is."""
    return local_day(scan.deployment, scan.started_at or scan.created_at)


def _versions(scan: Scan) -> dict[str, str]:
    """From which Airflow to which the deployment moves."""
    facts = facts_of(scan.deployment)
    return {"target": facts.target_version, "current": facts.current_version}


def _read_url(scan: Scan, report: IO[bytes], told: Progress) -> None:
    source = scan.source
    report_fetch(
        url=source.location,
        target=report,
        credentials=_credentials(source),
        allow_private=settings.ALLOW_PRIVATE_ADDRESSES,
        most_bytes=settings.MAX_REPORT_BYTES,
    )


_READERS: dict[Source.Kind, Callable[[Scan, IO[bytes], Progress], None]] = {
    Source.Kind.FOLDER: _read_folder,
    Source.Kind.GIT: _read_git,
    Source.Kind.REPORT_URL: _read_url,
}
_READING = {
    Source.Kind.FOLDER: "Scanning the folder",
    Source.Kind.GIT: "Fetching and scanning the repository",
    Source.Kind.REPORT_URL: "Fetching the report",
}


def _credentials(source: Source) -> Credentials | None:
    if not source.username_env and not source.password_env:
        return None
    return Credentials(_secret(source.username_env), _secret(source.password_env))


def _secret(name: str) -> str:
    if not name:
        return ""
    if name not in os.environ:
        raise SecretMissing(f"The worker has no environment variable {name}")
    return os.environ[name]


def _sentence(error: Exception) -> str:
    return f"{str(error).strip().rstrip('.')}."
