"""What commits did to files, as far as it may tell which of them mended a finding."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

_IMPORTS = re.compile(
    r"\s*(?:from\s+[\w.]+\s+import\b|import\s|\w+(?:\s+as\s+\w+)?\s*,?\s*\)?\s*(?:#|$))"
)
"""An import, or a line of one that goes over several."""


def looks_like_import(line: str) -> bool:
    """Whether a line of code is an import, or can be a line of one."""
    return _IMPORTS.match(line) is not None


class Hunk(NamedTuple):
    """Lines that an edit took out and put in. ``line`` is the first one, in the file before the edit."""

    line: int
    removed: int
    added: int


@dataclass(frozen=True, slots=True)
class FileEdit:
    """What one commit did to one file."""

    was: str
    """Its path before; empty where the commit made it."""
    now: str
    """Its path after; empty where the commit deleted it."""
    hunks: tuple[Hunk, ...] | None
    """None where too much was changed to say where."""
    imports: tuple[str, ...] = ()
    """Import lines that are in the file no more, at least not as they were."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit on the branch's own line, a merge counting as one."""

    sha: str
    author: str
    on: date
    subject: str
    edits: tuple[FileEdit, ...] = ()

    @property
    def short(self) -> str:
        return self.sha[:7]


@dataclass(frozen=True, slots=True)
class CommitsSince:
    """What git tells of the time between the last scan and this one."""

    since: str = ""
    """The commit of the last scan; empty where nothing is told."""
    commits: Sequence[Commit] = ()
    """All that came after it, oldest first."""
