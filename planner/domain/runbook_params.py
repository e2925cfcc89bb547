"""The runbook's parameters, checked value by value: window, roles, rehearsed minutes, commands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from planner.domain.rules import Rulebook
from planner.domain.window import Window, WindowError, localise, wall, zone_named

QUESTIONS = ("keep_history", "keep_url", "keep_users")
WAY_CHOICES = ("", "side-by-side", "in-place")
LONGEST_WORD = 500
LONGEST_NAME = 80
MOST_MINUTES = 7 * 24 * 60
_PATH = re.compile(r"[\w./:@%+=,~][\w./:@%+=,~-]*")
_WORK_NEEDED = timedelta(hours=4)
_BLANK_OF_BACKUP = "{{ backup_file }}"


class RunbookParamsError(ValueError):
    """Every wrong parameter of one submission: pairs of field and sentence."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {sentence}" for name, sentence in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleHolder:
    """One role of the weekend, who holds it, who stands in, and their phones."""

    key: str
    label: str
    does: str = ""
    name: str = ""
    backup: str = ""
    phone: str = ""
    backup_phone: str = ""
    needs_phone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookParams:
    """What the team decides; everything else comes from the facts and the rulebook.

    ``way`` is empty where the facts choose; ``words`` are the blanks that the team filled itself;
    ``rehearsed`` holds minutes, and None for what was never timed.
    """

    window: Window
    roles: tuple[RoleHolder, ...]
    way: str = ""
    keep_history: bool = True
    keep_url: bool = True
    keep_users: bool = True
    words: Mapping[str, str] = field(default_factory=dict)
    rehearsed: Mapping[str, int | None] = field(default_factory=dict)

    def role(self, key: str) -> RoleHolder:
        """The holder of a role the rulebook names.

        Raises:
            KeyError: the rulebook has no such role.
        """
        for holder in self.roles:
            if holder.key == key:
                return holder
        raise KeyError(f"the rulebook's settings.toml has no role “{key}”")


def params_from(values: Mapping[str, Any], rulebook: Rulebook) -> RunbookParams:
    """Check every value and build the parameters.

    ``values`` are plain: ``freeze``, ``flip``, ``end`` as local ISO text without offset, ``zone``,
    ``way``, the questions, ``roles`` {key: {name, backup, phone, backup_phone}}, ``words`` {blank:
    text}, ``rehearsed`` {key: minutes}. Only freeze and zone are needed.

    Raises:
        RunbookParamsError: one or more values are missing or impossible.
    """
    errors: list[tuple[str, str]] = []
    settings = rulebook.runbook["settings"]
    window = _window(values, settings, errors)
    way = values.get("way") or ""
    if way not in WAY_CHOICES:
        errors.append(("way", f'"{way}" is neither side-by-side nor in-place'))
    roles = _roles(values.get("roles") or {}, settings, errors)
    words = _words(values.get("words") or {}, settings, errors)
    rehearsed = _rehearsed(values.get("rehearsed") or {}, settings, errors)
    if errors or window is None:
        raise RunbookParamsError(errors)
    return RunbookParams(
        window=window,
        roles=roles,
        way=way,
        words=words,
        rehearsed=rehearsed,
        **{key: bool(values.get(key, True)) for key in QUESTIONS},
    )


def fields_for(rulebook: Rulebook, way: str, managed: bool) -> list[Mapping[str, Any]]:
    """The blanks that a team of that way and hosting may fill, in the order of the form."""
    return [
        entry
        for entry in rulebook.runbook["settings"]["field"]
        if entry.get("way", way) == way and not (managed and entry.get("managed") is False)
    ]


def _window(
    values: Mapping[str, Any], settings: Mapping[str, Any], errors: list[tuple[str, str]]
) -> Window | None:
    rules = settings["window"]
    try:
        zone = zone_named(str(values.get("zone") or ""))
        typed = _moment("freeze", values.get("freeze"))
        if typed is None:
            raise WindowError("freeze", "is missing; write it like 2027-03-05T18:00")
        notes = []
        freeze, note = localise("freeze", typed, zone)
        notes.append(note)
        flip, note = _point("flip", values, freeze, rules, zone)
        notes.append(note)
        end, note = _point("end", values, freeze, rules, zone, flip=flip)
        notes.append(note)
        _check_order(freeze, flip, end)
    except WindowError as error:
        errors.append((error.field, error.sentence))
        return None
    return Window(freeze, flip, end, zone.key, tuple(note for note in notes if note))


def _point(
    name: str,
    values: Mapping[str, Any],
    freeze: datetime,
    rules: Mapping[str, Any],
    zone: ZoneInfo,
    *,
    flip: datetime | None = None,
) -> tuple[datetime, str]:
    """The flip or the end: as typed, else the rulebook's day and clock."""
    typed = _moment(name, values.get(name))
    if typed is not None:
        return localise(name, typed, zone)
    after = int(rules[f"{name}_day"])
    base = freeze.date()
    if flip is not None:
        base, after = flip.date(), after - int(rules["flip_day"])
    day = base + timedelta(days=after)
    return wall(day, time.fromisoformat(rules[f"{name}_clock"]), zone), ""


def _check_order(freeze: datetime, flip: datetime, end: datetime) -> None:
    if flip.timestamp() - freeze.timestamp() < _WORK_NEEDED.total_seconds():
        raise WindowError("flip", "must lie at least 4 hours after the freeze")
    if flip.timestamp() - freeze.timestamp() > timedelta(days=7).total_seconds():
        raise WindowError("flip", "must lie within 7 days of the freeze")
    earliest = flip + timedelta(hours=36)
    if end.timestamp() < earliest.timestamp():
        raise WindowError("end", "must lie at least 36 hours after the flip, after the last report")
    if end.timestamp() - flip.timestamp() > timedelta(days=14).total_seconds():
        raise WindowError("end", "must lie within 14 days of the flip")


def _moment(name: str, value: Any) -> datetime | None:
    if value in (None, ""):
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise WindowError(
            name, f'"{str(value)[:40]}" is not a date and time; write it like 2027-03-05T18:00'
        ) from None
    if moment.tzinfo is not None:
        raise WindowError(name, "is a local time; leave the offset out and name the zone")
    if not 2000 <= moment.year <= 2100:
        raise WindowError(name, f"the year {moment.year} is not one to plan for")
    return moment.replace(second=0, microsecond=0)


def _roles(
    given: Mapping[str, Any], settings: Mapping[str, Any], errors: list[tuple[str, str]]
) -> tuple[RoleHolder, ...]:
    known = {entry["key"] for entry in settings["role"]}
    errors += [(f"roles.{key}", "is not a role") for key in given if key not in known]
    holders = []
    for entry in settings["role"]:
        row = given.get(entry["key"]) or {}
        cells = {}
        for cell in ("name", "backup", "phone", "backup_phone"):
            text = str(row.get(cell) or "").strip()
            if len(text) > LONGEST_NAME or not _printable(text):
                errors.append(
                    (f"roles.{entry['key']}.{cell}", f"must be one line of at most {LONGEST_NAME}")
                )
            cells[cell] = text
        holders.append(
            RoleHolder(
                key=entry["key"],
                label=entry["label"],
                does=entry["does"],
                needs_phone=entry.get("phone", False),
                **cells,
            )
        )
    return tuple(holders)


def _words(
    given: Mapping[str, Any], settings: Mapping[str, Any], errors: list[tuple[str, str]]
) -> dict[str, str]:
    fields = {entry["key"]: entry for entry in settings["field"]}
    words = {}
    for key, value in given.items():
        text = str(value or "").strip()
        if not text:
            continue
        if key not in fields:
            errors.append((f"words.{key}", "is not a blank of the runbook"))
        elif sentence := _wrong_word(fields[key], text):
            errors.append((f"words.{key}", sentence))
        else:
            words[key] = text
    if _may_name(words, settings, "database") & _may_name(words, settings, "database_copy"):
        errors.append(("words.database_copy", "must differ from the 2.x database; it is dropped"))
    return words


def _may_name(words: Mapping[str, str], settings: Mapping[str, Any], key: str) -> set[str]:
    """What a database is called: as typed, else any of the rulebook's names for it.

    In small letters, because not every server tells large ones apart.
    """
    proposed = {entry[key] for entry in settings["blanks"] if key in entry}
    return {name.casefold() for name in ({words[key]} if key in words else proposed)}


def _wrong_word(entry: Mapping[str, Any], text: str) -> str:
    if len(text) > LONGEST_WORD or not _printable(text):
        return f"must be one line of at most {LONGEST_WORD} characters"
    if entry.get("path") and not _PATH.fullmatch(text):
        return (
            "may hold letters, digits and . _ - / : @ only, without a space, and not begin with -"
        )
    blanks = set(re.findall(r"\{\{ *([a-z0-9_]+) *\}\}", text))
    if entry["key"] in ("backup_command", "restore_command") and "backup_file" not in blanks:
        return f"must name the file as {_BLANK_OF_BACKUP}"
    unknown = sorted(blanks - {"backup_file", "database", "database_copy", "backup_dir"})
    return f"has a blank that nothing fills: {unknown[0]}" if unknown else ""


def _rehearsed(
    given: Mapping[str, Any], settings: Mapping[str, Any], errors: list[tuple[str, str]]
) -> dict[str, int | None]:
    minutes: dict[str, int | None] = {}
    for entry in settings["rehearsal"]:
        value = given.get(entry["key"])
        if value in (None, ""):
            minutes[entry["key"]] = None
            continue
        try:
            number = int(str(value))
        except ValueError:
            errors.append((f"rehearsed.{entry['key']}", "must be a whole number of minutes"))
            continue
        if not 1 <= number <= MOST_MINUTES:
            errors.append(
                (f"rehearsed.{entry['key']}", f"must lie between 1 and {MOST_MINUTES:,} minutes")
            )
        minutes[entry["key"]] = number
    return minutes


def _printable(text: str) -> bool:
    return all(char.isprintable() for char in text)
