"""How dates, numbers and states look."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from planner.domain.access import Role
from planner.templatetags.flightplan import (
    clock,
    day,
    mark,
    moment,
    number,
    percent,
    reaches,
    whole_options,
)

SEEN = datetime(2026, 10, 28, 22, 5, tzinfo=UTC)


def test_days():
    assert day(date(2026, 10, 8)) == "8 Oct"
    assert day(date(2026, 10, 8), "year") == "8 Oct 2026"
    assert day(date(2026, 10, 8), "week") == "Thu 8 Oct"
    assert day("2026-10-08") == "8 Oct"
    assert day(None) == day("") == day("soon") == ""


def test_times_are_in_the_active_zone_across_midnight():
    with timezone.override(ZoneInfo("Europe/Helsinki")):
        assert clock(SEEN) == "00:05"
        assert day(SEEN) == "29 Oct"
        assert moment(SEEN) == "Thu 29 Oct 2026, 00:05"
        assert moment("2026-10-28T22:05:00+00:00") == "Thu 29 Oct 2026, 00:05"
    assert moment(SEEN) == "Wed 28 Oct 2026, 22:05"


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (1234567, None, "1,234,567"),
        (0.8, None, "0.8"),
        (0.8, 2, "0.80"),
        (1200, 0, "1,200"),
        (None, None, ""),
    ],
)
def test_numbers(value, digits, shown):
    assert number(value, digits) == shown


def test_shares():
    assert percent(0.944) == "94 %"


def test_marks_carry_a_word_and_escape_it():
    assert mark("ERROR") == '<span class="mark error">ERROR</span>'
    assert mark("pass", "Passed 2 Oct") == '<span class="mark pass">Passed 2 Oct</span>'
    assert mark("regressed") == '<span class="mark regressed">came back</span>'
    assert "<script>" not in mark("<script>")


def test_roles_rise():
    assert reaches(Role.ADMIN, "viewer")
    assert reaches(Role.MANAGER, "manager")
    assert not reaches(Role.OWNER, "manager")


def test_options_of_a_command_never_break_and_nothing_is_markup():
    shown = whole_options("airflow dags list -o json --output <b>\n  --verbose a-b")
    assert shown == (
        'airflow dags list <span class="nowrap">-o</span> json '
        '<span class="nowrap">--output</span> &lt;b&gt;\n'
        '  <span class="nowrap">--verbose</span> a-b'
    )
