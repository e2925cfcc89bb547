"""Who works on a scan: one worker at a time, one rescan per deployment, and never lost for good.

The scan's row is the truth and the queue only a nudge. A running scan's lease is renewed while work
goes on; once it has run out, the sweep offers the scan to the next worker.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.db.models import F, Q

from planner.models import Deployment, Scan

LEASE = timedelta(minutes=2)
RENEW_SECONDS = 20.0
NUDGE_AFTER = timedelta(minutes=2)
"""A queued scan that nobody has started after this long is offered again: its task may be lost."""
WAIT_TURN = timedelta(seconds=30)
"""How long a rescan stands back while another of the same deployment runs."""
MOST_ATTEMPTS = 3

RESCAN_CAUSES = ("schedule", "catch-up", "button", "asked")
"""Causes of scans for which Flightplan fetches the code or report by itself."""

_log = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another worker has taken the scan over; this one must stop without writing."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a scan until it is renewed no longer. ``attempt`` fences off late workers."""

    scan_id: int
    attempt: int


class RunningClock:
    """The time now, counted on from the moment that the caller gave."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._mark = time.monotonic()

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._mark)


@transaction.atomic
def lease_take(*, scan_id: int, now: datetime) -> Lease | None:
    """Starts the scan, or returns None where it is finished, somebody else's, or must wait its turn."""
    deployment_id = Scan.objects.filter(pk=scan_id).values_list("deployment_id", flat=True).first()
    if deployment_id is None:
        return None
    # One at a time past this point: SQLite's transactions are exclusive, PostgreSQL locks the row.
    Deployment.objects.select_for_update().get(pk=deployment_id)
    scan = Scan.objects.get(pk=scan_id)
    if not _may_start(scan, now):
        return None
    if scan.cause in RESCAN_CAUSES and _is_another_running(scan, now):
        Scan.objects.filter(pk=scan_id).update(
            lease_until=now + WAIT_TURN, progress="Waiting for another scan of this deployment"
        )
        return None
    Scan.objects.filter(pk=scan_id).update(
        state=Scan.State.RUNNING,
        started_at=now,
        lease_until=now + LEASE,
        attempts=F("attempts") + 1,
        progress="Starting",
        percent=0,
        error="",
    )
    return Lease(scan_id=scan_id, attempt=scan.attempts + 1)


def _may_start(scan: Scan, now: datetime) -> bool:
    if scan.state == Scan.State.QUEUED:
        return True
    return scan.state == Scan.State.RUNNING and _is_over(scan, now)


def _is_over(scan: Scan, now: datetime) -> bool:
    return scan.lease_until is None or scan.lease_until < now


def _is_another_running(scan: Scan, now: datetime) -> bool:
    return (
        Scan.objects.filter(
            deployment_id=scan.deployment_id,
            cause__in=RESCAN_CAUSES,
            state=Scan.State.RUNNING,
            lease_until__gte=now,
        )
        .exclude(pk=scan.pk)
        .exists()
    )


def lease_renew(*, lease: Lease, now: datetime) -> None:
    """Keeps the scan for a little longer.

    Raises:
        LeaseLost: another worker has it.
    """
    _write(lease, lease_until=now + LEASE)


def lease_progress(*, lease: Lease, text: str, percent: int, now: datetime) -> None:
    """Says how far the work is; what the page shows while the scan runs.

    Raises:
        LeaseLost: another worker has the scan.
    """
    _write(lease, progress=text[:200], percent=percent, lease_until=now + LEASE)


def lease_fail(*, lease: Lease, reason: str, now: datetime) -> None:
    """Ends the scan as failed, with one sentence that every page of the deployment shows.

    Raises:
        LeaseLost: another worker has the scan.
    """
    _write(
        lease, state=Scan.State.FAILED, error=reason, finished_at=now, lease_until=None, progress=""
    )


def lease_note_crash(*, lease: Lease, reason: str) -> None:
    """Keeps what broke this attempt; the sweep makes the next one, or gives up with this reason.

    Raises:
        LeaseLost: another worker has the scan.
    """
    _write(lease, error=reason)


def _write(lease: Lease, **values: object) -> None:
    own = Scan.objects.filter(pk=lease.scan_id, attempts=lease.attempt, state=Scan.State.RUNNING)
    if not own.update(**values):
        raise LeaseLost(f"scan {lease.scan_id} is no longer this worker's")


@transaction.atomic
def leases_sweep(*, now: datetime) -> list[int]:
    """Gives up scans that failed too often and returns the ids of those to offer to a worker again."""
    waiting = Q(lease_until__lt=now) | Q(lease_until=None, created_at__lt=now - NUDGE_AFTER)
    stuck = Scan.objects.filter(waiting, state__in=(Scan.State.QUEUED, Scan.State.RUNNING))
    spent = stuck.filter(state=Scan.State.RUNNING, attempts__gte=MOST_ATTEMPTS)
    for scan in spent.select_for_update():
        _give_up(scan, now)
    ids = list(stuck.order_by("created_at", "id").values_list("pk", flat=True))
    # A queued one is offered once per span, however many ticks pass before a worker has time.
    Scan.objects.filter(pk__in=ids, state=Scan.State.QUEUED).update(lease_until=now + NUDGE_AFTER)
    return ids


def _give_up(scan: Scan, now: datetime) -> None:
    last = f" The last error was: {scan.error}" if scan.error else ""
    scan.state = Scan.State.FAILED
    scan.error = f"The worker stopped {scan.attempts} times before the scan was finished.{last}"
    scan.finished_at = now
    scan.lease_until = None
    scan.save(update_fields=["state", "error", "finished_at", "lease_until"])


class LeaseKeeper:
    """Renews a lease from a thread of its own while a long step (ruff, git, the database) runs."""

    def __init__(self, lease: Lease, clock: Callable[[], datetime]) -> None:
        self._lease = lease
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> LeaseKeeper:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _keep(self) -> None:
        try:
            kept = True
            while kept and not self._stop.wait(RENEW_SECONDS):
                kept = self._renew()
        finally:
            connection.close()

    def _renew(self) -> bool:
        """False where another worker has the scan and there is nothing left to keep."""
        try:
            lease_renew(lease=self._lease, now=self._clock())
        except LeaseLost:
            return False
        except DatabaseError:
            # The next round tries again; only a lease that stays unrenewed is lost.
            _log.warning("lease of scan %s could not be renewed", self._lease.scan_id)
            close_old_connections()
        return True
