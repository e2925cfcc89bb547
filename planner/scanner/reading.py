"""What every file of a tree yields: kept from before, or else from ruff and Flightplan's own checks at once."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import msgspec

from planner.domain.report import Observation
from planner.parsers.ruff import SYNTAX
from planner.rulebook.load import rulebook
from planner.scanner.cache import Cache, key_of
from planner.scanner.detail import Source
from planner.scanner.facts import FileFacts, facts_of, may_concern
from planner.scanner.flaws import flaw_in, newer
from planner.scanner.noqa import Noqa, noqa_of
from planner.scanner.pool import Pool
from planner.scanner.readers import reader_of
from planner.scanner.result import Skipped, SkipReason
from planner.scanner.ruff_run import rules_of, run_ruff, version_of
from planner.scanner.text import text_of
from planner.scanner.tree import Mark, TreeFile, mark_of, read_bytes

Progress = Callable[[int, int], None]
"""Is told how many files are read, and how many there are."""

_UNREADABLE = "The file cannot be opened, so it was not checked."
_RUFF_CRASHED = "ruff crashed on this file or took too long over it, so it was not checked."
_RUFF_READS = (".py", ".pyi", ".pyw", ".ipynb")


class FileSeen(msgspec.Struct, omit_defaults=True):
    """What one file yields: to Flightplan's own checks, and to ruff."""

    facts: FileFacts = msgspec.field(default_factory=FileFacts)
    ruffs: list[Observation] = []
    """Unrated, with the text of their lines and the diffs of their fixes."""


@dataclass(slots=True)
class Reading:
    """What all files yielded, by path in the order of the listing."""

    seen: dict[str, FileSeen] = field(default_factory=dict)
    flaws: dict[str, Skipped] = field(default_factory=dict)
    """Files that nothing could check."""

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


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(FileSeen).decode
_NOTHING = _encode(FileSeen())
_LARGEST_KEPT = 4 * 1024 * 1024
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
        self._reading = Reading()

    def read(self, files: Sequence[TreeFile]) -> Reading:
        """Everything there is to know of the files. Raises ScanFailed where ruff fails."""
        self._total = len(files)
        with Pool() as pool:
            for file in files:
                self._take(file, pool)
            by_place = {
                found.file.place: found.file
                for found in self._unkept.values()
                if found.file.place.endswith(_RUFF_READS)
            }
            ruffs = self._ruffs(by_place)
            for path, facts in pool.answers():
                self._found(path, facts)
        for path, (observations, noqa) in ruffs.items():
            seen = self._reading.seen[path]
            seen.ruffs = observations
            seen.facts.noqa = seen.facts.noqa or noqa
        for path, unkept in self._unkept.items():
            if path.endswith(".py"):
                _agree(self._reading.seen[path], unkept.file)
        self._keep()
        order = [file.path for file in files]
        self._reading.seen = {
            path: self._reading.seen[path] for path in order if path in self._reading.seen
        }
        return self._reading

    def _take(self, file: TreeFile, pool: Pool) -> None:
        content = None if file.flaw else read_bytes(file)
        if content is None:
            self._flawed(file, file.flaw or _UNREADABLE, file.reason or SkipReason.UNREADABLE)
            self._step()
            return
        key = key_of(self._engine, file.path.encode(), content.bytes) if self._cache else b""
        kept = self._kept(key)
        if kept is not None:
            self._reading.seen[file.path] = kept
            self._step()
            return
        self._unkept[file.path] = _Unkept(file, key, content.mark)
        reader = reader_of(file.path)
        if reader is not None and may_concern(content.bytes, reader):
            pool.put(file.path, content.bytes)
        else:
            facts = facts_of(file.path, content.bytes, reader) if reader else FileFacts()
            self._found(file.path, facts)

    def _kept(self, key: bytes) -> FileSeen | None:
        value = self._cache.get(key) if self._cache else None
        if value is None:
            return None
        try:
            return FileSeen() if value == _NOTHING else _decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _found(self, path: str, facts: FileFacts) -> None:
        self._reading.seen[path] = FileSeen(facts)
        self._step()

    def _flawed(self, file: TreeFile, flaw: str, reason: SkipReason) -> None:
        self._reading.flaws[file.path] = Skipped(file.path, reason, flaw)

    def _step(self) -> None:
        self._done += 1
        self._progress(self._done, self._total)

    def _ruffs(
        self, by_place: Mapping[str, TreeFile]
    ) -> dict[str, tuple[list[Observation], list[Noqa]]]:
        """ruff's observations by path, detailed, and the comments that may silence them."""
        if not by_place:
            return {}
        answer = run_ruff(self._program, list(map(Path, by_place)), seconds=self._seconds)
        for place in answer.crashed_on:
            self._flawed(by_place[str(place)], _RUFF_CRASHED, SkipReason.CRASHED)
        found = {}
        by_path = attrgetter("path")
        for place, group in groupby(sorted(answer.observations, key=by_path), key=by_path):
            file, observations = by_place[place], list(group)
            found[file.path] = (observations, _detail(file, observations))
        return found

    def _keep(self) -> None:
        """Keeps what was found out of files that have not changed meanwhile."""
        if self._cache is None:
            return
        for path, unkept in self._unkept.items():
            if path not in self._reading.flaws and mark_of(unkept.file) == unkept.mark:
                value = _encode(self._reading.seen[path])
                if len(value) <= _LARGEST_KEPT:
                    self._cache.put(unkept.key, value)


def _agree(seen: FileSeen, file: TreeFile) -> None:
    """Says why a file does not parse where ruff and this Python do not agree, or nobody has looked."""
    facts = seen.facts
    is_broken = any(one.rule == SYNTAX for one in seen.ruffs)
    if facts.flaw_reason == SkipReason.SYNTAX and not is_broken:
        facts.flaw, facts.flaw_reason = newer(facts.flaw), SkipReason.NEWER
    elif is_broken and not facts.flaw:
        flaw = flaw_in(_text_in(file))
        if flaw is not None:
            facts.flaw, facts.flaw_line, facts.flaw_reason = flaw


def _detail(file: TreeFile, observations: Iterable[Observation]) -> list[Noqa]:
    text = _text_in(file)
    for one in observations:
        one.path = file.path
    Source(file.path, text).detail(observations)
    return noqa_of(file.path, text, is_code=True)


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
        cache.put(key, _encode(ruff))
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
