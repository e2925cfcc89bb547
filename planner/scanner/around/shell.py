"""Shell text → its simple commands, each word with the place where it begins.

Only what is needed to know which program is started with which words: quotes, comments, line continuations,
here-documents, substitutions, and operators between commands. Nothing is expanded: ``$HOME/x`` stays as
written, and ``{{ … }}`` is one piece of a word. One pass over the text, so hostile text costs no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from planner.scanner.material import Place, Text

LONGEST_COMMAND = 2_000
"""Words of one command; more is no command that a person wrote."""
DEEPEST = 12
"""Substitutions within substitutions."""


class Snippet(NamedTuple):
    """A piece of text in some file, and where each of its characters stands there."""

    text: str
    place: Callable[[int], Place]


class Word(NamedTuple):
    """One word without its quotes. ``offset`` is where it begins, ``quoted`` whether quotes were in it."""

    text: str
    offset: int
    quoted: bool = False


def snippet_of(text: Text) -> Snippet:
    """A whole file."""
    return Snippet(text.source, text.place)


def snippet_at(source: str, line: int, column: int = 1, *, indent: int = 0) -> Snippet:
    """A text that begins at a place of its file and whose further lines are indented by ``indent``."""
    inner = Text("", "", source)

    def place(offset: int) -> Place:
        inside = inner.place(offset)
        shift = column - 1 if inside.line == 1 else indent
        return Place(line + inside.line - 1, inside.column + shift)

    return Snippet(source, place)


def within(snippet: Snippet, source: str, offset: int) -> Snippet:
    """A text that stands in another one from an offset on."""
    return Snippet(source, lambda inner: snippet.place(offset + inner))


_BLANK = " \t\r"
_ENDS = ";|&\n()"
_OPAQUE = {"{{": "}}", "{%": "%}"}
_HEREDOC = re.compile(r"<<(-?)[ \t]{0,8}(['\"\\]?)([A-Za-z_][\w.]{0,80})['\"]?")
_PLAIN = re.compile(r"[^\s;|&()'\"\\$`{<>#]+")


def commands_in(source: str) -> Iterator[list[Word]]:
    """The words of each simple command, in the order in which they end."""
    yield from _Splitter(source, 0).commands()


class _Splitter:
    """Walks a text once. ``end`` is where to stop: the end, or the bracket that closes a substitution."""

    def __init__(self, source: str, at: int, until: str = "", depth: int = 0) -> None:
        self.source = source
        self.at = at
        self.until = until
        self.depth = depth
        self.words: list[Word] = []
        self.piece: list[str] = []
        self.start = -1
        self.quoted = False
        self.inner: list[list[Word]] = []
        self.heredocs: list[tuple[str, bool]] = []

    def commands(self) -> Iterator[list[Word]]:
        source, length = self.source, len(self.source)
        while self.at < length:
            char = source[self.at]
            if self.until and char == self.until:
                break
            if char in _BLANK:
                self._end_word()
                self.at += 1
            elif char in _ENDS:
                yield from self._end_command(char)
            else:
                self._take(char)
        yield from self._end_command("")

    def _take(self, char: str) -> None:
        source = self.source
        if char == "#" and self.start < 0:
            self.at = _line_end(source, self.at)
        elif char == "\\":
            self._escape()
        elif char == "'":
            self._single()
        elif char == '"':
            self._double()
        elif char == "`":
            self._substitute(1, "`")
        elif source.startswith("$(", self.at):
            self._substitute(2, ")")
        elif source[self.at : self.at + 2] in _OPAQUE:
            self._opaque(_OPAQUE[source[self.at : self.at + 2]])
        elif char in "<>":
            self._redirect()
        else:
            match = _PLAIN.match(source, self.at)
            self._add(match[0] if match else char)

    def _add(self, piece: str, *, skip: int | None = None) -> None:
        if self.start < 0:
            self.start = self.at
        self.piece.append(piece)
        self.at += len(piece) if skip is None else skip

    def _escape(self) -> None:
        following = self.source[self.at + 1 : self.at + 2]
        if following == "\n" or self.source.startswith("\\\r\n", self.at):
            self._end_word()
            self.at += 2 if following == "\n" else 3
            return
        self._add(following, skip=2)

    def _single(self) -> None:
        end = self.source.find("'", self.at + 1)
        end = len(self.source) if end < 0 else end
        self.quoted = True
        self._add(self.source[self.at + 1 : end], skip=end + 1 - self.at)

    def _double(self) -> None:
        source, begin = self.source, self.at
        at = begin + 1
        pieces: list[str] = []
        while at < len(source) and source[at] != '"':
            if source[at] == "\\" and at + 1 < len(source):
                pieces.append(source[at + 1] if source[at + 1] in '"\\$`' else source[at : at + 2])
                at += 2
            elif source.startswith("$(", at) and self.depth < DEEPEST:
                end = self._inside(at + 2, ")")
                pieces.append(source[at:end])
                at = end
            else:
                pieces.append(source[at])
                at += 1
        self.quoted = True
        if self.start < 0:
            self.start = begin
        self.piece.append("".join(pieces))
        self.at = at + 1

    def _substitute(self, opening: int, closing: str) -> None:
        if self.depth >= DEEPEST:
            self._add(self.source[self.at : self.at + opening])
            return
        begin = self.at
        end = self._inside(begin + opening, closing)
        self._add(self.source[begin:end])

    def _inside(self, at: int, closing: str) -> int:
        """Takes in the commands of a substitution; the offset after it."""
        inner = _Splitter(self.source, at, closing, self.depth + 1)
        self.inner += inner.commands()
        return min(inner.at + 1, len(self.source))

    def _opaque(self, closing: str) -> None:
        end = self.source.find(closing, self.at, self.at + 2_000)
        stop = self.at + 2 if end < 0 else end + 2
        self._add(self.source[self.at : stop])

    def _redirect(self) -> None:
        match = _HEREDOC.match(self.source, self.at)
        if match:
            self.heredocs.append((match[3], bool(match[1])))
            self.at = match.end()
            return
        self._end_word()
        while self.at < len(self.source) and self.source[self.at] in "<>&|-":
            self.at += 1

    def _end_word(self) -> None:
        if self.start >= 0:
            if len(self.words) < LONGEST_COMMAND:
                self.words.append(Word("".join(self.piece), self.start, self.quoted))
            self.piece, self.start, self.quoted = [], -1, False

    def _end_command(self, char: str) -> Iterator[list[Word]]:
        self._end_word()
        words, self.words = self.words, []
        inner, self.inner = self.inner, []
        if char == "(" and self.depth < DEEPEST:
            self.depth += 1
            self.at = self._inside(self.at + 1, ")")
            self.depth -= 1
            inner, self.inner = inner + self.inner, []
        else:
            self.at += 1 if char else 0
        if char == "\n" and self.heredocs:
            self._skip_heredocs()
        yield from inner
        if words:
            yield words

    def _skip_heredocs(self) -> None:
        for word, stripped in self.heredocs:
            while self.at < len(self.source):
                end = _line_end(self.source, self.at)
                line = self.source[self.at : end].rstrip("\r")
                self.at = min(end + 1, len(self.source))
                if (line.lstrip("\t") if stripped else line) == word:
                    break
        self.heredocs = []


def _line_end(source: str, at: int) -> int:
    end = source.find("\n", at)
    return len(source) if end < 0 else end
