"""A weekly moment in a zone as cron text that knows UTC alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class UtcCron:
    """Five cron fields in UTC, and what they mean on the clock of the zone."""

    fields: str
    says: str
    """A sentence for a comment, that also says where the clock changes."""


def monday_noon(zone: str, year: int) -> UtcCron:
    """Monday 12:00 in a zone. Where its clock changes, the moment in January is kept all year."""
    winter, summer = _in_utc(zone, year, 1), _in_utc(zone, year, 7)
    fields = f"{winter.minute} {winter.hour} * * {(winter.weekday() + 1) % 7}"
    says = f"Monday 12:00 in {zone} is {_clock(winter)} UTC"
    if _clock(winter) == _clock(summer):
        return UtcCron(fields, f"{says}.")
    return UtcCron(
        fields,
        f"{says} in January and {_clock(summer)} UTC in July. Cron knows UTC alone here, so this runs at"
        f" {_clock(winter)} UTC all year.",
    )


def _in_utc(zone: str, year: int, month: int) -> datetime:
    """The first Monday noon of a month."""
    noon = datetime(year, month, 1, 12, tzinfo=ZoneInfo(zone))
    return (noon + timedelta(days=-noon.weekday() % 7)).astimezone(UTC)


def _clock(moment: datetime) -> str:
    return f"{_DAYS[moment.weekday()]} {moment:%H:%M}"
