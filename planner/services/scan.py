"""What people and machines do with a scan that has come in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any

from django.contrib.auth.models import User
from django.db import transaction

from planner.domain.person import name_of
from planner.models import Deployment, Scan
from planner.selectors.scan_history import has_good_items
from planner.services.foreseen import foreseen_drop
from planner.services.ingest import (
    FROM_MACHINE,
    PREVIEW_LINES,
    Preview,
    receive_report,
    report_preview,
    scan_confirm,
    source_for,
)


class ScanNotWaiting(ValueError):
    """The scan is not in the state that the step is for. The message is one sentence."""


class KeyReused(ValueError):
    """An Idempotency-Key came again with another report. The message is one sentence."""


@transaction.atomic
def scan_receive(
    *,
    deployment: Deployment,
    source_name: str,
    stream: IO[bytes],
    file_name: str,
    options: Mapping[str, Any],
    cause: str,
    user: User | None,
    now: datetime,
) -> Scan:
    """The queued scan of a report that somebody sent; the source of that name is made if need be.

    Raises:
        ReportRejected: the report is empty or too large; nothing was kept.
    """
    return receive_report(
        source=source_for(deployment=deployment, name=source_name),
        stream=stream,
        file_name=file_name,
        options=options,
        cause=cause,
        user=user,
        now=now,
    )


@transaction.atomic
def scan_preview(
    *,
    deployment: Deployment,
    source_name: str,
    stream: IO[bytes],
    file_name: str,
    options: Mapping[str, Any],
    now: datetime,
    lines: int = PREVIEW_LINES,
) -> Preview:
    """The scan as it would end if the report were sent. Nothing is kept, not even a new source.

    At most ``lines`` findings of each kind are named.

    Raises:
        ReportRejected: the report is empty or too large.
    """
    source = source_for(deployment=deployment, name=source_name)
    preview = report_preview(
        source=source,
        stream=stream,
        file_name=file_name,
        options=options,
        now=now,
        lines=lines,
    )
    preview.scan.deployment, preview.scan.source = deployment, source
    transaction.set_rollback(True)
    return preview


@transaction.atomic
def scan_discard(*, scan: Scan, user: User, now: datetime) -> Scan:
    """Turns a held scan away; it changes nothing and stays in the history with its raw file.

    Raises:
        ScanNotWaiting: the scan is not held.
    """
    discarded = Scan.objects.filter(pk=scan.pk, state=Scan.State.HELD).update(
        state=Scan.State.REJECTED,
        error=f"Discarded by {name_of(user)}. Nothing was changed.",
        finished_at=now,
    )
    if not discarded:
        raise ScanNotWaiting("Only a held scan can be discarded; this one is no longer held.")
    foreseen_drop(scan=scan)
    scan.refresh_from_db()
    return scan


@transaction.atomic
def scan_let_through(*, scan: Scan, user: User, now: datetime) -> Scan:
    """Queues a held scan again, this time to be applied whatever it closes.

    Raises:
        ScanNotWaiting: the scan is not held.
    """
    held = Scan.objects.select_for_update().get(pk=scan.pk)
    if held.state != Scan.State.HELD:
        raise ScanNotWaiting("Only a held scan can be let through; this one is not held.")
    return scan_confirm(scan=held, user=user, now=now)


def scan_take_good(*, scan: Scan, user: User, now: datetime) -> Scan:
    """Sends a rejected report in again, this time leaving out the items that cannot be read.

    Raises:
        ScanNotWaiting: the scan was not rejected for single items.
    """
    if scan.state != Scan.State.REJECTED or not has_good_items(scan):
        raise ScanNotWaiting("Only a report rejected for some of its items has good ones to take.")
    with scan.raw.open("rb") as stream:
        return receive_report(
            source=scan.source,
            stream=stream,
            file_name=scan.file_name,
            options={**scan.options, "take_good": True},
            cause="upload",
            user=user,
            now=now,
        )


@transaction.atomic
def scan_receive_once(
    *,
    deployment: Deployment,
    source_name: str,
    stream: IO[bytes],
    sha256: str,
    options: Mapping[str, Any],
    key: str,
    now: datetime,
) -> tuple[Scan, bool]:
    """The queued scan of a report that a machine sent, and whether it is new.

    The same Idempotency-Key with the same bytes answers with the first scan.

    Raises:
        KeyReused: the key was used for another report.
        ReportRejected: the report is empty or too large.
    """
    Deployment.objects.select_for_update().get(pk=deployment.pk)
    first = Scan.objects.filter(deployment=deployment, options__idempotency_key=key).first()
    if key and first is not None:
        if first.sha256 != sha256:
            raise KeyReused(f"The Idempotency-Key {key} was used for another report.")
        return first, False
    scan = scan_receive(
        deployment=deployment,
        source_name=source_name,
        stream=stream,
        file_name="",
        options=options,
        cause=FROM_MACHINE,
        user=None,
        now=now,
    )
    if key:
        scan.options = {**scan.options, "idempotency_key": key}
        scan.save(update_fields=["options"])
    return scan, True
