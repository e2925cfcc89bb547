"""What applying the rules again would change: who loses and who gains how many, and each finding with why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from planner.domain.finding import LIVE_STATES
from planner.domain.ownership import codeowners_problems
from planner.models import Deployment, Finding, Owner, Source
from planner.selectors.finding_page import live_waivers
from planner.selectors.finding_row import FindingRow, finding_rows
from planner.selectors.ownership import Reassignment, reassignments

PAGE = 100
"""Findings on one page."""


@dataclass(frozen=True, slots=True)
class Handover:
    """So many findings that would go from one owner to another; an empty key is nobody."""

    before: str
    before_name: str
    after: str
    after_name: str
    count: int


@dataclass(frozen=True, slots=True)
class Balance:
    """How many findings an owner would lose and gain."""

    key: str
    name: str
    loses: int
    gains: int

    @property
    def change(self) -> int:
        return self.gains - self.loses


@dataclass(frozen=True, slots=True)
class RulesPreview:
    """What applying the rules again would change."""

    handovers: list[Handover]
    """The most first."""
    balances: list[Balance]
    """Whoever is touched most first."""
    reassigned: int
    reworded: int
    """Findings that stay with their owner for another reason."""
    picked: int
    """Findings that a person picked an owner for; they stay."""
    bad_lines: list[tuple[str, int, str]]
    """(source, line, text) of CODEOWNERS lines that cannot match anything."""


@dataclass(frozen=True, slots=True)
class MovedRow:
    """One finding that would change hands."""

    row: FindingRow
    before_name: str
    because_before: str
    after_name: str
    because: str


@dataclass(frozen=True, slots=True)
class MovedPage:
    """A page of them, in the order of their numbers."""

    rows: list[MovedRow]
    total: int
    next: int
    """The finding to go on after; 0 at the end."""
    before_name: str
    after_name: str


def rules_preview(deployment: Deployment) -> RulesPreview:
    """What applying the rules again would change. Writes nothing. A fixed number of queries."""
    changes = list(reassignments(deployment))
    moved = [change for change in changes if change.before != change.after]
    names = _names(deployment, moved)
    pairs = Counter((change.before, change.after) for change in moved)
    loses = Counter(change.before for change in moved)
    gains = Counter(change.after for change in moved)
    touched = sorted(loses + gains, key=lambda key: (-(loses + gains)[key], names.get(key, "")))
    picked = Finding.objects.filter(
        deployment=deployment, state__in=LIVE_STATES, owner_picked=True
    ).count()
    return RulesPreview(
        handovers=[
            Handover(before, names.get(before, ""), after, names.get(after, ""), count)
            for (before, after), count in pairs.most_common()
        ],
        balances=[Balance(key, names[key], loses[key], gains[key]) for key in touched if key],
        reassigned=len(moved),
        reworded=len(changes) - len(moved),
        picked=picked,
        bad_lines=[
            (source.name, line.number, line.text)
            for source in Source.objects.filter(deployment=deployment)
            for line in codeowners_problems(source.codeowners)
        ],
    )


def moved_page(
    deployment: Deployment,
    *,
    before: str | None,
    after: str | None,
    beyond: int = 0,
    today: date,
) -> MovedPage:
    """The findings that would change hands, all or those from and to these owners; an empty key is nobody."""
    moved = [
        change
        for change in reassignments(deployment)
        if change.before != change.after
        and before in (None, change.before)
        and after in (None, change.after)
    ]
    names = _names(deployment, moved)
    rest = [change for change in moved if change.finding_id > beyond]
    shown = rest[:PAGE]
    return MovedPage(
        rows=_rows(shown, names, today),
        total=len(moved),
        next=shown[-1].finding_id if len(rest) > PAGE else 0,
        before_name=names.get(before or "", before or ""),
        after_name=names.get(after or "", after or ""),
    )


def _rows(shown: Sequence[Reassignment], names: dict[str, str], today: date) -> list[MovedRow]:
    found = Finding.objects.filter(pk__in=[change.finding_id for change in shown])
    found = found.select_related("owner", "source").prefetch_related(live_waivers())
    rows = {row.finding.pk: row for row in finding_rows(found, today=today)}
    return [
        MovedRow(
            row=rows[change.finding_id],
            before_name=names.get(change.before, ""),
            because_before=change.because_before,
            after_name=names.get(change.after, ""),
            because=change.because,
        )
        for change in shown
        if change.finding_id in rows
    ]


def _names(deployment: Deployment, changes: Iterable[Reassignment]) -> dict[str, str]:
    """What owners are called, by key; whom nobody knows yet as the rules write them."""
    written = {change.after: change.written for change in changes if change.after}
    known = Owner.objects.filter(deployment=deployment).values_list("key", "name")
    return written | dict(known)
