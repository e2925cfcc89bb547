"""Working days: weekends, public holidays and a deployment's own days off are skipped."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays

from planner.domain.dates import with_year

DAY = timedelta(days=1)
WEEKEND = frozenset({calendar.SATURDAY, calendar.SUNDAY})
WORKING_DAYS_A_WEEK = 7 - len(WEEKEND)


LAST_DAY = date(2100, 1, 1)
LONGEST_BLACKOUT = 366
MOST_BLACKOUTS = 60
LONGEST_REASON = 80
_BLACKOUT = re.compile(
    r"(?P<first>\d{4}-\d{2}-\d{2})(?:\s*(?:to|until|–|-)\s*(?P<last>\d{4}-\d{2}-\d{2}))?(?:[\s,:;]+(?P<why>.*))?"
)


class CalendarError(ValueError):
    """A country or day that cannot be used. The message is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Blackout:
    """Days on which people work but nothing may be cut over: quarter end, peak season. Both ends included."""

    first: date
    last: date
    why: str = ""

    def touches(self, first: date, last: date) -> bool:
        """Whether any of its days lies from ``first`` to ``last``."""
        return self.first <= last and first <= self.last

    @property
    def line(self) -> str:
        """As it is typed and stored: '2026-12-15 to 2027-01-05 Peak season'."""
        days = self.first.isoformat()
        if self.last != self.first:
            days += f" to {self.last.isoformat()}"
        return f"{days} {self.why}".strip()

    @property
    def words(self) -> str:
        """As a sentence names it: 'Peak season (15 Dec 2026 to 5 Jan 2027)'."""
        days = with_year(self.first)
        if self.last != self.first:
            days += f" to {with_year(self.last)}"
        return f"{self.why} ({days})" if self.why else days


def blackout_from(line: str) -> Blackout:
    """A blackout as one line says it.

    Raises:
        CalendarError: it has no date, its end lies before its start, or it is too long.
    """
    text = " ".join(line.split())
    found = _BLACKOUT.fullmatch(text)
    try:
        first = date.fromisoformat(found["first"]) if found else None
        last = date.fromisoformat(found["last"]) if found and found["last"] else first
    except ValueError:
        first = last = None
    if found is None or first is None or last is None or last > LAST_DAY:
        raise CalendarError(
            f"“{text[:60]}” names no days; write one a line, like 2026-12-15 to 2027-01-05 Peak season."
        )
    if last < first:
        raise CalendarError(f"{last} lies before {first}; write the first day first.")
    if (last - first).days >= LONGEST_BLACKOUT:
        raise CalendarError(f"{first} to {last} is longer than a year; name the days that matter.")
    why = (found["why"] or "").strip()
    if len(why) > LONGEST_REASON:
        raise CalendarError(f"The reason from {first} on may have {LONGEST_REASON} characters.")
    return Blackout(first, last, why)


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Which days are worked. ``country`` is an ISO code like DE, or DE-BE with a subdivision."""

    country: str = ""
    extra: frozenset[date] = frozenset()
    """Days off that no public calendar knows."""
    blackouts: tuple[Blackout, ...] = ()
    """Days that are worked, and on which nothing may be cut over."""

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
        """The first Friday from ``day`` on that a cutover may begin on, and its Monday.

        Friday and Monday are both worked, and no blackout touches the days between.
        """
        friday = day + timedelta(days=(calendar.FRIDAY - day.weekday()) % 7)
        while not self._may_cut_over(friday, friday + 3 * DAY):
            friday += 7 * DAY
        return friday, friday + 3 * DAY

    def _may_cut_over(self, friday: date, monday: date) -> bool:
        worked = self.is_working(friday) and self.is_working(monday)
        return worked and not self.blackouts_in(friday, monday)

    def blackouts_in(self, first: date, last: date) -> tuple[Blackout, ...]:
        """The blackouts of which any day lies from ``first`` to ``last``."""
        return tuple(blackout for blackout in self.blackouts if blackout.touches(first, last))


def working_calendar(
    *, country: str = "", extra: Iterable[date] = (), blackouts: Iterable[Blackout] = ()
) -> WorkingCalendar:
    """A calendar whose country code has been checked.

    Raises:
        CalendarError: no public holidays are known for that country or subdivision.
    """
    code = country.strip().upper()
    if code:
        _public_holidays(code, 2026)
    return WorkingCalendar(
        country=code,
        extra=frozenset(extra),
        blackouts=tuple(sorted(blackouts, key=lambda row: (row.first, row.last))),
    )


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
