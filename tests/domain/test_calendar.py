"""Working days: weekends, public holidays and a team's own days off."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.calendar import CalendarError, blackout_from, months_after, working_calendar
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


@pytest.mark.parametrize(
    ("line", "stored"),
    [
        (" 2026-12-15  to 2027-01-05   Peak  season ", "2026-12-15 to 2027-01-05 Peak season"),
        ("2026-12-31", "2026-12-31"),
        ("2026-12-31: Quarter end", "2026-12-31 Quarter end"),
        ("2026-12-30-2026-12-31, Quarter end", "2026-12-30 to 2026-12-31 Quarter end"),
    ],
)
def test_a_blackout_is_one_line_and_stored_in_one_form(line, stored):
    assert blackout_from(line).line == stored
    assert blackout_from(stored) == blackout_from(line)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("Christmas", "“Christmas” names no days; write one a line, like 2026-12-15 to"),
        ("2026-02-30", "“2026-02-30” names no days;"),
        ("2026-12-31 to 2026-12-01", "2026-12-01 lies before 2026-12-31; write the first day"),
        ("2026-01-01 to 2028-01-01", "2026-01-01 to 2028-01-01 is longer than a year;"),
        ("2026-01-01 " + "x" * 81, "The reason from 2026-01-01 on may have 80 characters."),
        ("9999-12-30", "“9999-12-30” names no days;"),
    ],
)
def test_what_is_no_blackout_is_refused_in_one_sentence(line, sentence):
    with pytest.raises(CalendarError) as refused:
        blackout_from(line)
    assert str(refused.value).startswith(sentence)


def test_no_cutover_touches_a_blackout_but_its_days_are_worked():
    quarter_end = blackout_from("2026-09-28 to 2026-10-02 Quarter end")
    calendar = working_calendar(blackouts=[quarter_end])
    assert calendar.is_working(date(2026, 9, 30))
    assert calendar.weekend_from(date(2026, 9, 21)) == (date(2026, 10, 9), date(2026, 10, 12))


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
