"""One person's findings as a list to work through: by the fix that closes them, most urgent first, then by file."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from hashlib import blake2b
from typing import Any, NamedTuple

from planner.domain.finding import SEVERITY_ORDER, Category, Severity, State

_NAME = re.compile(r"Use (?P<module>[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*)\.(?P<name>\w+)\.?")
_FAR = date.max
_SEVERITIES = {rank: severity for severity, rank in SEVERITY_ORDER.items()}


class Section(IntEnum):
    """How urgent a fix is: as urgent as the first of its places."""

    SENT_BACK = 0
    LATE = 1
    WEEK = 2
    LATER = 3
    NO_DATE = 4


class Fix(NamedTuple):
    """What there is to do, the same in every place of it."""

    rule_id: str
    title: str
    """What is wrong."""
    instead: str
    """The instruction; empty where nobody wrote one."""
    when: str
    """now, shim, provider or after."""

    @property
    def heading(self) -> str:
        """The instruction in the words of a list of things to do."""
        named = _NAME.fullmatch(self.instead)
        if named:
            return f"Import `{named['name']}` from `{named['module']}`"
        return self.instead or self.title


class Place(NamedTuple):
    """One finding, as much of it as the order and the sums want."""

    pk: int
    deployment_id: int
    source_id: int
    path: str
    line: int | None
    rule_id: str
    symbol: str
    own_when: str
    """When its own edit can be made; empty where the rulebook decides."""
    state: str
    due: date | None
    minutes: int
    severity_rank: int
    category: str
    regressed: bool
    dag_count: int


FixOf = Callable[[str, str, str], Fix]
"""rule id, name of Airflow, own when → what there is to do."""


@dataclass(slots=True)
class Sum:
    """Counts over some places."""

    count: int = 0
    open: int = 0
    claimed: int = 0
    minutes: int = 0
    """Of what is open: a claimed place is done."""
    late: int = 0
    due: date | None = None
    """The earliest of what is open."""

    def add(self, place: Place, today: date) -> None:
        self.count += 1
        self.claimed += place.state == State.CLAIMED
        if place.state != State.OPEN:
            return
        self.open += 1
        self.minutes += place.minutes
        if place.due is not None:
            self.late += place.due < today
            self.due = place.due if self.due is None else min(self.due, place.due)


@dataclass(slots=True)
class FixGroup:
    """Every place that one fix closes."""

    key: str
    fix: Fix
    deployment_id: int
    section: Section
    sum: Sum = field(default_factory=Sum)
    files: dict[tuple[str, int], Sum] = field(default_factory=dict)
    """By path and source."""
    places: list[Place] = field(default_factory=list)
    severity: Severity = Severity.INFO
    blocking: int = 0
    dags: int = 0
    """DAGs that the one place holds up which holds up the most."""

    def add(self, place: Place, today: date, section: Section) -> None:
        self.places.append(place)
        self.sum.add(place, today)
        self.files.setdefault((place.path, place.source_id), Sum()).add(place, today)
        self.section = min(self.section, section)
        self.severity = _SEVERITIES[min(SEVERITY_ORDER[self.severity], place.severity_rank)]
        self.dags = max(self.dags, place.dag_count)
        self.blocking += place.category == Category.BLOCK and place.state == State.OPEN

    @property
    def urgency(self) -> tuple[Any, ...]:
        """What groups of one deployment are ordered by."""
        due = (self.sum.due or _FAR).isoformat()
        return (int(self.section), SEVERITY_ORDER[self.severity], due, -self.sum.count, self.key)


def fix_groups(
    places: Iterable[Place],
    *,
    fix_of: FixOf,
    sent_back: Collection[int],
    today: date,
    week_end: date,
) -> list[FixGroup]:
    """The places by deployment and fix, in the order of their deployments' ids and their urgency.

    Places that a scan sent back stand in groups of their own, before all others.
    """
    groups: dict[tuple[Any, ...], FixGroup] = {}
    for place in places:
        fix = fix_of(place.rule_id, place.symbol, place.own_when)
        is_back = place.pk in sent_back
        name = (place.deployment_id, is_back, fix.rule_id, fix.instead, fix.when)
        group = groups.get(name)
        if group is None:
            group = FixGroup(_key(name), fix, place.deployment_id, Section.NO_DATE)
            groups[name] = group
        section = Section.SENT_BACK if is_back else section_of(place, today, week_end)
        group.add(place, today, section)
    for group in groups.values():
        group.places.sort(
            key=lambda place: (place.path, place.source_id, place.line or 0, place.pk)
        )
    return sorted(groups.values(), key=lambda group: (group.deployment_id, *group.urgency))


def section_of(place: Place, today: date, week_end: date) -> Section:
    """How urgent one place is by its date. What is claimed waits for a scan and is never late."""
    if place.due is None:
        return Section.NO_DATE
    if place.due > week_end:
        return Section.LATER
    return Section.LATE if place.due < today and place.state == State.OPEN else Section.WEEK


def _key(name: tuple[Any, ...]) -> str:
    return blake2b(repr(name).encode(), digest_size=6).hexdigest()
