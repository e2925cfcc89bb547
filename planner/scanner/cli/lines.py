"""The lines that findings are about, read once more from the files for people to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from planner.domain.report import Observation
from planner.scanner.diff import lines_of
from planner.scanner.notebook import cells_of
from planner.scanner.tree import TreeFile, read_bytes


class Lines:
    """Lines of the tree's files. Keeps the last file, since findings come file by file."""

    def __init__(self, root: Path, elsewhere: Mapping[str, Path]) -> None:
        """``elsewhere``: files that lie outside of the root, by the path they are shown under."""
        self._root = root
        self._elsewhere = elsewhere
        self._path = ""
        self._lines: Sequence[str] = ()
        self._cells: Sequence[Sequence[str]] = ()

    def line(self, seen: Observation) -> str | None:
        """The finding's line without its ending; None where there is none."""
        if seen.path != self._path:
            self._read(seen.path)
        lines = self._lines
        if seen.cell is not None:
            lines = self._cells[seen.cell - 1] if 0 < seen.cell <= len(self._cells) else ()
        if seen.line is None or not 0 < seen.line <= len(lines):
            return None
        return lines[seen.line - 1].rstrip("\r\n")

    def _read(self, path: str) -> None:
        place = self._elsewhere.get(path, self._root / path)
        content = read_bytes(TreeFile(path, str(place)))
        text = content.bytes.decode("utf-8-sig", "replace") if content else ""
        self._path, self._lines = path, lines_of(text)
        self._cells = cells_of(text) if path.endswith(".ipynb") else ()
