"""The fixes of everything a scan found, file by file; those of unchanged files and findings come from before."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from planner.domain.report import Observation
from planner.scanner.facts import FileFacts
from planner.scanner.fixes.engine import fixes_of
from planner.scanner.fixes.remedies import Terms
from planner.scanner.pool import Pool
from planner.scanner.reading import TreeReader
from planner.scanner.seen import Fixed, encode

_MOST_KEPT = 3
"""Pairs of versions for which the fixes of one file are kept."""
_WORD = re.compile(r"[^\W\d]\w*")


class Unfixed(msgspec.Struct, array_like=True):
    """A file to make fixes for."""

    path: str
    content: bytes
    found: list[Observation]
    terms: Terms
    elsewhere: frozenset[str]
    """Words of the file that are names which other files import from files of the tree."""


class Made(msgspec.Struct, array_like=True):
    """The fixes of one file's findings."""

    fixes: list[bytes]
    elsewhere: dict[str, bool]
    """What they rest on: whether other files import these names."""


_unfixed = msgspec.msgpack.Decoder(Unfixed).decode
_made = msgspec.msgpack.Decoder(Made).decode


class _Elsewhere:
    """The names that files import from files of the tree; remembers what it was asked."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self.asked: dict[str, bool] = {}

    def __contains__(self, name: object) -> bool:
        assert isinstance(name, str)
        return self.asked.setdefault(name, name in self._names)


def give_fixes(
    observations: Sequence[Observation],
    *,
    reader: TreeReader,
    read: Callable[[str], bytes | None],
    terms: Terms,
) -> None:
    """Gives every observation the one fix that it has, or none.

    Args:
        reader: what the files yielded, and where fixes are kept.
        read: the bytes of a file by its path.
    """
    names = names_imported(seen.facts for seen in reader.reading.seen.values())
    by_path = attrgetter("path")
    waiting: dict[str, tuple[list[Observation], bytes, bytes]] = {}
    with Pool() as pool:
        for path, group in groupby(sorted(observations, key=by_path), key=by_path):
            found = list(group)
            asked = encode((terms, [(one.rule, one.line, one.column, one.symbol) for one in found]))
            fixes = _known(reader.kept_fixes(path), asked, names)
            content = None if fixes else _worth_fixing(found, read)
            if content:
                words = names.intersection(_WORD.findall(content.decode()))
                waiting[path] = found, asked, content
                pool.put(path, make, encode(Unfixed(path, content, found, terms, words)))
            _give(found, fixes or [])
        for path, answer in pool.answers():
            found, asked, content = waiting[path]
            made = Made([], {}) if answer is None else _made(answer)
            _give(found, made.fixes)
            fixed = [Fixed(asked, made.elsewhere, made.fixes), *reader.kept_fixes(path)]
            reader.keep_fixes(path, content, fixed[:_MOST_KEPT])


def make(message: bytes) -> bytes:
    """Makes the fixes of one file, in any process."""
    unfixed = _unfixed(message)
    elsewhere = _Elsewhere(unfixed.elsewhere)
    fixes = fixes_of(
        unfixed.path, unfixed.content.decode(), unfixed.found, unfixed.terms, elsewhere
    )
    return encode(Made(fixes, elsewhere.asked))


def _give(found: Sequence[Observation], fixes: Sequence[bytes]) -> None:
    for index, one in enumerate(found):
        one.fix = fixes[index] if index < len(fixes) else b""


def _worth_fixing(
    found: Sequence[Observation], read: Callable[[str], bytes | None]
) -> bytes | None:
    """The bytes of the file, where a finding of it may have a fix and they are UTF-8."""
    content = read(found[0].path) if any(one.fix or one.symbol for one in found) else None
    try:
        return content if content and content.decode() else None
    except UnicodeDecodeError:
        return None


def _known(kept: Sequence[Fixed], asked: bytes, names: frozenset[str]) -> list[bytes] | None:
    for fixed in kept:
        if fixed.asked == asked and all(
            (name in names) == is_there for name, is_there in fixed.elsewhere.items()
        ):
            return fixed.fixes
    return None


def names_imported(facts: Iterable[FileFacts]) -> frozenset[str]:
    """Every name that some file imports from something other than Airflow."""
    return frozenset(
        full.rpartition(".")[2]
        for one in facts
        for full in one.imports
        if not full.startswith("airflow.") and "." in full
    )
