"""What a scan changes, decided without a database: proof, claims, returns, and the brake."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from planner.domain.change import Changes, Known, compare
from planner.domain.finding import State
from planner.domain.identity import Trace
from planner.domain.lifecycle import Kind, NotAllowed, Proof, after
from planner.domain.report import Coverage
from tests.event_log import fold

COMPLETE = Proof(Coverage(checker="ruff", complete=True))


def trace(path: str = "a.py", line: int = 3, rule: str = "AIR301", symbol: str = "x") -> Trace:
    return Trace(path, rule, symbol, line, 1)


def known(*traces: Trace, state: State = State.OPEN) -> list[Known]:
    return [Known(number, one, state, "ruff") for number, one in enumerate(traces)]


def proof(**fields: object) -> Proof:
    return Proof(Coverage(checker="ruff", **fields))  # type: ignore[arg-type]


def absent(found: Proof) -> Changes:
    return compare(known(trace()), [], proof=found, renames={})


def test_a_checker_closes_findings_of_its_own_rules_whoever_saw_them_last() -> None:
    rules = {"AIR301"}
    seen_by_another = [Known(0, trace(), State.OPEN, "upgradecheck")]
    complete = Coverage(checker="ruff", complete=True)
    changes = compare(seen_by_another, [], proof=Proof(complete, own_rules=rules), renames={})
    assert changes.fixed == 1
    quiet = Proof(complete, own_rules=rules, quiet_rules=rules)
    assert compare(seen_by_another, [], proof=quiet, renames={}).fixed == 0


def test_absence_is_only_proof_where_the_file_was_scanned_and_the_rule_was_run() -> None:
    files = frozenset({"a.py"})
    assert absent(COMPLETE).fixed == 1
    assert absent(proof(files=files, complete=True)).fixed == 1
    assert absent(proof(files=files)).fixed == 1
    assert absent(proof(files=frozenset({"b.py"}), complete=True)).removed == 1
    for found, reason in {
        "no coverage": (proof(), "file not scanned"),
        "another file": (proof(files=frozenset({"b.py"})), "file not scanned"),
        "a partial scan": (
            proof(files=frozenset({"b.py"}), complete=True, status="partial"),
            "file not scanned",
        ),
        "a failed scan": (proof(files=files, complete=True, status="failed"), "unknown"),
        "other rules": (proof(files=files, rules=frozenset({"AIR311"})), "rule not run"),
        "another tool": (Proof(Coverage(checker="upgradecheck", complete=True)), "rule not run"),
        "an unreadable file": (
            Proof(Coverage(checker="ruff", complete=True), unreadable={"a.py"}),
            "file not scanned",
        ),
        "a rule on request": (
            Proof(Coverage(checker="ruff", complete=True), quiet_rules={"AIR301"}),
            "rule not run",
        ),
    }.values():
        changes = absent(found)
        assert (changes.closed, changes.not_covered) == ([], {reason: [0]})


def test_a_file_that_was_scanned_and_is_clean_was_not_renamed_away() -> None:
    old, new = trace("x/a.py"), trace("y/a.py")
    both = proof(files=frozenset({"x/a.py", "y/a.py"}), complete=True)
    changes = compare(known(old), [new], proof=both, renames={})
    assert (changes.fixed, changes.new, changes.moved) == (1, [0], [])
    only_new = proof(files=frozenset({"y/a.py"}), complete=True)
    assert len(compare(known(old), [new], proof=only_new, renames={}).moved) == 1


def test_a_renamed_file_without_the_finding_is_fixed_and_not_removed() -> None:
    """git says where the file went, and it was scanned there."""
    scanned = proof(files=frozenset({"b.py"}), complete=True)
    changes = compare(known(trace("a.py")), [], proof=scanned, renames={"a.py": "b.py"})
    assert (changes.fixed, changes.removed) == (1, 0)


def test_a_claim_is_contradicted_and_a_waiver_is_not() -> None:
    for state, contradicted in ((State.CLAIMED, 1), (State.WAIVED, 0), (State.OPEN, 0)):
        changes = compare(known(trace(), state=state), [trace()], proof=COMPLETE, renames={})
        assert len(changes.contradicted) == contradicted


def test_what_is_seen_again_after_it_was_fixed_comes_back() -> None:
    changes = compare(known(trace(), state=State.FIXED), [trace()], proof=COMPLETE, renames={})
    assert (len(changes.reopened), changes.new) == (1, [])


def test_what_was_closed_is_not_found_again_in_a_file_that_looks_like_its_own() -> None:
    gone = known(*(trace("dags/load.py", line) for line in (3, 5, 9)), state=State.REMOVED)
    copied = [trace("dags/load_all.py", line) for line in (3, 5, 9)]
    changes = compare(gone, copied, proof=COMPLETE, renames={})
    assert (len(changes.new), len(changes.reopened)) == (3, 0)


def test_what_lies_unseen_in_a_file_that_git_renames_goes_with_it() -> None:
    fixed, seen = trace("a.py", 3), trace("a.py", 9, symbol="y")
    findings = [*known(fixed, state=State.FIXED), Known(1, seen, State.OPEN, "ruff")]
    moved = seen._replace(path="etl/a.py")
    changes = compare(findings, [moved], proof=COMPLETE, renames={"a.py": "etl/a.py"})
    assert [(one.known, one.path) for one in changes.followed] == [(0, "etl/a.py")]
    assert changes.followed[0].why == "file renamed from a.py, as git says"
    guessed = compare(findings, [moved], proof=COMPLETE, renames={})
    assert (len(guessed.moved), guessed.followed) == (1, [])


def test_steps_that_make_no_sense_are_refused() -> None:
    assert after(State.OPEN, Kind.CLAIMED) is State.CLAIMED
    assert after(State.WAIVED, Kind.FIXED) is State.FIXED
    for state, kind in (
        (State.FIXED, Kind.CLAIMED),
        (State.FIXED, Kind.WAIVED),
        (State.OPEN, Kind.REOPENED),
    ):
        try:
            after(state, kind)
        except NotAllowed as refusal:
            assert str(state) in str(refusal)
        else:
            raise AssertionError(f"{kind} from {state} was allowed")


def test_the_state_is_the_fold_of_the_events() -> None:
    assert fold(["opened", "moved", "claimed", "fixed"]) == (State.FIXED, False)
    assert fold(["opened", "fixed", "reopened", "moved"]) == (State.OPEN, True)
    assert fold(["opened", "waived", "waiver_ended", "removed"]) == (State.REMOVED, False)


scans = st.lists(
    st.builds(
        Trace,
        st.sampled_from(["a.py", "b.py", "c/a.py"]),
        st.sampled_from(["AIR301", "AIR311"]),
        st.sampled_from(["x", "y"]),
        st.integers(1, 9),
        st.integers(1, 2),
    ),
    unique=True,
    max_size=15,
)


class Tracker:
    """The least that keeps findings from scan to scan: applies what ``compare`` decides."""

    def __init__(self) -> None:
        self.known: list[Known] = []
        self.log: dict[int, list[str]] = {}

    def scan(self, sightings: list[Trace]) -> Changes:
        changes = compare(self.known, sightings, proof=COMPLETE, renames={})
        for step in changes.closed:
            self._set(step.known, self.known[step.known].trace, State(step.kind.value), step.kind)
        for step in [*changes.moved, *changes.reopened]:
            self._set(step.known, sightings[step.sighting], State.OPEN, step.kind)
        for index, sighting in changes.unchanged:
            self.known[index] = self.known[index]._replace(trace=sightings[sighting])
        for sighting in changes.new:
            self.log[len(self.known)] = ["opened"]
            self.known.append(Known(len(self.known), sightings[sighting], State.OPEN, "ruff"))
        return changes

    def _set(self, index: int, place: Trace, state: State, kind: Kind) -> None:
        self.known[index] = self.known[index]._replace(trace=place, state=state)
        self.log[index].append(kind.value)

    def open(self) -> list[Trace]:
        return sorted(one.trace for one in self.known if one.state is State.OPEN)


@given(scans, scans)
def test_there_and_back_again(first: list[Trace], second: list[Trace]) -> None:
    """Scan A, B, A: what is open is A's again, and nothing that closed and came back is new."""
    tracker = Tracker()
    for scan in (first, second, first):
        tracker.scan(scan)
        assert tracker.open() == sorted(scan)
    for finding in tracker.known:
        assert fold(tracker.log[finding.id])[0] is finding.state


@given(scans, scans)
def test_the_same_scan_again_changes_nothing(first: list[Trace], second: list[Trace]) -> None:
    tracker = Tracker()
    tracker.scan(first)
    tracker.scan(second)
    again = tracker.scan(second)
    assert not (again.new or again.moved or again.closed or again.reopened or again.contradicted)
    assert len(again.unchanged) == len(second)
