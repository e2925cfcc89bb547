"""Findings of deployments, counted in one aggregate query whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import Case, CharField, Count, Q, QuerySet, Sum, Value, When

from planner.domain.finding import Axis, Category, Severity, State
from planner.domain.rules import Rule, Rulebook
from planner.domain.tally import Counts, Tally
from planner.models import Deployment, Finding
from planner.selectors.work import active, late

SOON = timedelta(days=7)
_GROUP = (
    "deployment_id",
    "rule_id",
    "named_family",
    "severity",
    "category",
    "axis",
    "state",
    "owner_id",
    "owner__key",
    "owner__name",
)


def counts_of(deployment: Deployment, *, today: date, rulebook: Rulebook) -> Counts:
    """Every finding ever seen in one deployment, style included. One query."""
    return counts_by_deployment([deployment.pk], today=today, rulebook=rulebook)[deployment.pk]


def counts_by_deployment(
    deployment_ids: Iterable[int], *, today: date, rulebook: Rulebook
) -> dict[int, Counts]:
    """The same for several deployments at once. One query."""
    found: dict[int, list[Tally]] = defaultdict(list)
    ids = list(deployment_ids)
    for row in _grouped(Finding.objects.filter(deployment_id__in=ids), today, rulebook):
        found[row["deployment_id"]].append(_tally(row, rulebook))
    return {pk: Counts(tuple(found[pk])) for pk in ids}


def _grouped(
    findings: QuerySet[Finding], today: date, rulebook: Rulebook
) -> Iterable[dict[str, Any]]:
    return (
        findings.order_by()
        .annotate(named_family=_named_family(rulebook))
        .values(*_GROUP)
        .annotate(
            number=Count("pk"),
            effort=Sum("minutes"),
            dated=Count("due"),
            late=Count("pk", filter=late(today)),
            soon=Count("pk", filter=active() & Q(due__gte=today, due__lte=today + SOON)),
            back=Count("pk", filter=Q(regressed=True)),
        )
    )


def _tally(row: dict[str, Any], rulebook: Rulebook) -> Tally:
    rule = rulebook.rules.get(row["rule_id"])
    return Tally(
        rule_id=row["rule_id"],
        family=row["named_family"] or (rule.family if rule else "other"),
        severity=Severity(row["severity"]),
        category=Category(row["category"]),
        axis=Axis(row["axis"]),
        state=State(row["state"]),
        owner=row["owner__name"] or "",
        owner_key=row["owner__key"] or "",
        number=row["number"],
        minutes=row["effort"] or 0,
        dated=row["dated"],
        late=row["late"],
        soon=row["soon"],
        regressed=row["back"],
    )


def _named_family(rulebook: Rulebook) -> Case:
    """The family that a rule gives to a name of Airflow; empty where the rule's own holds."""
    whens = [when for rule in rulebook.rules.values() for when in _cases(rule)]
    return Case(*whens, default=Value(""), output_field=CharField())


def _cases(rule: Rule) -> list[When]:
    """The longest prefix first, as ``domain.rating.case_for`` picks it.

    A case without a family stands here too: it leaves the family to the rule, not to a shorter prefix.
    """
    ordered = sorted(rule.cases, key=lambda case: -len(case.prefix))
    return [
        When(
            Q(rule_id=rule.id) & (Q(symbol=case.prefix) | Q(symbol__startswith=f"{case.prefix}.")),
            then=Value(case.family),
        )
        for case in ordered
    ]


def in_family(family: str, rulebook: Rulebook) -> QuerySet[Finding]:
    """Findings that a plan activity of that family counts."""
    own = [rule.id for rule in rulebook.rules.values() if rule.family == family]
    annotated = Finding.objects.annotate(named_family=_named_family(rulebook))
    return annotated.filter(Q(named_family=family) | Q(named_family="", rule_id__in=own))
