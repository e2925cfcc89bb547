"""When the last finding of a severity closes: simulated futures from weekly closes and arrivals.

Each future draws week after week from the deployment's own weeks, the newest weighing most, and now and then
from what months have done to other repositories (``forecast.toml``): a clean-up or a lump of arrivals that the
own weeks have not seen yet. How much each week weighs is itself drawn anew for every future, so that few weeks
give wide answers. Same weeks, same seed, same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from planner.domain.finding import Severity

WEEK = 7
WEEKS_A_MONTH = 365.25 / 12 / WEEK
SHARES = (0.50, 0.85, 0.95)
"""P50, P85, P95: in which share of the futures everything is closed by that day."""
LOW, HIGH = 0.05, 0.95
"""The ends of the cone, which holds nine futures in ten."""
AHEAD = (4, 8)
"""How many weeks ahead the forecast is checked against its own past."""
CHECKED_WEEKS = 26
CHECK_PATHS = 500

Grid = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What changed of one severity on one day."""

    day: date
    severity: Severity
    arrived: int = 0
    closed: int = 0
    baseline: int = 0
    """What the first scan of another source added: it was there before, nobody had looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One week of one severity: how many were open at its end, how many arrived and closed in it."""

    end: date
    open: int
    arrived: int
    closed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How weeks are weighed. The numbers are the rulebook's."""

    memory: float
    """What a week counts for, of what the week after it counts."""
    outside_weight: float
    """How many of the newest weeks the months of others weigh as much as."""
    months: tuple[tuple[float, float, float], ...]
    """Share of the months, share of the open that closed, share of the open that arrived."""
    paths: int
    weeks_ahead: int
    seed: int
    step_weeks: float = 1.0
    """Weeks in one step of the history."""


def pace_from(raw: Mapping[str, Any]) -> Pace:
    """The model as ``forecast.toml`` sets it."""
    return Pace(
        **raw["model"],
        months=tuple((row["share"], row["closed"], row["arrived"]) for row in raw["months"]),
    )


# --- What was --------------------------------------------------------------------------------------------


def weeks_from(
    moves: Iterable[Moved], *, first: date, last: date, open_now: int, most: int
) -> tuple[Week, ...]:
    """The whole weeks between the first scan and the last one, the oldest first; quiet ones are kept.

    Weeks end on the weekday of the last scan, so that each holds what one weekly scan has proved. What was
    open at the end of each is told backwards from what is open now.
    """
    number = min(most, round((last - first).days / WEEK))
    arrived, closed, added = [0] * number, [0] * number, [0] * number
    for move in moves:
        at = max(0, (last - move.day).days // WEEK)
        if at >= number and move.day <= last - timedelta(days=WEEK * most):
            continue
        at = min(at, number - 1)
        if at >= 0:
            arrived[at] += move.arrived
            closed[at] += move.closed
            added[at] += move.baseline
    weeks: list[Week] = []
    left = open_now
    for at in range(number):
        end = last - timedelta(days=WEEK * at)
        weeks.append(Week(end=end, open=left, arrived=arrived[at], closed=closed[at]))
        left = max(0, left - arrived[at] - added[at] + closed[at])
    return tuple(reversed(weeks))


# --- What may come ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Futures:
    """Simulated futures of one severity from ``start`` on."""

    start: date
    open: Grid
    """Open findings: a row for each week from the start itself, a column for each future."""
    done: Grid
    """The share of futures that have reached zero, for each week from the start itself."""

    def share_done(self, day: date) -> float:
        """The share of futures in which nothing is left by that day."""
        weeks = min(max((day - self.start).days / WEEK, 0.0), len(self.done) - 1.0)
        return float(np.interp(weeks, np.arange(len(self.done)), self.done))

    def day(self, share: float) -> date | None:
        """The first day by which that share of the futures is done; None where it is not within sight."""
        week = int(np.searchsorted(self.done, share))
        if week == len(self.done):
            return None
        if week == 0:
            return self.start
        before, then = self.done[week - 1], self.done[week]
        days = WEEK * (week - 1 + (share - before) / (then - before))
        return self.start + timedelta(days=int(np.ceil(round(days, 6))))

    def within(self, weeks: int) -> tuple[int, int, int]:
        """The low, the middle and the high number of open findings in so many weeks."""
        low, middle, high = np.quantile(
            self.open[weeks], (LOW, 0.5, HIGH), method="inverted_cdf"
        ).tolist()
        return int(low), int(middle), int(high)


def simulate(weeks: Sequence[Week], *, open_now: int, start: date, pace: Pace) -> Futures:
    """The futures that these weeks give. Same input, same answer."""
    chance = np.random.default_rng(pace.seed)
    drawn = _drawn_weeks(len(weeks), pace, chance)
    grown, shrunk = _drawn_months(drawn.shape, pace, chance)
    newest_first = list(reversed(weeks))
    change = np.array([week.arrived - week.closed for week in newest_first] + [0], dtype=float)
    outside = drawn == len(weeks)
    steps = change[drawn]
    left = np.full(pace.paths, float(open_now))
    rows = [left]
    for at in range(pace.weeks_ahead):
        by_month = np.round(left * (1 + grown[at] - shrunk[at]))
        left = np.maximum(0.0, np.where(outside[at], by_month, left + steps[at]))
        rows.append(left)
    found = np.stack(rows)
    done = np.maximum.accumulate(found == 0, axis=0).mean(axis=1)
    return Futures(start=start, open=found, done=done)


def _drawn_weeks(number: int, pace: Pace, chance: np.random.Generator) -> npt.NDArray[np.intp]:
    """For each week ahead and each future the week that it repeats, 0 the newest; ``number`` is a month of others."""
    weights = np.append(pace.memory ** np.arange(number), pace.outside_weight)
    shares = chance.gamma(weights, size=(pace.paths, number + 1))
    until = np.cumsum(shares, axis=1)
    until /= until[:, -1:]
    # One search over all futures: each has its own whole number to start from.
    future = np.arange(pace.paths, dtype=float)
    asked = chance.random((pace.weeks_ahead, pace.paths)) + future
    found = np.searchsorted((until + future[:, None]).ravel(), asked, side="right")
    return np.minimum(found - np.arange(pace.paths) * (number + 1), number)


def _drawn_months(
    shape: tuple[int, ...], pace: Pace, chance: np.random.Generator
) -> tuple[Grid, Grid]:
    """What a month of others adds and closes, as shares. In steps shorter than a month most are quiet."""
    months = np.array(pace.months)
    lumps = chance.random(shape) < min(1.0, pace.step_weeks / WEEKS_A_MONTH)
    picked = chance.choice(len(months), size=shape, p=months[:, 0] / months[:, 0].sum())
    return months[picked, 2] * lumps, months[picked, 1] * lumps


# --- What it would have said -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What the forecast would have said some weeks ago of a later week, and what it was."""

    made: date
    of: date
    ahead: int
    low: int
    high: int
    was: int

    @property
    def held(self) -> bool:
        return self.low <= self.was <= self.high


def look_back(
    weeks: Sequence[Week], *, least: int, pace: Pace, ahead: Sequence[int] = AHEAD
) -> tuple[Check, ...]:
    """Every forecast that could have been made after ``least`` weeks, against what came. The oldest first."""
    checked = replace(pace, weeks_ahead=max(ahead), paths=CHECK_PATHS)
    checks = []
    for at in range(max(least, len(weeks) - CHECKED_WEEKS), len(weeks)):
        reached = [number for number in ahead if at - 1 + number < len(weeks)]
        if not reached:
            break
        made = weeks[at - 1]
        futures = simulate(weeks[:at], open_now=made.open, start=made.end, pace=checked)
        for number in reached:
            low, _, high = futures.within(number)
            then = weeks[at - 1 + number]
            checks.append(
                Check(made=made.end, of=then.end, ahead=number, low=low, high=high, was=then.open)
            )
    return tuple(checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The date that the forecast would have given some weeks ago."""

    weeks_ago: int
    days: tuple[date | None, ...]
    """By ``SHARES``, and before them P15."""


BEFORE = (0.15, *SHARES)


def said_before(weeks: Sequence[Week], *, weeks_ago: int, least: int, pace: Pace) -> Said | None:
    """What it would have said that many weeks ago; fewer where the past is shorter, None where there is none."""
    weeks_ago = min(weeks_ago, len(weeks) - least)
    if weeks_ago < 1:
        return None
    then = weeks[: len(weeks) - weeks_ago]
    checked = replace(pace, paths=CHECK_PATHS)
    futures = simulate(then, open_now=then[-1].open, start=then[-1].end, pace=checked)
    return Said(weeks_ago=weeks_ago, days=tuple(futures.day(share) for share in BEFORE))
