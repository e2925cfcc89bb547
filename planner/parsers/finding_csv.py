"""Reads the CSV with which people hand out findings: finding id or path, owner, due, note."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from planner.domain.note import clean_note
from planner.domain.ownership import owner_key
from planner.parsers.csv_file import CsvFile, CsvProblem, CsvRejected

KEY_COLUMNS = ("finding", "id", "path")
VALUE_COLUMNS = ("owner", "due", "note")
MOST_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One line that asks for something. Empty values mean: leave it as it is."""

    line: int
    """Line in the file where the row begins, the header being line 1."""
    finding_id: int | None
    path: str
    """Every live finding of this file, where no id is given."""
    source: str
    owner: str
    """As by :func:`owner_key`, or empty."""
    owner_written: str
    due: date | None
    note: str


@dataclass(frozen=True, slots=True)
class FindingCsv:
    rows: list[CsvRow]
    problems: list[CsvProblem]
    blank: int
    """Lines that ask for nothing."""


def read_finding_csv(content: bytes) -> FindingCsv:
    """Read the file; single bad lines become problems.

    Raises:
        CsvRejected: it is not UTF-8, has no header that we know, or is too long.
    """
    file = CsvFile(content, {*KEY_COLUMNS, *VALUE_COLUMNS, "source"})
    _check_header(file)
    rows: list[CsvRow] = []
    problems: list[CsvProblem] = []
    blank = 0
    for line, values in file.lines():
        if len(rows) + blank + len(problems) >= MOST_ROWS:
            raise CsvRejected(f"The file has more than {MOST_ROWS:,} lines. Split it.")
        if not any(values.get(name, "").strip() for name in VALUE_COLUMNS):
            blank += 1
            continue
        try:
            rows.append(_row(line, values))
        except ValueError as error:
            problems.append(CsvProblem(line, str(error)))
    return FindingCsv(rows, problems, blank)


def _check_header(file: CsvFile) -> None:
    if not set(file.columns) & set(KEY_COLUMNS):
        raise CsvRejected("The header names no column “id”, “finding” or “path”.")
    if not set(file.columns) & set(VALUE_COLUMNS):
        raise CsvRejected("The header names no column “owner”, “due” or “note”.")


def _row(line: int, values: dict[str, str]) -> CsvRow:
    finding_id, path = _key(values)
    owner = values.get("owner", "").strip()
    if owner and not owner_key(owner):
        raise ValueError(f'"{owner}" is no owner\'s name.')
    return CsvRow(
        line=line,
        finding_id=finding_id,
        path=path,
        source=values.get("source", "").strip(),
        owner=owner_key(owner),
        owner_written=owner,
        due=_due(values.get("due", "").strip()),
        note=clean_note(values.get("note", "")),
    )


def _key(values: dict[str, str]) -> tuple[int | None, str]:
    number = values.get("id", "").strip()
    either = values.get("finding", "").strip()
    if not number and either.isdecimal():
        number = either
    if number:
        if not number.isdecimal() or len(number) > 18:
            raise ValueError(f'"{number[:40]}" is not a finding\'s number.')
        return int(number), ""
    path = values.get("path", "").strip() or either
    if not path:
        raise ValueError("The line names neither a finding nor a path.")
    return None, path


def _due(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10] if text[10:] in ("", " 00:00", " 00:00:00") else text)
    except ValueError:
        raise ValueError(f'"{text[:40]}" is not a date; write one like 2026-10-28.') from None
