"""Reads the CSV of owners: key, name, kind, email, aliases, active."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from planner.domain.ownership import MAX_KEY, owner_key
from planner.parsers.csv_file import CsvFile, CsvProblem, CsvRejected

COLUMNS = ("key", "name", "kind", "email", "aliases", "active")
MOST_OWNERS = 20_000
KINDS = ("person", "team")
_LONGEST_EMAIL = 254
_T = TypeVar("_T")
_ACTIVE = {
    **dict.fromkeys(("yes", "true", "1", "active", "y"), True),
    **dict.fromkeys(("no", "false", "0", "inactive", "n"), False),
}


@dataclass(frozen=True, slots=True)
class OwnerLine:
    """One owner as a file wants it. None leaves a value as it is."""

    line: int
    key: str
    written: str
    name: str | None
    kind: str | None
    email: str | None
    aliases: frozenset[str] | None
    active: bool | None


@dataclass(frozen=True, slots=True)
class OwnerCsv:
    lines: list[OwnerLine]
    problems: list[CsvProblem]


def read_owner_csv(content: bytes) -> OwnerCsv:
    """Read the file; single bad lines become problems.

    Raises:
        CsvRejected: it is not UTF-8, has no column “key” and another that we know, or is too long.
    """
    file = CsvFile(content, COLUMNS)
    if "key" not in file.columns or len(file.columns) < 2:
        raise CsvRejected(f"The header must name “key” and any of {', '.join(COLUMNS[1:])}.")
    lines: list[OwnerLine] = []
    problems: list[CsvProblem] = []
    for line, values in file.lines():
        if not any(value.strip() for value in values.values()):
            continue
        if len(lines) + len(problems) >= MOST_OWNERS:
            raise CsvRejected(f"The file has more than {MOST_OWNERS:,} lines. Split it.")
        try:
            lines.append(_line(line, values, file.columns))
        except ValueError as error:
            problems.append(CsvProblem(line, str(error)))
    return OwnerCsv(lines, problems)


def _line(line: int, values: dict[str, str], columns: Collection[str]) -> OwnerLine:
    written = " ".join(values["key"].split())
    key = owner_key(written)
    if not key:
        raise ValueError("The line names no owner: its key is empty.")
    name = " ".join(values.get("name", "").split())
    if len(written) > MAX_KEY or len(name) > MAX_KEY:
        raise ValueError(f"A key or name may have {MAX_KEY} characters.")
    email = values.get("email", "").strip()
    if len(email) > _LONGEST_EMAIL:
        raise ValueError(f"The e-mail address is longer than {_LONGEST_EMAIL} characters.")
    return OwnerLine(
        line=line,
        key=key,
        written=written.lstrip("@ "),
        name=name or None,
        kind=_one_of(values.get("kind", ""), {kind: kind for kind in KINDS}, "kind"),
        email=email if "email" in columns else None,
        aliases=_aliases(values["aliases"], key) if "aliases" in columns else None,
        active=_one_of(values.get("active", ""), _ACTIVE, "active"),
    )


def _one_of(text: str, known: Mapping[str, _T], column: str) -> _T | None:
    said = text.strip().lower()
    if not said:
        return None
    if said not in known:
        raise ValueError(
            f'“{column}” is "{text.strip()[:40]}"; write {" or ".join(_first(known))}.'
        )
    return known[said]


def _first(known: Mapping[str, _T]) -> list[str]:
    """How each value is best written."""
    best: dict[_T, str] = {}
    for text, value in known.items():
        best.setdefault(value, text)
    return list(best.values())


def _aliases(text: str, key: str) -> frozenset[str]:
    return frozenset(map(owner_key, re.split(r"[;,\n]", text))) - {"", key}
