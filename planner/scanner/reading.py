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
from planner.parsers.ruff import SYNTAX
from planner.rulebook.load import rulebook
from planner.scanner.cache import Cache, key_of
from planner.scanner.code.flaws import newer
from planner.scanner.detail import Source
from planner.scanner.facts import FileFacts, may_be_reported
from planner.scanner.pool import SECONDS as SECONDS_FOR_ONE
from planner.scanner.pool import Pool
from planner.scanner.result import Skipped, SkipReason
from planner.scanner.ruff_run import rules_of, run_ruff, version_of
from planner.scanner.seen import (
    Detailed,
    FileSeen,
    Fixed,
    Unread,
    detail,
    detailed_decode,
    encode,
    facts_decode,
    fixes_decode,
    look,
    seen_decode,
)
from planner.scanner.text import text_of
from planner.scanner.tree import Mark, TreeFile, mark_of, read_bytes

Progress = Callable[[int, int], None]
"""Is told how many files are read, and how many there are."""

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
LARGEST_KEPT = 4 * 1024 * 1024
"""Bytes of what one file yields; more is hostile, and would push out what is worth keeping."""


class TreeReader:
    """Reads the files of one scan."""

    def __init__(
        self,
        *,
        ruff: Ruff,
        seconds: float,
        cache: Cache | None,
        progress: Progress | None,
    ) -> None:
        self._program = ruff.program
        self._seconds = seconds
        self._cache = cache
        self._engine = f"{engine()} {ruff.version}".encode() if cache else b""
        self._progress = progress or _nobody
        self._done = 0
        self._total = 0
        self._unkept: dict[str, _Unkept] = {}
        self.reading = Reading()
        """What is read so far; everything once ``read`` is through."""

    def read(self, files: Sequence[TreeFile]) -> Reading:
        """Everything there is to know of the files. Raises ScanFailed where ruff fails."""
        self._total = len(files)
        with Pool() as pool:
            for file in files:
                self._take(file, pool)
            found = self._ruffs()
            self._looked(pool)
            self._detailed(found, pool)
        self._keep()
        seen = self.reading.seen
        self.reading.seen = {file.path: seen[file.path] for file in files if file.path in seen}
        return self.reading

    def _take(self, file: TreeFile, pool: Pool) -> None:
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
        pool.put(file.path, look, encode(Unread(file.path, content.bytes)))

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

    def kept_fixes(self, path: str) -> list[Fixed]:
        """The fixes that were made before of a file with the same content."""
        value = self.kept(_FIXES, path)
        if value is not None:
            with contextlib.suppress(msgspec.MsgspecError):
                return fixes_decode(value)
        return []

    def keep_fixes(self, path: str, content: bytes, fixed: list[Fixed]) -> None:
        """Keeps the fixes that were made of this content, if it is what was read."""
        if self._cache and self.is_as_read(path, content):
            self.keep(_FIXES, path, encode(fixed))

    def _kept(self, key: bytes) -> FileSeen | None:
        value = self._cache.get(key) if self._cache else None
        if value is None:
            return None
        try:
            return FileSeen() if value == _NOTHING else seen_decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _looked(self, pool: Pool) -> None:
        """Takes what the checks saw."""
        for path, answer in pool.answers():
            facts = _STOPPED if answer is None else facts_decode(answer)
            self.reading.seen[path] = FileSeen(facts)
            self._step()

    def _flawed(self, file: TreeFile, flaw: str, reason: SkipReason) -> None:
        self.reading.flaws[file.path] = Skipped(file.path, reason, flaw)

    def _step(self) -> None:
        self._done += 1
        self._progress(self._done, self._total)

    def _ruffs(self) -> dict[str, list[Observation]]:
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
        found: dict[str, list[Observation]] = {}
        for one in answer.observations:
            one.path = by_place[one.path]
            found.setdefault(one.path, []).append(one)
        return found

    def _detailed(self, found: Mapping[str, list[Observation]], pool: Pool) -> None:
        """Joins what ruff says to what the checks saw."""
        for path, observations in found.items():
            content = read_bytes(self._unkept[path].file)
            known = may_be_reported(self.reading.seen[path].facts)
            unread = Unread(path, content.bytes if content else b"", observations, not known)
            pool.put(path, detail, encode(unread))
        for path, answer in pool.answers():
            seen = self.reading.seen[path]
            told = Detailed(found[path], [], None) if answer is None else detailed_decode(answer)
            seen.ruffs = told.ruffs
            seen.facts.noqa = seen.facts.noqa or told.noqa
            if told.flaw and not seen.facts.flaw:
                seen.facts.flaw, seen.facts.flaw_line, seen.facts.flaw_reason = told.flaw
        for path in self._unkept:
            facts = self.reading.seen[path].facts
            said = any(one.rule == SYNTAX for one in found.get(path, ()))
            if path.endswith(".py") and facts.flaw_reason == SkipReason.SYNTAX and not said:
                facts.flaw, facts.flaw_reason = newer(facts.flaw), SkipReason.NEWER

    def _keep(self) -> None:
        """Keeps what was found out of files that have not changed meanwhile."""
        if self._cache is None:
            return
        for path, unkept in self._unkept.items():
            if path not in self.reading.flaws and mark_of(unkept.file) == unkept.mark:
                value = encode(self.reading.seen[path])
                if len(value) <= LARGEST_KEPT:
                    self._cache.put(unkept.key, value)


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
