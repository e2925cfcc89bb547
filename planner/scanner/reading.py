"""What every file of a tree yields: kept from before, or else from ruff and Flightplan's own checks at once."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from planner.domain.report import Observation
from planner.rulebook.load import rulebook
from planner.scanner.cache import Cache, key_of
from planner.scanner.detail import Source
from planner.scanner.facts import FileFacts
from planner.scanner.fixes.fixed import Fixed
from planner.scanner.fixes.remedies import Terms
from planner.scanner.pool import SECONDS as SECONDS_FOR_ONE
from planner.scanner.pool import Pool, Told
from planner.scanner.result import Skipped, SkipReason
from planner.scanner.ruff_run import rules_of, run_ruff, version_of
from planner.scanner.seen import FileSeen, Unread, encode, look, looked_decode, seen_decode
from planner.scanner.text import text_of
from planner.scanner.tree import Mark, TreeFile, mark_of, read_bytes

Progress = Callable[[int, int], None]
"""Is told how many files are read, and how many there are."""

_Found = list[Observation]

_UNREADABLE = "The file cannot be opened, so it was not checked."
_RUFF_CRASHED = "ruff crashed on this file or took too long over it, so it was not checked."
_STOPPED = FileFacts(
    flaw=(
        "upgradecheck itself stopped on this file: it crashed, or took more than"
        f" {SECONDS_FOR_ONE} seconds. Please report it. Only what ruff found in the file is here."
    ),
    flaw_reason=SkipReason.CRASHED,
)
_RUFF_READS = (".py", ".pyi", ".pyw", ".ipynb")


@dataclass(slots=True)
class Reading:
    """What all files yielded, by path in the order of the listing."""

    seen: dict[str, FileSeen] = field(default_factory=dict)
    flaws: dict[str, Skipped] = field(default_factory=dict)
    """Files that nothing could check."""
    keys: dict[str, bytes] = field(default_factory=dict)
    """Under which each is kept; empty where nothing is."""

    def skipped(self, unscanned: Iterable[str]) -> Iterator[Skipped]:
        """Why each file was not checked, or not by every check."""
        for path in unscanned:
            if path in self.flaws:
                yield self.flaws[path]
                continue
            facts = self.seen[path].facts
            yield Skipped(path, facts.flaw_reason or SkipReason.SYNTAX, facts.flaw)


@dataclass(slots=True)
class _Unkept:
    """A file whose answer was not kept: it is looked at now, and kept then."""

    file: TreeFile
    key: bytes
    mark: Mark
    """How the file looked when it was read; one that has changed since is not kept."""


_NOTHING = encode(FileSeen())
_FIXES = b"fixes"
_fixes_decode = msgspec.msgpack.Decoder(list[Fixed]).decode
_MOST_KEPT = 3
"""Pairs of versions for which the fixes of one file are kept."""
LARGEST_KEPT = 4 * 1024 * 1024
"""Bytes of what one file yields; more is hostile, and would push out what is worth keeping."""


class TreeReader:
    """Reads the files of one scan."""

    def __init__(
        self,
        *,
        ruff: Ruff,
        terms: Terms,
        seconds: float,
        cache: Cache | None,
        progress: Progress | None,
    ) -> None:
        """``terms``: the versions for which fixes are made on the way."""
        self._program = ruff.program
        self._terms = terms
        self._seconds = seconds
        self._cache = cache
        self._engine = f"{engine()} {ruff.version}".encode() if cache else b""
        self._progress = progress or _nobody
        self._done = 0
        self._total = 0
        self._unkept: dict[str, _Unkept] = {}
        self._ahead: dict[str, Fixed] = {}
        self.reading = Reading()
        """What is read so far; everything once ``read`` is through."""

    def read(self, files: Sequence[TreeFile]) -> Reading:
        """Everything there is to know of the files. Raises ScanFailed where ruff fails."""
        self._total = len(files)
        for file in files:
            self._take(file)
        found = self._ruffs()
        with Pool() as pool:
            for path, unkept in self._unkept.items():
                self._hand_over(unkept, found.get(path, []), pool)
                self._take_answers(pool.ready(), found)
            self._take_answers(pool.answers(), found)
        seen = self.reading.seen
        self.reading.seen = {file.path: seen[file.path] for file in files if file.path in seen}
        return self.reading

    def _take(self, file: TreeFile) -> None:
        content = None if file.flaw else read_bytes(file)
        if content is None:
            self._flawed(file, file.flaw or _UNREADABLE, file.reason or SkipReason.UNREADABLE)
            self._step()
            return
        key = key_of(self._engine, file.path.encode(), content.bytes) if self._cache else b""
        self.reading.keys[file.path] = key
        kept = self._kept(key)
        if kept is not None:
            self.reading.seen[file.path] = kept
            self._step()
            return
        self._unkept[file.path] = _Unkept(file, key, content.mark)

    def _hand_over(self, unkept: _Unkept, ruffs: _Found, pool: Pool) -> None:
        """Reads a file once more than to tell whether it is known: not every file is held in memory at once."""
        file = unkept.file
        content = read_bytes(file)
        if content is None:
            self._flawed(file, _UNREADABLE, SkipReason.UNREADABLE)
            self._step()
            return
        unread = Unread(file.path, content.bytes, self._terms, ruffs)
        pool.put(file.path, look, encode(unread))

    def _take_answers(self, answers: Iterable[Told], found: Mapping[str, _Found]) -> None:
        for path, answer in answers:
            self._looked(self._unkept[path], answer, found.get(path, []))

    def _looked(self, unkept: _Unkept, answer: bytes | None, ruffs: _Found) -> None:
        """Takes what the checks saw, and keeps it where the file has not changed meanwhile."""
        path = unkept.file.path
        self._step()
        if answer is None:
            self.reading.seen[path] = FileSeen(_STOPPED, ruffs)
            return
        looked = looked_decode(answer)
        self.reading.seen[path] = seen_decode(looked.seen)
        if looked.fixed is not None:
            self._ahead[path] = looked.fixed
        is_worth_keeping = self._cache and len(answer) <= LARGEST_KEPT
        if (
            is_worth_keeping
            and path not in self.reading.flaws
            and mark_of(unkept.file) == unkept.mark
        ):
            self._put(unkept.key, bytes(looked.seen))
            if looked.fixed is not None:
                self._put(key_of(_FIXES, unkept.key), encode([looked.fixed]))

    def _put(self, key: bytes, value: bytes) -> None:
        if self._cache:
            self._cache.put(key, value)

    def kept(self, kind: bytes, path: str) -> bytes | None:
        """What else was made before of a file with the same content."""
        key = self.reading.keys.get(path, b"")
        return self._cache.get(key_of(kind, key)) if self._cache and key else None

    def keep(self, kind: bytes, path: str, value: bytes) -> None:
        """Keeps what was made of a file that is as it was read."""
        if self._cache and len(value) <= LARGEST_KEPT:
            self._cache.put(key_of(kind, self.reading.keys[path]), value)

    def is_as_read(self, path: str, content: bytes) -> bool:
        """Whether a file that was read once more is what it was; only asked where something is kept."""
        return self.reading.keys.get(path) == key_of(self._engine, path.encode(), content)

    def fixed(self, path: str) -> list[Fixed]:
        """The fixes that were made of the file when it was read, or before of one with the same content."""
        if path in self._ahead:
            return [self._ahead[path]]
        value = self.kept(_FIXES, path)
        if value is not None:
            with contextlib.suppress(msgspec.MsgspecError):
                return _fixes_decode(value)
        return []

    def keep_fixes(self, path: str, content: bytes, fixed: Fixed) -> None:
        """Keeps the fixes that were made of this content, if it is what was read."""
        if self._cache and self.is_as_read(path, content):
            before = [one for one in self.fixed(path) if one.asked != fixed.asked]
            self.keep(_FIXES, path, encode([fixed, *before][:_MOST_KEPT]))

    def _kept(self, key: bytes) -> FileSeen | None:
        value = self._cache.get(key) if self._cache else None
        if value is None:
            return None
        try:
            return FileSeen() if value == _NOTHING else seen_decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _flawed(self, file: TreeFile, flaw: str, reason: SkipReason) -> None:
        self.reading.flaws[file.path] = Skipped(file.path, reason, flaw)

    def _step(self) -> None:
        self._done += 1
        self._progress(self._done, self._total)

    def _ruffs(self) -> dict[str, _Found]:
        """What ruff says of the files that were not kept, by their paths."""
        by_place = {
            found.file.place: found.file.path
            for found in self._unkept.values()
            if found.file.place.endswith(_RUFF_READS)
        }
        if not by_place:
            return {}
        answer = run_ruff(self._program, list(by_place), seconds=self._seconds)
        for place in answer.crashed_on:
            self._flawed(self._unkept[by_place[place]].file, _RUFF_CRASHED, SkipReason.CRASHED)
        found: dict[str, _Found] = {}
        for one in answer.observations:
            one.path = by_place[one.path]
            found.setdefault(one.path, []).append(one)
        return found


def source_of(file: TreeFile) -> Source:
    """The lines of a file, as far as it can be read."""
    return Source(file.path, _text_in(file))


def _text_in(file: TreeFile) -> str:
    content = read_bytes(file)
    return (text_of(content.bytes) if content else None) or ""


def bytes_of(files: Iterable[TreeFile]) -> Callable[[str], bytes | None]:
    """What reads a file again by its path; None where it cannot be read."""
    by_path = {file.path: file for file in files if not file.flaw}

    def read(path: str) -> bytes | None:
        content = read_bytes(by_path[path]) if path in by_path else None
        return content.bytes if content else None

    return read


class Ruff(msgspec.Struct, frozen=True):
    """One ruff, and what it says of itself."""

    program: str
    version: str
    rules: frozenset[str]


def known_ruff(program: str, cache: Cache | None) -> Ruff:
    """Asks a ruff for its version and its rules, or finds kept what the very same file answered before."""
    place = os.path.realpath(program)
    mark = mark_of(TreeFile("", place))
    key = key_of(b"ruff", place.encode(), repr(mark).encode())
    kept = cache.get(key) if cache and mark else None
    if kept is not None:
        with contextlib.suppress(msgspec.MsgspecError):
            return msgspec.msgpack.decode(kept, type=Ruff)
    ruff = Ruff(program, version_of(program), rules_of(program))
    if cache is not None:
        cache.put(key, encode(ruff))
    return ruff


def _nobody(done: int, total: int) -> None:
    """Hears of progress where nobody wants to."""


@functools.cache
def engine() -> str:
    """Names everything of Flightplan that an answer depends on: its code, its rulebook and the Python it runs on."""
    package = Path(__file__).parents[1]
    sources = [
        path
        for folder in ("scanner", "parsers", "domain", "rulebook")
        for path in sorted((package / folder).rglob("*.py"))
    ]
    codes = [part for path in sources for part in (str(path.name).encode(), path.read_bytes())]
    return f"{key_of(*codes).hex()} {rulebook().hash} {sys.version}"
