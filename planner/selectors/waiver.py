"""Waivers: which hold, what each hides, and what a new one would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Aggregate, Count, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from planner.domain.finding import ACTIVE_STATES, LIVE_STATES, Severity, State
from planner.domain.ownership import fixed_start
from planner.domain.silencing import MARK
from planner.domain.waiver import Scope, Spot, fitter
from planner.models import Deployment, Finding, WaivedFinding, Waiver, WaiverRequest
from planner.rulebook.load import rulebook
from planner.selectors.work import active

PAGE = 50
"""Waivers on a page."""
SAMPLE = 8
"""Findings named beside a count."""
_SPOT = ("pk", "state", "source_id", "rule_id", "path", "dag_ids")


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRow:
    """A waiver as the page lists it."""

    waiver: Waiver
    words: str
    """What it covers."""
    rule_title: str
    """Of the rule it names."""
    hides: Mapping[str, int]
    """Findings that are waived under it, by severity; one that two waivers cover is under both."""
    days: int
    """Days until its last one."""
    is_soon: bool
    named: int
    """How many findings it names or has covered."""
    first_path: str
    """A file with one of them."""

    @property
    def hidden(self) -> int:
        return sum(self.hides.values())

    @property
    def id(self) -> str:
        """The waiver's key, for the ids of a page."""
        return str(self.waiver.pk)

    @property
    def query(self) -> str:
        """The list of what it hides, as a query string."""
        return f"state=waived&category=all&waiver={self.waiver.pk}"


@dataclass(frozen=True, slots=True)
class WaiverPage:
    """Waivers that hold, the first to end first, or ended ones, the last to end first; page by page."""

    rows: list[WaiverRow]
    next: int | None
    """What continues it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverNotes:
    """What the overview tells of waivers."""

    ending: int
    """Waivers that end soon."""
    first_end: date | None
    asked: int
    """Requests that wait for an answer."""
    silenced: int
    """Open findings that the code silences."""

    @property
    def any(self) -> bool:
        return bool(self.ending or self.asked or self.silenced)


@dataclass(frozen=True, slots=True)
class ScopeOptions:
    """What a new waiver can name."""

    rules: list[tuple[str, str]]
    """Ids and titles of the rules with findings in the code."""
    sources: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class ScopePreview:
    """What a new waiver would hide today."""

    hides: Mapping[str, int]
    waived: int
    """How many of what it covers are waived already."""
    sample: list[Finding]

    @property
    def hidden(self) -> int:
        return sum(self.hides.values())

    @property
    def more(self) -> int:
        """Those beyond the sample."""
        return self.hidden - len(self.sample)


def waivers_that_hold(deployment: Deployment, today: date) -> list[Waiver]:
    """The waivers that cover findings today, with their approvers."""
    rows = deployment.waivers.filter(ended_at=None, expires_on__gte=today)
    return list(rows.select_related("approver").order_by("pk"))


def scope_of(waiver: Waiver) -> Scope:
    """What a waiver covers."""
    return Scope(
        rule_id=waiver.rule_id,
        pattern=waiver.pattern,
        dag_id=waiver.dag_id,
        source_id=waiver.source_id,
    )


def fitting_findings(scopes: Iterable[Scope]) -> Q:
    """All findings that may fit one of the scopes, and few others; those that name findings have none."""
    fitting = Q(pk__in=[])
    for scope in scopes:
        if not scope.names_findings:
            fitting |= _may_fit(scope)
    return fitting


def _may_fit(scope: Scope) -> Q:
    condition = ~Q(pk__in=[])
    if scope.rule_id:
        condition &= Q(rule_id=scope.rule_id)
    if scope.dag_id:
        condition &= Q(dag_ids__contains=scope.dag_id)
    if start := fixed_start(scope.pattern):
        condition &= Q(path__startswith=start)
    if scope.source_id is not None:
        condition &= Q(source=scope.source_id)
    return condition


def waiver_by_id(deployment: Deployment, waiver_id: int) -> Waiver | None:
    """A waiver of this deployment."""
    return deployment.waivers.select_related("approver").filter(pk=waiver_id).first()


def soon_days() -> int:
    """From so many days before its end on, a waiver is told to be ending."""
    days: int = rulebook().decision["waiver"]["soon_days"]
    return days


def last_day(today: date) -> date:
    """The last day that a waiver may be given until."""
    return today + timedelta(days=rulebook().decision["waiver"]["longest_days"])


def waived_counts(deployment: Deployment) -> dict[str, int]:
    """Waived findings by severity, each counted once. One query."""
    rows = Finding.objects.filter(deployment=deployment, state=State.WAIVED).order_by()
    return _in_order(dict(rows.values_list("severity").annotate(Count("pk"))))


def holding_page(deployment: Deployment, *, today: date, after: int | None = None) -> WaiverPage:
    """Waivers that hold, page by page. Three queries at most."""
    rows = deployment.waivers.filter(ended_at=None)
    place = rows.filter(pk=after).first() if after else None
    if place is not None:
        later = Q(expires_on__gt=place.expires_on)
        rows = rows.filter(later | Q(expires_on=place.expires_on, pk__gt=place.pk))
    return _page(rows.order_by("expires_on", "pk"), today)


def ended_page(deployment: Deployment, *, today: date, before: int | None = None) -> WaiverPage:
    """Waivers that have ended, page by page. Three queries at most."""
    rows = deployment.waivers.exclude(ended_at=None)
    place = rows.filter(pk=before).first() if before else None
    if place is not None:
        earlier = Q(ended_at__lt=place.ended_at)
        rows = rows.filter(earlier | Q(ended_at=place.ended_at, pk__lt=place.pk))
    return _page(rows.order_by("-ended_at", "-pk"), today)


def waiver_notes(deployment: Deployment, *, today: date) -> WaiverNotes:
    """What the overview tells of waivers. One query."""
    soon = today + timedelta(days=soon_days())
    findings = Finding.objects.filter(silenced_and_open())
    ending = Waiver.objects.filter(ended_at=None, expires_on__lte=soon)
    asked = WaiverRequest.objects.filter(answered_at=None)
    rows = Deployment.objects.filter(pk=deployment.pk).annotate(
        n_ending=_number(ending),
        first_end=_one(ending, Min("expires_on")),
        n_asked=_number(asked),
        n_silenced=_number(findings),
    )
    numbers = rows.values_list("n_ending", "first_end", "n_asked", "n_silenced").get()
    n_ending, first_end, n_asked, n_silenced = numbers
    return WaiverNotes(ending=n_ending, first_end=first_end, asked=n_asked, silenced=n_silenced)


def _number(rows: QuerySet[Any]) -> Coalesce:
    """How many of the rows belong to the deployment of a query around them."""
    return Coalesce(_one(rows, Count("pk")), 0)


def _one(rows: QuerySet[Any], aggregate: Aggregate) -> Subquery:
    own = rows.filter(deployment=OuterRef("pk")).order_by().values("deployment")
    return Subquery(own.annotate(found=aggregate).values("found"))


def silenced_and_open() -> Q:
    """Work to do that somebody silenced in the code, which nobody has approved."""
    return active() & Q(extra__contains=MARK)


def scope_preview(deployment: Deployment, scope: Scope) -> ScopePreview:
    """What a waiver of this scope would hide today. Two queries."""
    rows = Finding.objects.filter(
        fitting_findings([scope]), deployment=deployment, state__in=LIVE_STATES
    )
    fits = fitter(scope)
    hides: Counter[str] = Counter()
    waived = 0
    sample: list[int] = []
    found = rows.order_by("severity_rank", "path", "pk").values_list("severity", *_SPOT)
    for severity, pk, state, *rest in found.iterator(chunk_size=10_000):
        if not fits(Spot(pk, State(state), *rest)):
            continue
        if state not in ACTIVE_STATES:
            waived += 1
            continue
        hides[severity] += 1
        if len(sample) < SAMPLE:
            sample.append(pk)
    named = Finding.objects.in_bulk(sample)
    return ScopePreview(_in_order(hides), waived, [named[pk] for pk in sample])


def scope_options(deployment: Deployment) -> ScopeOptions:
    """What a new waiver can name. Two queries."""
    live = Finding.objects.filter(deployment=deployment, state__in=LIVE_STATES).order_by()
    known = rulebook().rules
    rules = sorted(live.values_list("rule_id", flat=True).distinct())
    return ScopeOptions(
        [(rule_id, known[rule_id].title if rule_id in known else rule_id) for rule_id in rules],
        list(deployment.sources.order_by("name").values_list("pk", "name")),
    )


def _page(rows: QuerySet[Waiver], today: date) -> WaiverPage:
    found = list(rows.select_related("approver", "ended_by", "source")[: PAGE + 1])
    shown = found[:PAGE]
    covers = _covers([waiver.pk for waiver in shown])
    soon = today + timedelta(days=soon_days())
    listed = [_row(waiver, covers[waiver.pk], today, soon) for waiver in shown]
    return WaiverPage(listed, shown[-1].pk if len(found) > PAGE else None)


@dataclass(slots=True)
class _Covers:
    """What a waiver covers, counted."""

    number: int = 0
    first_path: str = ""
    hides: Counter[str] = field(default_factory=Counter)


def _row(waiver: Waiver, covers: _Covers, today: date, soon: date) -> WaiverRow:
    rule = rulebook().rules.get(waiver.rule_id)
    return WaiverRow(
        waiver=waiver,
        words=scope_of(waiver).words,
        rule_title=rule.title if rule else "",
        hides=_in_order(covers.hides),
        days=(waiver.expires_on - today).days,
        is_soon=waiver.ended_at is None and waiver.expires_on <= soon,
        named=covers.number,
        first_path=covers.first_path,
    )


def _covers(waiver_ids: Sequence[int]) -> dict[int, _Covers]:
    """What each of these waivers covers, and what of it is waived. One query."""
    covers = {pk: _Covers() for pk in waiver_ids}
    rows = (
        WaivedFinding.objects.filter(waiver__in=waiver_ids)
        .values_list("waiver_id", "finding__severity", "finding__state")
        .annotate(Count("pk"), Min("finding__path"))
        .order_by()
    )
    for waiver_id, severity, state, number, path in rows:
        one = covers[waiver_id]
        one.number += number
        one.first_path = min(filter(None, (one.first_path, path)))
        if state == State.WAIVED:
            one.hides[severity] += number
    return covers


def _in_order(counts: Mapping[str, int]) -> dict[str, int]:
    """The worst first; what is none is left out."""
    return {severity.value: counts[severity] for severity in Severity if counts.get(severity)}
