"""The common edits of a check: rename or drop an argument, rename a string, write something else for a node.

Every function answers with no edits where it cannot tell a clean one: in notebooks, which no patch changes,
and in code that is spelt too oddly. A hit without edits is still a hit.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Sequence

from planner.parsers.fix import Edit, Place
from planner.scanner.code.python_file import PythonFile

Spot = tuple[int, int]
"""A 1-based line and a 0-based character in it, as ``tokenize`` counts."""

Span = tuple[Spot, Spot]

_PREFIXES = "rRuUbBfF"


def start_of(file: PythonFile, node: ast.AST) -> Spot:
    """Where a node begins, in characters."""
    return node.lineno, file.characters(node.lineno, node.col_offset)  # type: ignore[attr-defined]


def end_of(file: PythonFile, node: ast.AST) -> Spot:
    """Where a node ends, in characters."""
    return node.end_lineno, file.characters(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]


def edit(start: Spot, end: Spot, content: str) -> Edit:
    """An edit between two spots."""
    return Edit(content, Place(start[0], start[1] + 1), Place(end[0], end[1] + 1))


def replace(file: PythonFile, node: ast.AST, text: str) -> list[Edit]:
    """Writes ``text`` in place of an expression or statement."""
    if file.is_notebook:
        return []
    return [edit(start_of(file, node), end_of(file, node), text)]


def rename_keyword(file: PythonFile, call: ast.Call, old: str, new: str) -> list[Edit]:
    """``f(old=1)`` → ``f(new=1)``; nothing where ``new`` is given already."""
    if file.is_notebook or any(keyword.arg == new for keyword in call.keywords):
        return []
    for keyword in call.keywords:
        if keyword.arg == old:
            line, column = start_of(file, keyword)
            return [edit((line, column), (line, column + len(old)), new)]
    return []


def drop_keyword(file: PythonFile, call: ast.Call, *names: str) -> list[Edit]:
    """``f(1, name=2)`` → ``f(1)``: with its comma, and with its line where it stands there alone.

    Drop several of one call together, so that their commas are counted once.
    """
    arguments = sorted([*call.args, *call.keywords], key=lambda each: start_of(file, each))
    spans = [(start_of(file, each), end_of(file, each)) for each in arguments]
    gone = [isinstance(each, ast.keyword) and each.arg in names for each in arguments]
    if file.is_notebook or not any(gone):
        return []
    return drop_from(file, end_of(file, call.func), end_of(file, call), spans, gone) or []


def drop_from(
    file: PythonFile, begin: Spot, end: Spot, spans: Sequence[Span], gone: Sequence[bool]
) -> list[Edit] | None:
    """Takes some of the items of a list with commas out, the list lying between two spots.

    None where the commas cannot be told.
    """
    commas = _commas(file, begin, end, spans[gone.index(True)][0])
    if commas is None:
        return None
    found = []
    first = 0
    while first < len(spans):
        last = first
        while last < len(spans) and gone[last] == gone[first]:
            last += 1
        if gone[first]:
            found.append(_cut(file, spans, first, last, end, commas))
        first = last
    return found


def rename_string(file: PythonFile, node: ast.AST, new: str) -> list[Edit]:
    """``"old"`` → ``"new"`` with the quotes as they are; nothing for f-strings and joined literals."""
    if file.is_notebook or not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return []
    start, end = start_of(file, node), end_of(file, node)
    if start[0] != end[0]:
        return []
    text = file.lines[start[0] - 1][start[1] : end[1]]
    inner = text.lstrip(_PREFIXES)
    quote = inner[:3] if inner[:3] in ('"""', "'''") else inner[:1]
    if inner != f"{quote}{node.value}{quote}" or quote in new or "\\" in new or "\n" in new:
        return []
    begin = start[1] + len(text) - len(inner) + len(quote)
    return [edit((start[0], begin), (start[0], end[1] - len(quote)), new)]


def drop_lines(file: PythonFile, first: int, last: int) -> list[Edit]:
    """Deletes whole lines, by their 1-based numbers; nothing where the last one has no newline to go."""
    if file.is_notebook or last >= len(file.lines):
        return []
    return [edit((first, 0), (last + 1, 0), "")]


def _commas(file: PythonFile, begin: Spot, end: Spot, item: Spot) -> list[Spot] | None:
    """The commas between two spots that are as deep in brackets as an item is."""
    rows = file.lines[begin[0] - 1 : end[0]]
    text = "\n".join([rows[0][begin[1] :], *rows[1:]])
    found: list[tuple[Spot, int]] = []
    depth, wanted = 0, 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            row, column = token.start
            spot = (row + begin[0] - 1, column + (begin[1] if row == 1 else 0))
            if spot >= end:
                break
            if spot == item:
                wanted = depth
            if token.type == tokenize.OP:
                depth += (token.string in "([{") - (token.string in ")]}")
                if token.string == ",":
                    found.append((spot, depth))
    except (tokenize.TokenError, SyntaxError):
        return None
    return [spot for spot, at in found if at == wanted]


def _cut(
    file: PythonFile,
    spans: Sequence[Span],
    first: int,
    last: int,
    outer_end: Spot,
    commas: Sequence[Spot],
) -> Edit:
    """The edit that takes the items ``first`` up to ``last`` (exclusive) out."""
    start, end = spans[first][0], spans[last - 1][1]
    limit = spans[last][0] if last < len(spans) else outer_end
    comma = next((each for each in commas if end <= each < limit), None)
    tail = (comma[0], comma[1] + 1) if comma else end
    before_it = file.lines[start[0] - 1][: start[1]]
    behind_it = file.lines[tail[0] - 1][tail[1] :].strip()
    is_alone = not before_it.strip() and (not behind_it or behind_it.startswith("#"))
    if is_alone and tail[0] < len(file.lines) and tail < outer_end:
        return edit((start[0], 0), (tail[0] + 1, 0), "")
    if not before_it.strip() and last < len(spans) and limit[0] == tail[0]:
        return edit(start, limit, "")
    if first:
        previous = max(each for each in commas if each < start)
        text = file.lines[previous[0] - 1][previous[1] + 1 :].strip()
        if previous[0] == start[0] or not text or text == "\\":
            return edit(previous, end, "")
        return edit(start, tail, "")
    if last < len(spans):
        return edit(start, limit, "")
    return edit(start, tail, "")
