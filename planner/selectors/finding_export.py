"""Findings on their way out: the contract's JSON objects and the CSV's cells, read in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User

from planner.domain.finding import State
from planner.domain.history import change_from, sentence
from planner.domain.silencing import silencing_from
from planner.models import Deployment, Event, Finding, Scan
from planner.selectors.finding import scan_words
from planner.selectors.finding_filter import FindingFilter
from planner.selectors.finding_page import finding_page
from planner.selectors.scan import newest_applied_ids
from planner.selectors.waiver import scope_of

_BATCH = 5_000


def finding_documents(
    deployment: Deployment, filters: FindingFilter, *, today: date, history: bool = True
) -> Iterator[dict[str, Any]]:
    """Every matching finding as the contract's JSON object."""
    seen = _Seen(deployment)
    for batch in _batches(deployment, filters, today):
        yield from _documents(batch, seen, history)


def finding_document_page(
    deployment: Deployment, filters: FindingFilter, *, today: date, cursor: str, size: int
) -> tuple[list[dict[str, Any]], str, bool]:
    """One page of JSON objects, the cursor of the next, and whether the asked cursor was none."""
    page = finding_page(deployment, filters, today=today, cursor=cursor, size=size)
    documents = _documents(page.rows, _Seen(deployment), history=True)
    return list(documents), page.next, page.bad_cursor


def finding_csv_rows(
    deployment: Deployment, filters: FindingFilter, *, today: date
) -> Iterator[tuple[object, ...]]:
    """Every matching finding as the cells of the CSV."""
    for batch in _batches(deployment, filters, today):
        yield from map(_csv_row, batch)


def _batches(
    deployment: Deployment, filters: FindingFilter, today: date
) -> Iterator[list[Finding]]:
    cursor, more = "", True
    while more:
        page = finding_page(deployment, filters, today=today, cursor=cursor, size=_BATCH)
        yield page.rows
        cursor, more = page.next, bool(page.next)


class _Seen:
    """Scans and people by key, so that a hundred thousand events need not each bring theirs."""

    def __init__(self, deployment: Deployment) -> None:
        scans = Scan.objects.filter(deployment=deployment)
        columns = ("pk", "public_id", "created_at", "confirmed_at")
        self._scans = {row[0]: row[1:] for row in scans.values_list(*columns)}
        self._newest = newest_applied_ids(deployment)
        self._people: dict[int, tuple[str, str]] = {}

    def scan_id(self, key: int | None) -> str | None:
        return str(self._scans[key][0]) if key in self._scans else None

    def scan_words(self, key: int | None) -> str:
        return scan_words(self._scans[key][1]) if key in self._scans else ""

    def last_seen(self, finding: Finding) -> datetime:
        """When a scan last saw it; the same report sent again counts."""
        key = finding.last_scan_id or self._newest[finding.source_id, finding.checker]
        _, created_at, confirmed_at = self._scans[key]
        return confirmed_at or created_at

    def meet(self, keys: Iterable[int | None]) -> None:
        """Look up people that were not met before."""
        unknown = {key for key in keys if key is not None and key not in self._people}
        if unknown:
            for user in User.objects.filter(pk__in=unknown):
                name = user.get_username()
                self._people[user.pk] = (name, user.get_full_name() or name)

    def person(self, key: int | None) -> tuple[str, str]:
        """User name and what people call them; empty for nobody."""
        return self._people.get(key, ("", "")) if key is not None else ("", "")


_EVENT = ("finding_id", "kind", "at", "scan_id", "actor_id", "why", "change", "link")


def _documents(batch: list[Finding], seen: _Seen, history: bool) -> Iterator[dict[str, Any]]:
    histories = _histories(batch, seen) if history else {}
    for finding in batch:
        document = _document(finding, seen)
        if history:
            document["history"] = histories.get(finding.pk, [])
        yield document


def _histories(batch: list[Finding], seen: _Seen) -> dict[int, list[dict[str, Any]]]:
    ids = [finding.pk for finding in batch]
    rows = list(Event.objects.filter(finding__in=ids).order_by("pk").values_list(*_EVENT))
    seen.meet(row[4] for row in rows)
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(_event(row[1:], seen))
    return found


def _event(row: tuple[Any, ...], seen: _Seen) -> dict[str, Any]:
    kind, at, scan_id, actor_id, why, change_text, link = row
    user_name, called = seen.person(actor_id)
    change = change_from(change_text)
    return {
        "kind": kind,
        "at": at.isoformat(),
        "by": user_name or None,
        "scan": seen.scan_id(scan_id),
        "why": why,
        "link": link or None,
        "change": change,
        "sentence": sentence(
            kind=kind, why=why, change=change, actor=called, scan=seen.scan_words(scan_id)
        ),
    }


def _document(finding: Finding, seen: _Seen) -> dict[str, Any]:
    return {
        "id": finding.pk,
        "source": finding.source.name,
        "rule_id": finding.rule_id,
        "severity": finding.severity,
        "category": finding.category,
        "axis": finding.axis,
        "file": finding.path,
        "line": finding.line,
        "column": finding.column,
        "dag_ids": finding.dag_ids.split("\n") if finding.dag_ids else [],
        "dag_count": finding.dag_count,
        "message": finding.message,
        "state": finding.state,
        "regressed": finding.regressed,
        "waived": _waived(finding),
        "silenced": _silenced(finding),
        "owner": finding.owner.key if finding.owner else None,
        "owner_because": finding.owner_because,
        "due": finding.due.isoformat() if finding.due else None,
        "note": finding.note,
        "first_seen": finding.first_seen.isoformat(),
        "last_seen": seen.last_seen(finding).isoformat(),
        "unseen_because": "" if finding.closed_at else finding.unseen_because,
    }


def _csv_row(finding: Finding) -> tuple[object, ...]:
    return (
        finding.pk,
        finding.source.name,
        finding.rule_id,
        finding.severity,
        finding.path,
        finding.line,
        finding.dag_ids.replace("\n", "; "),
        finding.dag_count,
        finding.owner.key if finding.owner else "",
        finding.owner_because,
        finding.due.isoformat() if finding.due else "",
        finding.state,
        *_waived_cells(finding),
        finding.note,
        finding.message,
    )


def _waived_cells(finding: Finding) -> tuple[str, str]:
    waived = _waived(finding)
    return (waived["until"], waived["reason"]) if waived else ("", "")


def _waived(finding: Finding) -> dict[str, Any] | None:
    """The waiver that hides a finding longest."""
    live = finding.live_waivers  # type: ignore[attr-defined]
    if finding.state != State.WAIVED or not live:
        return None
    waiver = live[0]
    return {
        "until": waiver.expires_on.isoformat(),
        "reason": waiver.reason,
        "approver": waiver.approver.get_username(),
        "waiver": waiver.pk,
        "covers": scope_of(waiver).words,
    }


def _silenced(finding: Finding) -> dict[str, Any] | None:
    """Who silences a finding in the code, which nobody needs to have approved."""
    silencing = silencing_from(finding.extra)
    if silencing is None:
        return None
    return {
        "by": silencing.by.value,
        "where": silencing.where,
        "reason": silencing.reason,
        "expires": silencing.expires.isoformat() if silencing.expires else None,
    }
