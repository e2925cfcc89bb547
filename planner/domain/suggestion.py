"""The exact edit that a tool proposes for a finding, as a person reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from planner.domain.fix_time import IN_SHORT

MOST_IN_A_LIST = 14
"""Lines of a diff that a list shows without being asked."""
HUNK = re.compile(r"^@@ -(\d+)")


class Sign(StrEnum):
    """What a line of a diff says happens to it."""

    KEEP = "keep"
    REMOVE = "remove"
    ADD = "add"
    PLACE = "place"
    """Where the next lines are."""


@dataclass(frozen=True, slots=True)
class DiffLine:
    sign: Sign
    text: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """One edit where only its place is known, not the text that was there."""

    does: str
    """Replace line 3 with, Insert before line 14, Delete lines 3–4."""
    content: str
    """Empty where it only deletes."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proposed edit: a diff where the source was seen, else the replacements."""

    safe: bool
    message: str
    diff: tuple[DiffLine, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    when: str = ""
    """now, shim, provider or after, where the edit itself says so."""
    needs: tuple[str, ...] = ()
    """Packages that the target must have first."""
    side: str = "now"
    """Which patch it goes into: now, or after the flip."""

    @property
    def is_long(self) -> bool:
        """Too long to stand in a list."""
        return len(self.diff) > MOST_IN_A_LIST

    @property
    def new_text(self) -> str:
        """The lines that the edit writes, to be copied."""
        added = [line.text for line in self.diff if line.sign == Sign.ADD]
        return "\n".join(added or [edit.content for edit in self.replacements])


class _Place(msgspec.Struct):
    row: int
    column: int


class _Edit(msgspec.Struct):
    location: _Place
    end_location: _Place
    content: str | None = None


class _Fix(msgspec.Struct):
    applicability: str = ""
    message: str | None = None
    edits: list[_Edit] = []
    diff: str = ""
    safe: bool = False
    when: str = ""
    needs: tuple[str, ...] = ()
    side: str = "now"


def suggestion_from(fix: str) -> Suggestion | None:
    """Read ``Finding.fix``; None where the tool proposed nothing that can be shown."""
    if not fix:
        return None
    try:
        read = msgspec.json.decode(fix, type=_Fix)
    except msgspec.DecodeError:
        return None
    diff = tuple(_diff_lines(read.diff))
    replacements = tuple(_replacement(edit) for edit in read.edits)
    if not diff and not replacements:
        return None
    return Suggestion(
        safe=read.safe or read.applicability == "safe",
        message=_sentence(read.message or ""),
        diff=diff,
        replacements=() if diff else replacements,
        when=read.when if read.when in IN_SHORT else "",
        needs=read.needs,
        side=read.side,
    )


def _diff_lines(diff: str) -> list[DiffLine]:
    lines = []
    for text in diff.splitlines():
        if text.startswith(("--- ", "+++ ", "\\", "diff ", "index ")):
            continue
        if text.startswith("@@"):
            at = HUNK.match(text)
            lines.append(DiffLine(Sign.PLACE, f"line {at[1]}" if at else text))
        elif text.startswith("-"):
            lines.append(DiffLine(Sign.REMOVE, text[1:]))
        elif text.startswith("+"):
            lines.append(DiffLine(Sign.ADD, text[1:]))
        else:
            lines.append(DiffLine(Sign.KEEP, text[1:]))
    return lines


def _replacement(edit: _Edit) -> Replacement:
    start, end = edit.location, edit.end_location
    content = (edit.content or "").rstrip("\n")
    if start == end:
        is_line = start.column == 1 and (edit.content or "").endswith("\n")
        column = "" if is_line else f", column {start.column}"
        return Replacement(f"Insert before line {start.row}{column}", content)
    where = _lines(start, end)
    return Replacement(f"Replace {where} with" if content else f"Delete {where}", content)


def _lines(start: _Place, end: _Place) -> str:
    """line 3, lines 3–4, or the columns too where whole lines are not meant."""
    if end.row == start.row:
        return f"line {start.row}, columns {start.column}–{max(start.column, end.column - 1)}"
    if start.column != 1 or end.column != 1:
        return (
            f"line {start.row}, column {start.column}, to line {end.row}, column {end.column - 1}"
        )
    # An edit that ends at column 1 does not touch that last line.
    last = end.row - 1
    return f"line {start.row}" if last == start.row else f"lines {start.row}–{last}"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
