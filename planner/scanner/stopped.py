"""Mistakes of Flightplan's own, in words: one check that fails must neither end a scan nor look like a clean one."""

from __future__ import annotations

import traceback
from pathlib import PurePath


def stopped(error: Exception, on: str, rule: str = "") -> str:
    """Where and how a check failed ``on`` something, for the person who is to report it."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"upgradecheck itself stopped on {on}{f' in its check {rule}' if rule else ''}"
        f" ({type(error).__name__} in {PurePath(where.filename).name}, line {where.lineno})."
        f" Please report it. What ruff and the other checks found in {on.replace('this', 'the')} is still here."
    )
