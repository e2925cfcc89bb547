"""Which findings to list: one filter for pages, commands, the CSV and the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import (
    Q,
    QuerySet,
)

from planner.domain.finding import Category
from planner.domain.fix_time import IN_SHORT
from planner.domain.silencing import MARK
from planner.models import Deployment, Finding, Owner, WaivedFinding
from planner.rulebook.load import rulebook
from planner.selectors.fix_time import fixable
from planner.selectors.tally import in_family
from planner.selectors.work import active, week_end

NOBODY = "nobody"
"""The owner filter that finds what nobody owns."""

STATES = {
    "": "Open or claimed",
    "open": "Open",
    "claimed": "Claimed fixed",
    "regressed": "Came back",
    "waived": "Waived",
    "fixed": "Fixed",
    "removed": "Removed",
    "all": "Any state",
}
CATEGORIES = {
    "": "All but style",
    "block": "Block",
    "migrate": "Migrate",
    "adopt": "Adopt",
    "style": "Style",
    "all": "All, style too",
}
WHENS = {"": "Any time", **IN_SHORT}
SILENCED = {"": "Silenced or not", "yes": "Silenced in the code"}
DUES = {"": "Any time", "late": "Late", "week": "This week", "none": "No date"}
SORTS = {
    "severity": "Severity and rule",
    "due": "Due first",
    "dags": "Most DAGs blocked",
    "age": "Oldest first",
    "newest": "Newest first",
    "path": "File",
    "owner": "Owner",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFilter:
    """Which findings to list. Empty values do not narrow, but for these two: an empty ``state`` means
    work to do, an empty ``category`` all but style; ``all`` lifts either.
    """

    severities: tuple[str, ...] = ()
    category: str = ""
    axis: str = ""
    rule: str = ""
    owner: str = ""
    """An owner's key or alias, or ``nobody``."""
    state: str = ""
    dag: str = ""
    path: str = ""
    """The start of a path."""
    text: str = ""
    due: str = ""
    source: str = ""
    family: str = ""
    """The plan activity that counts it, like ``subdags``."""
    when: str = ""
    """When it can be fixed: now, shim, provider or after."""
    silenced: str = ""
    """yes: only what somebody silenced in the code."""
    waiver: str = ""
    """The number of a waiver: only what it covers."""
    sort: str = "severity"

    def pairs(self) -> list[tuple[str, str]]:
        """The filter as a query string's pairs; what does not narrow is left out."""
        pairs = [("severity", severity) for severity in self.severities]
        for name in ("category", "axis", "rule", "owner", "state", "dag", "path", "text", "due"):
            if value := getattr(self, name):
                pairs.append((name, value))
        for name in ("source", "family", "when", "silenced", "waiver"):
            if value := getattr(self, name):
                pairs.append((name, value))
        if self.sort != "severity":
            pairs.append(("sort", self.sort))
        return pairs

    @property
    def narrows(self) -> bool:
        """True where something but the order was asked for."""
        return any(name != "sort" for name, _ in self.pairs())


def findings_of(
    deployment: Deployment, filters: FindingFilter, *, today: date
) -> QuerySet[Finding]:
    """The matching findings, in no order."""
    rows = Finding.objects.filter(deployment=deployment)
    for condition in conditions_of(deployment, filters, today).values():
        rows = rows.filter(condition)
    return rows


def conditions_of(deployment: Deployment, filters: FindingFilter, today: date) -> dict[str, Q]:
    """One condition per box of the filter that narrows."""
    conditions = {
        "severity": Q(severity__in=filters.severities) if filters.severities else Q(),
        "category": _category(filters),
        "axis": Q(axis=filters.axis) if filters.axis else Q(),
        "rule": Q(rule_id=filters.rule) if filters.rule else Q(),
        "owner": _owned_by(deployment, filters.owner),
        "state": _in_state(filters.state),
        "dag": blocks_dag(filters.dag),
        "path": Q(path__startswith=filters.path) if filters.path else Q(),
        "text": _contains(filters.text),
        "due": _due(filters.due, today),
        "source": Q(source__name=filters.source) if filters.source else Q(),
        "family": _in_family(deployment, filters.family),
        "when": _fixable(deployment, filters.when),
        "silenced": Q(extra__contains=MARK) if filters.silenced else Q(),
        "waiver": _under(filters.waiver),
    }
    return {name: condition for name, condition in conditions.items() if condition}


def _category(filters: FindingFilter) -> Q:
    if filters.category == "all":
        return Q()
    if filters.category:
        return Q(category=filters.category)
    # Someone who asks for a style rule by name wants to see it.
    return Q() if filters.rule else ~Q(category=Category.STYLE)


def _in_family(deployment: Deployment, family: str) -> Q:
    if not family:
        return Q()
    return Q(pk__in=in_family(family, rulebook()).filter(deployment=deployment).values("pk"))


def _fixable(deployment: Deployment, when: str) -> Q:
    if not when:
        return Q()
    return Q(pk__in=fixable(when, rulebook()).filter(deployment=deployment).values("pk"))


def _owned_by(deployment: Deployment, name: str) -> Q:
    if not name:
        return Q()
    if name == NOBODY:
        return Q(owner__isnull=True)
    # Without an order: SQLite takes none inside a union.
    owners = Owner.objects.filter(deployment=deployment).order_by().values("pk")
    aliased = owners.filter(aliases__alias=name)
    keyed = owners.filter(key=name)
    return Q(owner__in=keyed.union(aliased))


def _in_state(state: str) -> Q:
    if state == "all":
        return Q()
    if state == "regressed":
        return active() & Q(regressed=True)
    return Q(state=state) if state else active()


def blocks_dag(dag: str) -> Q:
    """Findings that name the DAG; all where none is asked for."""
    if not dag:
        return Q()
    return (
        Q(dag_ids=dag)
        | Q(dag_ids__startswith=f"{dag}\n")
        | Q(dag_ids__endswith=f"\n{dag}")
        | Q(dag_ids__contains=f"\n{dag}\n")
    )


def _under(waiver: str) -> Q:
    if not waiver:
        return Q()
    return Q(pk__in=WaivedFinding.objects.filter(waiver=int(waiver)).values("finding"))


def _contains(text: str) -> Q:
    condition = Q()
    for word in text.split():
        condition &= (
            Q(path__icontains=word)
            | Q(message__icontains=word)
            | Q(rule_id__icontains=word)
            | Q(symbol__icontains=word)
            | Q(dag_ids__icontains=word)
            | Q(note__icontains=word)
        )
    return condition


def _due(due: str, today: date) -> Q:
    if due == "late":
        return Q(due__lt=today)
    if due == "week":
        return Q(due__gte=today, due__lte=week_end(today))
    return Q(due__isnull=True) if due == "none" else Q()
