"""Jinja in files that are no Python: the part that every reader of such a file can add."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from planner.parsers.fix import Edit
from planner.parsers.fix import Place as EditPlace
from planner.scanner.material import Hit, Place, Template, Text


class Instead(NamedTuple):
    """What a word of a template is replaced by."""

    text: str
    is_safe: bool
    """It means the same on 2.x and 3.x."""


LARGEST_TEMPLATE = 256 * 1024
"""Longer texts are data, not templates."""


def looks_like_jinja(text: str) -> bool:
    """Whether a text holds anything that Jinja would act on."""
    return ("{{" in text or "{%" in text) and len(text) <= LARGEST_TEMPLATE


def templates_in(text: Text) -> Iterator[Template]:
    """The whole file as one template, where it holds Jinja. Its hits hold only where a DAG names the file."""
    if looks_like_jinja(text.source):
        yield Template(text.source, Place(1), in_file=True)


def hit_in(
    template: Template,
    word: str,
    offset: int,
    message: str,
    symbol: str = "",
    instead: Instead | None = None,
) -> Hit:
    """A hit at a word of a template, by its 0-based offset in the text.

    Args:
        symbol: where it is not the word.
        instead: what to write for the word.
    """
    place = template.place_of(word, offset)
    return Hit(
        line=place.line,
        column=place.column,
        end_line=place.line,
        cell=place.cell,
        message=message,
        symbol=symbol or word,
        if_used=template.in_file,
        edits=_edits(template, word, place, instead),
        is_safe=instead is not None and instead.is_safe,
    )


def _edits(template: Template, word: str, place: Place, instead: Instead | None) -> list[Edit]:
    """The word replaced, where it stands in the file just so; notebooks are not patched."""
    if instead is None or place.cell is not None or not template.spells(word, place):
        return []
    end = EditPlace(place.line, place.column + len(word))
    return [Edit(instead.text, EditPlace(place.line, place.column), end)]
