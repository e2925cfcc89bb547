"""The support clock: how long the current and the target line are looked after, and by what they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from planner.domain.dates import with_year
from planner.domain.facts import DeploymentFacts, line_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LineClock:
    """One release line as the support clock knows it on a day."""

    line: str
    latest: str
    last_release: date | None
    eol: date | None
    """None where Airflow publishes no end date."""
    past_end: bool
    status: str
    python: tuple[str, ...]
    python_note: str
    database: str
    """The deployment's kind of database, with the versions that the line was tested with."""
    not_verified: tuple[str, ...]
    sentence: str

    def runs(self, python: str) -> bool:
        return line_of(python) in self.python

    def as_dict(self) -> dict[str, Any]:
        return {
            "line": self.line,
            "latest": self.latest,
            "last_release": self.last_release.isoformat() if self.last_release else None,
            "eol": self.eol.isoformat() if self.eol else None,
            "past_end": self.past_end,
            "status": self.status,
            "python": list(self.python),
            "database": self.database,
            "not_verified": list(self.not_verified),
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportClock:
    """Both ends of the move. ``target`` is None where the facts name a line that is not released."""

    current: LineClock
    target: LineClock | None
    newest: LineClock
    """The newest line one may aim at."""
    checked_on: date
    sentence: str

    @property
    def clocks(self) -> tuple[LineClock, LineClock]:
        """Where the move starts and where it goes; the newest line where the named one is not released."""
        return self.current, self.target or self.newest

    def as_dict(self) -> dict[str, Any]:
        return {
            "current": self.current.as_dict(),
            "target": self.target.as_dict() if self.target else None,
            "newest": self.newest.as_dict(),
            "checked_on": self.checked_on.isoformat(),
            "sentence": self.sentence,
        }


def support_clock(
    facts: DeploymentFacts, support: Mapping[str, Any], *, today: date
) -> SupportClock:
    """Read the clock for a deployment. ``support`` is the rulebook's support table."""
    lines = support["lines"]
    newest_line = support["target_lines"][-1]
    target_line = line_of(facts.target_version) if facts.target_version else newest_line

    def clock(line: str) -> LineClock:
        return _line_clock(line, lines[line], facts.metadata_db, today=today)

    return SupportClock(
        current=_current_clock(facts, support, today=today),
        target=clock(target_line) if target_line in support["target_lines"] else None,
        newest=clock(newest_line),
        checked_on=support["checked_on"],
        sentence=support["sentence"],
    )


def _current_clock(facts: DeploymentFacts, support: Mapping[str, Any], *, today: date) -> LineClock:
    """The clock of the line in use. A 2.x line that the table does not know ended with the others."""
    line = line_of(facts.current_version)
    known = support["lines"].get(line)
    if known is not None:
        return _line_clock(line, known, facts.metadata_db, today=today)
    same_major = [row for row in support["lines"].values() if row["latest"][0] == line[0]]
    return LineClock(
        line=line,
        latest=facts.current_version,
        last_release=None,
        eol=same_major[0].get("eol") if same_major else None,
        past_end=True,
        status="end of life",
        python=(),
        python_note="",
        database="",
        not_verified=("latest", "last_release", "python", "databases"),
        sentence=f"Airflow {line} is past its end of life, and older than the lines that were checked.",
    )


def _line_clock(line: str, row: Mapping[str, Any], database: str, *, today: date) -> LineClock:
    eol: date | None = row.get("eol")
    past_end = eol is not None and today > eol
    return LineClock(
        line=line,
        latest=row["latest"],
        last_release=row["last_release"],
        eol=eol,
        past_end=past_end,
        status=row["status"] if past_end or eol is None else "supported",
        python=tuple(row["python"]),
        python_note=row.get("python_note", ""),
        database=_database(database, row["databases"]),
        not_verified=tuple(row["not_verified"]),
        sentence=_line_sentence(line, row, eol, past_end, today=today),
    )


def _database(kind: str, tested: Mapping[str, str]) -> str:
    return f"{_DATABASES[kind]} {tested[kind]}" if kind in tested else ""


_DATABASES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "sqlite": "SQLite"}


def _line_sentence(
    line: str, row: Mapping[str, Any], eol: date | None, past_end: bool, *, today: date
) -> str:
    if eol is None:
        return (
            f"Airflow {line} is {row['status']}; its newest release is {row['latest']},"
            f" {with_year(row['last_release'])}. No end date is published."
        )
    if past_end:
        return (
            f"Airflow {line} reached its end of life on {with_year(eol)}, {(today - eol).days:,} days ago;"
            f" its last release was {row['latest']}, {with_year(row['last_release'])}."
        )
    return f"Airflow {line} gets security fixes until {with_year(eol)}, {(eol - today).days:,} days more."
