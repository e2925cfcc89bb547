"""What one scan changed, or would change: its findings by what became of them, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q

from planner.domain.history import change_from
from planner.domain.lifecycle import Kind
from planner.domain.outlook import BECAME, WOULD_BECOME, outlook
from planner.models import Event, ForeseenChange, Owner, Scan

PREVIEW = "preview"
"""The cause of a scan that is undone once it has told what it would change."""

NOT_COVERED = "not_covered"
"""What is listed beside the kinds of events: findings that a scan did not look for."""

KINDS = (
    Kind.OPENED,
    Kind.REOPENED,
    Kind.CONTRADICTED,
    Kind.FIXED,
    Kind.REMOVED,
    Kind.MOVED,
    Kind.ASSIGNED,
    NOT_COVERED,
)
"""In the order in which they are told."""

PAGE = 100
_MOST_OWNERS = 50


@dataclass(frozen=True, slots=True)
class ChangedFinding:
    """One finding, and what became or would become of it."""

    cursor: int
    finding_id: int | None
    """None where the scan would open it."""
    rule_id: str
    path: str
    line: int | None
    why: str
    owner_before: str = ""
    owner_after: str = ""


@dataclass(frozen=True, slots=True)
class ChangeList:
    """Findings that one thing became of, or the first of them."""

    kind: str
    count: int
    lines: list[ChangedFinding]
    is_foreseen: bool
    cursor: int | None = None
    """Where the next page begins, where there is one."""

    @property
    def title(self) -> str:
        return (WOULD_BECOME if self.is_foreseen else BECAME)[self.kind]

    @property
    def has_owners(self) -> bool:
        return self.kind == Kind.ASSIGNED

    @property
    def more(self) -> int:
        return self.count - len(self.lines)


@dataclass(frozen=True, slots=True)
class OwnerToll:
    """What a scan would do to one owner; an empty name is nobody."""

    name: str
    closing: int
    losing: int
    gaining: int


@dataclass(frozen=True, slots=True)
class ScanChanges:
    """What a scan changed or would change."""

    would: str
    """Would open 12, close 3, reopen 1, leave 172."""
    lists: list[ChangeList] = field(default_factory=list)
    owners: list[OwnerToll] = field(default_factory=list)
    """Of a scan that waits or is previewed: the owners whom it would touch most, the most first."""
    more_owners: int = 0


def scan_changes(scan: Scan, *, lines: int) -> ScanChanges:
    """The first findings of each kind, and who is touched by what is foreseen."""
    counts = _counts(scan)
    lists = [
        ChangeList(kind, counts[kind], _lines(scan, kind, after=0, most=lines), _is_foreseen(scan))
        for kind in map(str, KINDS)
        if counts.get(kind)
    ]
    owners = _owner_tolls(scan) if _is_foreseen(scan) else []
    return ScanChanges(
        outlook(scan.counts), lists, owners[:_MOST_OWNERS], max(0, len(owners) - _MOST_OWNERS)
    )


def change_list(scan: Scan, kind: str, *, after: int) -> ChangeList:
    """One page of the findings that ``kind`` became of."""
    rows = _lines(scan, kind, after=after, most=PAGE + 1)
    cursor = rows[PAGE - 1].cursor if len(rows) > PAGE else None
    count = _counts(scan).get(kind, 0)
    return ChangeList(kind, count, rows[:PAGE], _is_foreseen(scan), cursor)


def _is_foreseen(scan: Scan) -> bool:
    return scan.state == Scan.State.HELD or scan.cause == PREVIEW


def _counts(scan: Scan) -> dict[str, int]:
    """How many findings each thing became of, as the scan itself has counted them."""
    counted = {kind: scan.counts.get(name, 0) for kind, name in _COUNTED.items()}
    return {kind: count for kind, count in counted.items() if count}


_COUNTED = {
    str(Kind.OPENED): "new",
    str(Kind.REOPENED): "regressed",
    str(Kind.CONTRADICTED): "contradicted",
    str(Kind.FIXED): "fixed",
    str(Kind.REMOVED): "removed",
    str(Kind.MOVED): "moved",
    str(Kind.ASSIGNED): "handed_over",
    NOT_COVERED: "not_covered",
}


def _lines(scan: Scan, kind: str, *, after: int, most: int) -> list[ChangedFinding]:
    read = _foreseen if _is_foreseen(scan) else _happened
    return list(read(scan, kind, after, most))


def _foreseen(scan: Scan, kind: str, after: int, most: int) -> Iterator[ChangedFinding]:
    rows = ForeseenChange.objects.filter(scan=scan, kind=kind, pk__gt=after).order_by("pk")
    for row in rows[:most]:
        yield ChangedFinding(
            cursor=row.pk,
            finding_id=row.finding_id,
            rule_id=row.rule_id,
            path=row.path,
            line=row.line,
            why=row.why,
            owner_before=row.owner_before,
            owner_after=row.owner_after,
        )


def _happened(scan: Scan, kind: str, after: int, most: int) -> Iterator[ChangedFinding]:
    rows = Event.objects.filter(scan=scan, kind=kind, pk__gt=after).order_by("pk")
    for event in rows.select_related("finding")[:most]:
        before, now = _owners(change_from(event.change))
        yield ChangedFinding(
            cursor=event.pk,
            finding_id=event.finding_id,
            rule_id=event.finding.rule_id,
            path=event.finding.path,
            line=event.finding.line,
            why=event.why,
            owner_before=before,
            owner_after=now,
        )


def _owners(change: Mapping[str, list[Any]]) -> tuple[str, str]:
    before, after = change.get("owner", ("", ""))
    return str(before), str(after)


def _owner_tolls(scan: Scan) -> list[OwnerToll]:
    tolls: dict[str, list[int]] = {}
    closing = Q(kind__in=(Kind.FIXED, Kind.REMOVED))
    handed = Q(kind=Kind.ASSIGNED)
    for place, (condition, owner) in enumerate(
        ((closing, "owner_before"), (handed, "owner_before"), (handed, "owner_after"))
    ):
        rows = ForeseenChange.objects.filter(condition, scan=scan).order_by()
        for key, count in rows.values_list(owner).annotate(Count("pk")):
            tolls.setdefault(key, [0, 0, 0])[place] = count
    known = Owner.objects.filter(deployment=scan.deployment_id, key__in=tolls)
    names = dict(known.values_list("key", "name"))
    every = [OwnerToll(names.get(key, key), *numbers) for key, numbers in tolls.items()]
    return sorted(every, key=lambda one: (-one.closing - one.losing - one.gaining, one.name))
