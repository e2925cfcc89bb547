"""Comments that silence findings, read as ruff reads them, for ruff's rules and for Flightplan's own.

``# noqa``, ``# noqa: AIR302, AF3-DB-ORM``, ``# ruff: noqa`` and ``# flake8: noqa`` on a line of their own, and ruff's
``# ruff: ignore[…]``, ``disable[…]`` … ``enable[…]`` and ``file-ignore[…]``. Codes are compared whole: ruff knows no
prefixes here. A directive that ruff refuses silences nothing.
"""

from __future__ import annotations

import io
import itertools
import re
import tokenize
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from planner.scanner.notebook import cells_of

LONGEST_COMMENT = 200
_PYTHON = (".py", ".pyi", ".pyw")


class Noqa(msgspec.Struct, frozen=True, omit_defaults=True):
    """One comment that silences findings, and the lines for which it does."""

    line: int
    """Where the comment stands."""
    codes: tuple[str, ...] = ()
    """Rules that it silences: ids, or their names; none means every rule."""
    first: int = 0
    last: int = 0
    """The lines for which it speaks; 0 for the whole file."""
    cell: int | None = None
    """The 1-based cell of a notebook; lines then count within it."""
    text: str = ""
    """The comment itself."""

    def speaks_for(self, line: int | None, cell: int | None) -> bool:
        """Whether a finding at this place is within its reach."""
        if not self.last:
            return True
        return line is not None and cell == self.cell and self.first <= line <= self.last


_WORD = re.compile(r"noqa|#\s*ruff\s*:", re.IGNORECASE)
SPELLINGS = frozenset(
    "".join(letters)
    for word in ("noqa", "ruff")
    for letters in itertools.product(*((letter, letter.upper()) for letter in word))
)
"""Words of which one is in every Python file with such a comment."""
_RUFF_OR_FLAKE8 = re.compile(r"#\s*(?:ruff|flake8)\s*:")
_ENDS_A_STRING = re.compile(r"\"{3}|'{3}|\}[^\n]*[\"']")
"""On a line that may end a string of several: also one whose braces reached over lines."""
_LINE = re.compile(r"#\s*noqa", re.IGNORECASE)
_FILE = re.compile(r"#\s*(?:ruff|flake8)\s*:\s*(?i:noqa)")
_BRACKETS = re.compile(
    r"#\s*ruff\s*:\s*(?P<verb>ignore|disable|enable|file-ignore)\s*\[(?P<codes>[^\]]*)\]"
)
_CODE = re.compile(r"AF3-[A-Z0-9]+(?:-[A-Z0-9]+)*|[A-Z]+[0-9]+")
_OWN = re.compile(r"AF3-[A-Z0-9]+(?:-[A-Z0-9]+)*")
_BETWEEN = re.compile(r"[,\s]*")
_NAMED = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_END_OF_CODE = frozenset("#,")


def may_silence(source: str) -> bool:
    """Whether looking for comments is worth it at all."""
    small = source.lower()
    return ("noqa" in small or "ruff" in small) and _WORD.search(source) is not None


def may_speak_for(source: str, lines: Collection[int]) -> bool:
    """Whether a comment of a Python file may silence what is found on one of these lines.

    Told from the text alone, for telling comments from strings takes long: a ``# noqa`` reaches above its own line
    only where a string or a line that goes on ends on it.
    """
    small = source.lower()
    if "\r" in small:
        small = small.replace("\r\n", "\n").replace("\r", "\n")
    if _RUFF_OR_FLAKE8.search(small):
        return True
    first = min(lines, default=0)
    start = end = 0
    while (at := small.find("noqa", end)) >= 0:
        start = small.rfind("\n", 0, at) + 1
        end = small.find("\n", at)
        end = len(small) if end < 0 else end
        line = small.count("\n", 0, start) + 1
        goes_on = small.endswith("\\\n", 0, start) or _ENDS_A_STRING.search(small, start, end)
        if line in lines or (goes_on and 0 < first < line):
            return True
    return False


def noqa_of(
    path: str, source: str, *, is_code: bool, lines: Collection[int] | None = None
) -> list[Noqa]:
    """Every directive of a file, whatever its kind.

    ``lines``: those on which something is found; directives for none of them are left out, or all are where telling
    takes longer. None: all of them.
    """
    if lines is not None and not lines:
        return []
    if not may_silence(source):
        return []
    if lines and path.endswith(_PYTHON) and not may_speak_for(source, lines):
        return []
    if path.endswith(".ipynb"):
        cells = enumerate(cells_of(source), 1)
        return [noqa for cell, lines in cells for noqa in noqa_in_python("".join(lines), cell=cell)]
    return noqa_in_python(source) if is_code else noqa_in_text(source)


def noqa_in_python(source: str, *, cell: int | None = None) -> list[Noqa]:
    """Every directive of a Python file, or of one cell of a notebook; strings hold none."""
    if not may_silence(source):
        return []
    layout = _layout(source.replace("\r\n", "\n").replace("\r", "\n"))
    found = [
        *(noqa for comment in layout.comments for noqa in _directives(comment, layout)),
        *_ranges(layout),
    ]
    return [msgspec.structs.replace(noqa, cell=cell if noqa.last else None) for noqa in found]


def noqa_in_text(source: str) -> list[Noqa]:
    """Every ``# noqa`` of a file that is no Python but has comments after ``#``: each for its own line."""
    if not may_silence(source):
        return []
    found = []
    for row, line in enumerate(source.splitlines(), 1):
        match = re.search(r"(?:^|(?<=\s))#\s*noqa", line, re.IGNORECASE)
        codes = _codes_after(line, match.end()) if match else None
        if match and codes is not None:
            text = _shown(line[match.start() :])
            found.append(Noqa(row, codes, first=row, last=row, text=text))
    return found


# ------------------------------------------------------------------ the layout of a file


class _Comment(NamedTuple):
    row: int
    column: int
    text: str
    stands_alone: bool
    """Nothing but white space is before it."""
    in_brackets: bool


class _Statement(NamedTuple):
    """One logical line: what lies between two line ends that count."""

    first: int
    last: int
    column: int


class _Layout(msgspec.Struct):
    comments: list[_Comment] = []
    statements: list[_Statement] = []
    joined: list[list[int]] = []
    """Rows of strings over several lines, and of lines continued with a backslash: first and last."""
    rows: list[int] = []
    """Rows on which code begins a token."""

    def reach(self, row: int) -> tuple[int, int]:
        """The rows for which a comment at the end of this one speaks."""
        for first, last in self.joined:
            if last == row:
                return first, row
        return row, row

    def swallows(self, row: int) -> bool:
        """Whether what is found on this row is looked for at the end of a later one."""
        return any(first <= row < last for first, last in self.joined)


_LAYOUT_ONLY = frozenset(
    [tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING]
)
_OPENS = {
    number
    for name in ("FSTRING_START", "TSTRING_START")
    if (number := getattr(tokenize, name, None)) is not None
}
_CLOSES = {
    number
    for name in ("FSTRING_END", "TSTRING_END")
    if (number := getattr(tokenize, name, None)) is not None
}


def _layout(source: str) -> _Layout:
    """What is code and what is comment. Of a file that breaks off, what came before."""
    layout = _Layout()
    reader = _Reader(layout)
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            reader.take(token)
    except (tokenize.TokenError, SyntaxError):
        # A broken file has no findings but the one that says so, and no comment silences that.
        return layout
    return layout


class _Reader:
    """Goes through the tokens once."""

    def __init__(self, layout: _Layout) -> None:
        self._layout = layout
        self._depth = 0
        self._strings: list[int] = []
        self._start: tuple[int, int] | None = None
        self._code_end = 0

    def take(self, token: tokenize.TokenInfo) -> None:
        row, column = token.start
        if token.type == tokenize.COMMENT:
            alone = not token.line[:column].strip() if self._is_one_line(token) else False
            self._layout.comments.append(
                _Comment(row, column, token.string, alone, in_brackets=self._depth > 0)
            )
        elif token.type == tokenize.NEWLINE:
            self._end_statement(row)
        elif token.type == tokenize.NL:
            self._code_end = 0
        elif token.type not in _LAYOUT_ONLY and token.type != tokenize.ENDMARKER:
            self._take_code(token, row, column)

    @staticmethod
    def _is_one_line(token: tokenize.TokenInfo) -> bool:
        return "\n" not in token.line.rstrip("\n") or token.line.lstrip().startswith("#")

    def _take_code(self, token: tokenize.TokenInfo, row: int, column: int) -> None:
        self._start = self._start or (row, column)
        self._layout.rows.append(row)
        if self._code_end and row > self._code_end:
            self._join(self._code_end, row)
        if token.type == tokenize.OP:
            self._depth += (token.string in "([{") - (token.string in ")]}")
        elif token.type == tokenize.STRING and token.end[0] > row:
            self._join(row, token.end[0])
        elif token.type in _OPENS:
            self._strings.append(row)
        elif token.type in _CLOSES and self._strings:
            opened = self._strings.pop()
            if token.end[0] > opened:
                self._join(opened, token.end[0])
        self._code_end = token.end[0]

    def _join(self, first: int, last: int) -> None:
        joined = self._layout.joined
        while joined and first <= joined[-1][1]:
            before = joined.pop()
            first, last = min(first, before[0]), max(last, before[1])
        joined.append([first, last])

    def _end_statement(self, row: int) -> None:
        if self._start is not None:
            first, column = self._start
            self._layout.statements.append(_Statement(first, row, column))
        self._start, self._code_end, self._depth = None, 0, 0


# ------------------------------------------------------------------ directives


def _directives(comment: _Comment, layout: _Layout) -> Iterator[Noqa]:
    """What one comment silences by itself; ranges are read from all comments together."""
    text = _shown(comment.text)
    whole = _FILE.search(comment.text)
    if whole and comment.stands_alone:
        codes = _codes_after(comment.text, whole.end())
        if codes is not None:
            yield Noqa(comment.row, codes, text=text)
    first, last = layout.reach(comment.row)
    codes = None if layout.swallows(comment.row) else _line_codes(comment.text)
    if codes is not None:
        yield Noqa(comment.row, codes, first=first, last=last, text=text)
    for verb, codes in _bracketed(comment):
        if verb == "file-ignore" and comment.column == 0:
            yield Noqa(comment.row, codes, text=text)
        elif verb == "ignore" and not comment.stands_alone:
            yield Noqa(comment.row, codes, first=first, last=last, text=text)
        elif verb == "ignore" and (below := _below(comment, layout)):
            yield Noqa(comment.row, codes, first=below[0], last=below[1], text=text)


def _line_codes(comment: str) -> tuple[str, ...] | None:
    """The codes of the comment's ``# noqa``: none for every rule, None where there is none that counts.

    Of several ruff reads the first. Our own ids, which it refuses, may stand in a second one.
    """
    match = _LINE.search(comment)
    if match is None:
        return None
    codes = _codes_after(comment, match.end())
    later = [
        code for further in _LINE.finditer(comment, match.end()) for code in _own(comment, further)
    ]
    return codes if codes == () or not later else (*(codes or ()), *later)


def _own(comment: str, match: re.Match[str]) -> Iterator[str]:
    return (code for code in _codes_after(comment, match.end()) or () if _OWN.fullmatch(code))


def _codes_after(text: str, at: int) -> tuple[str, ...] | None:
    """The codes that follow the word: none for every rule; None where the directive is broken."""
    rest = text[at:]
    after = rest.lstrip()
    if not after.startswith(":"):
        return () if not rest or rest[0].isspace() or rest[0] == "#" else None
    return _codes(after[1:])


def _codes(text: str) -> tuple[str, ...] | None:
    """The list of codes up to the first word that is none. One that is glued to something else breaks all."""
    codes: list[str] = []
    at = _skip(text, 0)
    while match := _CODE.match(text, at):
        codes.append(match.group())
        at = match.end()
        following = text[at : at + 1]
        if not (
            following == ""
            or following in _END_OF_CODE
            or following.isspace()
            or _CODE.match(text, at)
        ):
            return None
        at = _skip(text, at)
    return tuple(codes) or None


def _skip(text: str, at: int) -> int:
    match = _BETWEEN.match(text, at)
    return match.end() if match else at


def _bracketed(comment: _Comment) -> Iterator[tuple[str, tuple[str, ...]]]:
    """``# ruff: verb[codes]`` of a comment; one on a line of its own must begin it."""
    match = (
        _BRACKETS.match(comment.text) if comment.stands_alone else _BRACKETS.search(comment.text)
    )
    if match:
        parts = [part.strip() for part in match["codes"].split(",")]
        codes = [part for part in parts if part]
        if codes and all(_NAMED.fullmatch(code) for code in codes):
            yield match["verb"], tuple(codes)


def _below(comment: _Comment, layout: _Layout) -> tuple[int, int] | None:
    """The rows that a comment above them speaks for: a whole statement, or one row within brackets."""
    if comment.in_brackets:
        at = bisect_left(layout.rows, comment.row + 1)
        return (layout.rows[at], layout.rows[at]) if at < len(layout.rows) else None
    at = bisect_left(layout.statements, (comment.row + 1, 0, 0))
    if at == len(layout.statements):
        return None
    statement = layout.statements[at]
    return statement.first, statement.last


def _ranges(layout: _Layout) -> Iterator[Noqa]:
    """``disable`` up to the ``enable`` of the same codes at the same depth, else to the end of its block."""
    marks = [
        (comment, verb, codes)
        for comment in layout.comments
        if comment.stands_alone and (comment.column == 0 or not comment.in_brackets)
        for verb, codes in _bracketed(comment)
        if verb in ("disable", "enable")
    ]
    for index, (comment, verb, codes) in enumerate(marks):
        if verb == "disable":
            end = _end_of_block(comment, layout.statements)
            closing = (
                other.row
                for other, word, named in marks[index + 1 :]
                if word == "enable" and other.column == comment.column and set(named) == set(codes)
            )
            last = min(next(closing, end), end)
            yield Noqa(comment.row, codes, first=comment.row, last=last, text=_shown(comment.text))


def _end_of_block(comment: _Comment, statements: Sequence[_Statement]) -> int:
    below: Iterable[_Statement] = statements[bisect_left(statements, (comment.row + 1, 0, 0)) :]
    last = comment.row
    for statement in below:
        if statement.column < comment.column:
            break
        last = statement.last
    return last


def _shown(comment: str) -> str:
    return " ".join(comment.split())[:LONGEST_COMMENT]
