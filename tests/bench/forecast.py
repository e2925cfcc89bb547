"""How often the forecast's 90 % interval holds: ``python -m tests.bench.forecast``.

Every scan of every history series from the fourth on is forecast four and eight steps ahead from what was known
then, for ERROR and for WARNING, and compared with what came. Beside it two naive models: own weeks drawn with
equal weight, and the mean pace with the spread of a normal distribution.

What must hold is measured on the two series of ``tests/reports/series``, of which no month is in
``forecast.toml``. Counts of 23 further public repositories month by month, and of 16 repositories week by week (the
two among them), say whether it holds elsewhere (``tests/reports/paces``); the months in ``forecast.toml`` are made
from the monthly ones.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from statistics import fmean, median, pstdev

import numpy as np

from planner.domain.finding import Severity
from planner.domain.forecast import AHEAD, WEEKS_A_MONTH, Pace, Week, pace_from, simulate
from planner.rulebook.load import rulebook
from tests import series

PACES = series.FOLDER.parent / "paces"
SEVERITIES = (Severity.ERROR.value, Severity.WARNING.value)
LEAST, MOST = 0.80, 0.97
"""What the share of intervals that hold must lie between, for each distance."""
LEAST_STEPS = 3
NORMAL_90 = 1.645
FIRST_DAY = date(2026, 1, 5)

History = Sequence[Week]
Model = Callable[[History, Pace], list[tuple[float, float]]]
"""For each distance of AHEAD the ends of the interval."""


@dataclass(frozen=True, slots=True)
class Case:
    """One forecast of the past: how far ahead, its interval, what was open then, what came."""

    ahead: int
    low: float
    high: float
    open: int
    was: int

    @property
    def held(self) -> bool:
        return self.low <= self.was <= self.high

    @property
    def width(self) -> float:
        return (self.high - self.low) / max(self.open, 1)


def histories() -> dict[str, dict[str, list[History]]]:
    """By kind of series and name: the weeks (or months) of each severity."""
    shared = {folder.name: series.counts_of(folder) for folder in series.series_in()}
    return {
        "the two series, month by month": {name: _of(counts) for name, counts in shared.items()},
        "23 further, month by month": _stored(PACES / "monthly.json"),
        "16 repositories, week by week": _stored(PACES / "weekly.json"),
    }


def _stored(file: Path) -> dict[str, list[History]]:
    found = json.loads(file.read_text())
    return {
        name: _of({key: tuple(row[key].values()) for key in SEVERITIES})
        for name, row in found.items()
    }


def _of(counts: Mapping[str, tuple[int, list[int], list[int]]]) -> list[History]:
    return [_history(*counts[severity]) for severity in SEVERITIES]


def _history(first: int, arrived: Sequence[int], closed: Sequence[int]) -> History:
    """The step before the first one holds what the first scan saw."""
    steps = [Week(end=FIRST_DAY, open=first, arrived=0, closed=0)]
    for came, went in zip(arrived, closed, strict=True):
        end = steps[-1].end + timedelta(days=7)
        steps.append(Week(end=end, open=steps[-1].open + came - went, arrived=came, closed=went))
    return steps


def cases(history: History, model: Model, pace: Pace) -> Iterator[Case]:
    """Every forecast from the fourth scan on; those where nothing was ever open are left out."""
    for at in range(LEAST_STEPS, len(history)):
        then = history[at].open
        known = history[1 : at + 1]
        reached = [number for number in AHEAD if at + number < len(history)]
        if not reached or not (then or any(week.arrived for week in known)):
            continue
        for number, (low, high) in zip(AHEAD, model(known, pace), strict=True):
            if number in reached:
                yield Case(number, low, high, then, history[at + number].open)


def ours(known: History, pace: Pace) -> list[tuple[float, float]]:
    """The forecast as the pages show it."""
    ahead = replace(pace, weeks_ahead=max(AHEAD))
    futures = simulate(known, open_now=known[-1].open, start=known[-1].end, pace=ahead)
    ends = [futures.within(number) for number in AHEAD]
    return [(low, high) for low, _middle, high in ends]


def equal_weeks(known: History, pace: Pace) -> list[tuple[float, float]]:
    """Own weeks drawn again, each as likely as the other, and nothing else."""
    chance = np.random.default_rng(pace.seed)
    change = np.array([week.arrived - week.closed for week in known], dtype=float)
    left = np.full(pace.paths, float(known[-1].open))
    rows = [left]
    for steps in chance.choice(change, size=(max(AHEAD), pace.paths)):
        left = np.maximum(0.0, left + steps)
        rows.append(left)
    return [tuple(np.quantile(rows[number], (0.05, 0.95)).tolist()) for number in AHEAD]


def mean_pace(known: History, pace: Pace) -> list[tuple[float, float]]:
    """A straight line with the spread of its steps."""
    change = [week.arrived - week.closed for week in known]
    mean, spread = fmean(change), pstdev(change)
    return [
        (
            max(0.0, known[-1].open + number * mean - NORMAL_90 * spread * math.sqrt(number)),
            max(0.0, known[-1].open + number * mean + NORMAL_90 * spread * math.sqrt(number)),
        )
        for number in AHEAD
    ]


MODELS: dict[str, Model] = {
    "Flightplan": ours,
    "equal weeks": equal_weeks,
    "mean pace": mean_pace,
}


def main() -> int:
    """Print the table. Returns an exit status: 1 where the intervals hold too seldom or too often."""
    pace = pace_from(rulebook().forecast)
    failed = False
    for kind, found in histories().items():
        by_week = "week by week" in kind
        stepped = pace if by_week else replace(pace, step_weeks=WEEKS_A_MONTH)
        measured = {name: _all(found, model, stepped) for name, model in MODELS.items()}
        print(f"\n{'90 % interval, ' + kind:<44}{_head()}")
        for name, rows in measured.items():
            print(f"{'pooled: ' + name:<44}{_row([case for row in rows.values() for case in row])}")
        for name, row in measured["Flightplan"].items():
            print(f"    {name:<40}{_row(row)}")
        if kind.startswith("the two"):
            failed |= not _holds([case for row in measured["Flightplan"].values() for case in row])
    return int(failed)


def _all(found: Mapping[str, list[History]], model: Model, pace: Pace) -> dict[str, list[Case]]:
    return {
        name: [case for one in histories for case in cases(one, model, pace)]
        for name, histories in found.items()
    }


def _head() -> str:
    return "".join(f"{f'{number} ahead':>10}{'cases':>7}{'width':>7}" for number in AHEAD)


def _row(found: Sequence[Case]) -> str:
    cells = []
    for number in AHEAD:
        there = [case for case in found if case.ahead == number]
        if not there:
            cells.append(f"{'–':>10}{0:>7}{'':>7}")
            continue
        held = fmean(case.held for case in there)
        cells.append(f"{held:>10.1%}{len(there):>7,}{median(c.width for c in there):>7.2f}")
    return "".join(cells)


def _holds(found: Sequence[Case]) -> bool:
    """Whether the share that held lies within bounds, for each distance."""
    shares = [fmean(c.held for c in found if c.ahead == number) for number in AHEAD]
    return all(LEAST <= share <= MOST for share in shares)


if __name__ == "__main__":
    sys.exit(main())
