"""One module for each kind of file that a scan reads, found by themselves.

A module has one ``READER``: which file names it is for, and the function that turns such a file into
material (``material.py``, ``PythonFile``).
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

from planner.scanner.material import Text
from planner.scanner.result import SkipReason


@dataclass(frozen=True, slots=True)
class Reader:
    """How one kind of file is read.

    ``read`` gets the decoded file and yields any material in it, the ``Text`` itself where checks look at
    plain text. It raises ``Unreadable`` where the file is not what its name says.
    """

    kind: str
    patterns: tuple[str, ...]
    """Of the file's own name, in lower case; or, with a ``/``, of its last folders too (``charts/*.yaml``)."""
    read: Callable[[Text], Iterator[Any]]
    is_code: bool = False
    """A file that cannot be read is a finding of its own, and the scan could not check everything."""


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


@functools.cache
def _readers() -> dict[str, Reader]:
    found = {}
    for module in pkgutil.iter_modules(__path__):
        reader = getattr(importlib.import_module(f"{__name__}.{module.name}"), "READER", None)
        if reader is not None:
            found[reader.kind] = reader
    return found


@functools.cache
def _patterns() -> list[tuple[str, Reader]]:
    """Every pattern with its reader: exact names first, then the longer pattern."""
    every = [(pattern, reader) for reader in _readers().values() for pattern in reader.patterns]
    return sorted(every, key=lambda pair: ("*" in pair[0], -len(pair[0]), pair[0]))


@functools.cache
def _one_expression(*, of_folders: bool) -> re.Pattern[str]:
    """All patterns of names, or of names with their folders, as one: its group says which one it was."""
    parts = [
        f"({translate(f'*{pattern}' if of_folders else pattern)})"
        for pattern, _ in _patterns()
        if ("/" in pattern) == of_folders
    ]
    return re.compile("|".join(parts) or r"(?!)")


@functools.cache
def _by_group(*, of_folders: bool) -> list[int]:
    """Which of all patterns each group of ``_one_expression`` is."""
    return [
        index for index, (pattern, _) in enumerate(_patterns()) if ("/" in pattern) == of_folders
    ]


def reader_of(path: str) -> Reader | None:
    """Who reads a file, told from its path; None for files that no check looks at."""
    path = path.lower()
    found = []
    for of_folders, text in ((False, path.rpartition("/")[2]), (True, path)):
        match = _one_expression(of_folders=of_folders).match(text)
        if match is not None:
            found.append(_by_group(of_folders=of_folders)[(match.lastindex or 1) - 1])
    return _patterns()[min(found)][1] if found else None


def is_code(path: str) -> bool:
    """Whether a file that cannot be read leaves code unseen; other files are only passed over."""
    reader = reader_of(path)
    return reader is not None and reader.is_code
