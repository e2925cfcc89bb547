"""Wall clocks, elapsed time and clock changes of a cutover window. True across a change of clocks."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

MINUS = "\N{MINUS SIGN}"
_ANCHOR = re.compile(
    r"(?P<anchor>freeze|flip|end)(?:-day(?P<days>[+-]\d+) (?P<clock>\d\d:\d\d))?"
    r"(?P<shift>[+-]\d+)?(?P<unit>[dhm])?"
)


class WindowError(ValueError):
    """A date, zone or order that cannot be. ``field`` names it; the message is one sentence."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field = field
        self.sentence = sentence


def zone_named(name: str) -> zoneinfo.ZoneInfo:
    """The IANA zone of that name.

    Raises:
        WindowError: there is none.
    """
    if name not in zoneinfo.available_timezones():
        raise WindowError("zone", f'"{name}" is not a time zone; write one like Europe/Berlin')
    return zoneinfo.ZoneInfo(name)


def localise(field: str, wall: datetime, zone: zoneinfo.ZoneInfo) -> tuple[datetime, str]:
    """A typed wall-clock time in its zone, and a sentence where that time needs one.

    A time that happens twice means the first; the sentence says so.

    Raises:
        WindowError: the clock skips that time.
    """
    aware = wall.replace(tzinfo=zone, fold=0)
    if not _exists(aware):
        later = _after_gap(aware)
        raise WindowError(
            field,
            f"{wall:%Y-%m-%d %H:%M} does not exist in {zone.key}, the clocks skip it; "
            f"the next time that does is {later:%H:%M}",
        )
    if aware.utcoffset() != aware.replace(fold=1).utcoffset():
        return aware, (
            f"{wall:%H:%M} on {day_text(aware.date())} happens twice in {zone.key}; "
            f"the first is meant, {utc_text(aware)}."
        )
    return aware, ""


def wall(day: date, clock: time, zone: zoneinfo.ZoneInfo) -> datetime:
    """That clock on that day; the first time after it where the clocks skip it."""
    aware = datetime.combine(day, clock, tzinfo=zone)
    return aware if _exists(aware) else _after_gap(aware)


def shifted(moment: datetime, elapsed: timedelta) -> datetime:
    """The local time after ``elapsed`` has really passed."""
    return (moment.astimezone(UTC) + elapsed).astimezone(moment.tzinfo)


def elapsed_between(earlier: datetime, later: datetime) -> timedelta:
    """Time that really passes between two aware times, whatever the clocks do."""
    return later.astimezone(UTC) - earlier.astimezone(UTC)


def _exists(aware: datetime) -> bool:
    back = aware.astimezone(UTC).astimezone(aware.tzinfo)
    return back.replace(tzinfo=None) == aware.replace(tzinfo=None)


def _after_gap(aware: datetime) -> datetime:
    """The instant at which the skipped hour ends."""
    minute = aware.replace(tzinfo=None)
    while not _exists(minute.replace(tzinfo=aware.tzinfo)):
        minute += timedelta(minutes=1)
    return minute.replace(tzinfo=aware.tzinfo)


@dataclass(frozen=True, slots=True)
class Window:
    """The cutover's three fixed points, as aware local times."""

    freeze: datetime
    flip: datetime
    end: datetime
    zone: str
    notes: tuple[str, ...] = ()

    @property
    def soak(self) -> timedelta:
        """Time that passes between the flip and the decision."""
        return elapsed_between(self.flip, self.end)

    def at(self, when: str) -> datetime:
        """The moment a rulebook's ``when`` names: ``freeze+15m``, ``flip-48h``, ``flip-day+1 10:00``.

        Hours and minutes are elapsed time; days keep the wall clock.

        Raises:
            WindowError: the text is not understood.
        """
        match = _ANCHOR.fullmatch(when)
        if not match:
            raise WindowError("when", f'"{when}" is not a moment of the window')
        anchor: datetime = getattr(self, match["anchor"])
        if match["days"]:
            day = anchor.date() + timedelta(days=int(match["days"]))
            return wall(day, time.fromisoformat(match["clock"]), _zone_of(anchor))
        shift = int(match["shift"] or 0)
        if match["unit"] == "d":
            return wall(anchor.date() + timedelta(days=shift), anchor.time(), _zone_of(anchor))
        unit = "hours" if match["unit"] == "h" else "minutes"
        return shifted(anchor, timedelta(**{unit: shift}))


def _zone_of(moment: datetime) -> zoneinfo.ZoneInfo:
    if not isinstance(moment.tzinfo, zoneinfo.ZoneInfo):
        raise TypeError("a window's times carry an IANA zone")
    return moment.tzinfo


def clock_changes(start: datetime, end: datetime) -> list[tuple[datetime, timedelta]]:
    """Each change of the clocks between two local times: the instant (local) and by how much."""
    changes = []
    step = timedelta(minutes=15)
    moment = start.astimezone(UTC)
    last = end.astimezone(UTC)
    while moment < last:
        following = moment + step
        before = moment.astimezone(start.tzinfo).utcoffset()
        after = following.astimezone(start.tzinfo).utcoffset()
        if before is not None and after is not None and before != after:
            changes.append((following.astimezone(start.tzinfo), after - before))
        moment = following
    return changes


def duration_text(elapsed: timedelta) -> str:
    """'49 h', '47 h 30 min', '45 min', '0 min'."""
    minutes = round(abs(elapsed).total_seconds() / 60)
    hours, minutes = divmod(minutes, 60)
    if hours and minutes:
        return f"{hours} h {minutes} min"
    return f"{hours} h" if hours else f"{minutes} min"


def offset_text(at: datetime, flip: datetime) -> str:
    """Elapsed time from the flip: 'T−13 h', 'T−7 d 22 h', 'T−7 d 21:50 h', 'T+15 min', 'T'."""
    elapsed = elapsed_between(flip, at)
    if not elapsed:
        return "T"
    sign = "+" if elapsed > timedelta(0) else MINUS
    if abs(elapsed) >= timedelta(days=4):
        days, rest = divmod(abs(elapsed), timedelta(days=1))
        hours, minutes = divmod(round(rest.total_seconds() / 60), 60)
        clock = f" {hours} h" if not minutes else f" {hours}:{minutes:02} h"
        return f"T{sign}{days} d{clock if rest else ''}"
    return f"T{sign}{duration_text(elapsed)}"


def day_text(day: date) -> str:
    """'Friday 5 March'."""
    return f"{day:%A} {day.day} {day:%B}"


def utc_text(moment: datetime) -> str:
    """'17:00 UTC Fri'."""
    return f"{moment.astimezone(UTC):%H:%M UTC %a}"


def zone_offset_text(moment: datetime) -> str:
    """'UTC+1', 'UTC−3:30', 'UTC'."""
    offset = moment.utcoffset() or timedelta(0)
    if not offset:
        return "UTC"
    sign = "+" if offset > timedelta(0) else MINUS
    hours, minutes = divmod(round(abs(offset).total_seconds() / 60), 60)
    return f"UTC{sign}{hours}:{minutes:02}" if minutes else f"UTC{sign}{hours}"
