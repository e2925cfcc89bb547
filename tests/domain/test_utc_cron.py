"""Monday noon somewhere, for a cron that knows UTC alone."""

import pytest

from planner.domain.utc_cron import monday_noon


@pytest.mark.parametrize(
    ("zone", "fields"),
    [
        ("UTC", "0 12 * * 1"),
        ("Europe/Berlin", "0 11 * * 1"),
        ("America/Los_Angeles", "0 20 * * 1"),
        ("Asia/Kolkata", "30 6 * * 1"),
        ("Pacific/Auckland", "0 23 * * 0"),
        ("Pacific/Kiritimati", "0 22 * * 0"),
        ("Etc/GMT+12", "0 0 * * 2"),
    ],
)
def test_the_fields_are_monday_noon_there(zone, fields):
    assert monday_noon(zone, 2027).fields == fields


def test_a_zone_that_changes_its_clock_says_what_july_would_be():
    says = monday_noon("Europe/Berlin", 2027).says
    assert "Monday 11:00 UTC in January and Monday 10:00 UTC in July" in says
    assert "UTC alone" in says


def test_a_zone_without_summer_time_says_one_moment():
    assert monday_noon("Asia/Kolkata", 2027).says == (
        "Monday 12:00 in Asia/Kolkata is Monday 06:30 UTC."
    )
