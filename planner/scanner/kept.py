"""What earlier scans left for this one: of each file, and of the whole tree where nothing in it has changed."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from planner.rulebook.load import rulebook
from planner.scanner.cache import Cache, key_of
from planner.scanner.result import ScanResult
from planner.scanner.ruff_here import Ruff
from planner.scanner.tree import Listing, Mark, TreeFile, mark_of, read_bytes

LARGEST = 4 * 1024 * 1024
"""Bytes of what one file yields; more is hostile, and would push out what is worth keeping."""
LARGEST_ANSWER = 8 * LARGEST
"""The same of a whole tree."""
_ANSWER = b"answer"
_SEEN = b"seen"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ScanResult).decode


class BrokenCache(Exception):
    """Something that is kept is not what was put there."""


class _Digest(NamedTuple):
    """A file as it was when it was read to tell whether it is known."""

    key: bytes
    mark: Mark


class Kept:
    """The kept answers about the files of one tree. Without a cache nothing is kept."""

    def __init__(self, cache: Cache | None, ruff: Ruff, files: Iterable[TreeFile]) -> None:
        self._cache = cache
        self._made_by = f"{_fingerprint()} {ruff.version}".encode() if cache else b""
        self._digests = dict(self._digested(files)) if cache else {}
        self._seen: dict[str, bytes | None] = {}

    def _digested(self, files: Iterable[TreeFile]) -> Iterator[tuple[str, _Digest]]:
        for file in files:
            content = None if file.flaw else read_bytes(file)
            if content is not None:
                yield file.path, _Digest(self._key(file.path, content.bytes), content.mark)

    def _key(self, path: str, content: bytes) -> bytes:
        return key_of(self._made_by, path.encode(), content)

    def key(self, path: str) -> bytes:
        """What tells a file with its content from every other; nothing where it could not be read."""
        digest = self._digests.get(path)
        return digest.key if digest else b""

    def is_as_read(self, path: str, content: bytes) -> bool:
        """Whether a file that was read once more is what it was; not where nothing is kept."""
        return path in self._digests and self.key(path) == self._key(path, content)

    def is_unchanged(self, file: TreeFile) -> bool:
        """Whether a file still looks as it did when it was read; not where nothing is kept."""
        digest = self._digests.get(file.path)
        return digest is not None and mark_of(file) == digest.mark

    def seen(self, path: str) -> bytes | None:
        """What a file with the same content yielded before, as it was put."""
        if path not in self._seen:
            self._seen[path] = self.get(_SEEN, path)
        return self._seen[path]

    def put_seen(self, path: str, value: bytes) -> None:
        """Keeps what a file yields."""
        self.put(_SEEN, path, value)

    def get(self, kind: bytes, path: str) -> bytes | None:
        """What was made before of a file with the same content."""
        key = self.key(path)
        return self._cache.get(key_of(kind, key)) if self._cache and key else None

    def put(self, kind: bytes, path: str, value: bytes) -> None:
        """Keeps what was made of a file that is as it was read."""
        key = self.key(path)
        if self._cache and key and len(value) <= LARGEST:
            self._cache.put(key_of(kind, key), value)

    def get_of_all(self, kind: bytes, key: bytes) -> bytes | None:
        """What was made before of many files together: ``key`` says of which."""
        return self._cache.get(key_of(kind, key)) if self._cache else None

    def put_of_all(self, kind: bytes, key: bytes, value: bytes) -> None:
        """Keeps what was made of many files together."""
        if self._cache and len(value) <= LARGEST_ANSWER:
            self._cache.put(key_of(kind, key), value)


def tree_key(kept: Kept, listing: Listing, *asked: str) -> bytes:
    """What tells a whole tree from every other: what was asked of it, each file, and what was passed over."""
    files = [part for file in listing.files for part in (file.path.encode(), kept.key(file.path))]
    flaws = [f"{file.path}\0{file.flaw}".encode() for file in listing.files if file.flaw]
    skipped = [f"{one.path}\0{one.reason}\0{one.detail}".encode() for one in listing.skipped]
    groups = ([text.encode() for text in asked], files, flaws, skipped)
    return key_of(*(key_of(*group) for group in groups))


def answer_before(kept: Kept, key: bytes) -> ScanResult | None:
    """What a scan of the very same tree found; None where there was none."""
    value = kept.get_of_all(_ANSWER, key)
    if value is not None:
        with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
            return _decode(value)
    return None


def keep_answer(kept: Kept, key: bytes, listing: Listing, result: ScanResult) -> None:
    """Keeps what a scan found, if no file has changed meanwhile."""
    if all(file.flaw or kept.is_unchanged(file) for file in listing.files):
        kept.put_of_all(_ANSWER, key, _encode(result))


@functools.cache
def _fingerprint() -> str:
    """Names everything of Flightplan that an answer depends on: its code, its rulebook and the Python it runs on."""
    package = Path(__file__).parents[1]
    sources = sorted(
        os.path.join(place, name)  # noqa: PTH118
        for folder in ("scanner", "parsers", "domain", "rulebook")
        for place, _, names in os.walk(package / folder)
        for name in names
        if name.endswith(".py")
    )
    codes = [part for path in sources for part in _named(Path(path))]
    return f"{key_of(*codes).hex()} {rulebook().hash} {sys.version}"


def _named(path: Path) -> tuple[bytes, bytes]:
    return path.name.encode(), path.read_bytes()
