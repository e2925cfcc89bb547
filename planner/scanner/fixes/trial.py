"""Whether a file still parses under edits: told from the statements that they touch, for the others stay as they are."""

from __future__ import annotations

import ast
import bisect
from collections.abc import Iterator, Sequence
from dataclasses import replace

from planner.domain import patch
from planner.scanner.code.python_file import TOO_DEEP, PythonFile, parsed


class Trial:
    """One file that parses."""

    def __init__(self, file: PythonFile) -> None:
        self._lines = patch.lines_of(file.source)
        self._spans = list(_spans(file.tree))

    def parses(self, edits: Sequence[patch.Edit]) -> bool:
        """Whether the file is Python under these edits; not if they do not fit it."""
        windows: dict[tuple[int, int], list[patch.Edit]] = {}
        for first, last in _joined(sorted(map(self._window, edits))):
            windows[first, last] = [edit for edit in edits if first <= edit.end[0] <= last]
        return all(
            self._holds(first, last, some) for (first, last), some in windows.items()
        ) or self._holds(1, len(self._lines), edits)

    def _window(self, edit: patch.Edit) -> tuple[int, int]:
        """The lines of the whole statements that an edit touches, and those between them.

        What is written at the start of a line may go on with the statement before.
        """
        (first, column), (last, _) = edit.start, edit.end
        first = max(first - 1, 1) if column == 1 else first
        at = bisect.bisect_left(self._spans, first, key=lambda span: span[1])
        if at < len(self._spans):
            first = min(first, self._spans[at][0])
        at = bisect.bisect_right(self._spans, last, key=lambda span: span[0]) - 1
        if at >= 0:
            last = max(last, self._spans[at][1])
        return first, last

    def _holds(self, first: int, last: int, edits: Sequence[patch.Edit]) -> bool:
        source = "".join(self._lines[first - 1 : last])
        try:
            text = patch.applied(source, [_moved(edit, first - 1) for edit in edits])
            parsed(text)
        except (patch.EditsRefused, *TOO_DEEP):
            return False
        return last >= len(self._lines) or not text or text.endswith("\n")


def _spans(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """First and last line of each statement of the module; of several on one line together."""
    lines = []
    for node in tree.body:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(each.lineno for each in decorators)])
        lines.append((first, node.end_lineno or node.lineno))
    return _joined(lines)


def _joined(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans in order, those that share a line as one."""
    waiting: tuple[int, int] | None = None
    for first, last in spans:
        if waiting and first <= waiting[1]:
            waiting = waiting[0], max(waiting[1], last)
            continue
        if waiting:
            yield waiting
        waiting = first, last
    if waiting:
        yield waiting


def _moved(edit: patch.Edit, lines: int) -> patch.Edit:
    """The same edit, counted from a later line."""
    (first, column), (last, end) = edit.start, edit.end
    return replace(edit, start=(first - lines, column), end=(last - lines, end))
