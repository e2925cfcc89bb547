"""The common edits of a check: rename or drop an argument, rename a string, write something else for a node.

Every function answers with no edits where it cannot tell a clean one: in notebooks, which no patch changes,
and in code that is spelt too oddly. A hit without edits is still a hit.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Collection, Sequence

from planner.parsers.fix import Edit, Place
from planner.scanner.python_file import PythonFile

Spot = tuple[int, int]
"""A 1-based line and a 0-based character in it, as ``tokenize`` counts."""

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
    gone = [isinstance(each, ast.keyword) and each.arg in names for each in arguments]
    if file.is_notebook or not any(gone):
        return []
    commas = _commas(file, call)
    if commas is None:
        return []
    edits = []
    first = 0
    while first < len(arguments):
        last = first
        while last < len(arguments) and gone[last] == gone[first]:
            last += 1
        if gone[first]:
            edits.append(_cut(file, call, arguments, first, last, commas))
        first = last
    return edits


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


def _commas(file: PythonFile, call: ast.Call) -> list[Spot] | None:
    """The commas between the arguments of a call; None where they cannot be told."""
    begin, end = end_of(file, call.func), end_of(file, call)
    rows = file.lines[begin[0] - 1 : end[0]]
    text = "\n".join([rows[0][begin[1] :], *rows[1:]])
    found, depth = [], 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            row, column = token.start
            spot = (row + begin[0] - 1, column + (begin[1] if row == 1 else 0))
            if spot >= end:
                break
            if token.type == tokenize.OP:
                depth += (token.string in "([{") - (token.string in ")]}")
                if token.string == "," and depth == 1:
                    found.append(spot)
    except (tokenize.TokenError, SyntaxError):
        return None
    return found


def _cut(
    file: PythonFile,
    call: ast.Call,
    arguments: Sequence[ast.expr | ast.keyword],
    first: int,
    last: int,
    commas: Collection[Spot],
) -> Edit:
    """The edit that takes the arguments ``first`` up to ``last`` (exclusive) out of a call."""
    start, end = start_of(file, arguments[first]), end_of(file, arguments[last - 1])
    after = [comma for comma in commas if comma >= end]
    limit = start_of(file, arguments[last]) if last < len(arguments) else end_of(file, call)
    comma = after[0] if after and after[0] < limit else None
    tail = (comma[0], comma[1] + 1) if comma else end
    before_it = file.lines[start[0] - 1][: start[1]]
    behind_it = file.lines[tail[0] - 1][tail[1] :].strip()
    if not before_it.strip() and (not behind_it or behind_it.startswith("#")):
        return edit((start[0], 0), (tail[0] + 1, 0), "")
    if not before_it.strip() and last < len(arguments) and limit[0] == tail[0]:
        return edit(start, limit, "")
    if first:
        previous = max(comma for comma in commas if comma < start)
        text = file.lines[previous[0] - 1][previous[1] + 1 :].strip()
        if previous[0] == start[0] or not text:
            return edit(previous, end, "")
        return edit(start, tail, "")
    if last < len(arguments):
        return edit(start, limit, "")
    return edit(start, tail, "")
