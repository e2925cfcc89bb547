"""The text of the line that a finding is about, and the diff of its fix: told from the file alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from planner.domain.report import Observation
from planner.parsers.fix import Edit, Fix, fix_bytes
from planner.scanner.diff import LARGEST_DIFF, EditsRefused, lines_of, unified_diff
from planner.scanner.material import Hit
from planner.scanner.notebook import cells_of

_MAX_CONTENT = 300


class Source:
    """One file's lines; those of a notebook by its cells."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._lines = lines_of(text)
        self._cells = cells_of(text) if path.endswith(".ipynb") else []

    def detail(self, observations: Iterable[Observation]) -> None:
        """Gives observations the text of their lines and their fixes the diff."""
        for one in observations:
            one.content = self.line(one.line, one.cell)
            if one.fix and one.cell is None:
                fix = msgspec.json.decode(one.fix, type=Fix)
                fix.diff = self.diff(fix.edits)
                one.fix = fix_bytes(fix)

    def detail_hits(self, hits: Iterable[Hit]) -> None:
        """The same for hits of Flightplan's own checks."""
        for hit in hits:
            hit.content = self.line(hit.line, hit.cell)
            if hit.cell is not None:  # a patch cannot reach into a notebook's JSON
                hit.edits = []
            if hit.edits:
                hit.diff = self.diff(hit.edits)

    def line(self, line: int | None, cell: int | None = None) -> str:
        """The text of a 1-based line, white space folded."""
        lines: Sequence[str] = self._lines
        if cell is not None:
            lines = self._cells[cell - 1] if cell <= len(self._cells) else []
        if line is None or not 0 < line <= len(lines):
            return ""
        return " ".join(lines[line - 1][: 10 * _MAX_CONTENT].split())[:_MAX_CONTENT]

    def diff(self, edits: Sequence[Edit]) -> str:
        """The unified diff of edits; nothing where they do not fit the file or it is too long."""
        if self._length(edits) > LARGEST_DIFF:
            return ""
        try:
            diff = unified_diff(self._path, self._lines, edits)
        except EditsRefused:
            return ""
        return diff if len(diff) <= LARGEST_DIFF else ""

    def _length(self, edits: Sequence[Edit]) -> int:
        """The characters on the lines that the edits touch: such a line may be a whole file."""
        return sum(
            len(line)
            for edit in edits
            for line in self._lines[max(edit.location.row - 1, 0) : edit.end_location.row]
        )
