"""The text of the line that a finding is about: told from the file alone."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from planner.domain.report import Observation
from planner.scanner.diff import lines_of
from planner.scanner.material import Hit
from planner.scanner.notebook import cells_of

_MAX_CONTENT = 300
_FURTHER = 20
"""Lines below a decorator in which what it decorates is looked for."""
_DEFINES = ("def ", "async def ", "class ")


@functools.lru_cache(maxsize=1)
def source_of(path: str, text: str) -> Source:
    """A file's lines, told apart once however many ask for them one after the other."""
    return Source(path, text)


class Source:
    """One file's lines; those of a notebook by its cells."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._lines = lines_of(text)
        self._cells = cells_of(text) if path.endswith(".ipynb") else []

    def detail(self, observations: Iterable[Observation]) -> None:
        """Gives observations the text of their lines."""
        for one in observations:
            one.content = self.telling(one.line, one.cell)

    def detail_hits(self, hits: Iterable[Hit]) -> None:
        """The same for hits of Flightplan's own checks."""
        for hit in hits:
            hit.content = self.telling(hit.line, hit.cell)
            if hit.cell is not None:  # a patch cannot reach into a notebook's JSON
                hit.edits = []

    def telling(self, line: int | None, cell: int | None = None) -> str:
        """The text of a line that tells it from its like: with the next where it says nothing alone.

        A decorator is known by what it decorates, a call that is only opened by what comes first in it.
        """
        text = self.line(line, cell)
        if line is None or not text:
            return text
        if text.startswith("@"):
            for further in range(line + 1, line + 1 + _FURTHER):
                below = self.line(further, cell)
                if below.startswith(_DEFINES):
                    return f"{text} {below}"[:_MAX_CONTENT]
        elif text.endswith(("(", "[", "{")):
            return f"{text} {self.line(line + 1, cell)}".strip()[:_MAX_CONTENT]
        return text

    def line(self, line: int | None, cell: int | None = None) -> str:
        """The text of a 1-based line, white space folded."""
        lines: Sequence[str] = self._lines
        if cell is not None:
            lines = self._cells[cell - 1] if cell <= len(self._cells) else []
        if line is None or not 0 < line <= len(lines):
            return ""
        return " ".join(lines[line - 1][: 10 * _MAX_CONTENT].split())[:_MAX_CONTENT]
