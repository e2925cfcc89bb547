"""What a decision needs from the database, and the decisions that were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import zip_longest

from django.contrib.auth.models import User
from django.db.models import Count, Q, Sum

from planner.domain.decision import Decision, decide
from planner.domain.decision_difference import Difference, differences
from planner.domain.effort import RuleWork, Workload
from planner.domain.facts import DeploymentFacts
from planner.domain.finding import Category, Severity, State
from planner.models import DecisionRecord, Deployment, Finding, Membership, Role, Scan
from planner.rulebook.load import rulebook
from planner.selectors.checks import CODE_CHECKERS, ci_checked_on
from planner.selectors.deployment import facts_of
from planner.selectors.work import active

PACE_WEEKS = 4
"""How far back the team's own close rate is taken from."""
RECORDS_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A recorded decision beside the one before it."""

    record: DecisionRecord
    differences: tuple[Difference, ...]
    """What changed since the record before; empty for the first."""
    first: bool


def decision_of(
    deployment: Deployment, *, today: date, facts: DeploymentFacts | None = None
) -> Decision:
    """Today's decision for a deployment, or for other ``facts`` of it. Three queries."""
    return decide(
        facts or facts_of(deployment),
        rulebook(),
        today=today,
        last_ci_check=ci_checked_on(deployment),
        workload=workload_of(deployment, today=today),
    )


def decision_from(facts: DeploymentFacts, *, today: date) -> Decision:
    """Today's decision from facts alone: nothing scanned, nothing seen from CI."""
    return decide(facts, rulebook(), today=today)


def workload_of(deployment: Deployment, *, today: date) -> Workload | None:
    """Minutes by rule and severity of what is to do, style left out. None before the first code scan."""
    scanned = Scan.objects.filter(
        deployment=deployment, state=Scan.State.DONE, tool__in=CODE_CHECKERS
    )
    if not scanned.exists():
        return None
    recently = Q(state=State.FIXED, closed_at__date__gt=today - timedelta(weeks=PACE_WEEKS))
    rows = list(
        Finding.objects.filter(deployment=deployment)
        .exclude(category=Category.STYLE)
        .values("rule_id", "severity")
        .annotate(
            active=Count("pk", filter=active()),
            minutes_to_do=Sum("minutes", filter=active()),
            closed=Count("pk", filter=recently),
        )
        .order_by("rule_id", "severity")
    )
    closed = sum(row["closed"] for row in rows)
    return Workload(
        rules=tuple(
            RuleWork(
                rule_id=row["rule_id"],
                severity=Severity(row["severity"]),
                count=row["active"],
                minutes=row["minutes_to_do"],
            )
            for row in rows
            if row["active"]
        ),
        closed_per_week=closed / PACE_WEEKS if closed else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the newest recorded decision stands today."""

    record: DecisionRecord
    look_again: bool
    """Its look-again date has come."""
    verdict_moved: bool
    """Today's verdict is another one."""


def standing_of(recorded: Sequence[Recorded], decision: Decision) -> Standing | None:
    """How the newest of ``recorded`` stands against today's decision; None where nothing was recorded."""
    if not recorded:
        return None
    record = recorded[0].record
    due = record.look_again_on
    return Standing(
        record=record,
        look_again=due is not None and due <= decision.decided_on,
        verdict_moved=record.decision["verdict"] != decision.verdict.value,
    )


def rulebook_hash() -> str:
    """The hash of the rulebook that today's decisions rest on."""
    return rulebook().hash


def look_again_proposed(decision: Decision) -> date:
    """The day on which a decision like this one is looked at again, unless a person picks another."""
    days: int = rulebook().decision["look_again"][decision.verdict.value]
    return decision.decided_on + timedelta(days=days)


def may_create_deployments(user: User) -> bool:
    """Superusers, and whoever is admin of a deployment already."""
    if user.is_superuser:
        return True
    return Membership.objects.filter(user=user, role=Role.ADMIN).exists()


def recorded_decisions(deployment: Deployment) -> list[Recorded]:
    """The newest recorded decisions, newest first, each compared with the one before. One query."""
    records = list(
        DecisionRecord.objects.filter(deployment=deployment)
        .select_related("author")
        .order_by("-number")[: RECORDS_SHOWN + 1]
    )
    pairs = zip_longest(records, records[1:])
    return [
        Recorded(
            record=record,
            differences=_between(before, record) if before else (),
            first=record.number == 1,
        )
        for record, before in pairs
    ][:RECORDS_SHOWN]


def _between(before: DecisionRecord, after: DecisionRecord) -> tuple[Difference, ...]:
    return differences(
        facts_before=before.facts,
        facts_after=after.facts,
        decision_before=before.decision,
        decision_after=after.decision,
        rulebook_changed=before.rulebook_hash != after.rulebook_hash,
    )
