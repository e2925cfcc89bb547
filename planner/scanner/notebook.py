"""The lines of a Jupyter notebook's cells, numbered as ruff numbers them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from planner.parsers.items import DECODE_ERRORS
from planner.scanner.diff import lines_of


class Cell(NamedTuple):
    """One cell: its lines with their endings, and whether it holds code."""

    lines: list[str]
    is_code: bool


class _Cell(msgspec.Struct):
    source: str | list[str] = ""
    cell_type: str = ""


class _Language(msgspec.Struct):
    name: str = "python"


class _About(msgspec.Struct):
    language_info: _Language = msgspec.field(default_factory=_Language)


class _Notebook(msgspec.Struct):
    cells: list[_Cell] = []
    metadata: _About = msgspec.field(default_factory=_About)


def cells_of(source: str) -> list[list[str]]:
    """The lines of every cell, of text cells too; none where the notebook cannot be read."""
    notebook = _decoded(source)
    return [_lines(cell) for cell in notebook.cells] if notebook else []


def code_cells(source: str) -> list[Cell] | None:
    """Every cell, those of text and of other languages without being code; None where nothing can be read."""
    notebook = _decoded(source)
    if notebook is None:
        return None
    is_python = notebook.metadata.language_info.name.lower() in ("python", "ipython")
    return [Cell(_lines(cell), is_python and cell.cell_type == "code") for cell in notebook.cells]


def _decoded(source: str) -> _Notebook | None:
    try:
        return msgspec.json.decode(source, type=_Notebook)
    except DECODE_ERRORS:
        return None


def _lines(cell: _Cell) -> list[str]:
    return lines_of(cell.source if isinstance(cell.source, str) else "".join(cell.source))
