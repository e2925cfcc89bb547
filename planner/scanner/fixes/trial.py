"""Whether a file still parses under edits: told from the statements that they touch, for the others stay as they are."""

from __future__ import annotations

import ast
import bisect
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from planner.domain import patch
from planner.scanner.code.python_file import TOO_DEEP, PythonFile, parsed

_BLOCKS = ("body", "orelse", "finalbody")


class _Window(NamedTuple):
    """Whole statements of one block, from line to line."""

    first: int
    last: int
    indent: int | None = None
    """The column of the block; None for the module's own, and where a block is cut."""


class Trial:
    """One file that parses."""

    def __init__(self, file: PythonFile) -> None:
        self._lines = patch.lines_of(file.source)
        self._body: Sequence[ast.stmt] = file.tree.body

    def parses(self, edits: Sequence[patch.Edit]) -> bool:
        """Whether the file is Python under these edits; not if they do not fit it."""
        return all(
            self._holds(
                window, [edit for edit in edits if window.first <= edit.end[0] <= window.last]
            )
            for window in _joined(sorted(map(self._window, edits)))
        ) or self._holds(_Window(1, len(self._lines)), edits)

    def _window(self, edit: patch.Edit) -> _Window:
        """The lines of the whole statements that an edit touches, and those between them, of the innermost block.

        What is written at the start of a line may go on with the statement before.
        """
        (first, column), (last, _) = edit.start, edit.end
        first = max(first - 1, 1) if column == 1 else first
        block, indent = self._body, None
        while (inner := _inner(block, first, last)) is not None:
            block, indent = inner, inner[0].col_offset
        lines = list(_spans(block))
        at = bisect.bisect_left(lines, first, key=lambda span: span.last)
        if at < len(lines):
            first = min(first, lines[at].first)
        at = bisect.bisect_right(lines, last, key=lambda span: span.first) - 1
        if at >= 0:
            last = max(last, lines[at].last)
        return _Window(first, last, indent)

    def _holds(self, window: _Window, edits: Sequence[patch.Edit]) -> bool:
        first, last, indent = window
        source = "".join(self._lines[first - 1 : last])
        try:
            text = patch.applied(source, [_moved(edit, first - 1) for edit in edits])
            tree = parsed(text if indent is None else f"if 1:\n{text}")
        except (patch.EditsRefused, *TOO_DEEP):
            return False
        ends = last >= len(self._lines) or not text or text.endswith("\n")
        return ends and (indent is None or _is_one_block(tree, indent))


def _inner(block: Sequence[ast.stmt], first: int, last: int) -> Sequence[ast.stmt] | None:
    """The block within one statement of a block that holds all these lines, on lines of its own."""
    at = bisect.bisect_right(block, first, key=_first_line) - 1
    statement = block[at] if at >= 0 else None
    for name in _BLOCKS if statement is not None else ():
        inner: list[ast.stmt] = getattr(statement, name, None) or []
        if not inner:
            continue
        begins = _first_line(inner[0])
        is_apart = begins > getattr(statement, "lineno", 0)
        if is_apart and begins <= first and last <= (inner[-1].end_lineno or 0):
            return inner
    return None


def _is_one_block(tree: ast.Module, indent: int) -> bool:
    """Whether what stands below the ``if`` is all there is, and stands where the block does."""
    (first, *others) = tree.body
    return not others and isinstance(first, ast.If) and first.body[0].col_offset == indent


def _spans(block: Sequence[ast.stmt]) -> Iterator[_Window]:
    """First and last line of each statement of a block; of several on one line together."""
    return _joined([_Window(_first_line(node), node.end_lineno or node.lineno) for node in block])


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def _joined(windows: Sequence[_Window]) -> Iterator[_Window]:
    """Windows in order, those that share a line as one."""
    waiting: _Window | None = None
    for window in windows:
        if waiting and window.first <= waiting.last:
            last = max(waiting.last, window.last)
            indent = waiting.indent if waiting.indent == window.indent else None
            waiting = _Window(waiting.first, last, indent)
            continue
        if waiting:
            yield waiting
        waiting = window
    if waiting:
        yield waiting


def _moved(edit: patch.Edit, lines: int) -> patch.Edit:
    """The same edit, counted from a later line."""
    (first, column), (last, end) = edit.start, edit.end
    return replace(edit, start=(first - lines, column), end=(last - lines, end))
