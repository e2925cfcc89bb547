"""By when a finding is due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from planner.domain.finding import Category, Severity


def due_date(
    *,
    first_seen: date,
    severity: Severity,
    category: Category,
    days: Mapping[str, int],
    when: str = "now",
) -> date | None:
    """The day a finding first seen on ``first_seen`` is due; None where it never is.

    ``days`` are the days per severity. Style findings are never due, and neither is what can only be
    fixed after the flip (``when`` of its rule), because that would be due before the cutover.
    """
    if category is Category.STYLE or when == "after" or severity not in days:
        return None
    return first_seen + timedelta(days=days[severity])
