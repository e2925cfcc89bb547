"""What identity looks at: a finding's trace, and the text that tells two of one rule in one file apart."""

from __future__ import annotations

import re
from typing import NamedTuple

_DIGITS = re.compile(r"\d+")


def identity_text(symbol: str, message: str) -> str:
    """The symbol, else the message without its numbers: some tools put the line number into it."""
    return symbol or _DIGITS.sub("#", message)


class Trace(NamedTuple):
    """What identity looks at. ``symbol`` is the symbol, or the message where a rule has none."""

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
