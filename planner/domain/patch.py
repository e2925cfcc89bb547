"""Edits of many findings as one patch that ``git apply`` takes, without the source they were made from.

A finding's fix holds its edits and a diff, and the diff shows every line that the edits touch, with what is
around it. That is enough to join the fixes of a file: equal edits count once, and of two that change the same
characters differently the later is left out and named.
"""

from __future__ import annotations

import bisect
import io
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

CONTEXT = 3
"""Unchanged lines around a change."""

CLASH = "another edit changes the same characters; check again once it is applied"
UNSEEN = "the lines it changes are not kept with it"
NO_EDIT = "no edit is known for it"

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")
_NO_NEWLINE = "\\ No newline at end of file"
_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
}

Place = tuple[int, int]
"""A 1-based row and column, in characters."""
Lines = Mapping[int, str]
"""Lines of a file with their endings, by 1-based number: all of them, or those that are known."""


class EditsRefused(ValueError):
    """The edits overlap, or point outside the lines that are known."""


class Edit(NamedTuple):
    """Replace what lies between two places."""

    start: Place
    end: Place
    content: str


@dataclass(frozen=True, slots=True)
class MergedFile:
    """The fixes of one file as one diff. ``left_out`` has the reason by the index of each fix that is not in it."""

    diff: str
    left_out: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Change:
    """The lines from ``start`` up to ``end`` (1-based, exclusive) become ``lines``."""

    start: int
    end: int
    lines: tuple[str, ...]


class _Place(msgspec.Struct):
    row: int
    column: int


class _Edit(msgspec.Struct):
    location: _Place
    end_location: _Place
    content: str | None = None


class _Fix(msgspec.Struct):
    edits: list[_Edit] = []
    diff: str = ""
    group: str = ""
    rank: int = 0


_decode_fix = msgspec.json.Decoder(_Fix).decode


def lines_of(source: str) -> list[str]:
    """The lines with their endings, as Python and ruff count them."""
    return list(io.StringIO(source, newline=""))


def numbered(lines: Iterable[str]) -> dict[int, str]:
    """All lines of a file by their number."""
    return dict(enumerate(lines, 1))


# --- One file


def merge(path: str, fixes: Sequence[str | bytes]) -> MergedFile:
    """Joins the fixes of one file (JSON, as ``Finding.fix`` keeps them), the earlier before the later."""
    known: dict[int, str] = {}
    unseen: dict[int, str] = {}
    for index, fix in enumerate(fixes):
        read = _decode_fix(fix) if fix else _Fix()
        known |= lines_shown(read.diff)
        if read.edits and not read.diff:
            unseen[index] = UNSEEN
    seen = [b"" if index in unseen else fix for index, fix in enumerate(fixes)]
    taken, left_out = joined(seen, known)
    return MergedFile(unified_diff(path, known, taken), left_out | unseen)


def still_fits(source: str, fixes: Iterable[str | bytes]) -> bool:
    """Whether a text has the lines that the fixes were made from, each in its place."""
    lines = numbered(lines_of(source))
    shown = (lines_shown(_decode_fix(fix).diff) for fix in fixes if fix)
    return all(lines.get(row) == line for known in shown for row, line in known.items())


def joined(fixes: Sequence[str | bytes], known: Lines) -> tuple[list[Edit], dict[int, str]]:
    """The edits of all fixes that go together, and the reason by the index of each that does not."""
    read = [_decode_fix(fix) if fix else _Fix() for fix in fixes]
    left_out = {index: NO_EDIT for index, fix in enumerate(read) if not fix.edits}
    best: dict[str, int] = {}
    for fix in read:
        if fix.group:
            best[fix.group] = max(best.get(fix.group, 0), fix.rank)
    taken = Taken()
    for index, fix in enumerate(read):
        if index in left_out or fix.rank < best.get(fix.group, 0):
            continue
        new = [edit for edit in map(_edit, fix.edits) if edit not in taken]
        if any(map(taken.clashes, new)):
            left_out[index] = CLASH
        elif not _fit(new, known):
            left_out[index] = UNSEEN
        else:
            taken.add(new)
    return taken.edits, left_out


def _edit(edit: _Edit) -> Edit:
    start, end = edit.location, edit.end_location
    return Edit((start.row, start.column), (end.row, end.column), edit.content or "")


def _fit(edits: Sequence[Edit], known: Lines) -> bool:
    try:
        changes_of(known, edits)
    except EditsRefused:
        return False
    return True


class Taken:
    """Edits that go together, in order, so that only neighbours need comparing."""

    def __init__(self) -> None:
        self.edits: list[Edit] = []
        self._known: set[Edit] = set()

    def __contains__(self, edit: Edit) -> bool:
        return edit in self._known

    def clashes(self, edit: Edit) -> bool:
        """Whether an edit and one of these are about the same characters."""
        at = bisect.bisect_left(self.edits, edit)
        before = itertools.takewhile(
            lambda other: other.end >= edit.start, reversed(self.edits[max(at - 8, 0) : at])
        )
        behind = itertools.takewhile(
            lambda other: other.start <= edit.end, itertools.islice(self.edits, at, None)
        )
        return any(clash(edit, other) for other in itertools.chain(before, behind))

    def add(self, edits: Iterable[Edit]) -> None:
        for edit in edits:
            bisect.insort(self.edits, edit)
            self._known.add(edit)


def clash(one: Edit, other: Edit) -> bool:
    """Whether two different edits are about the same characters, or insert at the same place."""
    if one.start == one.end and other.start == other.end:
        return one.start == other.start
    if one.start == one.end:
        return other.start < one.start < other.end
    if other.start == other.end:
        return one.start < other.start < one.end
    return one.start < other.end and other.start < one.end


def lines_shown(diff: str) -> dict[int, str]:
    """The lines of the old file that a unified diff shows, by number."""
    shown: dict[int, str] = {}
    row, left, sign = 0, 0, ""
    for line in diff.split("\n"):
        if line == _NO_NEWLINE and sign in (" ", "-") and row - 1 in shown:
            shown[row - 1] = shown[row - 1].removesuffix("\n")
        elif left and line[:1] in (" ", "-"):
            shown[row] = f"{line[1:]}\n"
            row, left = row + 1, left - 1
        elif found := _HUNK.match(line):
            row, left = int(found[1]), int(found[2] or 1)
        sign = line[:1]
    return shown


# --- Diffs


def unified_diff(path: str, lines: Lines, edits: Sequence[Edit]) -> str:
    """The diff of a file's lines under the edits, or nothing where they change nothing.

    Raises EditsRefused where the edits do not fit the lines.
    """
    hunks: list[list[_Change]] = []
    for change in changes_of(lines, edits):
        if hunks and change.start - hunks[-1][-1].end <= 2 * CONTEXT:
            hunks[-1].append(change)
        else:
            hunks.append([change])
    if not hunks:
        return ""
    parts = [f"--- {quoted(f'a/{path}')}\n+++ {quoted(f'b/{path}')}\n"]
    shift = 0
    for hunk in hunks:
        parts.append(_hunk(lines, hunk, shift))
        shift += sum(len(change.lines) - (change.end - change.start) for change in hunk)
    return "".join(parts)


def applied(source: str, edits: Sequence[Edit]) -> str:
    """The whole text under the edits. Raises EditsRefused where they do not fit."""
    return rewritten(numbered(lines_of(source)), edits)


def rewritten(lines: Lines, edits: Sequence[Edit]) -> str:
    """Lines that follow each other, all of them, under the edits. Raises EditsRefused where they do not fit."""
    at, behind = min(lines, default=1), max(lines, default=0) + 1
    pieces: list[str] = []
    for change in changes_of(lines, edits):
        pieces += [lines[row] for row in range(at, change.start)]
        pieces += change.lines
        at = change.end
    return "".join([*pieces, *(lines[row] for row in range(at, behind))])


def quoted(name: str) -> str:
    """A file name in a patch's header, spelt as git spells it."""
    if all(" " <= letter <= "~" and letter not in '"\\' for letter in name):
        return f"{name}\t" if " " in name else name
    letters = []
    for letter in name:
        if letter in '"\\':
            letters.append(f"\\{letter}")
        elif letter in _ESCAPES:
            letters.append(_ESCAPES[letter])
        elif " " <= letter <= "~":
            letters.append(letter)
        else:
            letters += [f"\\{byte:03o}" for byte in letter.encode()]
    return f'"{"".join(letters)}"'


def changes_of(lines: Lines, edits: Sequence[Edit]) -> list[_Change]:
    """The edits as changes of whole lines, in order, those that touch the same line made one."""
    ordered = sorted((_on_known_lines(edit, lines) for edit in edits), key=_place)
    groups: list[list[Edit]] = []
    last = 0
    for edit in ordered:
        if groups and edit.start[0] <= last:
            groups[-1].append(edit)
        else:
            groups.append([edit])
        last = max(last, edit.end[0])
    return [change for group in groups if (change := _change(lines, group)) is not None]


def _place(edit: Edit) -> tuple[Place, Place]:
    return edit.start, edit.end


def _on_known_lines(edit: Edit, lines: Lines) -> Edit:
    """The same edit without the line behind it: its end is the end of a line, not the start of the next."""
    start, end = (_behind_mark(place, lines) for place in (edit.start, edit.end))
    if start > end or min(start[1], end[1], start[0]) < 1:
        raise EditsRefused("an edit points outside the file")
    if end[1] == 1 and end[0] not in lines and end[0] - 1 in lines:
        end = (end[0] - 1, len(lines[end[0] - 1]) + 1)
        start = min(start, end)
    return Edit(start, end, edit.content)


def _behind_mark(place: Place, lines: Lines) -> Place:
    """The place in a line that begins with a byte order mark, which nobody counts."""
    row, column = place
    return (1, column + 1) if row == 1 and lines.get(1, "").startswith("\ufeff") else place


def _change(lines: Lines, edits: Sequence[Edit]) -> _Change | None:
    """One group of edits, cut down to the lines that really differ."""
    first, last = edits[0].start[0], max(edit.end[0] for edit in edits)
    rows = range(first, last + 1)
    old = [lines[row] for row in rows if row in lines]
    if len(old) != len(rows) and lines:
        raise EditsRefused("an edit points outside the lines that are known")
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
        begin, end = (starts[row - first] + column - 1 for row, column in (edit.start, edit.end))
        if begin < done or end < begin or end > len(text):
            raise EditsRefused("edits overlap or point outside the file")
        pieces += [text[done:begin], edit.content]
        done = end
    return "".join([*pieces, text[done:]])


def _hunk(lines: Lines, changes: Sequence[_Change], shift: int) -> str:
    begin = _reach(lines, changes[0].start, -1)
    end = _reach(lines, changes[-1].end - 1, +1) + 1
    body: list[str] = []
    at = begin
    for change in changes:
        body += [f" {lines[row]}" for row in range(at, change.start)]
        body += [f"-{lines[row]}" for row in range(change.start, change.end)]
        body += [f"+{line}" for line in change.lines]
        at = change.end
    body += [f" {lines[row]}" for row in range(at, end)]
    added = sum(len(change.lines) - (change.end - change.start) for change in changes)
    old = _range(begin, end - begin)
    new = _range(begin + shift, end - begin + added)
    return f"@@ -{old} +{new} @@\n" + "".join(map(_ended, body))


def _reach(lines: Lines, row: int, step: int) -> int:
    """The row as far as there are known lines of context beyond it."""
    for _ in range(CONTEXT):
        if row + step not in lines:
            break
        row += step
    return row


def _range(begin: int, length: int) -> str:
    """A hunk's range: an empty one names the line before it."""
    if length == 1:
        return str(begin)
    return f"{begin if length else begin - 1},{length}"


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}\n"
