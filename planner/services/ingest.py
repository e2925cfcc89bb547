"""Takes reports in: keeps the bytes, compares with what is known, and writes what changed, all or nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from mmap import mmap
from typing import IO, Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from planner.domain.brake import Brake, Toll
from planner.domain.change import Changes, Known, compare
from planner.domain.finding import LIVE_STATES
from planner.domain.fixed_by import Mending, name_fixes
from planner.domain.paths import PathRefused
from planner.domain.report import Format, Problem, Report, ReportRejected
from planner.models import Deployment, Finding, Scan, Source
from planner.parsers.report import open_report, report_excerpt, report_excerpts
from planner.rulebook.load import rulebook
from planner.selectors.checks import checked_by
from planner.selectors.dag import dag_ids_by_path, dags_gone
from planner.selectors.deployment import target_line_of
from planner.selectors.finding_set import known_findings, known_paths
from planner.selectors.local_time import local_day
from planner.selectors.ownership import Reassignment
from planner.selectors.retirement import promises_of
from planner.selectors.scan import newest_applied, totals_of
from planner.selectors.scan_changes import PREVIEW, ScanChanges, scan_changes
from planner.services.changes import changes_write, ran_as
from planner.services.dags import (
    dags_join_findings,
    dags_rename_in_findings,
    dags_replace,
    helper_modules_replace,
    last_changes_replace,
)
from planner.services.foreseen import foreseen_drop, foreseen_write
from planner.services.ownership import rules_apply
from planner.services.raw_report import RawReport, raw_bytes, raw_drop_if_unused, raw_store
from planner.services.receipt import asked_root, closing_lines, count, describe, tell_as
from planner.services.rerate import findings_rerate
from planner.services.revision import deployment_hold, revision_bump
from planner.services.sightings import (
    Sightings,
    excerpt_entry,
    problem_lines,
    read_sightings,
)
from planner.services.waiver import waivers_settle

UPLOADS = "uploads"
"""The source that reports belong to when nobody names one."""

_UNFINISHED = (Scan.State.QUEUED, Scan.State.RUNNING)

_FLAGS = ("format", "complete", "tool_version", "take_good")
"""Options that make the same bytes mean something else."""
OPTIONS = (*_FLAGS, "root", "commit", "confirm")


FROM_MACHINE = "api"
"""The cause of a scan whose report came in through the API."""

PREVIEW_LINES = 100
"""Findings of each kind that a preview names unless more are asked for."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A scan as it would end, which is kept nowhere, and what it would change."""

    scan: Scan
    changes: ScanChanges


def source_for(*, deployment: Deployment, name: str = "") -> Source:
    """The named source of a deployment, made as an upload source if there is none."""
    source, _ = Source.objects.get_or_create(
        deployment=deployment, name=name or UPLOADS, defaults={"kind": Source.Kind.UPLOAD}
    )
    return source


def receive_report(
    *,
    source: Source,
    stream: IO[bytes],
    file_name: str,
    options: Mapping[str, Any],
    cause: str,
    user: User | None,
    now: datetime,
) -> Scan:
    """Store a report's bytes and queue a scan of them. With ``confirm``, a held scan of the same bytes is taken.

    Raises:
        ReportRejected: the stream is empty or too large; nothing was kept.
    """
    raw = raw_store(stream=stream)
    if options.get("confirm"):
        held = source.scans.filter(state=Scan.State.HELD, sha256=raw.sha256).first()
        if held is not None:
            return scan_confirm(scan=held, user=user, now=now)
        if cause == FROM_MACHINE:
            # A job that always confirms would take the brake off for good.
            options = {**options, "confirm": False}
    return _queued(source, raw, file_name, options, cause=cause, user=user, now=now)


def _queued(
    source: Source,
    raw: RawReport,
    file_name: str,
    options: Mapping[str, Any],
    *,
    cause: str,
    user: User | None,
    now: datetime,
) -> Scan:
    return Scan.objects.create(
        deployment_id=source.deployment_id,
        source=source,
        cause=cause,
        requested_by=user,
        created_at=now,
        file_name=file_name[-300:],
        raw=raw.name,
        size=raw.size,
        sha256=raw.sha256,
        options={key: options[key] for key in OPTIONS if options.get(key)},
    )


def scan_confirm(*, scan: Scan, user: User | None, now: datetime) -> Scan:
    """Let a held scan through: it is queued again and the brake is off."""
    scan.state = Scan.State.QUEUED
    scan.options = {**scan.options, "confirm": True}
    scan.confirmed_at = now
    scan.error = ""
    if user is not None:
        scan.requested_by = user
    scan.save(update_fields=["state", "options", "confirmed_at", "error", "requested_by"])
    return scan


def report_preview(
    *,
    source: Source,
    stream: IO[bytes],
    file_name: str,
    options: Mapping[str, Any],
    now: datetime,
    lines: int = PREVIEW_LINES,
) -> Preview:
    """What a report would change. Everything is computed as if it were applied, and then undone.

    At most ``lines`` findings of each kind are named; all are counted.
    """
    raw = raw_store(stream=stream)
    with transaction.atomic():
        scan = _queued(source, raw, file_name, options, cause=PREVIEW, user=None, now=now)
        apply_scan(scan_id=scan.pk, now=now)
        scan.refresh_from_db()
        preview = Preview(scan, scan_changes(scan, lines=lines))
        transaction.set_rollback(True)
    raw_drop_if_unused(raw=raw)
    return preview


def apply_scan(*, scan_id: int, now: datetime) -> Scan:
    """Read a scan's report and write what it changes. Safe to call again after a crash: it is all or nothing.

    The scan ends as done, duplicate, held or rejected; ``error`` and ``problems`` say why.
    """
    scan = Scan.objects.select_related("deployment", "source").get(pk=scan_id)
    if scan.state not in _UNFINISHED:
        return scan
    twin = _applied_twin(scan)
    if twin is not None:
        return _finish_duplicate(scan, twin, now)
    try:
        with _collector_paused():
            _apply(scan, raw_bytes(scan), now)
    except PathRefused as refusal:
        _finish_rejected(scan, ReportRejected(str(refusal)), now)
    except ReportRejected as rejection:
        _finish_rejected(scan, rejection, now)
    return scan


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Half a million small tuples that are all in use: looking through them for garbage finds none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _apply(scan: Scan, buffer: mmap, now: datetime) -> None:
    book = rulebook()
    report = open_report(
        buffer,
        format=Format(scan.options["format"]) if scan.options.get("format") else None,
        tool_version=scan.options.get("tool_version", ""),
    )
    scan.format = report.format
    report.coverage = replace(report.coverage, checker=checked_by(report.coverage))
    if scan.options.get("complete") or _lists_everything(report):
        report.coverage = replace(report.coverage, complete=True)
    target_line = target_line_of(scan.deployment, book)
    sightings = read_sightings(
        report,
        rulebook=book,
        target_line=target_line,
        root=asked_root(scan),
        known_paths=partial(known_paths, scan.source),
    )
    describe(scan, report, sightings)
    if sightings.coverage.files is not None and not sightings.coverage.files:
        raise ReportRejected(
            "This scan looked at no file at all, so it proves nothing and nothing was changed. "
            "Check that the folder, branch and root are the right ones and hold code."
        )
    if report.problems:
        scan.problems = problem_lines(report, report_excerpts(buffer, report.problems))
        _refuse_unless_asked(scan, report)
    with transaction.atomic():
        # One writer at a time; on SQLite the transaction itself is exclusive.
        deployment = deployment_hold(deployment_id=scan.deployment_id)
        source = Source.objects.select_for_update().get(pk=scan.source_id)
        if not Scan.objects.filter(pk=scan.pk, state__in=_UNFINISHED).exists():
            return  # another worker was faster with this very scan
        findings_rerate(deployment=deployment, now=now)
        _compare_and_write(scan, source, report, sightings, now)
        if target_line_of(deployment, book) != target_line:
            # Somebody chose another target while the report was read.
            deployment.rated_for = ""
            findings_rerate(deployment=deployment, now=now)


def _refuse_unless_asked(scan: Scan, report: Report) -> None:
    """A report with bad items is taken only where there are good ones and somebody asked for them."""
    bad, received = len(report.problems), report.received
    if scan.options.get("take_good") and bad < received:
        return
    scan.counts = {"received": received, "left_out": bad}
    remedy = "Mend the report, or choose to take the good ones." if bad < received else "Mend it."
    raise ReportRejected(
        f"{bad} of {received} items cannot be read ({str(report.problems[0]).rstrip('.')}). "
        f"Nothing was changed. {remedy}"
    )


def _compare_and_write(
    scan: Scan, source: Source, report: Report, sightings: Sightings, now: datetime
) -> None:
    known = known_findings(source)
    proof = replace(
        sightings.proof(rulebook()),
        some_left_out=bool(report.problems),
        dags_gone=dags_gone(source, report, sightings.root.root),
    )
    changes = compare(
        known,
        sightings.traces,
        proof=proof,
        renames=report.renames,
        deleted=report.deleted,
        promises=promises_of(source, local_day(source.deployment, now)),
    )
    before = newest_applied(source, scan.tool, before=scan)
    _name_fixes(scan, report, before, known, changes)
    count(scan, report, known, sightings, changes)
    toll = _toll(scan, before, changes, sightings)
    with transaction.atomic():
        handed_over = _write(scan, source, report, known, sightings, changes, now)
        why_held = _why_held(
            scan, replace(toll, leaving=sum(bool(one.before) for one in handed_over))
        )
        is_undone = bool(why_held) or scan.cause == PREVIEW
        transaction.set_rollback(is_undone)
    scan.counts["handed_over"] = len(handed_over)
    if is_undone:
        scan.counts["closing"] = closing_lines(known, changes)
        foreseen_write(
            scan=scan, known=known, sightings=sightings, changes=changes, handed_over=handed_over
        )
    if why_held:
        scan.error, scan.totals = why_held, {}
        _finish(scan, Scan.State.HELD, now)
        return
    if scan.options.get("confirm"):
        foreseen_drop(scan=scan)
    _finish(scan, Scan.State.DONE, _after_the_others(scan, now))
    revision_bump(deployment_id=scan.deployment_id)


def _name_fixes(
    scan: Scan, report: Report, before: Scan | None, known: Sequence[Known], changes: Changes
) -> None:
    """Say which commits mended what is closed, where git has told of those since the scan ``before``."""
    since = report.commits.since
    if not since or before is None or before.commit != since or not changes.closed:
        return
    missed = Finding.objects.filter(source=scan.source_id, last_scan__isnull=False)
    not_seen_then = set(missed.values_list("pk", flat=True))
    seen = (key for step in changes.closed if (key := known[step.known].id) not in not_seen_then)
    mending = Mending(report.commits.commits, same_check=ran_as(before) == ran_as(scan))
    name_fixes(changes, known, mending, seen_at_start=seen)


def _after_the_others(scan: Scan, now: datetime) -> datetime:
    """When a scan is applied: after all that were applied while it waited, so that the newest is the one that counts."""
    applied = Scan.objects.filter(deployment=scan.deployment_id, state=Scan.State.DONE)
    newest = applied.aggregate(at=Max("finished_at"))["at"]
    return now if newest is None else max(now, newest + timedelta(microseconds=1))


def _toll(scan: Scan, before: Scan | None, changes: Changes, sightings: Sightings) -> Toll:
    """What the scan would do; whom it would take findings from is known once it is done."""
    live = changes.live
    if scan.format == Format.AIRFLOW_DAGS:
        live = Finding.objects.filter(deployment=scan.deployment_id, state__in=LIVE_STATES).count()
    return Toll(
        live=live,
        closing=len(changes.closed),
        leaving=0,
        seen=len(sightings.traces),
        seen_before=sum(before.counts.get("by_severity", {}).values()) if before else 0,
    )


def _why_held(scan: Scan, toll: Toll) -> str:
    """Why a person must look first; empty where the scan may pass, or where a person has looked."""
    if scan.options.get("confirm"):
        return ""
    return Brake(**rulebook().decision["hold"]).why_held(toll)


def _write(
    scan: Scan,
    source: Source,
    report: Report,
    known: Sequence[Known],
    sightings: Sightings,
    changes: Changes,
    now: datetime,
) -> Sequence[Reassignment]:
    """Write all that the scan changes; which known findings it gave to somebody else."""
    dags_before = dag_ids_by_path(source) if report.dags and known else None
    hand_out_again = _take_owners(source, report, sightings) or _files_moved(
        known, sightings, changes
    )
    changes_write(
        scan=scan, source=source, known=known, sightings=sightings, changes=changes, now=now
    )
    handed_over: Sequence[Reassignment] = ()
    if report.format is Format.AIRFLOW_DAGS:
        handed_over = dags_join_findings(
            deployment=scan.deployment, source=source, scan=scan, now=now
        ).handed_over
    else:
        source.last_scan = scan
        if dags_before is not None:
            dags_rename_in_findings(source=source, before=dags_before)
    source.save(update_fields=["codeowners", "last_scan"])
    if hand_out_again and known:
        applied = rules_apply(
            deployment=scan.deployment, source=source, now=now, user=None, scan=scan
        )
        handed_over = [*handed_over, *applied.handed_over]
    # An inventory names the DAGs of every source's findings.
    of_source = None if report.format is Format.AIRFLOW_DAGS else source
    scan.counts["waived"] = waivers_settle(scan=scan, source=of_source, now=now)
    scan.totals = totals_of(scan.deployment)
    return handed_over


def _take_owners(source: Source, report: Report, sightings: Sightings) -> bool:
    """Keep what the report says about owners; whether it says anything new."""
    news = report.codeowners is not None and report.codeowners != source.codeowners
    source.codeowners = source.codeowners if report.codeowners is None else report.codeowners
    if report.format is Format.AIRFLOW_DAGS or report.dags:
        seen_by = "airflow" if report.format is Format.AIRFLOW_DAGS else "scan"
        news |= dags_replace(
            source=source, entries=report.dags, root=sightings.root.root, seen_by=seen_by
        )
        if seen_by == "scan":
            helper_modules_replace(source=source, report=report, root=sightings.root.root)
    return news | last_changes_replace(source=source, report=report, root=sightings.root.root)


def _files_moved(known: Sequence[Known], sightings: Sightings, changes: Changes) -> bool:
    """Whether a finding is in another file than before, which may have another owner."""
    return bool(changes.followed) or any(
        known[step.known].trace.path != sightings.traces[step.sighting].path
        for step in (*changes.moved, *changes.reopened, *changes.contradicted)
    )


def _lists_everything(report: Report) -> bool:
    """Airflow's own answers list all that is wrong: what they leave out is in order."""
    if report.format is Format.AIRFLOW_IMPORT_ERRORS:
        return "airflow-3" in report.coverage.flags
    return report.format is Format.AIRFLOW_CONFIG_LINT


# ------------------------------------------------------------------ how a scan ends


def _applied_twin(scan: Scan) -> Scan | None:
    """The newest applied scan of the source, if it had the same bytes and was asked the same."""
    applied = scan.source.scans.filter(state=Scan.State.DONE).exclude(pk=scan.pk)
    newest = applied.order_by("-finished_at", "-id").first()
    if newest is None or not _says_the_same(scan, newest) or scan.options.get("confirm"):
        return None
    if newest.coverage.get("asked_root") != asked_root(scan):
        return None
    same = all(newest.options.get(flag) == scan.options.get(flag) for flag in _FLAGS)
    return newest if same else None


def _says_the_same(scan: Scan, other: Scan) -> bool:
    """The same bytes, or the same state of a repository, told by scans that had others before them."""
    state = scan.options.get("state")
    return scan.sha256 == other.sha256 or (
        state is not None and state == other.options.get("state")
    )


def _finish_duplicate(scan: Scan, twin: Scan, now: datetime) -> Scan:
    """The same bytes again: freshness is renewed, no finding changes."""
    twin.confirmed_at = now
    twin.save(update_fields=["confirmed_at"])
    tell_as(scan, twin)
    return _finish(scan, Scan.State.DUPLICATE, now)


def _finish_rejected(scan: Scan, rejection: ReportRejected, now: datetime) -> None:
    scan.error = str(rejection)
    scan.counts = {key: scan.counts.get(key, 0) for key in ("received", "left_out")}
    if excerpt := report_excerpt(raw_bytes(scan), rejection):
        place = Problem(None, "", "The report stops making sense here.")
        scan.problems = [{**asdict(place), **excerpt_entry(excerpt)}]
    _finish(scan, Scan.State.REJECTED, now)


def _finish(scan: Scan, state: Scan.State, now: datetime) -> Scan:
    scan.state = state
    scan.finished_at = now
    scan.progress = ""
    scan.percent = 100
    scan.lease_until = None
    scan.save()
    return scan
