"""The fixes of everything a scan found, file by file: most were made when their files were read, or come from before."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from planner.domain.report import Observation
from planner.scanner.facts import FileFacts
from planner.scanner.fixes.fixed import Fixed, asked_of, fixed_of, is_worth_fixing, known_fixes
from planner.scanner.fixes.remedies import Terms
from planner.scanner.pool import Pool
from planner.scanner.reading import TreeReader
from planner.scanner.seen import encode

_WORD = re.compile(r"[^\W\d]\w*")


class Unfixed(msgspec.Struct, array_like=True):
    """A file to make fixes for."""

    path: str
    content: bytes
    found: list[Observation]
    terms: Terms
    elsewhere: frozenset[str]
    """Words of the file that are names which other files import from files of the tree."""


_unfixed = msgspec.msgpack.Decoder(Unfixed).decode
_fixed = msgspec.msgpack.Decoder(Fixed).decode


def give_fixes(
    observations: Sequence[Observation],
    *,
    reader: TreeReader,
    read: Callable[[str], bytes | None],
    terms: Terms,
    above: Sequence[str] = (),
) -> None:
    """Gives every observation the one fix that it has, or none.

    Args:
        reader: what the files yielded, and where fixes are kept.
        read: the bytes of a file by its path.
        above: the names of the folders that the tree lies in, its own name last.
    """
    seen = reader.reading.seen
    names = names_imported({path: one.facts for path, one in seen.items()}, above)
    by_path = attrgetter("path")
    waiting: dict[str, tuple[list[Observation], bytes]] = {}
    with Pool() as pool:
        for path, group in groupby(sorted(observations, key=by_path), key=by_path):
            found = list(group)
            fixes = known_fixes(reader.fixed(path), asked_of(found, terms), names)
            content = _worth_fixing(found, read) if fixes is None else None
            if content:
                words = names.intersection(_WORD.findall(content.decode()))
                waiting[path] = found, content
                pool.put(path, make, encode(Unfixed(path, content, found, terms, words)))
            _give(found, fixes or [])
        for path, answer in pool.answers():
            found, content = waiting[path]
            made = Fixed(asked_of(found, terms), {}, []) if answer is None else _fixed(answer)
            _give(found, made.fixes)
            reader.keep_fixes(path, content, made)


def make(message: bytes) -> bytes:
    """Makes the fixes of one file, in any process."""
    one = _unfixed(message)
    return encode(fixed_of(one.path, one.content.decode(), one.found, one.terms, one.elsewhere))


def _give(found: Sequence[Observation], fixes: Sequence[bytes]) -> None:
    for index, one in enumerate(found):
        one.fix = fixes[index] if index < len(fixes) else b""
        one.own_fix = b""


def _worth_fixing(
    found: Sequence[Observation], read: Callable[[str], bytes | None]
) -> bytes | None:
    """The bytes of the file, where a finding of it may have a fix and they are UTF-8."""
    content = read(found[0].path) if is_worth_fixing(found) else None
    try:
        return content if content and content.decode() else None
    except UnicodeDecodeError:
        return None


def names_imported(files: Mapping[str, FileFacts], above: Iterable[str] = ()) -> frozenset[str]:
    """Every name that some file imports from what may be another file of the tree."""
    python = (path.removesuffix(".py") for path in files if path.endswith(".py"))
    parts = frozenset([*above, *(part for path in python for part in path.split("/"))])
    return frozenset(
        name
        for facts in files.values()
        for full in facts.imports
        if not full.startswith("airflow.")
        for module, _, name in [full.lstrip(".").rpartition(".")]
        if full.startswith(".") or (module and parts.issuperset(module.split(".")))
    )
