"""How each kind of file is read: one module for each kind of ``kinds.py``, with a function ``read``.

It gets the decoded file and yields any material in it (``material.py``, ``PythonFile``), the ``Text`` itself where checks
look at plain text. It raises ``Unreadable`` where the file is not what its name says.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from planner.scanner.kinds import Kind, kind_of
from planner.scanner.material import Text
from planner.scanner.result import SkipReason


class Reader(msgspec.Struct, frozen=True):
    """How one kind of file is read."""

    kind: str
    read: Callable[[Text], Iterator[Any]]
    is_code: bool = False


class Unreadable(ValueError):
    """The file does not parse. ``line`` is where, if that is known; the message is one sentence."""

    def __init__(
        self,
        sentence: str,
        line: int | None = None,
        reason: SkipReason = SkipReason.SYNTAX,
    ) -> None:
        super().__init__(sentence)
        self.line = line
        self.reason = reason


def reader_of(path: str) -> Reader | None:
    """Who reads a file, told from its path; None for files that no check looks at."""
    kind = kind_of(path)
    return _reader(kind) if kind else None


@functools.cache
def _reader(kind: Kind) -> Reader:
    module = importlib.import_module(f"{__name__}.{kind.reader}")
    return Reader(kind.name, module.read, kind.is_code)
