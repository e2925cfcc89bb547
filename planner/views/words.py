"""Numbers in the sentences that views say."""

from __future__ import annotations


def findings(count: int) -> str:
    """one finding · 1,204 findings"""
    return "one finding" if count == 1 else f"{count:,} findings"
