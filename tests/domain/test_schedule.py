"""When a source is scanned next."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.schedule import (
    DEFAULT_SCHEDULE,
    ScheduleError,
    check_schedule,
    in_words,
    is_late,
    next_run,
)

WEDNESDAY = datetime(2026, 10, 21, 9, 0, tzinfo=UTC)


def test_the_default_is_monday_noon_in_the_deployments_zone() -> None:
    assert next_run(DEFAULT_SCHEDULE, WEDNESDAY, "UTC") == datetime(2026, 10, 26, 12, tzinfo=UTC)
    assert next_run(DEFAULT_SCHEDULE, WEDNESDAY, "America/Toronto") == datetime(
        2026, 10, 26, 16, tzinfo=UTC
    )


def test_noon_stays_noon_across_a_clock_change() -> None:
    before = datetime(2026, 10, 19, 12, tzinfo=UTC)
    first = next_run(DEFAULT_SCHEDULE, before, "Europe/Berlin")
    second = next_run(DEFAULT_SCHEDULE, first, "Europe/Berlin")
    assert first == datetime(2026, 10, 26, 11, tzinfo=UTC)  # winter time from 25 October
    assert second - first == timedelta(days=7)
    assert next_run(DEFAULT_SCHEDULE, datetime(2026, 10, 13, tzinfo=UTC), "Europe/Berlin") == (
        datetime(2026, 10, 19, 10, tzinfo=UTC)
    )


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1)),
    st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"]),
)
def test_the_next_run_is_always_later_and_at_noon(moment: datetime, zone: str) -> None:
    after = moment.replace(tzinfo=UTC)
    following = next_run(DEFAULT_SCHEDULE, after, zone)
    assert after < following <= after + timedelta(days=7, hours=2)
    assert next_run(DEFAULT_SCHEDULE, following - timedelta(seconds=1), zone) == following


@pytest.mark.parametrize(
    "text", ["", "weekly", "@weekly", "* * * *", "61 * * * *", "0 0 30 2 *", "0 0 12 * * MON"]
)
def test_a_schedule_that_names_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ScheduleError, match="five cron fields, like"):
        check_schedule(text)


def test_a_schedule_is_kept_with_single_spaces_and_said_in_words() -> None:
    assert check_schedule("  0  12 * * MON ") == DEFAULT_SCHEDULE
    assert in_words(DEFAULT_SCHEDULE) == "At 12:00 on Monday"


def test_a_run_is_late_after_a_quarter_of_an_hour() -> None:
    assert not is_late(WEDNESDAY, WEDNESDAY + timedelta(minutes=15))
    assert is_late(WEDNESDAY, WEDNESDAY + timedelta(minutes=16))
