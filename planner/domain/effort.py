"""What the upgrade costs, estimated three ways that disagree, and why they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.domain.facts import DeploymentFacts
from planner.domain.finding import Severity
from planner.domain.numbers import told_apart


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleWork:
    """The findings still to do of one rule and severity: how many, and minutes for all of them."""

    rule_id: str
    severity: Severity
    count: int
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What a deployment's own findings ask for, and how fast its team has been closing them."""

    rules: tuple[RuleWork, ...]
    closed_per_week: float | None = None
    """Findings closed on proof a week; None while too little was closed to tell."""

    @property
    def count(self) -> int:
        return sum(rule.count for rule in self.rules)

    @property
    def minutes(self) -> int:
        return sum(rule.minutes for rule in self.rules)

    def minutes_of(self, severity: Severity) -> int:
        return sum(rule.minutes for rule in self.rules if rule.severity == severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One estimate, in senior-engineer quarters and weeks; both None where it cannot be counted yet."""

    key: str
    title: str
    quarters: float | None
    weeks: float | None
    how: str
    """How the number was made, in one sentence with its own numbers."""
    leaves_out: str
    """What the number does not count: the reason it disagrees with the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """The estimates, their range and their disagreement in words."""

    figures: tuple[Figure, ...]
    low: Figure
    high: Figure
    sentence: str
    disagreement: str
    capacity: str
    """What the bandwidth buys, compared with the range."""

    def as_dict(self) -> dict[str, Any]:
        return {
            "low": _end(self.low),
            "high": _end(self.high),
            "sentence": self.sentence,
            "disagreement": self.disagreement,
            "capacity": self.capacity,
            "figures": [
                {
                    "key": figure.key,
                    "title": figure.title,
                    "quarters": _rounded(figure.quarters),
                    "weeks": _rounded(figure.weeks),
                    "how": figure.how,
                    "leaves_out": figure.leaves_out,
                }
                for figure in self.figures
            ],
        }


def estimate(
    facts: DeploymentFacts,
    rules: Mapping[str, Any],
    *,
    gate_quarters: float,
    workload: Workload | None,
) -> Effort:
    """Estimate the effort three ways. ``rules`` is the ``effort`` table of the rulebook.

    ``gate_quarters`` is what the bandwidth gate asks for; ``workload`` is None where nothing was
    scanned yet, and the bottom-up figure is then missing rather than zero.
    """
    figures = (
        _by_gate(facts, rules, gate_quarters),
        _by_leadership_plan(facts, rules),
        _by_delivery_plan(rules),
        _by_findings(rules, workload),
    )
    counted = [figure for figure in figures if figure.quarters is not None]
    low = min(counted, key=_quarters)
    high = max(counted, key=_quarters)
    return Effort(
        figures=figures,
        low=low,
        high=high,
        sentence=_range_in_words(low, high),
        disagreement=_disagreement(rules, counted, low, high, workload),
        capacity=_capacity(facts.bandwidth_quarters, low, high),
    )


def _by_gate(facts: DeploymentFacts, rules: Mapping[str, Any], quarters: float) -> Figure:
    return Figure(
        key="gate",
        title="The gate's rule",
        quarters=quarters,
        weeks=quarters * rules["weeks_per_quarter"],
        how=f"What the gate asks for {facts.dag_count:,} DAGs.",
        leaves_out=rules["leaves_out"]["gate"],
    )


def _by_leadership_plan(facts: DeploymentFacts, rules: Mapping[str, Any]) -> Figure:
    months = rules["months_for_reference"] * facts.dag_count / rules["reference_dags"]
    quarters = months / 3
    return Figure(
        key="six-months",
        title="Top-down, six months",
        quarters=quarters,
        weeks=quarters * rules["weeks_per_quarter"],
        how=(
            f"{rules['months_for_reference']} senior months for every {rules['reference_dags']} DAGs,"
            f" so {months:.1f} months for {facts.dag_count:,}."
        ),
        leaves_out=rules["leaves_out"]["six-months"],
    )


def _by_delivery_plan(rules: Mapping[str, Any]) -> Figure:
    weeks = rules["delivery_weeks"] * rules["delivery_engineers"]
    return Figure(
        key="nine-weeks",
        title="Top-down, nine weeks",
        quarters=weeks / rules["weeks_per_quarter"],
        weeks=float(weeks),
        how=f"{rules['delivery_weeks']} weeks with {rules['delivery_engineers']} senior engineers, as written.",
        leaves_out=rules["leaves_out"]["nine-weeks"],
    )


def _by_findings(rules: Mapping[str, Any], workload: Workload | None) -> Figure:
    if workload is None:
        return Figure(
            key="findings",
            title="Bottom-up, from the findings",
            quarters=None,
            weeks=None,
            how="Nothing was scanned yet, so there is nothing to add up.",
            leaves_out=rules["leaves_out"]["findings"],
        )
    weeks = workload.minutes / 60 / rules["hours_per_week"]
    return Figure(
        key="findings",
        title="Bottom-up, from the findings",
        quarters=weeks / rules["weeks_per_quarter"],
        weeks=weeks,
        how=_findings_in_words(rules, workload),
        leaves_out=rules["leaves_out"]["findings"],
    )


def _findings_in_words(rules: Mapping[str, Any], workload: Workload) -> str:
    by_severity = ", ".join(
        f"{severity.value} {workload.minutes_of(severity) / 60:.1f} h" for severity in Severity
    )
    words = (
        f"{workload.count:,} findings to do at each rule's minutes, {workload.minutes / 60:,.1f} hours"
        f" ({by_severity}), at {rules['hours_per_week']} hours of a week."
    )
    if workload.closed_per_week:
        weeks = workload.count / workload.closed_per_week
        words += (
            f" The team closes {workload.closed_per_week:.1f} a week: at that pace"
            f" {weeks:.1f} weeks on the calendar."
        )
    return words


def _end(figure: Figure) -> dict[str, Any]:
    return {
        "key": figure.key,
        "quarters": _rounded(figure.quarters),
        "weeks": _rounded(figure.weeks),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _quarters(figure: Figure) -> float:
    return figure.quarters or 0.0


def _range_in_words(low: Figure, high: Figure) -> str:
    if f"{_quarters(low):.2f}" == f"{_quarters(high):.2f}":
        return f"{_quarters(low):.2f} senior-engineer quarters, {low.weeks:.1f} weeks"
    return (
        f"between {_quarters(low):.2f} and {_quarters(high):.2f} senior-engineer quarters"
        f" ({low.weeks:.1f} to {high.weeks:.1f} weeks)"
    )


def _disagreement(
    rules: Mapping[str, Any],
    counted: Sequence[Figure],
    low: Figure,
    high: Figure,
    workload: Workload | None,
) -> str:
    missing = (
        "" if workload is not None else " The findings are not in it: nothing was scanned yet."
    )
    if f"{_quarters(low):.2f}" == f"{_quarters(high):.2f}":
        return f"The {len(counted)} estimates agree.{missing}"
    times = f"{_quarters(high) / _quarters(low):.1f} times " if _quarters(low) else "far more than "
    return (
        f"They disagree: {_named(high)} says {times}what {_named(low)} says."
        f" {rules['why_they_differ']}{missing}"
    )


def _named(figure: Figure) -> str:
    return f"“{figure.title}”"


def _capacity(have: float, low: Figure, high: Figure) -> str:
    if have >= _quarters(high):
        return f"Your {have:.2f} quarters cover the whole range."
    if have >= _quarters(low):
        have_text, high_text = told_apart(have, _quarters(high))
        return f"Your {have_text} quarters reach the low end but not the high end, {high_text}."
    have_text, low_text = told_apart(have, _quarters(low))
    return f"Your {have_text} quarters do not reach even the low end, {low_text}."
