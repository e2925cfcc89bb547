"""Which owners are likely one: the same person under an e-mail, a handle and a name in a DAG."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

_SHORTEST = 3
"""Characters that two names must share; initials are shared by too many."""


@dataclass(frozen=True, slots=True)
class Called:
    """An owner by everything that it is called."""

    key: str
    names: tuple[str, ...]
    account: int | None = None
    """Who signs in as this owner: two accounts are two people."""


@dataclass(frozen=True, slots=True)
class Likely:
    """Two owners that read alike."""

    one: str
    other: str
    """By their keys, the earlier of the list first."""
    alike: tuple[str, str]
    """How each is written where they read alike."""


def likely_same(
    owners: Sequence[Called],
    *,
    common: Collection[str] = (),
    apart: Collection[frozenset[str]] = (),
) -> list[Likely]:
    """Pairs that read alike, each owner with the first it is like.

    ``common`` are names that say nothing of who somebody is; ``apart`` are pairs of keys that a person said
    are not the same.
    """
    says_nothing = {bare(name) for name in common}
    first: dict[str, list[tuple[Called, str]]] = {}
    found: list[Likely] = []
    for owner in owners:
        readings = dict(_readings(owner.names, says_nothing))
        likely = _first_like(owner, readings, first, apart)
        if likely is not None:
            found.append(likely)
        for reading, written in readings.items():
            first.setdefault(reading, []).append((owner, written))
    return found


def _first_like(
    owner: Called,
    readings: dict[str, str],
    first: dict[str, list[tuple[Called, str]]],
    apart: Collection[frozenset[str]],
) -> Likely | None:
    for reading, written in readings.items():
        for other, its in first.get(reading, ()):
            two_people = owner.account and other.account and owner.account != other.account
            if not two_people and frozenset((owner.key, other.key)) not in apart:
                return Likely(other.key, owner.key, (its, written))
    return None


def _readings(names: Iterable[str], says_nothing: Collection[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        reading = bare(name)
        if len(reading) >= _SHORTEST and reading not in says_nothing:
            yield reading, name


def bare(name: str) -> str:
    """A name without what differs from place to place: domain, organisation, accents, case and punctuation."""
    local = name.partition("@")[0].partition("+")[0] if "@" in name.lstrip("@") else name
    last = local.rpartition("/")[2]
    letters = unicodedata.normalize("NFKD", last).casefold()
    return "".join(letter for letter in letters if letter.isalnum())
