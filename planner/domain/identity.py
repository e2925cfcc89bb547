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
