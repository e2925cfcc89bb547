"""Working days: weekends, public holidays and a deployment's own days off are skipped."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays

DAY = timedelta(days=1)
WEEKEND = frozenset({calendar.SATURDAY, calendar.SUNDAY})
WORKING_DAYS_A_WEEK = 7 - len(WEEKEND)


class CalendarError(ValueError):
    """A country or day that cannot be used. The message is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Which days are worked. ``country`` is an ISO code like DE, or DE-BE with a subdivision."""

    country: str = ""
    extra: frozenset[date] = frozenset()
    """Days off that no public calendar knows."""

    def why_off(self, day: date) -> str:
        """Why nobody works that day: Saturday, a holiday's name, 'day off'; empty on a working day."""
        if day.weekday() in WEEKEND:
            return calendar.day_name[day.weekday()]
        if day in self.extra:
            return "day off"
        return _public_holidays(self.country, day.year).get(day, "") if self.country else ""

    def is_working(self, day: date) -> bool:
        return not self.why_off(day)

    def first_from(self, day: date) -> date:
        """The day itself, or the first working day after it."""
        while not self.is_working(day):
            day += DAY
        return day

    def last_until(self, day: date) -> date:
        """The day itself, or the last working day before it."""
        while not self.is_working(day):
            day -= DAY
        return day

    def add(self, day: date, number: int) -> date:
        """The working day ``number`` working days after ``day`` (before it, where negative).

        From a day off one starts at the next working day, so that ``add(day, 0)`` is always worked.
        """
        day = self.first_from(day)
        step = DAY if number >= 0 else -DAY
        for _ in range(abs(number)):
            day += step
            day = self.first_from(day) if number >= 0 else self.last_until(day)
        return day

    def count(self, start: date, end: date) -> int:
        """Working days from ``start`` on and before ``end``: the inverse of ``add``. Negative backwards."""
        if end < start:
            return -self.count(end, start)
        days = (start + timedelta(days=offset) for offset in range((end - start).days))
        return sum(map(self.is_working, days))

    def days_off(self, start: date, end: date) -> list[tuple[date, str]]:
        """Holidays from ``start`` to ``end``, both included, with their names; weekends left out."""
        days = (start + timedelta(days=offset) for offset in range((end - start).days + 1))
        return [
            (day, self.why_off(day))
            for day in days
            if day.weekday() not in WEEKEND and not self.is_working(day)
        ]

    def weekend_from(self, day: date) -> tuple[date, date]:
        """The first Friday from ``day`` on whose Friday and Monday are both worked, and that Monday."""
        friday = day + timedelta(days=(calendar.FRIDAY - day.weekday()) % 7)
        while not (self.is_working(friday) and self.is_working(friday + 3 * DAY)):
            friday += 7 * DAY
        return friday, friday + 3 * DAY


def working_calendar(*, country: str = "", extra: Iterable[date] = ()) -> WorkingCalendar:
    """A calendar whose country code has been checked.

    Raises:
        CalendarError: no public holidays are known for that country or subdivision.
    """
    code = country.strip().upper()
    if code:
        _public_holidays(code, 2026)
    return WorkingCalendar(country=code, extra=frozenset(extra))


@lru_cache(maxsize=512)
def _public_holidays(code: str, year: int) -> dict[date, str]:
    country, _, subdivision = code.partition("-")
    try:
        found = holidays.country_holidays(
            country, subdiv=subdivision or None, years=year, language="en_US"
        )
    except NotImplementedError:
        raise CalendarError(_unknown(country, subdivision)) from None
    return dict(found.items())


def _unknown(country: str, subdivision: str) -> str:
    known = holidays.list_supported_countries()
    if country not in known:
        return (
            f'No public holidays are known for "{country}"; use an ISO country code like DE or US.'
        )
    parts = ", ".join(known[country]) or "none"
    return (
        f'"{country}-{subdivision}" is not a part of {country} with its own public holidays; '
        f"known parts: {parts}."
    )


def months_after(day: date, number: int) -> date:
    """The same day ``number`` calendar months later; the month's last day where it is shorter."""
    months = day.year * 12 + day.month - 1 + number
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
