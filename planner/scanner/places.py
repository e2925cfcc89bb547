"""Where in a text something stands that its parser gave without a place: TOML and INI tables have none."""

from __future__ import annotations

import re

from planner.scanner.material import Place, Text


class Places:
    """Finds words in the order in which they stand, so that the second mention is not taken for the first."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._at = 0

    def word(self, word: str) -> Place:
        """The next place of a text between quotes or on a line of its own; of the bare words else."""
        for quote in ('"', "'", ""):
            if (place := self._next(re.escape(f"{quote}{word}{quote}"))) is not None:
                return place
        return Place(1)

    def key(self, key: str) -> Place:
        """The next place where ``key`` is set: ``key = …``, ``"key": …``."""
        pattern = rf"^[ \t]{{0,40}}[\"']?{re.escape(key)}[\"']?[ \t]{{0,40}}[=:.]"
        return self._next(pattern) or self.word(key)

    def value(self, key: str, word: str) -> Place:
        """The next place of ``key = "word"``."""
        pattern = (
            rf"^[ \t]{{0,40}}{re.escape(key)}[ \t]{{0,40}}=[ \t]{{0,40}}[\"']{re.escape(word)}[\"']"
        )
        return self._next(pattern) or self.word(word)

    def _next(self, pattern: str) -> Place | None:
        wanted = re.compile(pattern, re.MULTILINE)
        found = wanted.search(self._text.source, self._at) or wanted.search(self._text.source)
        if found is None:
            return None
        self._at = found.end()
        blank = len(found[0]) - len(found[0].lstrip())
        return self._text.place(found.start() + blank)
