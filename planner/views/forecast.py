"""What the overview and the plan page show of the forecast."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from planner.domain.dates import short
from planner.domain.forecast_words import (
    Answer,
    Forecast,
    Outlook,
    checks_sentence,
    odds_words,
    pace_sentence,
    said_sentence,
    sentences,
)
from planner.domain.plan import Phase, Plan
from planner.rendering.charts import Chart, burn_down, flows

CONE_NOTE = (
    "The cone holds nine in ten of the simulated futures, and the dashed line is the middle. They are drawn from the "
    "deployment's own weeks, the newest weighing most, and from what months have done to other repositories."
)
FLOWS_NOTE = (
    "By week, each ending on the weekday of the last scan. Waiving closes and its end arrives again; what the first "
    "scan of a source found did not arrive, it was there."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One severity of the table."""

    outlook: Outlook
    days: tuple[str, ...]
    """P50, P85 and P95 in words."""
    wanted: str
    odds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The sentences, the table and the charts of "When will it be done?"."""

    forecast: Forecast
    sentences: tuple[str, ...]
    paces: tuple[str, ...]
    past: tuple[str, ...]
    """What it said before, and how often that held."""
    rows: tuple[Row, ...]
    cones: tuple[Chart, ...]
    flows: tuple[Chart, ...]


def panel_of(forecast: Forecast, plan: Plan) -> Panel:
    """The forecast as a page shows it. Charts only where there are weeks to draw."""
    outlooks = forecast.outlooks
    drawn = [outlook for outlook in outlooks if outlook.weeks]
    return Panel(
        forecast=forecast,
        sentences=sentences(forecast),
        paces=_said(pace_sentence(outlook) for outlook in outlooks),
        past=_said(
            f"{said_sentence(outlook)} {checks_sentence(outlook.checks)}".strip()
            for outlook in outlooks
        ),
        rows=tuple(_row(outlook) for outlook in outlooks) if forecast.is_enough else (),
        cones=tuple(_cone(outlook, plan) for outlook in drawn if outlook.futures),
        flows=tuple(
            flows(outlook.weeks, severity=outlook.severity, today=plan.today) for outlook in drawn
        ),
    )


def _said(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, sentences))


def _row(outlook: Outlook) -> Row:
    missing = "none open" if outlook.answer is Answer.DONE else "not in sight"
    aim, odds = outlook.aim, outlook.odds
    return Row(
        outlook=outlook,
        days=tuple(short(day, today=outlook.today) if day else missing for day in outlook.days),
        wanted=f"{aim.key}, {short(aim.by, today=outlook.today)}" if aim else "no phase",
        odds=odds_words(odds) if odds is not None else "",
    )


def _cone(outlook: Outlook, plan: Plan) -> Chart:
    """The burn-down by whole weeks, going on as a cone."""
    name = outlook.severity.value
    first = outlook.weeks[0]
    began = first.end - timedelta(weeks=1)
    points = {began: max(0, first.open - first.arrived + first.closed)}
    points |= {week.end: week.open for week in outlook.weeks} | {plan.today: outlook.open}
    history = pd.DataFrame.from_dict(points, orient="index", columns=[name])
    return burn_down(
        history,
        severity=outlook.severity,
        today=plan.today,
        gate=gate_phase(plan, outlook),
        futures=outlook.futures,
    )


def gate_phase(plan: Plan, outlook: Outlook) -> Phase | None:
    """The phase whose end is marked on the chart; None where no date is set or it has passed."""
    aim = outlook.aim
    if aim is None or aim.passed or aim.proposed:
        return None
    return next(phase for phase in plan.phases if phase.key == aim.key)
