"""What one scan changes: known findings and sightings in, the list of changes out. Decides, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from planner.domain.finding import LIVE_STATES, State
from planner.domain.identity import Trace
from planner.domain.lifecycle import Absence, Kind, Proof
from planner.domain.matching import Matching, explain, match


class Known(NamedTuple):
    """A finding as stored, with what a scan needs to know of it."""

    id: int
    trace: Trace
    state: State
    checker: str


class Follow(NamedTuple):
    """A finding that was not seen goes with its file, which git says was renamed."""

    known: int
    path: str
    why: str


class Step(NamedTuple):
    """One finding changes: which known one, which sighting it is now (-1: none), and why."""

    known: int
    sighting: int
    kind: Kind
    why: str
    absence: Absence | None = None
    """Of a finding that is closed: what proves it."""


@dataclass(slots=True)
class Changes:
    """Indices into the known findings and the sightings that were compared."""

    new: list[int] = field(default_factory=list)
    """Sightings that nobody has seen before."""
    unchanged: list[tuple[int, int]] = field(default_factory=list)
    """(known, sighting) pairs in their old place and state."""
    moved: list[Step] = field(default_factory=list)
    reopened: list[Step] = field(default_factory=list)
    contradicted: list[Step] = field(default_factory=list)
    closed: list[Step] = field(default_factory=list)
    followed: list[Follow] = field(default_factory=list)
    """What lies in a renamed file and was not seen there: closed, or not looked for."""
    unseen: list[int] = field(default_factory=list)
    """Live known findings that this scan did not see, those it closes included."""
    not_covered: dict[Absence, list[int]] = field(default_factory=dict)
    """Known findings that were not looked for, by reason."""
    live: int = 0

    def closed_by(self, absence: Absence) -> int:
        """How many are closed for this reason."""
        return sum(step.absence is absence for step in self.closed)

    @property
    def fixed(self) -> int:
        return self.closed_by(Absence.FIXED)

    @property
    def removed(self) -> int:
        return len(self.closed) - self.fixed


def compare(
    known: Sequence[Known],
    sightings: Sequence[Trace],
    *,
    proof: Proof,
    renames: Mapping[str, str],
    deleted: Set[str] = frozenset(),
    promises: Mapping[int, str] = MappingProxyType({}),
) -> Changes:
    """Decide what a scan changes.

    Args:
        known: every finding of the source, the closed ones included.
        sightings: what this scan saw.
        proof: what the scan's coverage proves about what is absent.
        renames: git's rename map since the last scan, old path → new path.
        deleted: files that git says were deleted since, so that none of them is taken for renamed.
        promises: claimed findings that may be seen still, since their DAG is to go, by their ids; with why
            the claim does not hold where the day has passed, else empty.
    """
    live = [index for index, finding in enumerate(known) if finding.state in LIVE_STATES]
    changes = Changes(live=len(live))
    scanned = proof.coverage.files or frozenset()
    matching = match(
        [known[index].trace for index in live],
        sightings,
        renames,
        still_there=scanned,
        deleted=deleted,
    )
    seen = bytearray(len(sightings))
    for position, sighting in enumerate(matching.new_of):
        index = live[position]
        if sighting < 0:
            changes.unseen.append(index)
            _absent(index, known[index], proof, matching, changes)
            continue
        seen[sighting] = 1
        broken = promises.get(known[index].id, _CLAIMED)
        _present(index, known[index], sighting, sightings[sighting], matching, broken, changes)
    unseen = [index for index, hit in enumerate(seen) if not hit]
    _come_back(known, sightings, unseen, {**renames, **matching.renamed}, changes)
    _follow(known, renames, changes)
    return changes


_CLAIMED = "claimed fixed, but this scan still sees it"


def _present(
    index: int,
    finding: Known,
    sighting: int,
    trace: Trace,
    matching: Matching,
    broken: str,
    changes: Changes,
) -> None:
    """``broken``: why a claim does not hold; empty where it may be seen still."""
    old = finding.trace
    if finding.state is State.CLAIMED and broken:
        why = broken
        if moved := explain(old, trace, by_git=old.path in matching.by_git):
            why = f"{why}; {moved}"
        changes.contradicted.append(Step(index, sighting, Kind.CONTRADICTED, why))
    elif (old.path, old.line, old.problem) == (trace.path, trace.line, trace.problem):
        changes.unchanged.append((index, sighting))
    else:
        why = explain(old, trace, by_git=old.path in matching.by_git)
        changes.moved.append(Step(index, sighting, Kind.MOVED, why))


def _absent(index: int, finding: Known, proof: Proof, matching: Matching, changes: Changes) -> None:
    path = matching.renamed.get(finding.trace.path, finding.trace.path)
    absence = proof.of(checker=finding.checker, path=path, rule_id=finding.trace.rule)
    kind = absence.closes_as
    if kind is None:
        changes.not_covered.setdefault(absence, []).append(index)
        return
    changes.closed.append(Step(index, -1, kind, _PROOF[absence], absence))


_PROOF = {
    Absence.FIXED: "the file was scanned, the rule was run, and it is not there",
    Absence.FILE_GONE: "the file is no longer in the tree",
    Absence.DAG_GONE: "the file is there, but its DAG is no longer in the code",
}


def _come_back(
    known: Sequence[Known],
    sightings: Sequence[Trace],
    unseen: list[int],
    renamed: Mapping[str, str],
    changes: Changes,
) -> None:
    """A sighting that no live finding explains may be one that was closed before, in the same file.

    No file is guessed to be one that has long been gone: the one that looks most like it was copied from it.
    """
    closed = [index for index, finding in enumerate(known) if finding.state not in LIVE_STATES]
    if not closed or not unseen:
        changes.new.extend(unseen)
        return
    traces = [known[index].trace for index in closed]
    returned = set()
    matching = match(
        traces,
        [sightings[index] for index in unseen],
        renamed,
        still_there={trace.path for trace in traces},
    )
    for position, hit in enumerate(matching.new_of):
        if hit >= 0:
            index = closed[position]
            returned.add(hit)
            why = f"it was {known[index].state} before, and this scan sees it again"
            changes.reopened.append(Step(index, unseen[hit], Kind.REOPENED, why))
    changes.new.extend(index for position, index in enumerate(unseen) if position not in returned)


def _follow(known: Sequence[Known], renames: Mapping[str, str], changes: Changes) -> None:
    """Keep findings that are not there with their file, so that they are known again when they come back."""
    if not renames:
        return
    seen = {index for index, _sighting in changes.unchanged}
    seen.update(step.known for step in chain(changes.moved, changes.reopened, changes.contradicted))
    for index, finding in enumerate(known):
        path = finding.trace.path
        if index not in seen and path in renames:
            why = f"file renamed from {path}, as git says"
            changes.followed.append(Follow(index, renames[path], why))
