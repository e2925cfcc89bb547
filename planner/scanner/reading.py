"""What every file of a tree yields: kept from before, or else from ruff and Flightplan's own checks at once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

import msgspec

from planner.domain.report import Observation
from planner.scanner.around.current_version import current_version
from planner.scanner.around.setup_py import may_hold_pins
from planner.scanner.detail import Source
from planner.scanner.facts import FileFacts
from planner.scanner.fixes.fixed import Fixed
from planner.scanner.fixes.remedies import Terms
from planner.scanner.kept import BrokenCache, Kept
from planner.scanner.kinds import is_code
from planner.scanner.pool import SECONDS as SECONDS_FOR_ONE
from planner.scanner.pool import Pool, Told
from planner.scanner.result import CurrentVersion, Progress, Skipped, SkipReason
from planner.scanner.ruff_run import READ, RuffAnswer
from planner.scanner.seen import (
    FileSeen,
    Unread,
    encode,
    look,
    looked_decode,
    seen_decode,
)
from planner.scanner.text import text_of
from planner.scanner.tree import TreeFile, read_bytes

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


class Reading(msgspec.Struct):
    """What all files yielded, by path in the order of the listing."""

    terms: Terms
    """The versions between which the upgrade leads."""
    today: CurrentVersion
    """Where the one that runs today was told."""
    seen: dict[str, FileSeen] = {}
    flaws: dict[str, Skipped] = {}
    """Files that nothing could check."""

    def skipped(self, unscanned: Iterable[str]) -> Iterator[Skipped]:
        """Why each file was not checked, or not by every check."""
        for path in unscanned:
            if path in self.flaws:
                yield self.flaws[path]
                continue
            facts = self.seen[path].facts
            yield Skipped(path, facts.flaw_reason or SkipReason.SYNTAX, facts.flaw)


_FIXES = b"fixes"
_NOTHING = encode(FileSeen())
_fixes_decode = msgspec.msgpack.Decoder(list[Fixed]).decode
_MOST_KEPT = 3
"""Pairs of versions for which the fixes of one file are kept."""


class TreeReader:
    """Reads the files of one scan."""

    def __init__(
        self,
        answer: Callable[[], RuffAnswer],
        kept: Kept,
        terms: Terms,
        *,
        progress: Progress | None,
    ) -> None:
        """``answer`` waits for what ruff says of the files of which nothing is kept.

        ``terms``: the versions between which the upgrade leads, as far as somebody said so.
        """
        self._answer = answer
        self._kept = kept
        self._progress = progress or _nobody
        self._done = 0
        self._total = 0
        self._unknown: dict[str, TreeFile] = {}
        self._ahead: dict[str, Fixed] = {}
        self._set: frozenset[str] = frozenset()
        """The options that files are known to set."""
        self.reading = Reading(terms, CurrentVersion(terms.current))
        """What is read so far; everything once ``read`` is through."""

    def read(self, files: Sequence[TreeFile]) -> Reading:
        """Everything there is to know of the files. Raises BrokenCache where what is kept of one cannot be read.

        Files that are no code come first: they may tell today's Airflow and what is set, on which fixes hang. Those
        that ruff does not read are looked at while it runs.
        """
        self._total = len(files)
        for file in files:
            self._take(file)
        reading = self.reading
        unknown = self._unknown.values()
        first = [file for file in unknown if _may_pin(file.path)]
        with Pool(expected=sum(file.size for file in unknown)) as pool:
            self._put([file for file in first if not file.place.endswith(READ)], {}, pool)
            found = self._ruffs()
            self._put([file for file in first if file.place.endswith(READ)], found, pool)
            self._take_answers(pool.answers(), found)
            if not reading.terms.current:
                self._learn_current(path for path in reading.seen if _may_pin(path))
            self._set = frozenset(
                setting.key for seen in reading.seen.values() for setting in seen.facts.settings
            )
            self._put([file for file in unknown if not _may_pin(file.path)], found, pool)
            self._take_answers(pool.answers(), found)
        reading.seen = {
            file.path: reading.seen[file.path] for file in files if file.path in reading.seen
        }
        return reading

    def _learn_current(self, paths: Iterable[str]) -> None:
        """Tells from what pins packages which Airflow runs today."""
        requirements = [
            msgspec.structs.replace(one, path=path)
            for path in sorted(paths)
            for one in self.reading.seen[path].facts.requirements
        ]
        today = current_version(requirements)
        self.reading.today = today
        self.reading.terms = msgspec.structs.replace(self.reading.terms, current=today.version)

    def _take(self, file: TreeFile) -> None:
        known = None if file.flaw else _decoded(self._kept.seen(file.path))
        if file.flaw:
            self._flawed(file, file.flaw, file.reason or SkipReason.UNREADABLE)
        elif known is not None:
            self.reading.seen[file.path] = known
        elif os.access(file.place, os.R_OK):
            self._unknown[file.path] = file
            return
        else:
            self._flawed(file, _UNREADABLE, SkipReason.UNREADABLE)
        self._step()

    def _put(self, files: Iterable[TreeFile], found: Mapping[str, _Found], pool: Pool) -> None:
        # The largest first, so that no core waits for another at the end.
        for file in sorted(files, key=attrgetter("size"), reverse=True):
            ruffs = found.get(file.path, [])
            unread = Unread(file.path, file.place, self.reading.terms, ruffs, self._set)
            pool.put(file.path, look, encode(unread), size=file.size)
            self._take_answers(pool.ready(), found)

    def _take_answers(self, answers: Iterable[Told], found: Mapping[str, _Found]) -> None:
        for path, answer in answers:
            self._looked(self._unknown[path], answer, found.get(path, []))
            self._step()

    def _looked(self, file: TreeFile, answer: bytes | None, ruffs: _Found) -> None:
        """Takes what the checks saw, and keeps it where the file has not changed meanwhile."""
        path = file.path
        if answer is None:
            self.reading.seen[path] = FileSeen(_STOPPED, ruffs)
            return
        looked = looked_decode(answer)
        if not looked.seen:
            self._flawed(file, _UNREADABLE, SkipReason.UNREADABLE)
            return
        self.reading.seen[path] = seen_decode(looked.seen)
        if looked.fixed is not None:
            self._ahead[path] = looked.fixed
        if path not in self.reading.flaws and self._kept.is_unchanged(file):
            self._kept.put_seen(path, looked.seen)
            if looked.fixed is not None:
                self._kept.put(_FIXES, path, encode([looked.fixed]))

    def fixed(self, path: str) -> list[Fixed]:
        """The fixes that were made of the file when it was read, or before of one with the same content."""
        if path in self._ahead:
            return [self._ahead[path]]
        value = self._kept.get(_FIXES, path)
        if value is not None:
            with contextlib.suppress(msgspec.MsgspecError):
                return _fixes_decode(value)
        return []

    def keep_fixes(self, path: str, content: bytes, fixed: Fixed) -> None:
        """Keeps the fixes that were made of this content, if it is what was read."""
        if self._kept.is_as_read(path, content):
            before = [one for one in self.fixed(path) if one.asked != fixed.asked]
            self._kept.put(_FIXES, path, encode([fixed, *before][:_MOST_KEPT]))

    def _flawed(self, file: TreeFile, flaw: str, reason: SkipReason) -> None:
        self.reading.flaws[file.path] = Skipped(file.path, reason, flaw)

    def _step(self) -> None:
        self._done += 1
        self._progress(self._done, self._total)

    def _ruffs(self) -> dict[str, _Found]:
        """What ruff says of the files that were not kept, by their paths; a file may have gone since."""
        by_place = {file.place: file for file in self._unknown.values()}
        answer = self._answer()
        for place in answer.crashed_on:
            if place in by_place:
                self._flawed(by_place[place], _RUFF_CRASHED, SkipReason.CRASHED)
        found: dict[str, _Found] = {}
        for one in answer.observations:
            if one.path in by_place:
                one.path = by_place[one.path].path
                found.setdefault(one.path, []).append(one)
        return found


def _decoded(value: bytes | None) -> FileSeen | None:
    if value is None:
        return None
    try:
        return FileSeen() if value == _NOTHING else seen_decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BrokenCache from error


def _may_pin(path: str) -> bool:
    """Whether a file may say which packages are installed."""
    return not is_code(path) or may_hold_pins(path)


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


def _nobody(done: int, total: int) -> None:
    """Hears of progress where nobody wants to."""
