"""Working days: weekends, public holidays and a team's own days off."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.calendar import CalendarError, months_after, working_calendar
from planner.domain.dates import short, with_weekday
from planner.domain.freshness import aged

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
CALENDARS = st.builds(
    working_calendar,
    country=st.sampled_from(["", "DE", "DE-BE", "US-CA", "JP", "GB"]),
    extra=st.frozensets(DAYS, max_size=12),
)


@given(CALENDARS, DAYS, st.integers(-60, 60))
def test_adding_working_days_never_lands_on_a_day_off(calendar, day, number):
    assert calendar.why_off(calendar.add(day, number)) == ""


@given(CALENDARS, DAYS, st.integers(-60, 60))
def test_counting_is_the_inverse_of_adding(calendar, day, number):
    start = calendar.first_from(day)
    assert calendar.count(start, calendar.add(start, number)) == number


@given(CALENDARS, DAYS, st.integers(0, 60))
def test_adding_is_monotone(calendar, day, number):
    assert calendar.add(day, number) < calendar.add(day, number + 1)


@given(CALENDARS, DAYS)
def test_a_cutover_weekend_is_a_worked_friday_and_the_worked_monday_after_it(calendar, day):
    friday, monday = calendar.weekend_from(day)
    assert friday >= day
    assert (friday.weekday(), monday.weekday()) == (4, 0)
    assert monday - friday == timedelta(days=3)
    assert calendar.is_working(friday) and calendar.is_working(monday)


@given(DAYS, st.integers(0, 24))
def test_months_later_is_in_that_month_and_never_a_later_day(day, number):
    later = months_after(day, number)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == number
    assert later.day <= day.day


def test_christmas_is_stepped_over_and_named():
    berlin = working_calendar(country="de-be")
    assert berlin.country == "DE-BE"
    assert berlin.add(date(2026, 12, 24), 1) == date(2026, 12, 28)
    assert berlin.days_off(date(2026, 12, 21), date(2027, 1, 3)) == [
        (date(2026, 12, 25), "Christmas Day"),
        (date(2027, 1, 1), "New Year's Day"),
    ]


def test_a_cutover_is_not_put_on_an_easter_weekend():
    germany = working_calendar(country="DE")
    assert germany.why_off(date(2027, 3, 26)) == "Good Friday"
    assert germany.weekend_from(date(2027, 3, 22)) == (date(2027, 4, 2), date(2027, 4, 5))


def test_the_end_of_a_short_month():
    assert months_after(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert months_after(date(2026, 11, 30), 3) == date(2027, 2, 28)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("XX", 'No public holidays are known for "XX"; use an ISO country code like DE or US.'),
        ("DE-ZZ", '"DE-ZZ" is not a part of DE with its own public holidays; known parts: BB, '),
    ],
)
def test_an_unknown_country_is_refused_in_one_sentence(code, sentence):
    with pytest.raises(CalendarError) as refused:
        working_calendar(country=code)
    assert str(refused.value).startswith(sentence)


def test_dates_in_words():
    today = date(2026, 10, 21)
    assert short(date(2026, 10, 28), today=today) == "28 Oct"
    assert short(date(2027, 1, 4), today=today) == "4 Jan 2027"
    assert with_weekday(date(2026, 11, 20), today=today) == "Fri 20 Nov"
    assert aged(today, today) == "today"
    assert aged(date(2026, 10, 20), today) == "yesterday"
    assert aged(date(2026, 10, 12), today) == "9 days old"
