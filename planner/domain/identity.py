"""What identity looks at: a finding's trace, and the text that tells two of one rule in one file apart."""

from __future__ import annotations

import re
from typing import NamedTuple

_DIGITS = re.compile(r"\d+")
_TOLD_LAST = re.compile(r':\s*"([^"]+)"\s*$')


def identity_text(symbol: str, message: str) -> str:
    """The symbol, with the very thing that the message ends on where it quotes one (of which task the id differs).

    Without a symbol the message without its numbers: some tools put the line number into it.
    """
    if not symbol:
        return _DIGITS.sub("#", message)
    told = _TOLD_LAST.search(message)
    return f"{symbol} {told.group(1)}" if told else symbol


_CELL = 2**31
"""More lines than any cell has."""


def line_in_file(line: int | None, cell: int | None) -> int:
    """A line counted through the whole file: in a notebook, where each cell counts its own, cell after cell."""
    return (line or 0) + (cell or 0) * _CELL


def line_in_cell(line: int) -> tuple[int, int]:
    """The cell and the line in it of a line counted through the whole file; cell 0 is a file without cells."""
    return divmod(line, _CELL)


class Trace(NamedTuple):
    """What identity looks at.

    ``symbol`` is what ``identity_text`` makes of symbol and message, ``line`` is counted by ``line_in_file``.
    """

    path: str
    rule: str
    symbol: str
    line: int
    column: int
    content: str = ""

    @property
    def problem(self) -> tuple[str, str]:
        """What is wrong, wherever it stands."""
        return self.rule, self.symbol
