"""Which findings a waiver covers, and that states follow whatever begins, ends and moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from planner.domain.finding import LIVE_STATES, State
from planner.domain.lifecycle import Kind, after
from planner.domain.ownership import fixed_start, path_matcher
from planner.domain.waiver import Scope, Spot, Term, fitter, settle

PATHS = ("dags/a.py", "dags/legacy/b.py", "dags/legacy/deep/c.py", "plugins/d.py", "b.py")
PATTERNS = ("dags/", "dags/legacy/", "/dags/*", "b.py", "*.py", "dags/**/c.py", "plugins/d.py")
RULES = ("AIR301", "AIR311")
DAGS = ("", "sales", "sales\nstock", "stock")


def spot(
    pk: int = 1,
    state: State = State.OPEN,
    source_id: int = 1,
    rule_id: str = "AIR301",
    path: str = "dags/legacy/b.py",
    dag_ids: str = "",
) -> Spot:
    return Spot(pk, state, source_id, rule_id, path, dag_ids)


def test_all_that_is_named_must_fit() -> None:
    fits = fitter(Scope(rule_id="AIR301", pattern="dags/legacy/", dag_id="stock", source_id=1))
    assert fits(spot(dag_ids="sales\nstock"))
    assert not fits(spot(dag_ids="sales\nstock_old"))
    assert not fits(spot(dag_ids="stock", rule_id="AIR302"))
    assert not fits(spot(dag_ids="stock", path="dags/b.py"))
    assert not fits(spot(dag_ids="stock", source_id=2))


def test_a_folder_with_blanks_and_hostile_characters_covers_what_lies_below_it() -> None:
    assert fitter(Scope(pattern="dags/old stuff/"))(spot(path="dags/old stuff/x.py"))
    assert not fitter(Scope(pattern="dags/old stuff/"))(spot(path="dags/old/stuff/x.py"))


def test_what_a_waiver_covers_is_said_in_words() -> None:
    assert Scope().words == "single findings"
    assert Scope(rule_id="AIR301").words == "AIR301"
    assert Scope(pattern="dags/x/").words == "every finding in dags/x/"
    assert (
        Scope(rule_id="AIR301", pattern="dags/x/", dag_id="sales").words
        == "AIR301 in dags/x/ of the DAG sales"
    )


def test_a_waived_finding_that_no_waiver_is_known_to_cover_is_left_alone() -> None:
    settled = settle([Term(1, Scope(rule_id="AIR999"))], [spot(state=State.WAIVED)], {})
    assert not settled.back and not settled.set_aside


@given(st.sampled_from(PATTERNS), st.sampled_from(PATHS))
def test_the_fixed_start_of_a_pattern_begins_every_path_that_it_names(
    pattern: str, path: str
) -> None:
    if path_matcher(pattern)(path):
        assert path.startswith(fixed_start(pattern))


SCOPES = st.builds(
    Scope,
    rule_id=st.sampled_from(("", *RULES)),
    pattern=st.sampled_from(("", *PATTERNS)),
    dag_id=st.sampled_from(("", "sales", "stock")),
    source_id=st.sampled_from((None, 1, 2)),
)


class Waiving(RuleBasedStateMachine):
    """Waivers that begin and end in any order, over findings that move, close and come back."""

    def __init__(self) -> None:
        super().__init__()
        self.spots = {
            pk: spot(pk, path=PATHS[pk % len(PATHS)], rule_id=RULES[pk % 2], source_id=1 + pk % 2)
            for pk in range(6)
        }
        self.terms: dict[int, Term] = {}
        self.links: dict[int, set[int]] = {}
        self.keys = 0

    @rule(scope=SCOPES, picked=st.sets(st.integers(0, 5)))
    def waive(self, scope: Scope, picked: set[int]) -> None:
        self.keys += 1
        self.terms[self.keys] = Term(self.keys, scope)
        if scope.names_findings:
            for pk in picked:
                self.links.setdefault(pk, set()).add(self.keys)
        self.settle()

    @rule(which=st.integers(0, 9))
    def end(self, which: int) -> None:
        if self.terms:
            self.terms.pop(sorted(self.terms)[which % len(self.terms)])
            self.settle()

    @rule(
        pk=st.integers(0, 5),
        path=st.sampled_from(PATHS),
        rule_id=st.sampled_from(RULES),
        dag_ids=st.sampled_from(DAGS),
    )
    def move(self, pk: int, path: str, rule_id: str, dag_ids: str) -> None:
        self.spots[pk] = self.spots[pk]._replace(path=path, rule_id=rule_id, dag_ids=dag_ids)
        self.settle()

    @rule(pk=st.integers(0, 5), kind=st.sampled_from((Kind.FIXED, Kind.REMOVED)))
    def close(self, pk: int, kind: Kind) -> None:
        if self.spots[pk].state in LIVE_STATES:
            self.step(pk, kind)
            self.settle()

    @rule(pk=st.integers(0, 5))
    def come_back(self, pk: int) -> None:
        if self.spots[pk].state not in LIVE_STATES:
            self.step(pk, Kind.REOPENED)
            self.settle()

    @rule(pk=st.integers(0, 5))
    def claim(self, pk: int) -> None:
        if self.spots[pk].state is State.OPEN:
            self.step(pk, Kind.CLAIMED)

    def step(self, pk: int, kind: Kind) -> None:
        self.spots[pk] = self.spots[pk]._replace(state=after(self.spots[pk].state, kind))

    def settle(self) -> None:
        live = [one for one in self.spots.values() if one.state in LIVE_STATES]
        settled = settle(list(self.terms.values()), live, self.links)
        for one, _covering in settled.set_aside:
            self.step(one.pk, Kind.WAIVED)
        for one in settled.back:
            self.step(one.pk, Kind.WAIVER_ENDED)
        for waiver, finding in settled.joined:
            self.links.setdefault(finding, set()).add(waiver)
        for waiver, finding in settled.left:
            self.links[finding].discard(waiver)
        again = settle(
            list(self.terms.values()),
            [one for one in self.spots.values() if one.state in LIVE_STATES],
            self.links,
        )
        assert not (again.set_aside or again.back or again.joined or again.left)

    @invariant()
    def what_a_waiver_covers_is_waived_and_nothing_else(self) -> None:
        for one in self.spots.values():
            covering = [
                term.pk
                for term in self.terms.values()
                if (
                    term.pk in self.links.get(one.pk, ())
                    if term.scope.names_findings
                    else fitter(term.scope)(one)
                )
            ]
            if one.state in LIVE_STATES:
                assert (one.state is State.WAIVED) == bool(covering), (one, covering)


TestWaiving = Waiving.TestCase
