"""Findings counted by what they share: what plan, overview and portfolio are made from."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from planner.domain.finding import ACTIVE_STATES, CLOSED_STATES, Axis, Category, Severity, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """So many findings of one rule, family, severity, state and owner."""

    rule_id: str
    family: str = "other"
    severity: Severity
    category: Category
    axis: Axis = Axis.OTHER
    state: State = State.OPEN
    owner: str = ""
    """The owner's name; empty for nobody."""
    owner_key: str = ""
    owner_active: bool = True
    """False where the owner takes no findings any more."""
    number: int = 1
    minutes: int = 0
    dated: int = 0
    """How many have a due date."""
    late: int = 0
    """How many are past it."""
    soon: int = 0
    """How many are due within the next seven days."""
    regressed: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """Tallies of one deployment, with the sums that people ask for. Every method is a plain sum."""

    rows: tuple[Tally, ...] = ()

    def __iter__(self) -> Iterator[Tally]:
        return iter(self.rows)

    def where(self, keep: Callable[[Tally], bool]) -> Counts:
        return Counts(tuple(row for row in self.rows if keep(row)))

    @property
    def planned(self) -> Counts:
        """Without style, which stays out of plans and gates."""
        return self.where(lambda row: row.category is not Category.STYLE)

    @property
    def active(self) -> Counts:
        """What is still work to do: open or claimed."""
        return self.where(lambda row: row.state in ACTIVE_STATES)

    def of(self, severity: Severity) -> Counts:
        return self.where(lambda row: row.severity is severity)

    def in_families(self, families: Container[str]) -> Counts:
        return self.where(lambda row: row.family in families)

    def outside_families(self, families: Container[str]) -> Counts:
        return self.where(lambda row: row.family not in families)

    @property
    def number(self) -> int:
        return sum(row.number for row in self.rows)

    @property
    def closed(self) -> int:
        """Fixed or removed, as a scan has proved."""
        return sum(row.number for row in self.rows if row.state in CLOSED_STATES)

    @property
    def waived(self) -> int:
        return sum(row.number for row in self.rows if row.state is State.WAIVED)

    @property
    def regressed(self) -> int:
        return sum(row.regressed for row in self.active)

    @property
    def minutes(self) -> int:
        """What the open ones are expected to take."""
        return sum(row.minutes for row in self.active)

    @property
    def owned(self) -> int:
        return sum(row.number for row in self.rows if row.owner_key)

    @property
    def owned_and_dated(self) -> int:
        return sum(row.dated for row in self.rows if row.owner_key)

    @property
    def late(self) -> int:
        return sum(row.late for row in self.rows)

    @property
    def soon(self) -> int:
        return sum(row.soon for row in self.rows)

    def by(self, key: Callable[[Tally], str]) -> list[tuple[str, Counts]]:
        """Counts for each value of ``key``, in the order of the values."""
        ordered: Iterable[Tally] = sorted(self.rows, key=key)
        return [(value, Counts(tuple(rows))) for value, rows in groupby(ordered, key=key)]

    def owners(self) -> tuple[tuple[str, int], ...]:
        """Owners of the open ones and how many each has, most first; nobody is the empty name, last."""
        found = [
            (counts.rows[0].owner, counts.number)
            for _, counts in self.active.by(lambda row: row.owner_key)
        ]
        return tuple(sorted(found, key=lambda pair: (not pair[0], -pair[1], pair[0])))
