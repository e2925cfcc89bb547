"""What a scan hands over, and how it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from planner.domain.commits import CommitsSince
from planner.domain.report import (
    Coverage,
    DagEntry,
    Format,
    LastChange,
    NotChecked,
    Observation,
    Report,
)

Progress = Callable[[int, int], None]
"""Is told how many files are read, and how many there are."""


class ScanFailed(Exception):
    """The tree could not be scanned at all. The message is one sentence for a person."""


class SkipReason(StrEnum):
    """Why something in a tree was not checked, in words that go before what it was."""

    TOO_LARGE = "too large"
    NOT_UTF8 = "not UTF-8"
    UNREADABLE = "cannot be opened"
    NAME = "a name that tools cannot read"
    PYTHON_2 = "Python 2"
    SYNTAX = "syntax error"
    DEEP = "nested too deeply"
    NEWER = "newer Python than Flightplan runs on"
    CRASHED = "a check stopped on it"
    FOLDER = "a folder that cannot be opened"
    LINK = "a symbolic link, not followed"
    LOOP = "a symbolic link that leads to itself"
    SPECIAL = "no regular file"
    TOOLS = "a folder of tools"
    UNPROVED = "not proved to import"

    @property
    def leaves_a_gap(self) -> bool:
        """Whether code may lie there that nobody looked at; the others are passed over on purpose."""
        return self not in (SkipReason.LINK, SkipReason.LOOP, SkipReason.SPECIAL, SkipReason.TOOLS)


WHOLE_TREE = "."
"""The path of what concerns all files together."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """One file, folder or link that was not checked, or not by every check."""

    path: str
    reason: SkipReason
    detail: str = ""
    """More of the reason, to go after a colon."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One observation, and who silenced it."""

    observation: Observation
    kind: str
    """``noqa`` or ``ignore-file``."""
    where: str
    """The place that silences it: ``dags/daily.py:12``, ``.upgradecheck.toml:4``."""
    reason: str = ""
    """The comment itself, or the entry's reason."""
    expires: str = ""
    """The last day on which it is silenced, or nothing."""

    @property
    def as_key(self) -> dict[str, str | None]:
        """What a report says of it, under ``suppressed``."""
        return {
            "kind": self.kind,
            "reason": self.reason,
            "expires": self.expires or None,
            "where": self.where,
        }


@dataclass(frozen=True, slots=True)
class CurrentVersion:
    """The Airflow version that runs today."""

    version: str = ""
    """``2.9.3``, or the line alone; empty where it is not known."""
    told_by: str = ""
    """The file and line that say so; empty where the caller said it."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What one scan of one tree saw. Paths are relative to the tree, with forward slashes."""

    observations: list[Observation]
    """What counts."""
    coverage: Coverage
    """Names every file that was looked at and every rule that ran."""
    dags: list[DagEntry] = field(default_factory=list)
    used_by: dict[str, list[int]] = field(default_factory=dict)
    """For files that DAGs of other files import, directly or not: the places of those DAGs in ``dags``."""
    unscanned: list[str] = field(default_factory=list)
    """Files that could not be checked; each has an observation of a rule in ``UNREAD`` that says why."""
    suppressed: list[Suppressed] = field(default_factory=list)
    """What somebody silenced. It is in the code still, so it is in the report too."""
    skipped: list[Skipped] = field(default_factory=list)
    """Everything that was not checked, or not by every check, by path; ``unscanned`` is among it."""
    renames: dict[str, str] = field(default_factory=dict)
    """git's own renames since the last scan, old path → new path."""
    deleted: frozenset[str] = frozenset()
    """Files that git says were deleted since the last scan, so that nobody takes them for renamed."""
    last_changes: dict[str, LastChange] | None = None
    """Who changed each file with findings last; None where nobody looked."""
    history_gap: str = ""
    """Why not all of those are known, in a sentence."""
    commits: CommitsSince = field(default_factory=CommitsSince)
    codeowners: str = ""
    commit: str = ""
    current: CurrentVersion = field(default_factory=CurrentVersion)
    """The Airflow version from which the upgrade leads."""

    @property
    def gaps(self) -> list[Skipped]:
        """Where code may lie that nobody looked at. A data file that is too large is none."""
        unseen = {SkipReason.FOLDER, SkipReason.UNPROVED}
        known = set(self.unscanned)
        return [
            one
            for one in self.skipped
            if one.reason in unseen
            or one.path == WHOLE_TREE
            or (one.reason.leaves_a_gap and one.path in known)
        ]

    @property
    def not_checked(self) -> list[NotChecked]:
        """Everything that was skipped, as reports name it."""
        gaps = set(self.gaps)
        return [
            NotChecked(one.path, str(one.reason), one.detail, is_gap=one in gaps)
            for one in self.skipped
        ]

    def report(self) -> Report:
        """The same as the parsers give it: what ``open_report`` reads from ``write_report``'s bytes."""
        return Report(
            format=Format.UPGRADECHECK,
            coverage=self.coverage,
            observations=[*self.observations, *map(_marked, self.suppressed)],
            dags=self.dags,
            used_by=self.used_by,
            renames=self.renames,
            deleted=self.deleted,
            commits=self.commits,
            commit=self.commit,
            codeowners=self.codeowners,
            last_changes=self.last_changes,
            history_gap=self.history_gap,
            received=len(self.observations) + len(self.suppressed),
            not_checked=self.not_checked,
            metadata={"unscanned": self.unscanned},
        )


def _marked(silenced: Suppressed) -> Observation:
    extra = msgspec.json.encode({"suppressed": silenced.as_key})
    return msgspec.structs.replace(silenced.observation, extra=extra)
