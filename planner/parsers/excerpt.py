"""The lines of a report around what cannot be read in it, so that a person sees it without opening the file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from planner.domain.report import Excerpt, Problem
from planner.parsers.detect import Look
from planner.parsers.items import DECODE_ERRORS
from planner.parsers.text import place_of

LARGEST = 32 * 1024 * 1024
"""Of a larger report no excerpt is made: it would have to be read once more, whole."""

MOST = 3
"""Items that are shown; the others are only named."""

_AROUND = 5
"""Lines before and after the bad one."""
_WIDEST = 140
"""Characters of a line that are shown."""


def excerpts_of(text: memoryview, look: Look, problems: Sequence[Problem]) -> dict[int, Excerpt]:
    """Excerpts of the first bad items, by their index."""
    fields = {
        problem.index: problem.field for problem in problems[:MOST] if problem.index is not None
    }
    if not fields or len(text) > LARGEST:
        return {}
    return {
        index: _of_item(text, start, end, fields[index])
        for index, start, end in _places(bytes(text), _items_of(look), fields)
    }


def excerpt_at(text: memoryview, offset: int) -> Excerpt | None:
    """The lines around a place where the text stops making sense."""
    if len(text) > LARGEST:
        return None
    number, column = place_of(text, offset)
    lines = bytes(text).decode("utf-8", "replace").split("\n")
    first = max(0, number - 1 - _AROUND)
    shown = [_cut(line) for line in lines[first : number + _AROUND]]
    bad = number - 1 - first
    shown[bad] = _cut(lines[number - 1], around=column - 1)
    return Excerpt(lines=tuple(shown), bad=bad, first=first + 1)


def _items_of(look: Look) -> Sequence[msgspec.Raw]:
    """The items in the order in which problems count them."""
    if "findings" in look.members:
        return msgspec.json.decode(look.members["findings"], type=list[msgspec.Raw])
    if "runs" in look.members:
        runs = msgspec.json.decode(look.members["runs"], type=list[dict[str, msgspec.Raw]])
        return [
            result
            for run in runs
            for result in msgspec.json.decode(
                run.get("results", msgspec.Raw(b"null")), type=list[msgspec.Raw] | None
            )
            or ()
        ]
    return look.items


def _places(
    text: bytes, items: Sequence[msgspec.Raw], wanted: Collection[int]
) -> Iterator[tuple[int, int, int]]:
    """(index, start, end) of the wanted items. Each lies right behind the one before it."""
    end = 0
    for index, item in enumerate(items[: max(wanted) + 1]):
        start = text.find(bytes(item), end)
        end = start + len(bytes(item))
        if index in wanted:
            yield index, start, end


def _of_item(text: memoryview, start: int, end: int, field: str) -> Excerpt:
    """The item's own lines; one that fills no line of its own is laid out first."""
    line, column = place_of(text, start)
    written = bytes(text[start:end]).decode("utf-8", "replace")
    is_laid_out = "\n" not in written
    if is_laid_out:
        lines = _laid_out(text[start:end], written).split("\n")
    else:
        lines = (" " * (column - 1) + written).split("\n")
    bad = _line_of(field, lines)
    first = max(0, (bad or 0) - _AROUND)
    return Excerpt(
        lines=tuple(map(_cut, lines[first : first + 2 * _AROUND + 1])),
        bad=None if bad is None else bad - first,
        first=line if is_laid_out else line + first,
        is_laid_out=is_laid_out,
    )


def _laid_out(raw: memoryview, written: str) -> str:
    try:
        return msgspec.json.format(raw, indent=2).decode()
    except DECODE_ERRORS:
        return written


def _line_of(field: str, lines: list[str]) -> int | None:
    """The line that names the field; None where it is the whole item or missing from it."""
    name = f'"{field.split(".")[0].split("[")[0]}"'
    return next((index for index, line in enumerate(lines) if field and name in line), None)


def _cut(line: str, around: int = 0) -> str:
    line = line.rstrip("\r").replace("\0", "\N{SYMBOL FOR NULL}")
    if len(line) <= _WIDEST:
        return line
    start = max(0, min(around - _WIDEST // 2, len(line) - _WIDEST))
    end = start + _WIDEST
    return ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")
