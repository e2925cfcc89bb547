"""Jinja in files that are no Python: the part that every reader of such a file can add."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.material import Hit, Place, Template, Text

LARGEST_TEMPLATE = 256 * 1024
"""Longer texts are data, not templates."""


def looks_like_jinja(text: str) -> bool:
    """Whether a text holds anything that Jinja would act on."""
    return ("{{" in text or "{%" in text) and len(text) <= LARGEST_TEMPLATE


def templates_in(text: Text) -> Iterator[Template]:
    """The whole file as one template, where it holds Jinja. Its hits hold only where a DAG names the file."""
    if looks_like_jinja(text.source):
        yield Template(text.source, Place(1), in_file=True)


def hit_in(template: Template, word: str, offset: int, message: str, symbol: str = "") -> Hit:
    """A hit at a word of a template, by its 0-based offset in the text. The symbol is the word, or another."""
    place = template.place_of(word, offset)
    return Hit(
        line=place.line,
        column=place.column,
        end_line=place.line,
        cell=place.cell,
        message=message,
        symbol=symbol or word,
        if_used=template.in_file,
    )
