"""What a parser or the scanner hands over: observations, what was covered, and what was refused.

A ``Report`` is one tool's answer about one source tree, in the tool's own terms: nothing in it has been
rated, matched or stored yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import msgspec

from planner.domain.commits import CommitsSince


class Format(StrEnum):
    """The report formats that ``ingest`` understands (contract.md)."""

    UPGRADECHECK = "upgradecheck"
    RUFF = "ruff"
    SARIF = "sarif"
    AIRFLOW_DAGS = "airflow-dags"
    AIRFLOW_IMPORT_ERRORS = "airflow-import-errors"
    AIRFLOW_CONFIG_LINT = "airflow-config-lint"


class Observation(msgspec.Struct, gc=False, kw_only=True):
    """One problem at one place, as a tool reported it. ``rule`` is the tool's own id, not yet canonical."""

    rule: str
    rule_name: str = ""
    severity: str = ""
    """As reported; only trusted for rules the rulebook does not know."""
    path: str = ""
    """As reported: absolute, relative, or a ``file://`` URI already turned into a path."""
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    cell: int | None = None
    message: str = ""
    symbol: str = ""
    """The dotted Airflow name or argument the problem is about, where the message tells."""
    dag_id: str = ""
    owner: str = ""
    content: str = ""
    """The text of the line, where the source was seen; white space folded."""
    fix: bytes = b""
    """JSON of ``{"applicability": "safe|unsafe|display-only", "message": str, "edits": [...]}`` or empty."""
    own_fix: bytes = b""
    """The same of Flightplan's own check where another tool told of the place first; empty once a fix is chosen."""
    extra: bytes = b""
    """JSON object of the unknown keys of the item, or empty."""
    url: str = ""


@dataclass(frozen=True, slots=True)
class DagEntry:
    """One DAG as code or an Airflow server names it."""

    dag_id: str
    path: str
    owners: tuple[str, ...] = ()
    paused: bool | None = None
    resolved: bool = True
    """False where the id is built at run time; ``dag_id`` then names the place instead."""
    line: int | None = None
    tags: tuple[str, ...] = ()
    schedule: str = ""
    """As the code has it: ``@daily``, ``None``, ``timedelta(days=1)``; empty where none is given."""
    is_subdag: bool = False
    because: str = ""
    """A sentence: why the id is not known, or on what it hangs whether the DAG is made at all."""


@dataclass(frozen=True, slots=True)
class LastChange:
    """Who changed a file last, as git names its author."""

    name: str
    email: str
    on: date


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A file, folder or link that was not checked, or not by every check."""

    path: str
    reason: str
    """In words: syntax error, Python 2, too large."""
    detail: str = ""
    is_gap: bool = True
    """Code may lie there that nobody looked at; what is passed over on purpose is no gap."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An item that could not be read: its 0-based index, the field, and a sentence that names the remedy."""

    index: int | None
    field: str
    sentence: str

    def __str__(self) -> str:
        where = f"item {self.index}" if self.index is not None else "the report"
        return (
            f"{where}, {self.field}: {self.sentence}" if self.field else f"{where}: {self.sentence}"
        )


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of a report around what cannot be read in it."""

    lines: tuple[str, ...]
    bad: int | None
    """Which of the lines is meant, where it is one."""
    first: int
    """The number in the file of the first line."""
    is_laid_out: bool = False
    """The file has all of it on that one line; the breaks are ours."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a scan looked at, so that absence can be told from not having looked.

    ``files`` and ``rules`` are None where the report does not say. ``status`` is the checker's own:
    success, partial, failed or skipped.
    """

    checker: str
    """Which family of checks ran: ruff, upgradecheck, import-check, config-lint, inventory."""
    tool_version: str = ""
    flags: tuple[str, ...] = ()
    files: frozenset[str] | None = None
    rules: frozenset[str] | None = None
    status: str = "success"
    complete: bool = False
    """The sender declares that the report covers the whole tree."""


@dataclass(slots=True)
class Report:
    """A parsed report. ``observations`` may be a one-shot iterator over a large file."""

    format: Format
    coverage: Coverage
    observations: Iterator[Observation] | Sequence[Observation] = ()
    dags: Sequence[DagEntry] = ()
    base: str = ""
    """The root the report itself names (SARIF's originalUriBaseIds), or empty."""
    problems: list[Problem] = field(default_factory=list)
    """Filled while ``observations`` is read; complete once it is exhausted."""
    renames: dict[str, str] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()
    """Files that git says were deleted since the last scan, not renamed."""
    """git's own rename map since the last scan, old path → new path."""
    commits: CommitsSince = field(default_factory=CommitsSince)
    commit: str = ""
    codeowners: str | None = None
    """The text of the tree's CODEOWNERS file, empty where it has none; None where nobody looked."""
    received: int = 0
    """Items in the report, the refused ones included; complete once observations are exhausted."""
    used_by: dict[str, list[int]] = field(default_factory=dict)
    """For files that DAGs of other files import, directly or not: the places of those DAGs in ``dags``."""
    last_changes: dict[str, LastChange] | None = None
    """Of files with findings; None where nobody looked."""
    history_gap: str = ""
    """Why not all of those are known, in a sentence."""
    not_checked: Sequence[NotChecked] = ()
    metadata: dict[str, Any] = field(default_factory=dict)


class ReportRejected(ValueError):
    """The bytes are not a report of a known format. The message is one sentence for a person."""

    def __init__(self, sentence: str, *, offset: int | None = None) -> None:
        super().__init__(sentence)
        self.offset = offset
        """Where in the text (unpacked, as UTF-8) it stops making sense, if it is one place."""
