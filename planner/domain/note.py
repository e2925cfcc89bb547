"""Notes on findings."""

from __future__ import annotations


def clean_note(text: str) -> str:
    """A note as it is kept: no blank edges, one kind of line end."""
    lines = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    return lines.strip()
