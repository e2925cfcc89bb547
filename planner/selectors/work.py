"""What counts as work to do, as late and as this week's: the conditions that every list and count shares.

``through`` is the way to the findings from other tables, like ``findings__``.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Q

from planner.domain.finding import ACTIVE_STATES, Category
from planner.models import Finding


def active(through: str = "") -> Q:
    """Open or claimed."""
    return _all(through, state__in=ACTIVE_STATES)


def planned(through: str = "") -> Q:
    """Work to do without style, which stays out of plans and gates."""
    return active(through) & ~_all(through, category=Category.STYLE)


def is_planned(finding: Finding) -> bool:
    """Whether one finding is such work."""
    return finding.state in ACTIVE_STATES and finding.category != Category.STYLE


def late(today: date, through: str = "") -> Q:
    """Work to do whose day has passed."""
    return active(through) & _all(through, due__lt=today)


def this_week(today: date, through: str = "") -> Q:
    """Work to do that is due from today until Sunday."""
    return active(through) & _all(through, due__gte=today, due__lte=week_end(today))


def week_end(today: date) -> date:
    """The Sunday of the week that ``today`` is in."""
    return today + timedelta(days=6 - today.weekday())


def _all(through: str, **conditions: Any) -> Q:
    return Q(**{f"{through}{name}": value for name, value in conditions.items()})
