"""The forecast in sentences: when it is done, whether the plan's date holds, what was said before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import fmean

from planner.domain.dates import short, with_weekday
from planner.domain.finding import Severity
from planner.domain.forecast import AHEAD, BEFORE, SHARES, Check, Futures, Said, Week
from planner.domain.numbers import plural

ODDS_OF = 10
FUTURE_YEARS = "two years"
PACE_WEEKS = 4
"""How many weeks the pace in words is the mean of."""


class Answer(StrEnum):
    """What the forecast can say of one severity."""

    DONE = "done"
    DATED = "dated"
    ENDLESS = "endless"
    TOO_LITTLE = "too little"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """The phase of the plan that wants none open, and by when."""

    key: str
    by: date
    proposed: bool
    """Nobody has set a start of the plan yet."""
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The forecast of one severity as it stands today."""

    severity: Severity
    today: date
    open: int
    weeks: tuple[Week, ...]
    futures: Futures | None
    """None where there is not enough data, or nothing is open."""
    aim: Aim | None
    said: Said | None
    checks: tuple[Check, ...]

    @property
    def answer(self) -> Answer:
        if not self.open:
            return Answer.DONE
        if self.futures is None:
            return Answer.TOO_LITTLE
        return Answer.DATED if self.futures.day(SHARES[0]) else Answer.ENDLESS

    @property
    def days(self) -> tuple[date | None, ...]:
        """P50, P85 and P95; None for each that is not within sight."""
        if self.futures is None:
            return (None,) * len(SHARES)
        return tuple(self.futures.day(share) for share in SHARES)

    @property
    def odds(self) -> float | None:
        """The share of futures that make the plan's date; None where there is no such date or no future."""
        if self.futures is None or self.aim is None or self.aim.passed:
            return None
        return self.futures.share_done(self.aim.by) if self.aim.by >= self.today else None

    @property
    def pace(self) -> tuple[float, float] | None:
        """Arrived and closed a week, the mean of the last weeks; None where there are none."""
        last = self.weeks[-PACE_WEEKS:]
        if not last:
            return None
        return fmean(week.arrived for week in last), fmean(week.closed for week in last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The forecast of a deployment: what it rests on, and the outlook for ERROR and WARNING."""

    scans: int
    """Days with a scan of the code."""
    weeks: int
    least_scans: int
    least_weeks: int
    outlooks: tuple[Outlook, ...]
    effort: str
    """The range of the effort model, which stands in while there is not enough data."""

    @property
    def is_enough(self) -> bool:
        return self.scans >= self.least_scans and self.weeks >= self.least_weeks

    def of(self, severity: Severity) -> Outlook:
        return next(outlook for outlook in self.outlooks if outlook.severity is severity)


def sentences(forecast: Forecast) -> tuple[str, ...]:
    """The answer to "when will it be done?": one for each severity, ERROR first, with the odds of the plan's date."""
    if not forecast.is_enough:
        return (_too_little(forecast),)
    return tuple(
        f"{_when(outlook)} {aim_sentence(outlook)}".strip() for outlook in forecast.outlooks
    )


def _too_little(forecast: Forecast) -> str:
    if not forecast.scans:
        has = "nothing has been scanned yet"
    elif forecast.scans < forecast.least_scans:
        has = f"there {'is 1 scan' if forecast.scans == 1 else f'are {forecast.scans} scans'}"
    else:
        has = f"the scans span {plural(forecast.weeks, 'week')}"
    return (
        f"Not enough data for a date: {has}, and a date takes {forecast.least_scans} scans over "
        f"{plural(forecast.least_weeks, 'week')}. Until then the effort model says {forecast.effort}."
    )


def _when(outlook: Outlook) -> str:
    name = outlook.severity.value
    if outlook.answer is Answer.DONE:
        return f"No {name} is open."
    if outlook.answer is Answer.ENDLESS:
        return f"0 {name} has no date: at this pace it does not end within {FUTURE_YEARS}."
    half, most, nearly = (_by(day, outlook.today) for day in outlook.days)
    return f"0 {name} {half} (P50), {most} (P85), {nearly} (P95)."


def _by(day: date | None, today: date) -> str:
    return f"by {short(day, today=today)}" if day else f"not within {FUTURE_YEARS}"


def odds_words(share: float) -> str:
    """'4 in 10'; the ends are named, because nothing is certain."""
    tenths = round(share * ODDS_OF)
    if tenths == 0:
        return "less than 1 in 20"
    return "more than 19 in 20" if tenths == ODDS_OF else f"{tenths} in {ODDS_OF}"


def aim_sentence(outlook: Outlook) -> str:
    """Whether the plan's date holds, as odds; empty where there is nothing to say."""
    aim, name = outlook.aim, outlook.severity.value
    if aim is None or aim.passed or not outlook.open or outlook.futures is None:
        return ""
    day = with_weekday(aim.by, today=outlook.today)
    odds = outlook.odds
    if odds is None:
        late = plural((outlook.today - aim.by).days, "day")
        return f"The plan wanted phase {aim.key} done by {day}, {late} ago."
    wants = f"The plan wants phase {aim.key} done by {day}"
    if aim.proposed:
        wants = f"Started on the day it proposes, the plan wants phase {aim.key} done by {day}"
    return f"{wants}: {odds_words(odds)} that 0 {name} makes it."


def pace_sentence(outlook: Outlook) -> str:
    """Arrivals apart from closes, because only both together make the date."""
    pace = outlook.pace
    if pace is None:
        return ""
    arrived, closed = (f"{number:.1f}".removesuffix(".0") for number in pace)
    weeks = min(PACE_WEEKS, len(outlook.weeks))
    span = "In the last week" if weeks == 1 else f"In the last {weeks} weeks"
    return f"{span} {closed} {outlook.severity.value} a week closed and {arrived} arrived."


def said_sentence(outlook: Outlook) -> str:
    """What the forecast would have said some weeks ago; empty where the past is too short."""
    said = outlook.said
    if said is None or not outlook.open:
        return ""
    ago = "A week ago" if said.weeks_ago == 1 else f"{_spelt(said.weeks_ago)} weeks ago"
    early, middle, late = (said.days[BEFORE.index(share)] for share in (0.15, 0.50, 0.85))
    name = outlook.severity.value
    if middle is None:
        return f"{ago} it would have given no date for 0 {name}."
    day = short(middle, today=outlook.today)
    if early is None or late is None:
        return f"{ago} it would have said {day} or later for 0 {name}."
    weeks = max(1, round((late - early).days / 2 / 7))
    return f"{ago} it would have said {day} ± {plural(weeks, 'week')} for 0 {name}."


def checks_sentence(checks: Sequence[Check]) -> str:
    """How often its range held on the deployment's own past; empty where nothing could be checked."""
    parts = []
    for ahead in AHEAD:
        there = [check for check in checks if check.ahead == ahead]
        if there:
            held = sum(check.held for check in there)
            parts.append(f"{held} of {len(there)} times {ahead} weeks ahead")
    if not parts:
        return ""
    return f"Tried on its own past, the range that is to hold 9 times in 10 held {' and '.join(parts)}."


_NUMBERS = ("no", "one", "two", "three", "four")


def _spelt(number: int) -> str:
    return _NUMBERS[number].capitalize() if number < len(_NUMBERS) else str(number)
