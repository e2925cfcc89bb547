"""What scans one after the other make of a history, by property: the same bytes, a change and back again."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from planner.domain.change import Changes, Known, compare
from planner.domain.finding import State
from planner.domain.identity import Trace
from planner.domain.lifecycle import Proof, after
from planner.domain.report import Coverage
from tests.traces import TRACE

COMPLETE = Proof(Coverage(checker="ruff", complete=True))

scans = st.lists(
    TRACE,
    unique_by=lambda trace: trace[:5],
    max_size=20,
)


def scanned(known: list[Known], seen: list[Trace]) -> tuple[list[Known], Changes]:
    """The findings of a source after a complete scan."""
    changes = compare(known, seen, proof=COMPLETE, renames={})
    findings = list(known)
    for step in changes.closed:
        before = findings[step.known]
        findings[step.known] = before._replace(state=after(before.state, step.kind))
    for index, sighting in changes.unchanged:
        findings[index] = findings[index]._replace(trace=seen[sighting])
    for step in (*changes.moved, *changes.reopened):
        findings[step.known] = findings[step.known]._replace(
            trace=seen[step.sighting], state=State.OPEN
        )
    findings += (
        Known(number, seen[index], State.OPEN, "ruff")
        for number, index in enumerate(changes.new, start=len(findings))
    )
    return findings, changes


def open_of(known: list[Known]) -> Counter[Trace]:
    return Counter(finding.trace for finding in known if finding.state is State.OPEN)


@given(scans)
def test_the_same_bytes_change_nothing(seen: list[Trace]) -> None:
    first, _ = scanned([], seen)
    second, changes = scanned(first, seen)
    assert second == first
    assert len(changes.unchanged) == len(seen)
    assert not (changes.new or changes.moved or changes.reopened or changes.closed)


@given(scans, scans)
def test_after_a_change_and_back_the_same_findings_are_open_with_their_histories(
    before: list[Trace], between: list[Trace]
) -> None:
    first, _ = scanned([], before)
    second, _ = scanned(first, between)
    third, changes = scanned(second, before)
    assert open_of(second) == Counter(between)
    assert open_of(third) == Counter(before)
    assert not changes.new


@given(scans, st.data())
def test_what_was_mended_and_comes_back_is_the_very_same_finding(
    before: list[Trace], data: st.DataObject
) -> None:
    first, _ = scanned([], before)
    left = data.draw(st.lists(st.sampled_from(before), unique=True)) if before else []
    second, _ = scanned(first, left)
    assert [one.trace for one in second if one.state is State.OPEN] == [
        one.trace for one in first if one.trace in left
    ]
    third, _ = scanned(second, before)
    assert [(one.id, one.trace, one.state) for one in third] == [
        (one.id, one.trace, one.state) for one in first
    ]


def test_a_new_finding_in_a_file_that_was_always_there_is_not_one_of_another_file() -> None:
    gone, other = Trace("dags/a.py", "AIR301", "x", 3, 1), Trace("lib/a.py", "AIR301", "y", 9, 1)
    known, _ = scanned([], [gone, other])
    known, _ = scanned(known, [other])
    _, changes = scanned(known, [other, gone._replace(path="lib/a.py")])
    assert (len(changes.new), len(changes.reopened)) == (1, 0)


def test_a_finding_that_comes_back_in_a_renamed_file_is_the_one_that_was_closed() -> None:
    gone, other = Trace("dags/a.py", "AIR301", "x", 3, 1), Trace("dags/a.py", "AIR301", "y", 9, 1)
    known, _ = scanned([], [gone, other])
    known, _ = scanned(known, [other])
    known, changes = scanned(known, [one._replace(path="etl/a.py") for one in (other, gone)])
    assert (len(changes.new), len(changes.reopened)) == (0, 1)
    assert [(one.id, one.trace.path) for one in known] == [(0, "etl/a.py"), (1, "etl/a.py")]
