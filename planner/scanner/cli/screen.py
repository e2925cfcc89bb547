"""Text for people: what a terminal may be sent, in its colours, its width and its characters.

Written by hand since it is a page of code: a library for it would be larger than the rest of the package, and
take longer to load than a scan of a small tree takes.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
import unicodedata
from collections.abc import Mapping
from types import TracebackType
from typing import TextIO

WIDEST = 100
NARROWEST = 40
TAB = 4
STYLES = {
    "bold": "1",
    "dim": "2",
    "ERROR": "1;31",
    "WARNING": "33",
    "INFO": "36",
    "file": "1;4",
    "good": "32",
}
_PLAIN = {
    "│": "|", "…": "...", "·": "-", "→": "->", "←": "<-", "–": "-", "—": "-", "≥": ">=", "≤": "<=",
    "‘": "'", "’": "'", "“": '"', "”": '"', "×": "x",
}  # fmt: skip


class Screen:
    """What one stream can show."""

    def __init__(
        self, stream: TextIO, *, is_file: bool = False, environ: Mapping[str, str] = os.environ
    ) -> None:
        """``is_file``: the stream is a file that the caller named, which gets UTF-8 and no colour."""
        self.encoding = "utf-8" if is_file else (stream.encoding or "utf-8")
        is_terminal = not is_file and stream.isatty() and environ.get("TERM") != "dumb"
        self.has_colour = is_terminal and not environ.get("NO_COLOR")
        columns = shutil.get_terminal_size((WIDEST, 24)).columns if is_terminal else WIDEST
        self.width = max(NARROWEST, min(columns, WIDEST) if is_terminal else WIDEST)

    def paint(self, text: str, style: str) -> str:
        """The text in a style, where there is colour."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.has_colour else text

    def shown(self, text: str) -> str:
        """Our own text in the characters that the stream has."""
        try:
            text.encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            text = "".join(_PLAIN.get(char, char) for char in text)
            return text.encode("ascii", "backslashreplace").decode("ascii")
        return text

    def foreign(self, text: str) -> str:
        """Text of others, harmless: whatever could steer a terminal is spelled out."""
        return self.shown(harmless(text))


def harmless(text: str) -> str:
    """Control characters, marks that turn the direction of writing, and lone surrogates spelled out."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _spelled(char) for char in text)


def _spelled(char: str) -> str:
    number = ord(char)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def width_of(text: str) -> int:
    """The columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


class ProgressBar:
    """How far a scan is, on standard error, where that is a terminal and the scan takes a while."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_shown = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._started = time.monotonic()
        self._next = self._started + 0.4
        self._was_drawn = False

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._was_drawn:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._is_shown or now < self._next or not total:
            return
        self._next = now + 0.1
        self._was_drawn = True
        columns = shutil.get_terminal_size().columns
        words = f" {done:,} of {total:,} files"
        room = min(max(columns - len(words) - 3, 0), 40)
        filled = room * done // total
        bar = f"[{'#' * filled}{'.' * (room - filled)}]" if room > 4 else ""
        self._stream.write(f"\r\x1b[2K{(bar + words)[: columns - 1]}")
        self._stream.flush()
