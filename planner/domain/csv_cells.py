"""Cells of CSV files that spreadsheets must not take for formulas, and back."""

from __future__ import annotations

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
_GUARD = "'"


def guard(text: str) -> str:
    """``text`` so that a spreadsheet shows it and never runs it. ``unguard`` gives it back exactly."""
    # A text that begins with the guard itself gets one more, or it could not be told from a guarded one.
    return _GUARD + text if text.startswith((*_DANGEROUS, _GUARD)) else text


def unguard(text: str) -> str:
    """The text that was meant by a cell, as we or a spreadsheet wrote it."""
    inner = text[1:]
    if text.startswith(_GUARD) and inner.startswith((*_DANGEROUS, _GUARD)):
        return inner
    return text
