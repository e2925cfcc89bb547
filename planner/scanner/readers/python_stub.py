"""Stubs for type checkers: ruff's rules read them. Nothing in them ever runs, so Flightplan's own checks do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from planner.scanner.material import Text


def read(_text: Text) -> Iterator[Any]:
    """No material: a stub is never run."""
    return iter(())
