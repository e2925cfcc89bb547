"""The fixes of one file's findings with what they rest on: made ahead, kept, and told apart by what was asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

import msgspec

from planner.domain.report import Observation
from planner.scanner.fixes.engine import fixes_of
from planner.scanner.fixes.remedies import Terms

_encode = msgspec.msgpack.Encoder().encode


class Fixed(msgspec.Struct, array_like=True):
    """The fixes of one file's findings, and what else they depend on."""

    asked: bytes
    """The findings and the versions between which the upgrade leads: see ``asked_of``."""
    elsewhere: dict[str, bool]
    """Whether other files import these names from files of the tree."""
    fixes: list[bytes]
    """One for each finding, or nothing."""


class _Names:
    """The names that files import from files of the tree; remembers what it was asked."""

    def __init__(self, names: Set[str]) -> None:
        self._names = names
        self.asked: dict[str, bool] = {}

    def __contains__(self, name: object) -> bool:
        assert isinstance(name, str)
        return self.asked.setdefault(name, name in self._names)


def asked_of(found: Sequence[Observation], terms: Terms) -> bytes:
    """What the fixes of one file's findings hang on, beside the file itself and its neighbours."""
    return _encode((terms, [(one.rule, one.line, one.column, one.symbol) for one in found]))


def is_worth_fixing(found: Iterable[Observation]) -> bool:
    """Whether any of the findings may have a fix at all."""
    return any(one.fix or one.own_fix or one.symbol for one in found)


def fixed_of(
    path: str, text: str, found: Sequence[Observation], terms: Terms, names: Set[str]
) -> Fixed:
    """Makes the fixes of one file. ``names``: those that other files import from files of the tree."""
    elsewhere = _Names(names)
    fixes = fixes_of(path, text, found, terms, elsewhere)
    return Fixed(asked_of(found, terms), elsewhere.asked, fixes)


def known_fixes(kept: Iterable[Fixed], asked: bytes, names: Set[str]) -> list[bytes] | None:
    """The fixes that were made before for just this; None where there are none."""
    for fixed in kept:
        if fixed.asked == asked and all(
            (name in names) == is_there for name, is_there in fixed.elsewhere.items()
        ):
            return fixed.fixes
    return None
