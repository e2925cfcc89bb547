"""By when a finding is due: the end of the plan's phase that fixes ERRORs, or days from first sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from planner.domain.dates import short, with_weekday
from planner.domain.finding import Category, Severity
from planner.domain.numbers import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """The phase of a plan by whose end no ERROR may be open, and when the cutover begins."""

    phase: str
    """'phase B (Block-tier)'."""
    end: date
    cutover: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRule:
    """How the due dates of one deployment's findings are set where no person picks them."""

    days: Mapping[str, int]
    """Days from first sight, by severity."""
    milestone: Milestone | None = None
    """When ERRORs are due; None where days say that."""

    def due(
        self, *, first_seen: date, severity: Severity, category: Category, when: str = "now"
    ) -> date | None:
        """The day a finding first seen on ``first_seen`` is due; None where it never is.

        Style findings are never due, and neither is what can only be fixed after the flip (``when``
        of its rule), because that would be due before the cutover.
        """
        if category is Category.STYLE or when == "after" or severity not in self.days:
            return None
        by_days = first_seen + timedelta(days=self.days[severity])
        if severity is not Severity.ERROR or self.milestone is None:
            return by_days
        if first_seen <= self.milestone.end:
            return self.milestone.end
        # Found after the phase that should have had it: there is time, but not beyond the cutover.
        eve = self.milestone.cutover - timedelta(days=1)
        return min(by_days, eve) if first_seen <= eve else by_days

    def in_words(self, severity: Severity, *, today: date) -> str:
        """The rule for one severity as a sentence goes on after 'due'."""
        days = plural(self.days[severity], "day")
        if severity is not Severity.ERROR or self.milestone is None:
            return f"{days} after a scan first sees it"
        end = with_weekday(self.milestone.end, today=today)
        eve = short(self.milestone.cutover - timedelta(days=1), today=today)
        return (
            f"on {end}, when {self.milestone.phase} of the plan ends; one found later {days} after "
            f"it is first seen, but by {eve} while the cutover is ahead"
        )
