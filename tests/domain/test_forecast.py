"""The forecast: repeatable, honest about few weeks, and held to what it would have said before."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from planner.domain.finding import Severity
from planner.domain.forecast import (
    SHARES,
    Moved,
    Week,
    look_back,
    pace_from,
    said_before,
    simulate,
    weeks_from,
)
from planner.rulebook.load import rulebook
from tests.bench import forecast as bench

PACE = pace_from(rulebook().forecast)
FAST = replace(PACE, paths=400, weeks_ahead=60)
TODAY = date(2027, 1, 11)


def history(*flows, open_now=None):
    """Weeks from pairs of arrived and closed; what was open follows from what is open at the end."""
    left = open_now if open_now is not None else 30
    weeks = []
    for at, (arrived, closed) in enumerate(reversed(flows)):
        end = TODAY - timedelta(weeks=at)
        weeks.append(Week(end=end, open=left, arrived=arrived, closed=closed))
        left = max(0, left - arrived + closed)
    return tuple(reversed(weeks))


def futures(weeks, open_now=30, pace=FAST):
    return simulate(weeks, open_now=open_now, start=TODAY, pace=pace)


def later(one, other):
    """Whether a day is no earlier than another; what is out of sight is the latest."""
    return other is not None and (one is None or one >= other)


FLOWS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=30)


@settings(max_examples=60, deadline=None)
@given(FLOWS, st.integers(1, 300))
def test_p50_comes_before_p85_before_p95_and_odds_grow_with_time(flows, open_now):
    found = futures(history(*flows, open_now=open_now), open_now)
    half, most, nearly = (found.day(share) for share in SHARES)
    assert most is None or later(most, half)
    assert nearly is None or later(nearly, most)
    odds = [found.share_done(TODAY + timedelta(days=day)) for day in range(0, 420, 5)]
    assert odds == sorted(odds)
    for share, day in zip(SHARES, (half, most, nearly), strict=True):
        if day is not None:
            assert found.share_done(day) >= share - 1e-9
            assert found.share_done(day - timedelta(days=1)) < share


@settings(max_examples=60, deadline=None)
@given(FLOWS, st.integers(1, 200), st.integers(1, 15))
def test_more_closes_never_make_it_later(flows, open_now, more):
    slower = futures(history(*flows, open_now=open_now), open_now)
    quicker = [(arrived, closed + more) for arrived, closed in flows]
    faster = futures(history(*quicker, open_now=open_now), open_now)
    assert (faster.open <= slower.open).all()
    for share in SHARES:
        day = slower.day(share)
        assert day is None or (faster.day(share) or date.max) <= day


@settings(max_examples=40, deadline=None)
@given(FLOWS, st.integers(1, 200), st.integers(1, 50))
def test_fewer_open_never_make_it_later(flows, open_now, more):
    weeks = history(*flows)
    assert (futures(weeks, open_now).open <= futures(weeks, open_now + more).open).all()


@settings(max_examples=20, deadline=None)
@given(FLOWS, st.integers(0, 2**31))
def test_the_same_seed_gives_the_same_answer(flows, seed):
    pace = replace(FAST, seed=seed)
    one, other = futures(history(*flows), pace=pace), futures(history(*flows), pace=pace)
    assert np.array_equal(one.open, other.open)


def test_quiet_weeks_are_kept_and_make_it_later():
    busy = futures(history(*[(0, 3)] * 6), pace=PACE)
    half_quiet = futures(history(*[(0, 3), (0, 0)] * 6), pace=PACE)
    assert later(half_quiet.day(0.5), busy.day(0.5) + timedelta(weeks=3))


def test_a_steady_team_is_told_about_its_own_pace():
    """Three a week for a year, thirty to go: ten weeks, and some more for what may come."""
    found = futures(history(*[(0, 3)] * 52), pace=PACE)
    weeks = (found.day(0.5) - TODAY).days / 7
    assert 10 <= weeks <= 16


def test_few_weeks_give_a_wider_answer_than_many():
    few, many = (futures(history(*[(1, 3)] * number), pace=PACE) for number in (3, 40))
    width = [found.within(8)[2] - found.within(8)[0] for found in (few, many)]
    assert width[0] > width[1]


def test_more_arrivals_than_closes_have_no_end():
    found = futures(history(*[(6, 2)] * 12), pace=PACE)
    assert found.day(0.5) is None
    assert found.share_done(TODAY + timedelta(weeks=8)) < 0.1


def test_nothing_open_is_done_today():
    assert futures(history(*[(0, 3)] * 4), open_now=0).day(0.95) == TODAY


@pytest.mark.parametrize("seed", [0, 7])
def test_two_thousand_futures_of_two_years_take_less_than_a_second(seed):
    weeks = history(*[(1, 3)] * 52)
    assert futures(weeks, pace=replace(PACE, seed=seed)).open.shape == (105, 2000)


# --- What was --------------------------------------------------------------------------------------------


def moved(days_ago, **counts):
    return Moved(day=TODAY - timedelta(days=days_ago), severity=Severity.ERROR, **counts)


def test_weeks_end_on_the_weekday_of_the_last_scan_and_quiet_ones_are_there():
    moves = [
        moved(0, closed=2),
        moved(6, arrived=1),
        moved(7, closed=3),
        moved(21, closed=4),
        moved(27, arrived=5),
    ]
    weeks = weeks_from(moves, first=TODAY - timedelta(days=28), last=TODAY, open_now=10, most=52)
    assert [(week.open, week.arrived, week.closed) for week in weeks] == [
        (14, 5, 4),
        (14, 0, 0),
        (11, 0, 3),
        (10, 1, 2),
    ]
    assert [week.end for week in weeks] == [TODAY - timedelta(weeks=n) for n in (3, 2, 1, 0)]


def test_what_the_first_scan_of_another_source_found_did_not_arrive():
    moves = [moved(3, baseline=40), moved(3, arrived=1)]
    weeks = weeks_from(moves, first=TODAY - timedelta(days=21), last=TODAY, open_now=50, most=52)
    assert [(week.open, week.arrived) for week in weeks] == [(9, 0), (9, 0), (50, 1)]


def test_a_waiver_after_the_last_scan_counts_in_its_week_and_what_is_too_old_is_left_out():
    moves = [moved(-2, closed=1), moved(500, closed=9)]
    weeks = weeks_from(moves, first=TODAY - timedelta(days=600), last=TODAY, open_now=4, most=52)
    assert len(weeks) == 52
    assert weeks[-1].closed == 1 and weeks[0].closed == 0


@given(
    st.lists(st.tuples(st.integers(0, 70), st.integers(0, 5), st.integers(0, 5))),
    st.integers(14, 80),
)
def test_what_was_open_is_what_is_open_less_what_arrived(rows, days):
    moves = [moved(ago, arrived=came, closed=went) for ago, came, went in rows if ago < days]
    weeks = weeks_from(moves, first=TODAY - timedelta(days=days), last=TODAY, open_now=500, most=52)
    assume(weeks)
    for before, week in pairwise(weeks):
        assert week.open == before.open + week.arrived - week.closed
    assert sum(week.arrived for week in weeks) == sum(move.arrived for move in moves)


# --- What it would have said -----------------------------------------------------------------------------


def test_each_forecast_of_the_past_uses_what_was_known_then():
    weeks = history(*[(0, 2)] * 8, open_now=20)
    checks = look_back(weeks, least=3, pace=PACE)
    assert [(check.ahead, check.made, check.of) for check in checks] == [
        (4, weeks[2].end, weeks[6].end),
        (4, weeks[3].end, weeks[7].end),
    ]
    # What comes later must not change what was said before.
    burst = (*weeks[:-1], replace(weeks[-1], open=0, closed=22))
    again = look_back(burst, least=3, pace=PACE)
    assert [(check.low, check.high) for check in again] == [(c.low, c.high) for c in checks]
    assert again[-1].was == 0 and not again[-1].held


def test_it_looks_back_three_weeks_or_as_far_as_it_can():
    weeks = history(*[(0, 3)] * 8)
    assert said_before(weeks, weeks_ago=3, least=3, pace=PACE).weeks_ago == 3
    assert said_before(weeks[:4], weeks_ago=3, least=3, pace=PACE).weeks_ago == 1
    assert said_before(weeks[:3], weeks_ago=3, least=3, pace=PACE) is None


def test_the_interval_holds_on_the_history_series():
    """The claim of the product: `make bench` prints the whole table."""
    histories = bench.histories()["the two series, month by month"]
    pace = replace(PACE, step_weeks=bench.WEEKS_A_MONTH)
    cases = [
        case
        for one in histories.values()
        for weeks in one
        for case in bench.cases(weeks, bench.ours, pace)
    ]
    for ahead in bench.AHEAD:
        held = [case.held for case in cases if case.ahead == ahead]
        assert bench.LEAST <= sum(held) / len(held) <= bench.MOST
