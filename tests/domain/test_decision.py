"""The published rule, kept exact, and the honest things that stand beside it."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.domain.decision import Decision, Opinion, Verdict, decide, provider_name
from planner.domain.facts import DeploymentFacts, facts_from
from planner.domain.flips import BANDWIDTH_MOST, DAG_COUNT_MOST, Flip
from planner.domain.numbers import told_apart
from planner.rulebook.load import rulebook

TODAY = date(2026, 11, 22)


def facts(**changes: Any) -> DeploymentFacts:
    values: dict[str, Any] = {
        "name": "Production",
        "current_version": "2.9",
        "target_version": "3.3",
        "dag_count": 400,
        "python_current": "3.11",
        "python_target": "3.11",
        "bandwidth_quarters": 1.0,
    }
    return facts_from({**values, **changes})


def decided(today: date = TODAY, last_ci_check: date | None = None, **changes: Any) -> Decision:
    return decide(facts(**changes), rulebook(), today=today, last_ci_check=last_ci_check)


GOLDEN = [
    # current, DAGs, MLOps, hybrid, provider, Python, bandwidth → points, need, verdict, agrees
    ("2.9", 400, False, False, True, "3.12", 1.0, 4, "0.80", Verdict.NOW, True),
    ("2.9", 400, False, False, False, "3.11", 1.0, 0, "0.80", Verdict.LATER, True),
    ("2.9", 400, True, True, False, "3.11", 1.0, 6, "0.80", Verdict.NOW, True),
    ("2.9", 400, True, True, True, "3.12", 0.5, 10, "0.80", Verdict.DEFER, False),
    ("2.10", 400, False, False, True, "3.11", 0.8, 2, "0.80", Verdict.LATER, True),
    ("2.7.3", 50, False, False, True, "3.9", 0.25, 3, "0.25", Verdict.NOW, False),
    ("2.9", 400, True, False, False, "3.11", 1.0, 3, "0.80", Verdict.NOW, False),
]


@pytest.mark.parametrize("row", GOLDEN)
def test_the_golden_cases_hold_exactly(row: tuple[Any, ...]) -> None:
    current, dags, mlops, hybrid, provider, python, bandwidth, points, need, verdict, agrees = row

    decision = decided(
        current_version=current,
        dag_count=dags,
        mlops_roadmap=mlops,
        hybrid_workload=hybrid,
        provider_dependencies=["snowflake"] if provider else [],
        python_target=python,
        bandwidth_quarters=bandwidth,
    )

    assert (
        decision.points,
        decision.gate.need_text,
        decision.verdict,
        decision.second_opinion.agrees,
    ) == (
        points,
        need,
        verdict,
        agrees,
    )


class TestGate:
    def test_it_comes_first_and_names_both_numbers(self) -> None:
        decision = decided(
            mlops_roadmap=True, hybrid_workload=True, python_target="3.12", bandwidth_quarters=0.5
        )

        assert decision.verdict is Verdict.DEFER
        assert "need 0.80 quarters but have 0.50" in decision.sentence

    @pytest.mark.parametrize(
        ("current", "words"), [("2.7.3", "the 1 point says."), ("2.9.3", "the 0 points say.")]
    )
    def test_one_point_says_and_more_say(self, current: str, words: str) -> None:
        decision = decided(current_version=current, bandwidth_quarters=0.1)

        assert f"whatever {words}" in decision.sentence

    def test_it_lets_exactly_enough_through(self) -> None:
        assert decided(bandwidth_quarters=0.8).gate.passes

    def test_it_never_asks_for_less_than_a_quarter_of_a_quarter(self) -> None:
        assert decided(dag_count=0, bandwidth_quarters=0.25).gate.passes
        assert not decided(dag_count=0, bandwidth_quarters=0.249).gate.passes

    def test_it_writes_as_many_digits_as_tell_the_numbers_apart(self) -> None:
        decision = decided(dag_count=401, bandwidth_quarters=0.8)

        assert decision.gate.sentence == "need 0.802 quarters but have 0.80"

    @given(dags=st.integers(0, DAG_COUNT_MOST), grains=st.integers(0, 2_000_000))
    @settings(max_examples=300)
    def test_its_words_never_contradict_its_verdict(self, dags: int, grains: int) -> None:
        gate = decide(
            dataclasses.replace(facts(), dag_count=dags, bandwidth_quarters=grains / 1000),
            rulebook(),
            today=TODAY,
        ).gate

        assert (float(gate.have_text) >= float(gate.need_text)) == gate.passes


def test_two_equal_numbers_keep_two_digits() -> None:
    assert told_apart(0.8, 0.8) == ("0.80", "0.80")
    assert told_apart(0.7999, 0.8) == ("0.7999", "0.80")
    assert told_apart(2.0, 0.25) == ("2.00", "0.25")


class TestSignals:
    def test_versions_are_compared_as_versions(self) -> None:
        assert not _applies(decided(current_version="2.10.5"), "far_behind")
        assert _applies(decided(current_version="2.7.3"), "far_behind")
        assert not _applies(decided(python_target="3.9"), "python_target")
        assert _applies(decided(python_target="3.13"), "python_target")

    def test_a_python_not_said_scores_nothing(self) -> None:
        assert not _applies(decided(python_target=""), "python_target")

    def test_a_provider_scores_as_stated_and_its_truth_stands_beside_it(self) -> None:
        decision = decided(provider_dependencies=["Snowflake 6.x", "fab", "our-own"])

        signal = _signal(decision, "provider_dependency")
        assert signal.points == 2
        assert "Snowflake 6.x does not need 3.x: from 6.7.0 on it needs 2.11." in signal.truth
        assert "fab needs 3.x." in signal.truth
        assert "our-own was not checked here" in signal.truth

    def test_python_312_is_told_to_run_on_2x_too(self) -> None:
        assert (
            "also runs on 2.9, 2.10 and 2.11"
            in _signal(decided(python_target="3.12"), "python_target").truth
        )
        assert _signal(decided(python_target="3.13"), "python_target").truth.startswith(
            "Python 3.13 needs Airflow 3.1 or later."
        )

    @pytest.mark.parametrize(
        ("stated", "name"),
        [
            ("snowflake", "snowflake"),
            ("Snowflake 6.x", "snowflake"),
            ("apache-airflow-providers-dbt-cloud>=4", "dbt-cloud"),
            ("apache_airflow_providers_fab", "fab"),
            ("dbt Cloud 4.x", "dbt-cloud"),
            ("cncf.kubernetes", "cncf-kubernetes"),
            ("edge", "edge3"),
            ("6", "6"),
        ],
    )
    def test_a_provider_is_known_by_the_names_people_write(self, stated: str, name: str) -> None:
        assert provider_name(stated, rulebook().decision["providers"]["aliases"]) == name


class TestOpinions:
    def test_agreement_needs_no_words_in_the_headline(self) -> None:
        decision = decided(provider_dependencies=["fab"], python_target="3.12")

        assert decision.sentence == (
            "Upgrade now: 4 points where 3 are enough, and 1.00 quarters where 0.80 are needed."
        )

    def test_the_headline_says_where_the_two_rules_disagree(self) -> None:
        decision = decided(mlops_roadmap=True)

        assert decision.sentence.startswith("Upgrade now: 3 points")
        assert decision.sentence.endswith(
            "Opinions differ: the second opinion (any 2 of 4) says wait."
        )

    def test_six_months_are_told_to_be_without_security_fixes(self) -> None:
        decision = decided()

        assert decision.verdict is Verdict.LATER
        assert "six months without security fixes" in decision.sentence
        assert decision.evidence_opinion.verdict is Opinion.NOW
        assert not decision.evidence_opinion.agrees

    def test_the_evidence_stays_behind_the_gate(self) -> None:
        opinion = decided(bandwidth_quarters=0.1).evidence_opinion

        assert (opinion.verdict, opinion.agrees) == (Opinion.DEFER, True)

    def test_before_the_end_of_life_the_clock_is_in_no_hurry(self) -> None:
        last_day = date(2026, 4, 22)

        assert decided(today=last_day).evidence_opinion.verdict is Opinion.WAIT
        assert decided(today=last_day + timedelta(days=1)).evidence_opinion.verdict is Opinion.NOW

    def test_both_opinions_can_differ_in_one_sentence(self) -> None:
        decision = decided(mlops_roadmap=True, today=date(2026, 1, 1))

        assert decision.sentence.count("Opinions differ") == 1
        assert "says wait, and the support clock says wait" in decision.sentence


class TestPreconditions:
    def test_the_check_must_run_in_ci_first(self) -> None:
        assert "first: put the check in CI" in decided().preconditions[0]

    @pytest.mark.parametrize(("age", "met"), [(0, True), (8, True), (9, False)])
    def test_a_complete_scan_from_ci_meets_it_for_eight_days(self, age: int, met: bool) -> None:
        decision = decided(last_ci_check=TODAY - timedelta(days=age))

        assert (decision.preconditions == ()) is met

    def test_a_line_too_old_to_migrate_goes_to_211_first(self) -> None:
        decision = decided(current_version="2.6.3", last_ci_check=TODAY)

        assert decision.preconditions == (
            "first: go to 2.11 on 2.x (Airflow 3 migrates 2.7 or later, and 2.6.3 is older)",
        )


class TestContradictions:
    def test_a_python_that_the_target_cannot_run_keeps_its_points(self) -> None:
        decision = decided(target_version="3.0", python_target="3.13")

        assert _signal(decision, "python_target").points == 2
        assert decision.contradictions[0].sentence == (
            "Airflow 3.0 does not run on Python 3.13: it was tested with 3.9 to 3.12."
        )

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"current_version": "2.9.4"}, "2.9.4 was never released: 2.9.3 is the last one"),
            ({"current_version": "2.12.0"}, "2.12.0 was never released: 2.11.2 is the last one"),
            ({"target_version": "3.4"}, "3.4 is not a released line; the newest is 3.3.2"),
            ({"target_version": "3.1.9"}, "3.1.9 is not released; the newest of 3.1 is 3.1.8"),
            ({"target_version": "3.0.5"}, "3.0.5 was withdrawn"),
            ({"python_current": "3.13"}, "Airflow 2.9 was not tested with Python 3.13"),
        ],
    )
    def test_a_fact_that_cannot_be_is_named(self, changes: dict[str, str], words: str) -> None:
        contradictions = decided(**changes).contradictions

        assert len(contradictions) == 1
        assert words in contradictions[0].sentence

    def test_a_vendor_suffix_is_not_a_newer_release(self) -> None:
        assert decided(current_version="2.9.3+astro.4").contradictions == ()


class TestSupport:
    def test_it_dates_both_ends_of_the_move(self) -> None:
        support = decided(current_version="2.9.3", target_version="3.1").support

        assert support.current.past_end
        assert support.current.eol == date(2026, 4, 22)
        assert support.target is not None
        assert (support.target.latest, support.target.status) == ("3.1.8", "superseded")
        assert support.newest.latest == "3.3.2"
        assert support.target.database == "PostgreSQL 13-17"

    def test_without_a_target_the_newest_line_is_meant(self) -> None:
        assert decided(target_version="").target == "3.3.2"

    def test_a_line_older_than_the_table_is_past_its_end(self) -> None:
        assert decided(current_version="1.10.15").support.current.past_end


# Flips

PYTHONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]
LINES = [f"2.{minor}" for minor in range(12)]

any_facts = st.builds(
    DeploymentFacts,
    name=st.just("Production"),
    current_version=st.sampled_from(LINES),
    target_version=st.just("3.3"),
    dag_count=st.integers(0, 1200) | st.integers(0, DAG_COUNT_MOST),
    python_target=st.sampled_from(["", *PYTHONS]),
    mlops_roadmap=st.booleans(),
    hybrid_workload=st.booleans(),
    provider_dependencies=st.sampled_from([(), ("fab",), ("fab", "snowflake")]),
    bandwidth_quarters=st.integers(0, 3000).map(lambda grains: grains / 1000),
)


def verdict_of(some: DeploymentFacts) -> Verdict:
    return decide(some, rulebook(), today=TODAY).verdict


@given(some=any_facts)
@settings(max_examples=150)
def test_a_flip_really_changes_the_verdict_and_a_smaller_change_does_not(
    some: DeploymentFacts,
) -> None:
    decision = decide(some, rulebook(), today=TODAY)

    for flip in decision.flips:
        assert verdict_of(flip.apply(some)).value == flip.verdict != decision.verdict.value
        for smaller in _smaller_changes(flip):
            closer = dataclasses.replace(some, **{flip.key: smaller})
            assert verdict_of(closer) is decision.verdict, (flip, smaller)


@given(some=any_facts)
@settings(max_examples=100)
def test_an_input_without_a_flip_has_no_value_that_changes_the_verdict(
    some: DeploymentFacts,
) -> None:
    decision = decide(some, rulebook(), today=TODAY)
    found = {flip.key for flip in decision.flips}
    ranges: dict[str, list[Any]] = {
        "mlops_roadmap": [True, False],
        "hybrid_workload": [True, False],
        "provider_dependencies": [(), ("git",)],
        "python_target": PYTHONS,
        "current_version": LINES,
        "bandwidth_quarters": [0.0, float(BANDWIDTH_MOST)],
        "dag_count": [0, DAG_COUNT_MOST],
    }
    for key, values in ranges.items():
        if key not in found:
            for value in values:
                changed = dataclasses.replace(some, **{key: value})
                assert verdict_of(changed) is decision.verdict, (key, value)


def test_flips_are_exact_at_the_boundary() -> None:
    flips = _flips(decided(mlops_roadmap=True, bandwidth_quarters=0.85))

    assert (flips["dag_count"].after, flips["dag_count"].verdict) == (426, "defer")
    assert (flips["bandwidth_quarters"].after, flips["bandwidth_quarters"].verdict) == (
        0.799,
        "defer",
    )
    assert (
        flips["bandwidth_quarters"].sentence == "Below 0.80 quarters, more than 0.05 less: defer."
    )
    assert flips["mlops_roadmap"].sentence == "Without the MLOps roadmap: upgrade in 6 months."


def test_one_dag_and_one_thousandth_of_a_quarter_are_enough_at_the_boundary() -> None:
    passing = _flips(decided(dag_count=400, bandwidth_quarters=0.8))
    missing = _flips(decided(dag_count=401, bandwidth_quarters=0.801))

    assert (passing["dag_count"].after, passing["bandwidth_quarters"].after) == (401, 0.799)
    assert (
        passing["bandwidth_quarters"].sentence == "Below 0.80 quarters, any less than now: defer."
    )
    assert (missing["dag_count"].after, missing["bandwidth_quarters"].after) == (400, 0.802)


def test_only_time_or_fewer_dags_lift_a_defer() -> None:
    flips = _flips(decided(mlops_roadmap=True, bandwidth_quarters=0.5))

    assert set(flips) == {"bandwidth_quarters", "dag_count"}
    assert flips["bandwidth_quarters"].after == 0.8
    assert flips["dag_count"].after == 250


def test_the_limits_of_the_search_are_those_of_the_facts() -> None:
    facts(bandwidth_quarters=BANDWIDTH_MOST, dag_count=DAG_COUNT_MOST)
    for beyond in ({"bandwidth_quarters": BANDWIDTH_MOST + 1}, {"dag_count": DAG_COUNT_MOST + 1}):
        with pytest.raises(ValueError, match="must lie between"):
            facts(**beyond)


def _smaller_changes(flip: Flip) -> list[Any]:
    """Values between the one before and the one after: all of a ladder, some of a long number line."""
    if flip.key in ("python_target", "current_version"):
        ladder = PYTHONS if flip.key == "python_target" else LINES
        if flip.before not in ladder:
            return ladder[: ladder.index(flip.after)]
        here, there = ladder.index(flip.before), ladder.index(flip.after)
        return ladder[min(here, there) + 1 : max(here, there)]
    if flip.key == "dag_count":
        step = 1 if flip.after > flip.before else -1
        return [flip.after - step, (flip.after - step + flip.before) // 2]
    if flip.key == "bandwidth_quarters":
        step = 0.001 if flip.after > flip.before else -0.001
        return [round(flip.after - step, 3)]
    return []


def _signal(decision: Decision, key: str) -> Any:
    return next(signal for signal in decision.signals if signal.key == key)


def _applies(decision: Decision, key: str) -> bool:
    return bool(_signal(decision, key).applies)


def _flips(decision: Decision) -> dict[str, Flip]:
    return {flip.key: flip for flip in decision.flips}
