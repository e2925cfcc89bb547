"""A tool's edits applied in memory, as the unified diff a person or ``git apply`` can use."""

from __future__ import annotations

from collections.abc import Sequence

from planner.domain import patch
from planner.domain.patch import EditsRefused, lines_of
from planner.parsers.fix import Edit

__all__ = ["LARGEST_DIFF", "EditsRefused", "applied", "lines_of", "plain", "unified_diff"]

LARGEST_DIFF = 20_000
"""Characters; a longer one helps nobody."""


def unified_diff(path: str, lines: Sequence[str], edits: Sequence[Edit]) -> str:
    """The diff of the file's lines under the edits, or nothing where they change nothing.

    Raises EditsRefused where the edits do not fit the lines.
    """
    return patch.unified_diff(path, patch.numbered(lines), list(map(plain, edits)))


def applied(source: str, edits: Sequence[Edit]) -> str:
    """The whole text under the edits. Raises EditsRefused where they do not fit."""
    return patch.applied(source, list(map(plain, edits)))


def plain(edit: Edit) -> patch.Edit:
    """The same edit as the domain spells it."""
    start, end = edit.location, edit.end_location
    return patch.Edit((start.row, start.column), (end.row, end.column), edit.content or "")
