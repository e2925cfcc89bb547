"""Whether a file still parses under edits: told from the statements that they touch, for the others stay as they are."""

from __future__ import annotations

import ast
import bisect
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from planner.domain import patch
from planner.scanner.code.python_file import TOO_DEEP, PythonFile, parsed

_BLOCKS = ("body", "orelse", "finalbody")
_STANDS_FOR = "{0}pass\n{0}pass\n"
"""Two statements: one alone could also stand behind the colon."""
_first, _last = attrgetter("first"), attrgetter("last")


class _Window(NamedTuple):
    """Whole statements of one block, from line to line."""

    first: int
    last: int
    indent: int | None = None
    """The column of the block; None for the module's own, and where a block is cut."""
    body: str = ""
    """Where only the head of a statement is touched: what stands for the block below it."""


class Trial:
    """One file that parses."""

    def __init__(self, file: PythonFile) -> None:
        self._lines = file.lines if file.lines[-1] else file.lines[:-1]
        self._is_ended = not file.lines[-1]
        self._body: Sequence[ast.stmt] = file.tree.body
        self._spans: dict[int, list[_Window]] = {}
        """By the block."""

    def parses(self, edits: Sequence[patch.Edit]) -> bool:
        """Whether the file is Python under these edits; not if they do not fit it."""
        return all(
            self._holds(
                window, [edit for edit in edits if window.first <= edit.end[0] <= window.last]
            )
            for window in self._windows(edits)
        ) or self._holds(_Window(1, len(self._lines)), edits)

    def _windows(self, edits: Sequence[patch.Edit]) -> list[_Window]:
        """What the edits touch, in order; windows that share a line are one, of the block around them."""
        found: list[_Window] = []
        for window in sorted(map(self._window, edits)):
            while found and window.first <= found[-1].last:
                before = found.pop()
                window = self._around(before.first, max(before.last, window.last))
            found.append(window)
        return found

    def _window(self, edit: patch.Edit) -> _Window:
        """What an edit touches. What is written at the start of a line may go on with the statement before."""
        (first, column), (last, _) = edit.start, edit.end
        return self._around(max(first - 1, 1) if column == 1 else first, last)

    def _around(self, first: int, last: int) -> _Window:
        """The whole statements of the innermost block that holds all these lines."""
        block, indent = self._body, None
        while (inner := _inner(block, first, last)) is not None:
            block, indent = inner, inner[0].col_offset
        lines = self._spans_of(block)
        at = bisect.bisect_left(lines, first, key=_last)
        if at < len(lines):
            first = min(first, lines[at].first)
        at = bisect.bisect_right(lines, last, key=_first) - 1
        below = _body_below(block, first, last)
        if below is not None:
            row = _first_line(below)
            line = self._lines[row - 1]
            return _Window(first, row - 1, indent, _STANDS_FOR.format(line[: -len(line.lstrip())]))
        if at >= 0:
            last = max(last, lines[at].last)
        return _Window(first, last, indent)

    def _spans_of(self, block: Sequence[ast.stmt]) -> list[_Window]:
        known = self._spans.get(id(block))
        if known is None:
            known = self._spans[id(block)] = _spans(block)
        return known

    def _lines_in(self, window: _Window) -> dict[int, str]:
        """Its lines by their numbers. How they end makes no difference to Python."""
        lines = self._lines[window.first - 1 : window.last]
        numbered = {row: f"{line}\n" for row, line in enumerate(lines, window.first)}
        if not self._is_ended and len(self._lines) in numbered:
            numbered[len(self._lines)] = self._lines[-1]
        return numbered

    def _holds(self, window: _Window, edits: Sequence[patch.Edit]) -> bool:
        _, last, indent, body = window
        try:
            text = patch.rewritten(self._lines_in(window), edits)
            whole = text + body
            tree = parsed(whole if indent is None else f"if 1:\n{whole}")
        except (patch.EditsRefused, *TOO_DEEP):
            return False
        ends = last >= len(self._lines) or not text or text.endswith("\n")
        if not ends or (indent is not None and not _is_one_block(tree, indent)):
            return False
        return not body or _ends_with_a_head(tree)


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
            is_elif = inner[0].col_offset == getattr(statement, "col_offset", 0)
            return _inner(inner, first, last) if is_elif else inner
    return None


def _body_below(block: Sequence[ast.stmt], first: int, last: int) -> ast.stmt | None:
    """What the block of a statement begins with, where lines from its beginning on touch nothing but its head."""
    at = bisect.bisect_right(block, last, key=_first_line) - 1
    statement = block[at] if at >= 0 else None
    if statement is None or _first_line(statement) < first:
        return None
    body: list[ast.stmt] = getattr(statement, "body", None) or []
    begins = _first_line(body[0]) if body else 0
    return body[0] if begins > max(last, statement.lineno) else None


def _ends_with_a_head(tree: ast.Module) -> bool:
    """Whether what stands for a block is the block of the last statement, and no more than it."""
    block: Sequence[ast.stmt] = tree.body
    while block and not isinstance(block[-1], ast.Pass):
        block = getattr(block[-1], "body", [])
    return len(block) == 2 and all(isinstance(each, ast.Pass) for each in block)


def _is_one_block(tree: ast.Module, indent: int) -> bool:
    """Whether what stands below the ``if`` is all there is, and stands where the block does."""
    (first, *others) = tree.body
    if others or not isinstance(first, ast.If) or first.orelse:
        return False
    return first.body[0].col_offset == indent


def _spans(block: Sequence[ast.stmt]) -> list[_Window]:
    """First and last line of each statement of a block; of several on one line together."""
    spans: list[_Window] = []
    for node in block:
        first, last = _first_line(node), node.end_lineno or node.lineno
        if spans and first <= spans[-1].last:
            first = spans.pop().first
        spans.append(_Window(first, last))
    return spans


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min(node.lineno, decorators[0].lineno) if decorators else node.lineno
