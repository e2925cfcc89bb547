"""Charts as plotly figures: labels on the marks, colours by name of a CSS property, and a table behind each.

A figure never holds a colour: it names a custom property, ``var(--ink)``, which ``charts.js`` resolves for
the scheme that is on, for print, and again when the scheme changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from planner.domain.dates import short
from planner.domain.finding import Severity
from planner.domain.forecast import SHARES, Futures, Week
from planner.domain.measure import GateState
from planner.domain.numbers import plural
from planner.domain.plan import Phase, PhaseState, Plan

NAMED_DAYS = 6
"""A burn-down shorter than this names each of its days."""
TURN = 0.4
"""A bar that begins before this share of the timeline has its label to its right, else before its end."""
EDGE = 0.05
"""A word nearer to the plot's edge than this share of it would be cut on a phone."""
DAY_MS = 24 * 60 * 60 * 1000
ROW = 52
"""Pixels for one phase: its name, and its bar below."""
COLOUR_OF_SEVERITY = {
    Severity.ERROR: "var(--block)",
    Severity.WARNING: "var(--migrate)",
    Severity.INFO: "var(--adopt)",
}
_GATE_MARKS = {
    GateState.PASS: ("diamond", "var(--pass)"),
    GateState.FAIL: ("x", "var(--fail)"),
    GateState.WAITING: ("hourglass", "var(--waiting)"),
    GateState.UNKNOWN: ("circle-open", "var(--waiting)"),
}
"""Every state has its own shape, so that none rests on colour alone."""


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers that a chart draws, for those who read them."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    key: str
    title: str
    description: str
    """What someone who cannot see the chart is told."""
    height: int
    figure: dict[str, Any]
    table: Table


def _layout(height: int, **more: Any) -> go.Layout:
    quiet = {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {"color": "var(--ink-2)", "size": 12},
        "linecolor": "var(--control)",
        "showline": False,
    }
    return go.Layout(
        height=height,
        autosize=True,
        showlegend=False,
        hovermode=False,
        dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "var(--sans)", "size": 12, "color": "var(--ink)"},
        xaxis={**quiet, **more.pop("xaxis", {})},
        yaxis={**quiet, **more.pop("yaxis", {})},
        **more,
    )


def _plain(figure: go.Figure) -> dict[str, Any]:
    """The figure as JSON types, without plotly's default template."""
    found = figure.to_plotly_json()
    return {"data": found["data"], "layout": {**found["layout"], "template": {}}}


def _vertical(day: date, colour: str, *, width: float = 1, dash: str = "solid") -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": day.isoformat(),
        "x1": day.isoformat(),
        "y0": 0,
        "y1": 1,
        "line": {"color": colour, "width": width, "dash": dash},
        "layer": "below",
    }


def _label(text: str, day: date, y: float, **more: Any) -> dict[str, Any]:
    return {
        "text": text,
        "x": day.isoformat(),
        "y": y,
        "xref": "x",
        "yref": "y",
        "showarrow": False,
        "bgcolor": "var(--paper)",
        "borderpad": 1,
        **more,
    }


# --- Timeline --------------------------------------------------------------------------------------------


def timeline(plan: Plan) -> Chart:
    """The phases on one line of dates, with their gates, today, and what has slipped."""
    first, last = _span(plan)
    turn = first + (last - first) * TURN
    figure = go.Figure(layout=_timeline_layout(plan, first, last))
    figure.add_traces([_phase_bars(plan), _slip_bars(plan), _gate_marks(plan)])
    for row, (phase, words) in enumerate(zip(plan.phases, _dates(plan), strict=True)):
        left = phase.start < turn
        figure.add_annotation(
            _label(
                f"<b>{phase.key} {phase.name}</b>  {words}",
                phase.start if left else max(phase.expected_end, phase.end),
                row - 0.34,
                xanchor="left" if left else "right",
                yanchor="middle",
            )
        )
    return Chart(
        key="timeline",
        title="Timeline",
        description=_timeline_words(plan),
        height=ROW * len(plan.phases) + 76,
        figure=_plain(figure),
        table=_timeline_table(plan),
    )


def _span(plan: Plan) -> tuple[date, date]:
    """What the timeline shows: the plan, its slip, and today, with a little air."""
    days = [plan.today, *(phase.start for phase in plan.phases)]
    days += [max(phase.end, phase.expected_end) for phase in plan.phases]
    first, last = min(days), max(days)
    air = timedelta(days=max(2, (last - first).days // 40))
    return first - air, last + air


def _timeline_layout(plan: Plan, first: date, last: date) -> go.Layout:
    layout = _layout(
        ROW * len(plan.phases) + 76,
        barmode="overlay",
        margin={"l": 2, "r": 2, "t": 36, "b": 20},
        xaxis={
            "type": "date",
            "range": [first.isoformat(), last.isoformat()],
            "side": "top",
            "tickformat": "%-d %b",
            "nticks": 12,
            "showline": True,
            "ticklen": 4,
        },
        yaxis={"range": [len(plan.phases) - 0.4, -0.75], "visible": False},
        shapes=[_vertical(plan.today, "var(--accent)", width=2)],
    )
    return layout.update(
        annotations=[
            {
                "text": "<b>today</b>",
                "x": plan.today.isoformat(),
                "y": 0,
                "xref": "x",
                "yref": "paper",
                "xanchor": _inwards(plan.today, first, last),
                "yanchor": "top",
                "showarrow": False,
                "font": {"color": "var(--accent)"},
            }
        ]
    )


def _inwards(day: date, first: date, last: date) -> str:
    """How a word at a day is anchored, so that it stays inside the plot on a phone."""
    share = (day - first) / (last - first)
    if share < EDGE:
        return "left"
    return "right" if share > 1 - EDGE else "center"


def _dates(plan: Plan) -> list[str]:
    """The dates of every phase in words; a year is named where it begins."""
    ends = [plan.today, *(phase.end for phase in plan.phases)]
    return [_phase_words(phase, before) for phase, before in zip(plan.phases, ends, strict=False)]


def _phase_words(phase: Phase, before: date) -> str:
    words = f"{short(phase.start, today=before)} to {short(phase.end, today=phase.start)}"
    if phase.open_end:
        words = f"from {short(phase.start, today=before)}"
    if phase.passed:
        return f"{words}, passed"
    if not phase.slip_days:
        return words
    days = plural(phase.slip_days, "day")
    return f"{words}, {days} late" if phase.state is PhaseState.LATE else f"{words}, slips {days}"


_BAR_FILL = {
    PhaseState.PASSED: "var(--ink)",
    PhaseState.RUNNING: "var(--accent-tint)",
    PhaseState.LATE: "var(--block-tint)",
    PhaseState.NOT_STARTED: "var(--tint)",
}
_BAR_EDGE = {
    PhaseState.PASSED: "var(--ink)",
    PhaseState.RUNNING: "var(--accent)",
    PhaseState.LATE: "var(--block)",
    PhaseState.NOT_STARTED: "var(--control)",
}


def _phase_bars(plan: Plan) -> go.Bar:
    return go.Bar(
        orientation="h",
        base=[phase.start.isoformat() for phase in plan.phases],
        x=[((phase.end - phase.start).days + 1) * DAY_MS for phase in plan.phases],
        y=[row + 0.08 for row in range(len(plan.phases))],
        width=0.36,
        marker={
            "color": [_BAR_FILL[phase.state] for phase in plan.phases],
            "line": {"color": [_BAR_EDGE[phase.state] for phase in plan.phases], "width": 1},
        },
        meta="phases",
    )


def _slip_bars(plan: Plan) -> go.Bar:
    """What a slip adds: from the planned end to the one that is now expected, in outline."""
    slipped = [(row, phase) for row, phase in enumerate(plan.phases) if phase.slip_days]
    return go.Bar(
        orientation="h",
        base=[(phase.end + timedelta(days=1)).isoformat() for _, phase in slipped],
        x=[(phase.expected_end - phase.end).days * DAY_MS for _, phase in slipped],
        y=[row + 0.08 for row, _ in slipped],
        width=0.36,
        marker={
            "color": "rgba(0,0,0,0)",
            "line": {"color": [_BAR_EDGE[phase.state] for _, phase in slipped], "width": 1},
            "pattern": {
                "shape": "/",
                "fgcolor": [_BAR_EDGE[phase.state] for _, phase in slipped],
                "size": 6,
                "solidity": 0.15,
            },
        },
        meta="slip",
    )


def _gate_marks(plan: Plan) -> go.Scatter:
    states = [_worst(phase) for phase in plan.phases]
    return go.Scatter(
        mode="markers",
        x=[(phase.end + timedelta(days=1)).isoformat() for phase in plan.phases],
        y=[row + 0.08 for row in range(len(plan.phases))],
        marker={
            "symbol": [_GATE_MARKS[state][0] for state in states],
            "color": [_GATE_MARKS[state][1] for state in states],
            "size": 12,
            "line": {"color": "var(--paper)", "width": 1},
        },
        cliponaxis=False,
        meta="gates",
    )


def _worst(phase: Phase) -> GateState:
    """The state that the phase's gates have together."""
    order = (GateState.FAIL, GateState.UNKNOWN, GateState.WAITING, GateState.PASS)
    return min((gate.state for gate in phase.gates), key=order.index)


def _timeline_words(plan: Plan) -> str:
    parts = [
        f"{phase.key} {phase.name}, {words}, gate {_worst(phase).value}"
        for phase, words in zip(plan.phases, _dates(plan), strict=True)
    ]
    return f"Timeline of {plan.name.lower()}: {'; '.join(parts)}. Today is {short(plan.today)}."


def _timeline_table(plan: Plan) -> Table:
    return Table(
        head=("Phase", "Starts", "Ends", "Slip", "Now expected", "Gate"),
        rows=tuple(
            (
                f"{phase.key} {phase.name}",
                phase.start.isoformat(),
                phase.end.isoformat(),
                plural(phase.slip_days, "day"),
                phase.expected_end.isoformat(),
                _worst(phase).value,
            )
            for phase in plan.phases
        ),
    )


# --- Burn-down -------------------------------------------------------------------------------------------


def burn_down(
    history: pd.DataFrame,
    *,
    severity: Severity,
    today: date,
    gate: Phase | None = None,
    futures: Futures | None = None,
) -> Chart:
    """Open findings of one severity, scan by scan. ``history`` has a column per severity, a row per day.

    ``gate`` is the phase whose gate asks for zero: its end is marked. ``futures`` go on as a cone.
    """
    series = history[severity.value]
    points = [(day, int(number)) for day, number in series.items()]
    title = _burn_title(points, severity, today)
    cone = _cone(futures, history=(points[-1][0] - points[0][0]).days) if futures else []
    until = max(
        [points[-1][0], today, *([gate.end] if gate else []), *[row.day for row in cone[-1:]]]
    )
    figure = go.Figure(layout=_burn_layout(points, until, today, gate, cone))
    figure.add_traces(_cone_traces(cone))
    figure.add_trace(
        go.Scatter(
            x=[day.isoformat() for day, _ in points],
            y=[number for _, number in points],
            mode="lines+markers",
            line={"color": "var(--ink)", "width": 2},
            marker={"color": "var(--ink)", "size": 7},
            cliponaxis=False,
            meta=severity.value,
        )
    )
    for annotation in _burn_labels(points, severity, until):
        figure.add_annotation(annotation)
    if futures:
        figure.add_annotation(_finish_label(futures, cone, today))
    words = ", ".join(f"{number:,} on {short(day, today=today)}" for day, number in points)
    due = f" Gate {gate.key} is due {short(gate.end, today=today)}." if gate else ""
    return Chart(
        key=f"burn-down-{severity.value.lower()}",
        title=title,
        description=f"Open {severity.value} findings: {words}.{_finish_words(futures, today)}{due}",
        height=300,
        figure=_plain(figure),
        table=_cone_table(points, cone, severity) if cone else _series_table(history, [severity]),
    )


# --- The cone --------------------------------------------------------------------------------------------

LEAST_WEEKS, MOST_WEEKS = 8, 52
"""How far the cone is drawn at least and at most."""
TIMES_THE_PAST = 3
"""How much longer than the past the cone may be, where half of the futures are done within that."""
HALF_AT = 0.62
"""Where the day by which half are done lies at most, as a share of the plot: its words need the rest."""
CONE_ROOM = 1.5
"""What the cone may add above the highest point of the past before it is cut."""


@dataclass(frozen=True, slots=True)
class _ConeRow:
    day: date
    low: int
    middle: int
    high: int


def _cone(futures: Futures, *, history: int) -> list[_ConeRow]:
    """Week by week what is open in nine futures of ten, until most are done or as far as the past is long."""
    half, most, _nearly = (futures.day(share) for share in SHARES)
    past = history // 7
    wanted = past if most is None else min((most - futures.start).days // 7, TIMES_THE_PAST * past)
    if half:
        wanted = max(wanted, round((past + (half - futures.start).days / 7) / HALF_AT) - past)
    weeks = min(max(wanted, LEAST_WEEKS), MOST_WEEKS, len(futures.open) - 1)
    return [
        _ConeRow(futures.start + timedelta(weeks=week), *futures.within(week))
        for week in range(weeks + 1)
    ]


def _cone_traces(cone: Sequence[_ConeRow]) -> list[go.Scatter]:
    if not cone:
        return []
    days = [row.day.isoformat() for row in cone]
    edge = go.Scatter(
        x=[*days, *reversed(days)],
        y=[*(row.high for row in cone), *(row.low for row in reversed(cone))],
        mode="lines",
        # Its edge is what paper and forced colours keep of it.
        line={"color": "var(--accent)", "width": 1, "dash": "dot"},
        fill="toself",
        fillcolor="var(--accent-tint)",
        meta="cone",
    )
    middle = go.Scatter(
        x=days,
        y=[row.middle for row in cone],
        mode="lines",
        line={"color": "var(--accent)", "width": 2, "dash": "dash"},
        meta="forecast",
    )
    return [edge, middle]


def _finish_label(futures: Futures, cone: Sequence[_ConeRow], today: date) -> dict[str, Any]:
    """Where the middle of the futures reaches zero, or that it does not."""
    half, until = futures.day(SHARES[0]), cone[-1].day
    quiet = {"bgcolor": "rgba(0,0,0,0)", "font": {"color": "var(--accent)"}}
    words = f"<b>half by {short(half, today=today)}</b>" if half else "<b>no end in sight</b>"
    if half is None or half > until:
        end = cone[-1]
        return _label(
            words, end.day, end.middle, xanchor="right", yanchor="bottom", yshift=4, **quiet
        )
    return _label(words, half, 0, xanchor="left", yanchor="bottom", yshift=14, **quiet)


def _finish_words(futures: Futures | None, today: date) -> str:
    if futures is None:
        return ""
    half, most, _nearly = (futures.day(share) for share in SHARES)
    if half is None:
        return " The forecast sees no end."
    late = f"in 85 of 100 by {short(most, today=today)}" if most else "in 85 of 100 not in sight"
    return (
        f" The forecast reaches zero by {short(half, today=today)} in half of the futures, {late}."
    )


def _cone_table(
    points: Sequence[tuple[date, int]], cone: Sequence[_ConeRow], severity: Severity
) -> Table:
    past = [(day.isoformat(), f"{number}", "", "") for day, number in points]
    ahead = [
        (f"{row.day.isoformat()} (forecast)", f"{row.middle}", f"{row.low}", f"{row.high}")
        for row in cone[1:]
    ]
    return Table(head=("Scan of", severity.value, "Low (5 %)", "High (95 %)"), rows=(*past, *ahead))


# --- Arrivals and closes ---------------------------------------------------------------------------------

FLOW_WEEKS = 26


def flows(weeks: Sequence[Week], *, severity: Severity, today: date) -> Chart:
    """What arrived and what closed in each week: bars up and bars down, apart from each other."""
    shown = weeks[-FLOW_WEEKS:]
    days = [week.end.isoformat() for week in shown]
    most = max(1, *(max(week.arrived, week.closed) for week in shown))
    figure = go.Figure(
        layout=_layout(
            170,
            barmode="overlay",
            bargap=0.3,
            margin={"l": 34, "r": 12, "t": 20, "b": 26},
            xaxis={
                "type": "date",
                "range": [
                    (shown[0].end - timedelta(days=5)).isoformat(),
                    (shown[-1].end + timedelta(days=5)).isoformat(),
                ],
                "tickformat": "%-d %b",
                "nticks": 7,
            },
            yaxis={
                "range": [-most * 1.25, most * 1.25],
                "tickvals": [-most, 0, most],
                "ticktext": [f"{most:,}", "0", f"{most:,}"],
                "zeroline": True,
                "zerolinecolor": "var(--control)",
            },
        )
    )
    figure.add_traces(
        [
            _flow_bars(days, [week.arrived for week in shown], "arrived", "var(--waiting)"),
            _flow_bars(days, [-week.closed for week in shown], "closed", "var(--ink)"),
        ]
    )
    for words, y, anchor in (("arrived", most * 1.25, "top"), ("closed", -most * 1.25, "bottom")):
        figure.add_annotation(
            {
                "text": f"<b>{words}</b>",
                "x": 0,
                "xref": "paper",
                "y": y,
                "yref": "y",
                "xanchor": "left",
                "yanchor": anchor,
                "showarrow": False,
                "bgcolor": "var(--paper)",
            }
        )
    arrived, closed = (
        sum(week.arrived for week in shown),
        sum(week.closed for week in shown),
    )
    span = plural(len(shown), "week")
    name = severity.value
    return Chart(
        key=f"flows-{name.lower()}",
        title=f"{plural(closed, name)} closed and {arrived:,} arrived in {span}",
        description=f"{name} by week: "
        + "; ".join(
            f"{short(week.end, today=today)} {week.arrived:,} arrived, {week.closed:,} closed"
            for week in shown
        )
        + ".",
        height=170,
        figure=_plain(figure),
        table=Table(
            head=("Week to", "Arrived", "Closed", "Open at its end"),
            rows=tuple(
                (week.end.isoformat(), f"{week.arrived}", f"{week.closed}", f"{week.open}")
                for week in shown
            ),
        ),
    )


def _flow_bars(days: Sequence[str], numbers: Sequence[int], name: str, colour: str) -> go.Bar:
    return go.Bar(x=days, y=numbers, marker={"color": colour, "line": {"width": 0}}, meta=name)


def _burn_title(points: Sequence[tuple[date, int]], severity: Severity, today: date) -> str:
    (first_day, first), (last_day, last) = points[0], points[-1]
    name = severity.value
    if len(points) == 1:
        return f"{plural(last, name)} open on {short(last_day, today=today)}"
    span = _span_words((last_day - first_day).days)
    if last == first:
        return f"{plural(last, name)} open, as many as {span} ago"
    verb = "fell" if last < first else "rose"
    return f"Open {name}s {verb} from {first:,} to {last:,} in {span}"


def _span_words(days: int) -> str:
    return plural(days, "day") if days < 14 else plural(round(days / 7), "week")


def _burn_layout(
    points: Sequence[tuple[date, int]],
    until: date,
    today: date,
    gate: Phase | None,
    cone: Sequence[_ConeRow],
) -> go.Layout:
    first = points[0][0]
    past = max(number for _, number in points)
    top = min(max([past, *(row.high for row in cone)]), round(past * CONE_ROOM) + 1)
    shapes = [_vertical(today, "var(--accent)")]
    marks = [_edge_label("<b>today</b>", today, first, until, "var(--accent)", row=0)]
    if gate:
        shapes.append(_vertical(gate.end, "var(--ink-2)"))
        words = f"<b>Gate {gate.key} due {short(gate.end)}</b>"
        marks.append(_edge_label(words, gate.end, first, until, "var(--ink)", row=1))
    span = (until - first).days
    air = timedelta(days=max(1, span // 30))
    return _layout(
        300,
        margin={"l": 34, "r": 12, "t": 40, "b": 26},
        xaxis={
            "type": "date",
            "range": [(first - air).isoformat(), (until + air).isoformat()],
            "tickformat": "%-d %b",
            # Left alone, a few days would have several ticks each, all of the same name.
            **({"dtick": DAY_MS} if span < NAMED_DAYS else {"nticks": 7}),
            "showline": True,
        },
        yaxis={
            "range": [0, max(1, top) * 1.12],
            "showgrid": True,
            "gridcolor": "var(--rule)",
            "tickformat": ",d",
            "nticks": 5,
            "rangemode": "tozero",
        },
        shapes=shapes,
    ).update(annotations=marks)


def _edge_label(
    text: str, day: date, first: date, until: date, colour: str, *, row: int
) -> dict[str, Any]:
    """A label above the plot beside its line, on the side that has room."""
    to_left = (day - first) > (until - first) * 0.6
    return {
        "text": text,
        "x": day.isoformat(),
        "y": 1,
        "xref": "x",
        "yref": "paper",
        "xanchor": "right" if to_left else "left",
        "yanchor": "bottom",
        "yshift": 2 + 16 * row,
        "showarrow": False,
        "font": {"color": colour},
    }


def _burn_labels(
    points: Sequence[tuple[date, int]], severity: Severity, until: date
) -> list[dict[str, Any]]:
    (first_day, first), (last_day, last) = points[0], points[-1]
    if len(points) == 1:
        words = f"<b>{last:,} {severity.value}</b>"
        return [_label(words, last_day, last, xanchor="left", yanchor="bottom", xshift=6, yshift=4)]
    start = f"<b>{first:,} {severity.value} at the first scan</b>"
    room = last_day < until
    return [
        _label(start, first_day, first, xanchor="left", yanchor="bottom", xshift=-2, yshift=6),
        _label(
            f"<b>{last:,} now</b>",
            last_day,
            last,
            xanchor="left" if room else "right",
            yanchor="top" if last > first * 0.15 else "bottom",
            xshift=8 if room else -2,
            yshift=-6 if last > first * 0.15 else 6,
        ),
    ]


def _series_table(history: pd.DataFrame, severities: Sequence[Severity]) -> Table:
    return Table(
        head=("Scan of", *(severity.value for severity in severities)),
        rows=tuple(
            (day.isoformat(), *(f"{int(row[severity.value])}" for severity in severities))
            for day, row in history.iterrows()
        ),
    )


def small_burn_down(history: pd.DataFrame, *, severity: Severity) -> Chart:
    """The same series small, for what is left after the cutover: first and last number on the marks."""
    series = history[severity.value]
    points = [(day, int(number)) for day, number in series.items()]
    figure = go.Figure(
        layout=_layout(
            84,
            margin={"l": 4, "r": 46, "t": 16, "b": 6},
            xaxis={"type": "date", "visible": False},
            yaxis={"visible": False, "range": [0, max(1, *(n for _, n in points)) * 1.15]},
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[day.isoformat() for day, _ in points],
            y=[number for _, number in points],
            mode="lines+markers",
            line={"color": "var(--ink)", "width": 1.5},
            marker={"color": COLOUR_OF_SEVERITY[severity], "size": [0] * (len(points) - 1) + [7]},
            cliponaxis=False,
            meta=severity.value,
        )
    )
    (first_day, first), (last_day, last) = points[0], points[-1]
    figure.add_annotation(
        _label(f"<b>{last:,}</b>", last_day, last, xanchor="left", xshift=8, yanchor="middle")
    )
    if len(points) > 1:
        figure.add_annotation(
            _label(
                f"{first:,}",
                first_day,
                first,
                xanchor="left",
                yanchor="bottom",
                yshift=3,
                font={"color": "var(--ink-2)"},
            )
        )
    words = ", ".join(f"{number:,} on {short(day)}" for day, number in points)
    return Chart(
        key=f"small-{severity.value.lower()}",
        title=f"{plural(last, severity.value)} open",
        description=f"Open {severity.value} findings: {words}.",
        height=84,
        figure=_plain(figure),
        table=_series_table(history, [severity]),
    )


# --- Small lines in tables -------------------------------------------------------------------------------

SPARK_WIDTH, SPARK_HEIGHT, SPARK_AIR = 56.0, 17.0, 2.5


@dataclass(frozen=True, slots=True)
class Spark:
    """A line small enough for a table cell, drawn by the server; its numbers are its label."""

    path: str
    x: float
    y: float
    label: str


def spark(severity: Severity, values: Sequence[int]) -> Spark | None:
    """The last weeks of one severity; None where there is nothing to compare yet."""
    if len(values) < 2:
        return None
    top = max(*values, 1)
    step = (SPARK_WIDTH - 2 * SPARK_AIR) / (len(values) - 1)
    room = SPARK_HEIGHT - 2 * SPARK_AIR
    points = [
        (round(SPARK_AIR + step * at, 1), round(SPARK_AIR + room * (1 - value / top), 1))
        for at, value in enumerate(values)
    ]
    numbers = ", ".join(f"{value:,}" for value in values)
    return Spark(
        path="M" + " L".join(f"{x} {y}" for x, y in points),
        x=points[-1][0],
        y=points[-1][1],
        label=f"{severity.value} week by week: {numbers}",
    )
