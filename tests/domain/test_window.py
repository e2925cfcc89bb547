"""Clocks of a cutover: gaps, folds, elapsed time and the words for them."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from planner.domain.window import (
    Window,
    WindowError,
    clock_changes,
    duration_text,
    elapsed_between,
    localise,
    offset_text,
    shifted,
    wall,
    zone_named,
)

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
zones = st.sampled_from(sorted(zoneinfo.available_timezones())).map(zoneinfo.ZoneInfo)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2035, 12, 31)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)


def window(freeze: datetime, flip: datetime, end: datetime) -> Window:
    return Window(freeze, flip, end, str(freeze.tzinfo))


class TestTypedTimes:
    def test_a_skipped_time_is_refused_with_the_next_one(self) -> None:
        with pytest.raises(WindowError, match=r"does not exist in Europe/Berlin.*03:00") as caught:
            localise("freeze", datetime(2027, 3, 28, 2, 30), BERLIN)

        assert caught.value.field == "freeze"

    def test_a_time_that_happens_twice_means_the_first_and_says_so(self) -> None:
        moment, note = localise("freeze", datetime(2026, 11, 1, 1, 30), NEW_YORK)

        assert moment.astimezone(UTC) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
        assert note == (
            "01:30 on Sunday 1 November happens twice in America/New_York; "
            "the first is meant, 05:30 UTC Sun."
        )

    def test_an_unknown_zone_is_refused(self) -> None:
        with pytest.raises(WindowError, match="Mars/Olympus"):
            zone_named("Mars/Olympus")

    @given(moments, zones)
    def test_every_typed_time_comes_back_from_utc_or_is_refused(
        self, moment: datetime, zone: zoneinfo.ZoneInfo
    ) -> None:
        try:
            aware, _ = localise("freeze", moment, zone)
        except WindowError:
            later = wall(moment.date(), moment.time(), zone)
            assert later.replace(tzinfo=None) > moment
            return
        assert aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == moment


class TestElapsed:
    def test_a_spring_weekend_is_an_hour_short(self) -> None:
        flip = datetime(2027, 3, 27, 8, tzinfo=BERLIN)
        end = datetime(2027, 3, 29, 9, tzinfo=BERLIN)

        assert window(flip, flip, end).soak == timedelta(hours=48)
        assert [(f"{at:%d %H:%M}", by) for at, by in clock_changes(flip, end)] == [
            ("28 03:00", timedelta(hours=1))
        ]

    def test_an_autumn_weekend_is_an_hour_long(self) -> None:
        flip = datetime(2026, 10, 31, 8, tzinfo=NEW_YORK)
        end = datetime(2026, 11, 2, 9, tzinfo=NEW_YORK)

        assert window(flip, flip, end).soak == timedelta(hours=50)

    @given(moments, zones, st.integers(-20_000, 20_000))
    def test_shifting_lets_exactly_that_time_pass(
        self, moment: datetime, zone: zoneinfo.ZoneInfo, minutes: int
    ) -> None:
        start = wall(moment.date(), moment.time(), zone)

        later = shifted(start, timedelta(minutes=minutes))

        assert elapsed_between(start, later) == timedelta(minutes=minutes)
        assert later.tzinfo is start.tzinfo

    @given(moments, zones, st.integers(1, 20), st.times())
    def test_days_keep_the_clock_unless_it_is_skipped(
        self, moment: datetime, zone: zoneinfo.ZoneInfo, days: int, clock: time
    ) -> None:
        clock = clock.replace(second=0, microsecond=0)
        flip = wall(moment.date(), moment.time(), zone)
        assume(flip.date() == moment.date())

        at = window(flip, flip, flip).at(f"flip-day+{days} {clock:%H:%M}")

        wanted = datetime.combine(moment.date() + timedelta(days=days), clock)
        assert at.replace(tzinfo=None) >= wanted
        if at.replace(tzinfo=None) != wanted:
            with pytest.raises(WindowError):
                localise("at", wanted, zone)


class TestWhen:
    at = window(
        datetime(2027, 3, 26, 18, tzinfo=BERLIN),
        datetime(2027, 3, 27, 8, tzinfo=BERLIN),
        datetime(2027, 3, 29, 9, tzinfo=BERLIN),
    ).at

    @pytest.mark.parametrize(
        ("when", "local"),
        [
            ("freeze", "2027-03-26T18:00+01:00"),
            ("freeze+90m", "2027-03-26T19:30+01:00"),
            ("flip-48h", "2027-03-25T08:00+01:00"),
            ("flip+48h", "2027-03-29T09:00+02:00"),
            ("flip-day+1 18:00", "2027-03-28T18:00+02:00"),
            ("flip-day+1 02:30", "2027-03-28T03:00+02:00"),
            ("freeze-7d", "2027-03-19T18:00+01:00"),
            ("end", "2027-03-29T09:00+02:00"),
        ],
    )
    def test_it_names_a_moment(self, when: str, local: str) -> None:
        assert self.at(when).isoformat(timespec="minutes") == local

    @pytest.mark.parametrize("when", ["", "noon", "flip+", "flip-day 10:00", "flip+1w"])
    def test_what_it_does_not_know_is_an_error(self, when: str) -> None:
        with pytest.raises(WindowError):
            self.at(when)


class TestWords:
    flip = datetime(2027, 3, 27, 8, tzinfo=BERLIN)

    @pytest.mark.parametrize(
        ("minutes", "words"),
        [
            (-780, "T−13 h"),
            (-13, "T−13 min"),
            (0, "T"),
            (15, "T+15 min"),
            (630, "T+10 h 30 min"),
            (-2880, "T−48 h"),
            (-7 * 1440, "T−7 d"),
            (-7 * 1440 - 840, "T−7 d 14 h"),
            (-7 * 1440 - 835, "T−7 d 13:55 h"),
        ],
    )
    def test_offsets_are_elapsed_time(self, minutes: int, words: str) -> None:
        assert offset_text(shifted(self.flip, timedelta(minutes=minutes)), self.flip) == words

    def test_durations(self) -> None:
        assert duration_text(timedelta(hours=49)) == "49 h"
        assert duration_text(timedelta(minutes=2850)) == "47 h 30 min"
        assert duration_text(timedelta(0)) == "0 min"

    def test_a_gap_of_a_whole_day_is_stepped_over(self) -> None:
        apia = zoneinfo.ZoneInfo("Pacific/Apia")

        assert wall(date(2011, 12, 30), time(8), apia).date() == date(2011, 12, 31)
