"""The fixes of everything a scan found, file by file, kept while file and findings are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from planner.domain.report import Observation
from planner.scanner.cache import Cache, key_of
from planner.scanner.facts import FileFacts
from planner.scanner.fixes.engine import fixes_of
from planner.scanner.fixes.remedies import Terms

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[bytes]).decode


def give_fixes(
    observations: Sequence[Observation],
    *,
    read: Callable[[str], bytes | None],
    facts: Mapping[str, FileFacts],
    terms: Terms,
    engine: bytes,
    cache: Cache | None,
) -> None:
    """Gives every observation the one fix that it has, or none.

    Args:
        read: the bytes of a file by its path.
        engine: names everything that the answer depends on besides the file, its findings and the terms.
    """
    elsewhere = names_imported(facts.values())
    by_path = sorted(observations, key=attrgetter("path"))
    for path, group in groupby(by_path, key=attrgetter("path")):
        found = list(group)
        content = read(path) if any(one.fix or one.symbol for one in found) else None
        for one, fix in zip(
            found, _fixes(path, content, found, terms, elsewhere, engine, cache), strict=True
        ):
            one.fix = fix


def _fixes(
    path: str,
    content: bytes | None,
    found: Sequence[Observation],
    terms: Terms,
    elsewhere: frozenset[str],
    engine: bytes,
    cache: Cache | None,
) -> list[bytes]:
    nothing = [b""] * len(found)
    if content is None:
        return nothing
    asked = _encode([(one.rule, one.line, one.column, one.symbol, one.fix) for one in found])
    near = _encode(sorted(name for name in elsewhere if name.encode() in content))
    key = (
        key_of(b"fixes", engine, path.encode(), content, asked, near, _encode(terms))
        if cache
        else b""
    )
    kept = cache.get(key) if cache else None
    if kept is not None:
        try:
            return _decode(kept)
        except msgspec.MsgspecError:
            pass
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return nothing
    fixes = fixes_of(path, text, found, terms, elsewhere)
    if cache is not None:
        cache.put(key, _encode(fixes))
    return fixes


def names_imported(facts: Iterable[FileFacts]) -> frozenset[str]:
    """Every name that some file imports from something other than Airflow."""
    return frozenset(
        full.rpartition(".")[2]
        for one in facts
        for full in one.imports
        if not full.startswith("airflow.") and "." in full
    )
