"""Recording decisions: frozen, numbered, never overtaken."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from planner.domain.finding import Category, Severity, State
from planner.models import DecisionRecord, Deployment, Finding
from planner.rulebook.load import rulebook
from planner.selectors.decision import decision_of, recorded_decisions, standing_of, workload_of
from planner.services.decision import DecisionMoved, decision_record
from planner.services.deployment import facts_store
from tests.factories import NOW, TODAY, build_finding, make_findings, make_scan, make_source


def record(
    deployment: Deployment, author: User, seen_revision: int | None = None
) -> DecisionRecord:
    return decision_record(
        deployment=deployment,
        author=author,
        reason="because",
        look_again_on=TODAY + timedelta(days=30),
        today=TODAY,
        now=NOW,
        seen_revision=seen_revision,
    )


def test_a_record_keeps_its_answer_when_the_facts_change(
    deployment: Deployment, alice: User
) -> None:
    first = record(deployment, alice)
    facts_store(slug="production", values={"bandwidth_quarters": 0.1}, origin="test", now=NOW)

    second = record(deployment, alice)

    first.refresh_from_db()
    assert (first.number, first.decision["verdict"]) == (1, "upgrade now")
    assert (second.number, second.decision["verdict"]) == (2, "defer")
    assert first.facts["bandwidth_quarters"] == 1.0
    assert first.rulebook_hash == rulebook().hash


def test_it_records_only_what_the_author_was_reading(deployment: Deployment, alice: User) -> None:
    seen = deployment.revision
    facts_store(slug="production", values={"bandwidth_quarters": 0.1}, origin="test", now=NOW)

    with pytest.raises(DecisionMoved):
        record(deployment, alice, seen_revision=seen)


def test_each_record_is_compared_with_the_one_before(deployment: Deployment, alice: User) -> None:
    record(deployment, alice)
    facts_store(slug="production", values={"mlops_roadmap": True}, origin="test", now=NOW)
    record(deployment, alice)
    record(deployment, alice)

    third, second, first = recorded_decisions(deployment)

    assert first.first and not first.differences
    assert {(d.what, d.before, d.after) for d in second.differences} == {
        ("points", "4", "7"),
        ("mlops roadmap", "no", "yes"),
    }
    assert not third.first and not third.differences


def test_the_newest_record_asks_to_be_looked_at_on_its_day(
    deployment: Deployment, alice: User
) -> None:
    record(deployment, alice)

    def due(days: int) -> bool:
        decision = decision_of(deployment, today=TODAY + timedelta(days=days))
        standing = standing_of(recorded_decisions(deployment), decision)
        assert standing is not None
        return standing.look_again

    assert [due(29), due(30), due(31)] == [False, True, True]


class TestWorkload:
    def test_before_a_code_scan_there_is_none(self, deployment: Deployment) -> None:
        make_scan(make_source(deployment, "config"), tool="config-lint")

        assert workload_of(deployment, today=TODAY) is None

    def test_a_clean_scan_is_zero_work_and_not_unknown(self, deployment: Deployment) -> None:
        make_scan(make_source(deployment, "dags"))

        workload = workload_of(deployment, today=TODAY)

        assert workload is not None
        assert workload.minutes == 0

    def test_it_adds_up_what_is_to_do_and_leaves_style_out(self, deployment: Deployment) -> None:
        scan = make_scan(make_source(deployment, "dags"))
        make_findings(scan, 3, rule_id="AIR301", severity=Severity.ERROR, minutes=60)
        make_findings(scan, 2, rule_id="AIR311", severity=Severity.WARNING, minutes=15)
        make_findings(
            scan, 5, rule_id="AIR001", severity=Severity.INFO, category=Category.STYLE, minutes=5
        )
        make_findings(scan, 1, rule_id="AIR301", minutes=60, state=State.WAIVED)

        workload = workload_of(deployment, today=TODAY)

        assert workload is not None
        assert [(rule.rule_id, rule.count, rule.minutes) for rule in workload.rules] == [
            ("AIR301", 3, 180),
            ("AIR311", 2, 30),
        ]

    def test_the_pace_is_what_was_proved_fixed_in_four_weeks(self, deployment: Deployment) -> None:
        scan = make_scan(make_source(deployment, "dags"))
        ages = {3: State.FIXED, 20: State.FIXED, 40: State.FIXED, 5: State.REMOVED}
        Finding.objects.bulk_create(
            build_finding(scan, state=state, closed_at=NOW - timedelta(days=age))
            for age, state in ages.items()
        )

        workload = workload_of(deployment, today=TODAY)

        assert workload is not None
        assert workload.closed_per_week == 0.5
