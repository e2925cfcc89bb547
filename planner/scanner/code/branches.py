"""Which commands of a text stand in branches of the same condition: code for both sides of an upgrade."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from planner.scanner.material import Command

_DEEPEST = 20
"""Conditions within conditions; further in, branches are not told apart."""


class _Branch(NamedTuple):
    """One branch of one condition of the text."""

    condition: int
    number: int


class Branches:
    """Is told of conditions as they open, go on and close, and of what is found meanwhile."""

    def __init__(self) -> None:
        self._open: list[_Branch] = []
        self._met = 0
        self._found: list[tuple[tuple[_Branch, ...], Any]] = []

    def opens(self) -> None:
        self._met += 1
        self._open.append(_Branch(self._met, 0))

    def goes_on(self) -> None:
        """``else``, ``elif``"""
        if self._open:
            self._open[-1] = self._open[-1]._replace(number=self._open[-1].number + 1)

    def closes(self) -> None:
        if self._open:
            self._open.pop()

    def take(self, found: Iterable[Any]) -> None:
        where = tuple(self._open[:_DEEPEST])
        self._found += ((where, one) for one in found)

    def told(self) -> Iterator[Any]:
        """Everything that was found, in order; commands know what is called beside them."""
        called: defaultdict[int, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for where, one in self._found:
            if isinstance(one, Command):
                for branch in where:
                    called[branch.condition][branch.number] |= _names(one)
        for where, one in self._found:
            if isinstance(one, Command) and where:
                beside = frozenset(
                    name
                    for branch in where
                    for number, names in called[branch.condition].items()
                    if number != branch.number
                    for name in names
                )
                one = msgspec.structs.replace(one, beside=one.beside | beside)
            yield one


def _names(command: Command) -> set[str]:
    return {" ".join(command.words[1:2]), " ".join(command.words[1:3])}
