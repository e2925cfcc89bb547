"""When a source is scanned next: cron text, read in the deployment's own time zone."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError

DEFAULT_SCHEDULE = "0 12 * * MON"
"""Monday 12:00, the weekly rescan."""

ON_TIME = timedelta(minutes=15)
"""A run that starts later than this after its slot was missed, and is told as a catch-up."""


class ScheduleError(ValueError):
    """Cron text that names no time. The message is one sentence with the remedy."""


def check_schedule(text: str) -> str:
    """The cron text with single spaces.

    Raises:
        ScheduleError: it is not five cron fields, or names a day that never comes.
    """
    folded = " ".join(text.split())
    if len(folded.split(" ")) != 5:
        raise ScheduleError(
            f'"{text}" is not a schedule; write five cron fields, like "{DEFAULT_SCHEDULE}"'
        )
    try:
        CronSim(folded, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        reason = str(error).lower()
        raise ScheduleError(
            f'"{text}" is not a schedule ({reason}); write five cron fields, like "{DEFAULT_SCHEDULE}"'
        ) from None
    return folded


def next_run(schedule: str, after: datetime, zone: str) -> datetime:
    """The first slot after a moment, as UTC; the cron fields are read in ``zone``."""
    local = after.astimezone(zoneinfo.ZoneInfo(zone))
    return next(CronSim(schedule, local)).astimezone(UTC)


def is_late(due: datetime, now: datetime) -> bool:
    """Whether a run that was due then and starts now was missed."""
    return now - due > ON_TIME


def in_words(schedule: str) -> str:
    """The schedule as a person says it: 'At 12:00 on Monday'."""
    return CronSim(schedule, datetime(2000, 1, 1, tzinfo=UTC)).explain()
