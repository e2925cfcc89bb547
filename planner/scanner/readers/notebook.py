"""Jupyter notebooks: the Python of their code cells as one file, each line where its cell has it.

What only IPython understands (``%magic``, ``!command``, ``name?``) is made harmless line by line. Cells of another
language stay empty. Cells and rows are numbered as ruff numbers them: text cells count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from planner.scanner.code.flaws import flaw_in
from planner.scanner.code.python_file import PythonFile
from planner.scanner.material import Text
from planner.scanner.notebook import Cell, code_cells
from planner.scanner.readers import Unreadable

_PYTHON_MAGICS = frozenset(
    [
        "capture",
        "debug",
        "ipytest",
        "prun",
        "pypy",
        "python",
        "python3",
        "time",
        "timeit",
    ]
)
"""Cell magics whose cells are Python below the first line."""
_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_ESCAPE = re.compile(r"(?P<indent>\s*)(?:[%!?]|[\w.]+\?{1,2}\s*$)")
_ASSIGNED = re.compile(r"(?P<head>\s*[\w.,\s\[\]]{1,200}=\s*)[%!]\S")


def read(text: Text) -> Iterator[Any]:
    """The material in such a file."""
    cells = code_cells(text.source)
    if cells is None:
        raise Unreadable("The file is no notebook that can be read.")
    lines: list[str] = []
    firsts: list[int] = []
    broken: list[int] = []
    for number, cell in enumerate(cells, 1):
        firsts.append(len(lines) + 1)
        python = _python_of(cell)
        if python is None:
            broken.append(number)
        lines += python or [""] * max(len(cell.lines), 1)
    yield PythonFile(text.path, "\n".join(lines) + "\n", firsts)
    if broken:
        raise Unreadable(f"Cell {broken[0]} is no Python that can be parsed.")


def _python_of(cell: Cell) -> list[str] | None:
    """The cell's lines as Python, as many as it has; nothing where it is something else; None where it is broken."""
    lines = [line.rstrip("\r\n") for line in cell.lines]
    if not cell.is_code or not lines:
        return []
    magic = _CELL_MAGIC.match(lines[0])
    if magic and magic[1] not in _PYTHON_MAGICS:
        return []
    for attempt in (lines, harmless(lines)):
        if flaw_in("\n".join(attempt)) is None:
            return attempt
    return None


def harmless(lines: list[str]) -> list[str]:
    """The lines with IPython's own ones replaced by ``pass``, and what they assign by ``None``."""
    plain: list[str] = []
    is_continued = False
    for line in lines:
        escape, assigned = _ESCAPE.match(line), _ASSIGNED.match(line)
        if is_continued:
            plain.append("")
        elif escape:
            plain.append(f"{escape['indent']}pass")
        elif assigned:
            plain.append(f"{assigned['head']}None")
        else:
            plain.append(line)
            continue
        is_continued = line.endswith("\\")
    return plain
