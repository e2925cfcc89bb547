"""Findings of deployments, counted in one aggregate query whatever their number.

The query groups plain columns only. Families and owners' names, which would be worked out again for
every single finding, are added to the few groups afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Sum, Value, When

from planner.domain.finding import Axis, Category, Severity, State
from planner.domain.rating import family_of
from planner.domain.rules import Rule, Rulebook
from planner.domain.tally import Counts, Tally
from planner.models import Finding, Owner
from planner.selectors.work import active, late

SOON = timedelta(days=7)
_SHARED = ("severity", "category", "axis", "state", "owner_id")
_NUMBERS = ("number", "effort", "dated", "late", "soon", "back")


def counts_by_deployment(
    deployment_ids: Iterable[int], *, today: date, rulebook: Rulebook
) -> dict[int, Counts]:
    """The same for several deployments at once. Two queries, one where nothing has an owner."""
    ids = list(deployment_ids)
    rows = list(_grouped(Finding.objects.filter(deployment_id__in=ids), today, rulebook))
    owners = _owners({row["owner_id"] for row in rows} - {None})
    summed: dict[int, dict[Any, dict[str, int]]] = {pk: {} for pk in ids}
    for row in rows:
        _add(summed[row["deployment_id"]], row, rulebook)
    return {
        pk: Counts(tuple(_tally(key, owners, sums) for key, sums in found.items()))
        for pk, found in summed.items()
    }


def _add(summed: dict[Any, dict[str, int]], row: dict[str, Any], rulebook: Rulebook) -> None:
    """Add a group to the one of its family: names of Airflow that share one count as one."""
    family = family_of(row["rule_id"], row["told_by"], rulebook)
    key = (row["rule_id"], family, *(row[name] for name in _SHARED))
    sums = summed.setdefault(key, dict.fromkeys(_NUMBERS, 0))
    for name in _NUMBERS:
        sums[name] += row[name] or 0


def _owners(ids: Iterable[int]) -> dict[int, Owner]:
    """Owners by id; no query where there is none to ask for."""
    return Owner.objects.only("key", "name", "active").in_bulk(list(ids))


def _grouped(
    findings: QuerySet[Finding], today: date, rulebook: Rulebook
) -> Iterable[dict[str, Any]]:
    return (
        findings.order_by()
        .annotate(told_by=_telling_symbol(rulebook))
        .values("deployment_id", "rule_id", "told_by", *_SHARED)
        .annotate(
            number=Count("pk"),
            effort=Sum("minutes"),
            dated=Count("due"),
            late=Count("pk", filter=late(today)),
            soon=Count("pk", filter=active() & Q(due__gte=today, due__lte=today + SOON)),
            back=Count("pk", filter=Q(regressed=True)),
        )
    )


def _telling_symbol(rulebook: Rulebook) -> Case:
    """The symbol where the rule gives some names another family; empty where it cannot matter."""
    telling = [rule.id for rule in rulebook.rules.values() if rule.cases]
    return Case(When(rule_id__in=telling, then=F("symbol")), default=Value(""))


def _tally(key: Any, owners: dict[int, Owner], sums: dict[str, int]) -> Tally:
    rule_id, family, severity, category, axis, state, owner_id = key
    owner = owners.get(owner_id)
    return Tally(
        rule_id=rule_id,
        family=family,
        severity=Severity(severity),
        category=Category(category),
        axis=Axis(axis),
        state=State(state),
        owner=owner.name if owner else "",
        owner_key=owner.key if owner else "",
        owner_active=owner is None or owner.active,
        number=sums["number"],
        minutes=sums["effort"],
        dated=sums["dated"],
        late=sums["late"],
        soon=sums["soon"],
        regressed=sums["back"],
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
    return [When(named(rule, case.prefix), then=Value(case.family)) for case in ordered]


def in_family(family: str, rulebook: Rulebook) -> QuerySet[Finding]:
    """Findings that a plan activity of that family counts."""
    own = [rule.id for rule in rulebook.rules.values() if rule.family == family]
    # Cheap and first: only what could be of the family has its family worked out.
    candidates = Q(rule_id__in=own)
    for rule in rulebook.rules.values():
        for case in rule.cases:
            if case.family == family:
                candidates |= named(rule, case.prefix)
    annotated = Finding.objects.filter(candidates).annotate(named_family=_named_family(rulebook))
    return annotated.filter(Q(named_family=family) | Q(named_family="", rule_id__in=own))


def named(rule: Rule, prefix: str) -> Q:
    """Findings of a rule about a name, or about what lies below it."""
    return Q(rule_id=rule.id) & (Q(symbol=prefix) | Q(symbol__startswith=f"{prefix}."))
