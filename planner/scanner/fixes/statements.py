"""Where import statements stand in a file, and what taking names out of them leaves behind."""

from __future__ import annotations

import ast
import functools
import io
import tokenize
from collections.abc import Sequence

import msgspec

from planner.parsers.fix import Edit
from planner.scanner.code import edits
from planner.scanner.code.edits import Spot
from planner.scanner.code.python_file import PythonFile, catches_import_error

Import = ast.Import | ast.ImportFrom


class Place(msgspec.Struct, frozen=True, eq=False, dict=True):
    """One statement with what is around it; most of it is for imports."""

    file: PythonFile
    node: ast.stmt
    body: Sequence[ast.stmt]
    """The statements that it is one of."""
    index: int

    @functools.cached_property
    def start(self) -> Spot:
        return edits.start_of(self.file, self.node)

    @functools.cached_property
    def end(self) -> Spot:
        return edits.end_of(self.file, self.node)

    @functools.cached_property
    def before(self) -> ast.stmt | None:
        """The statement before it on the same line."""
        if self.index == 0:
            return None
        previous = self.body[self.index - 1]
        return previous if edits.end_of(self.file, previous)[0] == self.start[0] else None

    @functools.cached_property
    def behind(self) -> ast.stmt | None:
        """The statement behind it on the same line."""
        if self.index + 1 == len(self.body):
            return None
        following = self.body[self.index + 1]
        return following if edits.start_of(self.file, following)[0] == self.end[0] else None

    @functools.cached_property
    def indent(self) -> str:
        text = self.file.lines[self.start[0] - 1]
        return text[: len(text) - len(text.lstrip())]

    @property
    def at_top(self) -> bool:
        """At the level of the module, where a body may be empty."""
        return self.body is self.file.tree.body

    @property
    def can_change(self) -> bool:
        """Whether it stands where lines can be put: not on the line of an ``if`` or a ``try``."""
        text = self.file.lines[self.start[0] - 1][: self.start[1]]
        return not text.strip() or self.before is not None

    @functools.cached_property
    def comments(self) -> dict[int, str]:
        """The comments inside and behind it, by line."""
        rows = self.file.lines[self.start[0] - 1 : self.end[0]]
        text = "\n".join([rows[0][self.start[1] :], *rows[1:]]) + "\n"
        if self.behind is not None or "#" not in text:
            return {}
        try:
            tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
        except (tokenize.TokenError, SyntaxError):
            return {}
        return {
            token.start[0] + self.start[0] - 1: token.string
            for token in tokens
            if token.type == tokenize.COMMENT
        }

    def run(self) -> tuple[int, int]:
        """The imports before and behind it with nothing else between: first and last index in the body."""
        first = last = self.index
        while first and is_import(self.body[first - 1]):
            first -= 1
        while last + 1 < len(self.body) and is_import(self.body[last + 1]):
            last += 1
        return first, last

    @property
    def names(self) -> list[ast.alias]:
        """What an import statement imports."""
        return self.node.names if isinstance(self.node, Import) else []

    def without(self, taken: Sequence[ast.alias]) -> list[Edit]:
        """The edits that take some of its names out, not all of them."""
        begin = self.start
        spans = [
            (edits.start_of(self.file, each), edits.end_of(self.file, each)) for each in self.names
        ]
        gone = [any(each is one for one in taken) for each in self.names]
        return edits.drop_from(self.file, begin, self.end, spans, gone) or []

    def cut(self, text: str) -> Edit:
        """The edit that writes whole lines (each ended, none indented) in place of the statement."""
        lines = self.indented(text)
        newline = newline_of(self.file)
        if self.before is not None:
            start = edits.end_of(self.file, self.before)
            lines = newline + lines
        elif self.behind is not None:
            start = self.start
            lines = lines.removeprefix(self.indent)
        else:
            start = (self.start[0], 0)
        if self.behind is not None:
            end = edits.start_of(self.file, self.behind)
            lines = lines + self.indent if text else ("; " if self.before is not None else "")
            return edits.edit(start, end, lines)
        if self.before is not None:
            end = (self.end[0], len(self.file.lines[self.end[0] - 1]))
            return edits.edit(start, end, lines.rstrip("\r\n") if text else "")
        return edits.edit(start, *self._next_line(lines))

    def insert(self, text: str) -> Edit:
        """The edit that writes whole lines behind the statement."""
        lines = self.indented(text)
        if self.behind is not None:
            start, end = self.end, edits.start_of(self.file, self.behind)
            return edits.edit(start, end, newline_of(self.file) + lines + self.indent)
        spot, content = self._next_line(lines)
        newline = "" if spot[1] == 0 else newline_of(self.file)
        return edits.edit(spot, spot, newline + content)

    def _next_line(self, lines: str) -> tuple[Spot, str]:
        """Where the next line begins; at the end of a file without a last newline there is none."""
        last = self.end[0]
        if last < len(self.file.lines):
            return (last + 1, 0), lines
        return (last, len(self.file.lines[last - 1])), lines.rstrip("\r\n")

    def indented(self, text: str) -> str:
        newline = newline_of(self.file)
        return "".join(
            f"{self.indent}{line}{newline}" if line else newline for line in text.splitlines()
        )


def is_import(node: ast.stmt) -> bool:
    """An import, or a ``try`` that holds nothing but imports."""
    return isinstance(node, Import) or is_shim(node)


def is_shim(node: ast.stmt) -> bool:
    """``try: import … except ImportError: import …`` and nothing else."""
    return (
        isinstance(node, ast.Try)
        and len(node.handlers) == 1
        and not node.orelse
        and not node.finalbody
        and catches_import_error(node.handlers[0])
        and all(isinstance(each, Import) for each in [*node.body, *node.handlers[0].body])
    )


def newline_of(file: PythonFile) -> str:
    is_dos = "\r" in file.source and "\r\n" in file.source  # one letter is found much faster
    return "\r\n" if is_dos else "\n"


def step_of(file: PythonFile) -> str:
    """What the file indents with."""
    for line in file.lines:
        if line[:1] == "\t":
            return "\t"
        if line[:1] == " ":
            break
    return "    "
