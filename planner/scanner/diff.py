"""A tool's edits applied in memory, as the unified diff a person or ``git apply`` can use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from planner.parsers.fix import Edit, Place

CONTEXT = 3
"""Unchanged lines around a change."""
LARGEST_DIFF = 20_000
"""Characters; a longer one helps nobody."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


class EditsRefused(ValueError):
    """The edits overlap or point outside the text."""


@dataclass(frozen=True, slots=True)
class _Change:
    """Lines ``start`` up to ``end`` (0-based, exclusive) become ``lines``."""

    start: int
    end: int
    lines: tuple[str, ...]


def lines_of(source: str) -> list[str]:
    """The lines with their endings, as Python and ruff count them."""
    return _LINE.findall(source)


def applied(source: str, edits: Sequence[Edit]) -> str:
    """The whole text under the edits. Raises EditsRefused where they do not fit."""
    lines = lines_of(source)
    changes = _changes(lines, edits)
    done = 0
    pieces: list[str] = []
    for change in changes:
        pieces += [*lines[done : change.start], *change.lines]
        done = change.end
    return "".join([*pieces, *lines[done:]])


def unified_diff(path: str, lines: Sequence[str], edits: Sequence[Edit]) -> str:
    """The diff of the file's lines under the edits, or nothing where they change nothing.

    Raises EditsRefused where the edits do not fit the lines.
    """
    hunks: list[list[_Change]] = []
    for change in _changes(lines, edits):
        if hunks and change.start - hunks[-1][-1].end <= 2 * CONTEXT:
            hunks[-1].append(change)
        else:
            hunks.append([change])
    if not hunks:
        return ""
    parts = [f"--- a/{path}\n+++ b/{path}\n"]
    shift = 0
    for hunk in hunks:
        parts.append(_hunk(lines, hunk, shift))
        shift += sum(len(change.lines) - (change.end - change.start) for change in hunk)
    return "".join(parts)


def _changes(lines: Sequence[str], edits: Sequence[Edit]) -> list[_Change]:
    """The edits as whole-line changes, in order, those that touch the same line made one."""
    ordered = sorted(edits, key=lambda edit: _key(edit.location))
    groups: list[list[Edit]] = []
    for edit in ordered:
        if groups and edit.location.row <= groups[-1][-1].end_location.row:
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return [change for group in groups if (change := _change(lines, group)) is not None]


def _change(lines: Sequence[str], edits: Sequence[Edit]) -> _Change | None:
    """One group of edits, cut down to the lines that really differ."""
    first, last = edits[0].location.row - 1, edits[-1].end_location.row - 1
    if first < 0 or last < first or last > len(lines):
        raise EditsRefused("an edit points outside the file")
    last = min(last, len(lines) - 1)
    old = list(lines[first : last + 1])
    new = lines_of(_applied("".join(old), old, edits, first))
    while old and new and old[0] == new[0]:
        del old[0], new[0]
        first += 1
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return _Change(first, first + len(old), tuple(new)) if old or new else None


def _applied(text: str, old: Sequence[str], edits: Sequence[Edit], first: int) -> str:
    """The text of these lines under the edits."""
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    pieces: list[str] = []
    done = 0
    for edit in edits:
        begin, end = (_offset(place, starts, first) for place in (edit.location, edit.end_location))
        if begin < done or end < begin or end > len(text):
            raise EditsRefused("edits overlap or point outside the file")
        pieces += [text[done:begin], edit.content or ""]
        done = end
    return "".join([*pieces, text[done:]])


def _offset(place: Place, starts: Sequence[int], first: int) -> int:
    row = place.row - 1 - first
    if not 0 <= row < len(starts) or place.column < 1:
        raise EditsRefused("an edit points outside the file")
    return starts[row] + place.column - 1


def _key(place: Place) -> tuple[int, int]:
    return place.row, place.column


def _hunk(lines: Sequence[str], changes: Sequence[_Change], shift: int) -> str:
    begin = max(changes[0].start - CONTEXT, 0)
    end = min(changes[-1].end + CONTEXT, len(lines))
    body: list[str] = []
    at = begin
    for change in changes:
        body += [" " + line for line in lines[at : change.start]]
        body += ["-" + line for line in lines[change.start : change.end]]
        body += ["+" + line for line in change.lines]
        at = change.end
    body += [" " + line for line in lines[at:end]]
    added = sum(len(change.lines) - (change.end - change.start) for change in changes)
    old = _range(begin, end - begin)
    new = _range(begin + shift, end - begin + added)
    return f"@@ -{old} +{new} @@\n" + "".join(map(_ended, body))


def _range(begin: int, length: int) -> str:
    """A hunk's range: an empty one names the line before it."""
    if length == 1:
        return str(begin + 1)
    return f"{begin + 1 if length else begin},{length}"


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
