"""Where in a text something stands that its parser gave without a place: TOML and INI tables have none."""

from __future__ import annotations

from collections.abc import Callable

from planner.scanner.material import Place, Text

_MOST_STEPS = 2_000
"""Mentions looked at in vain, and searches that reach the end: a hostile file could make them endless."""
_QUOTES = ("'", '"')


class Places:
    """Finds words in the order in which they stand, so that the second mention is not taken for the first."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._source = text.source
        self._at = 0
        self._left = _MOST_STEPS

    def word(self, word: str) -> Place:
        """The next place of a text between quotes or with nothing around it; else of any mention."""
        return self._next(word, self._is_whole) or self._next(word, _is_any) or Place(1)

    def key(self, key: str) -> Place:
        """The next place where ``key`` is set: ``key = …``, ``"key": …``."""
        return self._next(key, self._is_key) or self.word(key)

    def value(self, key: str, word: str) -> Place:
        """The next place of ``key = "word"``, as programs write it."""
        return self._next(f'{key} = "{word}"', _is_any) or self.word(word)

    def entry(self, key: str, word: str) -> Place:
        """The next line that begins with ``key = "word"``: in tables of a line's own, not within other values."""
        return self._next(f'{key} = "{word}"', self._is_begun) or self.value(key, word)

    def _next(self, word: str, fits: Callable[[int, int], bool]) -> Place | None:
        """The next mention that fits, from the last place on and then from the top."""
        for start in (self._at, 0):
            if self._left <= 0:
                return None
            at = self._source.find(word, start)
            while at >= 0 and self._left > 0:
                if fits(at, at + len(word)):
                    self._at = at + len(word)
                    return self._text.place(at - self._opens(at))
                self._left -= 1
                at = self._source.find(word, at + 1)
            self._left -= 1
        return None

    def _opens(self, at: int) -> int:
        """1 where a quote stands before, which belongs to the place."""
        return int(at > 0 and self._source[at - 1] in _QUOTES)

    def _is_begun(self, start: int, end: int) -> bool:
        return start == 0 or self._source[start - 1] == "\n"

    def _is_whole(self, start: int, end: int) -> bool:
        before = self._source[start - 1 : start]
        after = self._source[end : end + 1]
        if before in _QUOTES:
            return after == before
        return (not before or before.isspace()) and (not after or after.isspace())

    def _is_key(self, start: int, end: int) -> bool:
        line = self._source.rfind("\n", 0, start) + 1
        before = self._source[line:start].strip()
        after = self._source[end : end + 40].lstrip("\"' \t")
        return before in ("", "{", *_QUOTES) and after[:1] in ("=", ":", ".")


def _is_any(start: int, end: int) -> bool:
    return True
