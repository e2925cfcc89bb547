"""Charts: every point is a number of the table behind it, and no colour is fixed."""

import json
import re
from datetime import date, timedelta

import pandas as pd
import pytest

from planner.domain.finding import Severity
from planner.domain.forecast import Week, pace_from, simulate
from planner.rendering.charts import (
    DAY_MS,
    burn_down,
    small_burn_down,
    spark,
    timeline,
)
from planner.rulebook.load import rulebook
from tests.rendering.plans import TODAY, example

HISTORY = pd.DataFrame.from_dict(
    {
        date(2026, 9, 21): [8, 42, 137],
        date(2026, 9, 28): [8, 41, 131],
        date(2026, 10, 12): [4, 34, 106],
        date(2026, 10, 19): [3, 31, 102],
    },
    orient="index",
    columns=["ERROR", "WARNING", "INFO"],
)


def trace(chart, name):
    return next(trace for trace in chart.figure["data"] if trace.get("meta") == name)


def plain(chart):
    """The figure as the page gets it."""
    return json.loads(json.dumps(chart.figure))


@pytest.mark.parametrize("template", ["nine-weeks", "six-months"])
def test_bars_of_the_timeline_are_the_dates_of_its_table(template):
    chart = timeline(example(template))
    bars, slip = trace(chart, "phases"), trace(chart, "slip")
    for row, (start, days) in zip(
        chart.table.rows, zip(bars["base"], bars["x"], strict=True), strict=True
    ):
        assert start == row[1]
        end = date.fromisoformat(start) + timedelta(days=days / DAY_MS - 1)
        assert end.isoformat() == row[2]
    expected = [row for row in chart.table.rows if row[3] != "0 days"]
    assert len(expected) == len(slip["base"]) > 0
    for row, (start, days) in zip(expected, zip(slip["base"], slip["x"], strict=True), strict=True):
        end = date.fromisoformat(start) + timedelta(days=days / DAY_MS - 1)
        assert end.isoformat() == row[4]


def test_the_bars_name_a_year_where_it_begins():
    labels = timeline(example("six-months")).figure["layout"]["annotations"]
    words = {row["text"][3]: row["text"] for row in labels[1:]}
    assert words["3"].startswith("<b>3 Staging on 3.x</b>  23 Nov to 18 Dec, ")
    assert "  21 Dec to 20 Jan 2027, " in words["4"]
    assert "  21 Jan to 19 Feb, " in words["5"]


def test_today_lies_on_the_timeline_even_long_before_or_after_the_plan():
    for today, anchor in (
        (TODAY, "center"),
        (date(2025, 1, 1), "left"),
        (date(2028, 1, 1), "center"),
    ):
        chart = timeline(example(today=today))
        assert chart.figure["layout"]["annotations"][0]["xanchor"] == anchor
        first, last = chart.figure["layout"]["xaxis"]["range"]
        assert first <= today.isoformat() <= last
        assert chart.figure["layout"]["shapes"][0]["x0"] == today.isoformat()


def test_each_gate_state_has_a_shape_of_its_own():
    marks = trace(timeline(example()), "gates")
    assert dict(zip(marks["marker"]["symbol"], marks["marker"]["color"], strict=True)) == {
        "x": "var(--fail)",
        "hourglass": "var(--waiting)",
    }


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize("draw", ["large", "small"])
def test_points_of_a_burn_down_are_its_table(severity, draw):
    chart = (
        burn_down(HISTORY, severity=severity, today=TODAY, gate=example().phases[1])
        if draw == "large"
        else small_burn_down(HISTORY, severity=severity)
    )
    line = trace(chart, severity.value)
    points = tuple(zip(line["x"], map(str, line["y"]), strict=True))
    assert points == chart.table.rows
    assert [int(n) for _, n in points] == list(HISTORY[severity.value])
    for _, number in points:
        assert number in chart.description


def test_the_title_says_what_happened():
    def title(history):
        return burn_down(history, severity=Severity.ERROR, today=TODAY).title

    assert title(HISTORY) == "Open ERRORs fell from 8 to 3 in 4 weeks"
    assert title(HISTORY[:1]) == "8 ERRORs open on 21 Sep"
    assert title(HISTORY[:2]) == "8 ERRORs open, as many as 7 days ago"
    assert (
        title(HISTORY[::-1].set_index(HISTORY.index)) == "Open ERRORs rose from 3 to 8 in 4 weeks"
    )


def test_a_short_history_names_each_day_once():
    first = HISTORY.index[0]
    axis = burn_down(HISTORY[:1], severity=Severity.ERROR, today=first).figure["layout"]["xaxis"]
    assert axis["dtick"] == timedelta(days=1).total_seconds() * 1000
    axis = burn_down(HISTORY, severity=Severity.ERROR, today=TODAY).figure["layout"]["xaxis"]
    assert "dtick" not in axis


def test_a_history_of_zeros_has_a_scale():
    none = HISTORY * 0
    chart = burn_down(none, severity=Severity.ERROR, today=TODAY)
    low, high = chart.figure["layout"]["yaxis"]["range"]
    assert (low, high > 0) == (0, True)
    small_burn_down(none[:1], severity=Severity.INFO)


def charts():
    yield timeline(example())
    yield timeline(example("six-months"))
    yield burn_down(HISTORY, severity=Severity.ERROR, today=TODAY, gate=example().phases[1])
    yield small_burn_down(HISTORY, severity=Severity.WARNING)


@pytest.mark.parametrize("chart", list(charts()), ids=lambda chart: chart.key)
def test_a_chart_has_no_legend_no_toolbar_and_no_colour_of_its_own(chart):
    figure = plain(chart)
    layout = figure["layout"]
    assert layout["showlegend"] is False and layout["hovermode"] is False
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert layout["template"] == {} and "width" not in layout
    colours = set(re.findall(r'"[^"]*color": "([^"]+)"', json.dumps(figure)))
    fixed = {colour for colour in colours if not colour.startswith("var(--")}
    assert fixed <= {"rgba(0,0,0,0)"}
    assert chart.description and chart.height >= 80 and chart.table.rows


def test_small_lines_show_the_numbers_they_are_drawn_from():
    line = spark(Severity.ERROR, (8, 8, 6, 4, 3))
    assert line.label == "ERROR week by week: 8, 8, 6, 4, 3"
    assert line.path.count("L") == 4
    assert (line.x, line.y) == (53.5, 10.0)
    assert spark(Severity.ERROR, (3,)) is None
    assert spark(Severity.ERROR, (0, 0)).y == 14.5


def test_the_cone_is_the_numbers_of_its_table_and_begins_where_the_past_ends():
    weeks = [
        Week(end=day, open=row["ERROR"], arrived=0, closed=3) for day, row in HISTORY.iterrows()
    ]
    today = HISTORY.index[-1]
    pace = pace_from(rulebook().forecast)
    futures = simulate(weeks, open_now=3, start=today, pace=pace)
    chart = burn_down(HISTORY, severity=Severity.ERROR, today=today, futures=futures)
    cone, middle = trace(chart, "cone"), trace(chart, "forecast")
    ahead = [row for row in chart.table.rows if "forecast" in row[0]]
    number = len(ahead) + 1
    assert cone["x"][:number] == middle["x"] == cone["x"][number:][::-1]
    assert middle["x"][0] == today.isoformat() and middle["y"][0] == 3
    for at, (_day, half, low, high) in enumerate(ahead, start=1):
        drawn = (middle["y"][at], cone["y"][number:][::-1][at], cone["y"][at])
        assert drawn == (int(half), int(low), int(high))
    assert "in half of the futures" in chart.description
    assert not re.search(r"#[0-9a-f]{3,6}", json.dumps(plain(chart)))
