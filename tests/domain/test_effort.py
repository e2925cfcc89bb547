"""Three ways to say what it costs, and the words for their disagreement."""

from __future__ import annotations

from planner.domain.effort import Effort, RuleWork, Workload, estimate
from planner.domain.facts import DeploymentFacts
from planner.domain.finding import Severity
from planner.rulebook.load import rulebook

WORK = Workload(
    rules=(
        RuleWork(rule_id="AIR301", severity=Severity.ERROR, count=60, minutes=3600),
        RuleWork(rule_id="AIR311", severity=Severity.WARNING, count=100, minutes=1800),
    )
)


def effort(
    workload: Workload | None = None, dag_count: int = 400, bandwidth: float = 1.0
) -> Effort:
    facts = DeploymentFacts(
        name="Production",
        current_version="2.9",
        dag_count=dag_count,
        bandwidth_quarters=bandwidth,
    )
    return estimate(
        facts,
        rulebook().decision["effort"],
        gate_quarters=max(0.25, dag_count / 500),
        workload=workload,
    )


def figures(some: Effort) -> dict[str, tuple[float | None, float | None]]:
    return {
        figure.key: (
            None if figure.quarters is None else round(figure.quarters, 2),
            None if figure.weeks is None else round(figure.weeks, 1),
        )
        for figure in some.figures
    }


def test_it_counts_the_same_400_dags_three_ways() -> None:
    assert figures(effort(WORK)) == {
        "gate": (0.8, 10.4),
        "six-months": (2.0, 26.0),
        "nine-weeks": (1.38, 18.0),
        "findings": (0.23, 3.0),
    }


def test_it_shows_the_range_and_says_why_they_disagree() -> None:
    some = effort(WORK)

    assert some.sentence == "between 0.23 and 2.00 senior-engineer quarters (3.0 to 26.0 weeks)"
    assert (
        "“Top-down, six months” says 8.7 times what “Bottom-up, from the findings” says"
        in some.disagreement
    )
    assert "counts DAGs" in some.disagreement


def test_nothing_scanned_is_not_zero_work() -> None:
    some = effort(None)

    assert figures(some)["findings"] == (None, None)
    assert some.low.key == "gate"
    assert some.disagreement.endswith("nothing was scanned yet.")


def test_the_findings_are_told_by_severity_and_at_the_teams_own_pace() -> None:
    paced = Workload(rules=WORK.rules, closed_per_week=20.0)

    how = next(figure.how for figure in effort(paced).figures if figure.key == "findings")

    assert "160 findings" in how
    assert "ERROR 60.0 h, WARNING 30.0 h" in how
    assert "closes 20.0 a week: at that pace 8.0 weeks" in how


def test_it_compares_the_time_on_offer_with_the_range() -> None:
    assert "cover the whole range" in effort(bandwidth=2.0).capacity
    assert "reach the low end but not the high end, 2.00" in effort(bandwidth=1.0).capacity
    assert effort(dag_count=401, bandwidth=0.8).capacity == (
        "Your 0.80 quarters do not reach even the low end, 0.802."
    )
