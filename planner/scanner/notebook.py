"""The lines of a Jupyter notebook's cells, numbered as ruff numbers them."""

from __future__ import annotations

import msgspec

from planner.parsers.items import DECODE_ERRORS
from planner.scanner.diff import lines_of


class _Cell(msgspec.Struct):
    source: str | list[str] = ""


class _Notebook(msgspec.Struct):
    cells: list[_Cell] = []


def cells_of(source: str) -> list[list[str]]:
    """The lines of every cell, of text cells too; none where the notebook cannot be read."""
    try:
        notebook = msgspec.json.decode(source, type=_Notebook)
    except DECODE_ERRORS:
        return []
    return [
        lines_of(cell.source if isinstance(cell.source, str) else "".join(cell.source))
        for cell in notebook.cells
    ]
