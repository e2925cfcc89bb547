"""Stubs for type checkers: ruff's rules read them. Nothing in them ever runs, so Flightplan's own checks do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from planner.scanner.material import Text
from planner.scanner.readers import Reader


def _read(_text: Text) -> Iterator[Any]:
    return iter(())


READER = Reader(kind="python-stub", patterns=("*.pyi",), read=_read, is_code=True)
