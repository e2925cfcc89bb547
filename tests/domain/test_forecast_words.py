"""The forecast in sentences: the cases a manager will read."""

from datetime import date, timedelta

import numpy as np
import pytest

from planner.domain.finding import Severity
from planner.domain.forecast import Check, Futures, Said, Week
from planner.domain.forecast_words import (
    Aim,
    Answer,
    Forecast,
    Outlook,
    checks_sentence,
    odds_words,
    pace_sentence,
    said_sentence,
    sentences,
)

TODAY = date(2027, 2, 1)
WEEK = Week(end=TODAY, open=3, arrived=1, closed=2)
EFFORT = "between 0.80 and 1.38 senior-engineer quarters (10.4 to 18.0 weeks)"


def futures(*done):
    """Futures of which this share is done after each week; 104 weeks in all."""
    shares = [0.0, *done]
    shares += [shares[-1]] * (105 - len(shares))
    return Futures(start=TODAY, open=np.ones((105, 2)), done=np.array(shares))


def outlook(severity=Severity.ERROR, **more):
    values = {
        "today": TODAY,
        "open": 3,
        "weeks": (WEEK,) * 4,
        "futures": futures(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95),
        "aim": None,
        "said": None,
        "checks": (),
    }
    return Outlook(severity=severity, **values | more)


def forecast(*outlooks, scans=5, weeks=4):
    return Forecast(
        scans=scans, weeks=weeks, least_scans=4, least_weeks=3, outlooks=outlooks, effort=EFFORT
    )


def aim(**more):
    values = {"key": "B", "by": TODAY + timedelta(days=30), "proposed": False, "passed": False}
    return Aim(**values | more)


def test_dates_with_their_odds_and_the_plans_date():
    assert sentences(forecast(outlook(aim=aim()))) == (
        "0 ERROR by 8 Mar (P50), by 2 Apr (P85), by 12 Apr (P95). "
        "The plan wants phase B done by Wed 3 Mar: 4 in 10 that 0 ERROR makes it.",
    )


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({"open": 0, "futures": None, "aim": aim()}, "No ERROR is open."),
        (
            {"futures": futures(0.1, 0.3), "aim": None},
            "0 ERROR has no date: at this pace it does not end within two years.",
        ),
        (
            {"futures": futures(0.6), "aim": aim(proposed=True)},
            "0 ERROR by 7 Feb (P50), not within two years (P85), not within two years (P95). "
            "Started on the day it proposes, the plan wants phase B done by Wed 3 Mar: "
            "6 in 10 that 0 ERROR makes it.",
        ),
        (
            {"futures": futures(0.5, 0.9, 1.0), "aim": aim(by=TODAY - timedelta(days=3))},
            "0 ERROR by 8 Feb (P50), by 15 Feb (P85), by 19 Feb (P95). "
            "The plan wanted phase B done by Fri 29 Jan, 3 days ago.",
        ),
        (
            {"futures": futures(0.5, 0.9, 1.0), "aim": aim(passed=True)},
            "0 ERROR by 8 Feb (P50), by 15 Feb (P85), by 19 Feb (P95).",
        ),
    ],
)
def test_done_endless_half_in_sight_late_and_passed(found, sentence):
    assert sentences(forecast(outlook(**found))) == (sentence,)


def test_a_year_is_named_where_it_is_another_one():
    slow = futures(*[0.0] * 50, 0.5, 1.0)
    assert "by 24 Jan 2028 (P50)" in sentences(forecast(outlook(futures=slow)))[0]


@pytest.mark.parametrize(
    ("scans", "weeks", "has"),
    [
        (0, 0, "nothing has been scanned yet"),
        (1, 0, "there is 1 scan"),
        (3, 9, "there are 3 scans"),
        (4, 1, "the scans span 1 week"),
    ],
)
def test_too_little_is_said_with_what_it_takes_and_the_effort_models_range(scans, weeks, has):
    little = outlook(futures=None, weeks=())
    assert little.answer is Answer.TOO_LITTLE
    assert sentences(forecast(little, scans=scans, weeks=weeks)) == (
        f"Not enough data for a date: {has}, and a date takes 4 scans over 3 weeks. "
        f"Until then the effort model says {EFFORT}.",
    )


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "less than 1 in 20"),
        (0.049, "less than 1 in 20"),
        (0.06, "1 in 10"),
        (0.44, "4 in 10"),
        (0.949, "9 in 10"),
        (0.96, "more than 19 in 20"),
        (1.0, "more than 19 in 20"),
    ],
)
def test_odds_are_tenths_and_never_certain(share, words):
    assert odds_words(share) == words


def test_arrivals_stand_apart_from_closes():
    weeks = (Week(end=TODAY, open=3, arrived=9, closed=9), *(WEEK,) * 3)
    quiet = Week(end=TODAY, open=3, arrived=0, closed=0)
    assert pace_sentence(outlook(weeks=(*weeks, quiet))) == (
        "In the last 4 weeks 1.5 ERROR a week closed and 0.8 arrived."
    )


def day(number):
    return date(2027, 3, number)


@pytest.mark.parametrize(
    ("weeks_ago", "days", "words"),
    [
        (
            3,
            (day(1), day(12), day(29), None),
            "Three weeks ago it would have said 12 Mar ± 2 weeks",
        ),
        (1, (day(11), day(12), day(13), None), "A week ago it would have said 12 Mar ± 1 week"),
        (2, (day(1), day(12), None, None), "Two weeks ago it would have said 12 Mar or later"),
        (3, (None,) * 4, "Three weeks ago it would have given no date"),
    ],
)
def test_what_it_would_have_said_before(weeks_ago, days, words):
    said = Said(weeks_ago=weeks_ago, days=days)
    assert said_sentence(outlook(said=said)) == f"{words} for 0 ERROR."


def test_how_often_its_range_held_on_its_own_past():
    def check(ahead, was):
        return Check(made=TODAY, of=TODAY, ahead=ahead, low=2, high=8, was=was)

    checks = [check(4, 2), check(4, 8), check(4, 9), check(8, 5)]
    assert checks_sentence(checks) == (
        "Tried on its own past, the range that is to hold 9 times in 10 held 2 of 3 times 4 weeks ahead and "
        "1 of 1 times 8 weeks ahead."
    )
    assert checks_sentence([]) == ""
