"""Which scans wait for a person: those that would change so much that a mistake is likelier than good news."""

from __future__ import annotations

from dataclasses import dataclass

from planner.domain.numbers import plural


@dataclass(frozen=True, slots=True)
class Toll:
    """What a scan would do to the findings that are known."""

    live: int
    """Findings that it could close or hand over: those of its source that are not closed."""
    closing: int
    leaving: int
    """Findings that it would take from an owner, for another one or for nobody."""
    seen: int
    """Findings in the report."""
    seen_before: int
    """Findings in the newest applied report of the same source and checker."""


@dataclass(frozen=True, slots=True)
class Brake:
    """The thresholds of the rulebook's ``hold``."""

    percent: int
    """Of the live findings of the source."""
    count: int
    many: int
    """From so many findings on, none at all in the next report is too good to be believed."""

    def why_held(self, toll: Toll) -> str:
        """Why a person must look first, in words; empty where the scan may pass."""
        if toll.seen == 0 and toll.seen_before >= self.many:
            return (
                f"This scan found nothing at all, and the one before it found {toll.seen_before:,}. "
                "A check that could not look says just the same, so nothing is changed until a "
                "person confirms it."
            )
        changing = toll.closing + toll.leaving
        if changing <= self.count or changing * 100 <= self.percent * toll.live:
            return ""
        return (
            f"This scan would {_deeds(toll)}. More than {self.percent} % and more than "
            f"{self.count} wait for a person: nothing is changed until somebody confirms it."
        )


def _deeds(toll: Toll) -> str:
    of = f"of {plural(toll.live, 'live finding')}"
    if not toll.leaving:
        return f"close {toll.closing:,} {of}"
    taken = f"take {toll.leaving:,} {'' if toll.closing else of + ' '}from their owners"
    return f"close {toll.closing:,} {of} and {taken}" if toll.closing else taken
