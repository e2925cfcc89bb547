"""What tells two findings of one rule in one file apart, before their places are looked at."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"\d+")


def identity_text(symbol: str, message: str) -> str:
    """The symbol, else the message without its numbers: some tools put the line number into it."""
    return symbol or _DIGITS.sub("#", message)
