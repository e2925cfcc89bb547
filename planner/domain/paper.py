"""Which characters come out on paper. The PDF's fonts have no Chinese, Japanese, Korean or emoji."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

_PRINTED = (
    (0x0020, 0x04FF),  # Latin, Greek, Cyrillic
    (0x0531, 0x060C),  # Armenian, Hebrew
    (0x0621, 0x063A),  # Arabic
    (0x0640, 0x0655),
    (0x0660, 0x066D),
    (0x06F0, 0x06F9),
    (0x0900, 0x097F),  # Devanagari
    (0x10D0, 0x10FF),  # Georgian
    (0x1D00, 0x2040),  # more Latin and Greek, punctuation
    (0x2044, 0x2052),
    (0x2054, 0x211E),
    (0x2126, 0x2184),
    (0x2190, 0x23FF),  # arrows, mathematics
    (0x2460, 0x262F),
    (0xFB00, 0xFB4F),
    (0xFE70, 0xFEFC),
)
"""Ranges of which every character has a glyph in the PDF's fonts; a test compares them."""
_STARTS = [first for first, _last in _PRINTED]


def is_printed(char: str) -> bool:
    """False where the PDF may show an empty box instead."""
    place = bisect_right(_STARTS, ord(char)) - 1
    return place >= 0 and ord(char) <= _PRINTED[place][1]


def with_empty_boxes(texts: Iterable[tuple[str, str]]) -> list[str]:
    """The labels of those texts, pairs of label and text, that the PDF cannot print whole."""
    found = (label for label, text in texts if not all(map(is_printed, text)))
    return list(dict.fromkeys(found))
