"""Findings counted, and single ones with their history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import (
    Count,
    Q,
)
from django.utils import timezone

from planner.domain.dates import short
from planner.domain.finding import ACTIVE_STATES, Category, Severity, State
from planner.domain.history import change_from, sentence
from planner.domain.person import name_of
from planner.models import Deployment, Event, Finding, Scan, Source, Waiver, WaiverRequest
from planner.selectors.finding_filter import (
    FindingFilter,
    conditions_of,
    findings_of,
)
from planner.selectors.finding_page import live_waivers
from planner.selectors.scan import newest_applied
from planner.selectors.waiver import silenced_and_open
from planner.selectors.waiver_request import requests_by_finding
from planner.selectors.work import active, late, planned, this_week


@dataclass(frozen=True, slots=True)
class FindingCounts:
    """Counts beside a list."""

    shown: int
    """Findings that match the whole filter."""
    by_severity: Mapping[str, int]
    """Whatever severities are chosen."""
    by_rule: Mapping[str, int]
    """Whatever rule is chosen."""
    by_rule_and_severity: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the whole deployment stands; style is counted apart."""

    open: int
    """Open or claimed, style left out."""
    errors: int
    blocking: int
    claimed: int
    owned: int
    unowned: int
    late: int
    this_week: int
    style: int
    waived: int
    silenced: int
    """Open, though somebody silenced it in the code."""
    ever: int
    """Findings there ever were, in any state."""


@dataclass(frozen=True, slots=True)
class HistoryLine:
    event: Event
    sentence: str


@dataclass(frozen=True, slots=True)
class FindingDetail:
    """One finding with everything its page shows."""

    finding: Finding
    history: list[HistoryLine]
    waivers: list[Waiver] = field(default_factory=list)
    request: WaiverRequest | None = None
    """Of a waiver, which nobody has answered yet."""
    last_scan: Scan | None = None
    """The last scan that saw it."""


def finding_ids(deployment: Deployment, filters: FindingFilter, *, today: date) -> list[int]:
    """Keys of every matching finding."""
    rows = findings_of(deployment, filters, today=today)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def findings_by_ids(deployment: Deployment, ids: Sequence[int]) -> list[Finding]:
    """These findings of the deployment, worst first."""
    rows = Finding.objects.filter(deployment=deployment, pk__in=ids).select_related("owner")
    return list(rows.prefetch_related(live_waivers()).order_by("severity_rank", "path", "pk"))


def finding_counts(deployment: Deployment, filters: FindingFilter, *, today: date) -> FindingCounts:
    """Counts for the filter's own boxes: each ignores the box it stands in. One query."""
    rows = Finding.objects.filter(deployment=deployment)
    for name, condition in conditions_of(deployment, filters, today).items():
        # These three are told apart below, from one set of groups.
        if name not in ("severity", "state", "rule"):
            rows = rows.filter(condition)
    groups: Any = rows.values("severity", "state", "regressed", "rule_id").annotate(n=Count("pk"))
    return _count(groups.order_by(), filters)


def standing(deployment: Deployment, *, today: date) -> Standing:
    """The numbers of the page's first sentence. One query."""
    work = planned()
    numbers = Finding.objects.filter(deployment=deployment).aggregate(
        open=Count("pk", filter=work),
        errors=Count("pk", filter=work & Q(severity=Severity.ERROR)),
        blocking=Count("pk", filter=work & Q(category=Category.BLOCK)),
        claimed=Count("pk", filter=work & Q(state=State.CLAIMED)),
        owned=Count("pk", filter=work & Q(owner__isnull=False)),
        unowned=Count("pk", filter=work & Q(owner__isnull=True)),
        late=Count("pk", filter=work & late(today)),
        this_week=Count("pk", filter=work & this_week(today)),
        style=Count("pk", filter=active() & Q(category=Category.STYLE)),
        waived=Count("pk", filter=Q(state=State.WAIVED)),
        silenced=Count("pk", filter=silenced_and_open()),
        ever=Count("pk"),
    )
    return Standing(**numbers)


def finding_detail(deployment: Deployment, finding_id: int) -> FindingDetail | None:
    """One finding with its history and waivers; None where the deployment has no such finding."""
    finding = (
        Finding.objects.filter(deployment=deployment, pk=finding_id)
        .select_related("owner", "owner__user", "source", "first_scan", "last_scan", "retirement")
        .first()
    )
    if finding is None:
        return None
    events = finding.events.select_related("actor", "scan").order_by("pk")
    lines = [HistoryLine(event, event_sentence(event)) for event in events]
    waivers = finding.waivers.select_related("approver").order_by("-pk")
    last_scan = finding.last_scan or newest_applied(finding.source, finding.checker)
    request = requests_by_finding([finding.pk]).get(finding.pk)
    return FindingDetail(finding, lines, list(waivers), request, last_scan)


def event_sentence(event: Event) -> str:
    """What an event says happened."""
    actor = name_of(event.actor) if event.actor else ""
    return sentence(
        kind=event.kind,
        why=event.why,
        change=change_from(event.change),
        actor=actor,
        scan=scan_words(event.scan.created_at) if event.scan else "",
    )


def scan_words(at: datetime) -> str:
    """How sentences name a scan."""
    return f"the scan of {short(timezone.localdate(at))}"


def sources_of(deployment: Deployment) -> list[str]:
    """Names of the deployment's sources."""
    return list(Source.objects.filter(deployment=deployment).values_list("name", flat=True))


def _count(groups: Iterable[Mapping[str, Any]], filters: FindingFilter) -> FindingCounts:
    shown = 0
    severities: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    by_both: Counter[tuple[str, str]] = Counter()
    for group in groups:
        n = group["n"]
        fits_severity = not filters.severities or group["severity"] in filters.severities
        fits_rule = not filters.rule or group["rule_id"] == filters.rule
        fits_state = _state_fits(filters.state, group["state"], group["regressed"])
        if fits_state and fits_rule:
            severities[group["severity"]] += n
        if fits_severity and fits_state:
            rules[group["rule_id"]] += n
            by_both[(group["rule_id"], group["severity"])] += n
        if fits_severity and fits_state and fits_rule:
            shown += n
    return FindingCounts(shown, severities, rules, by_both)


def _state_fits(wanted: str, state: str, regressed: bool) -> bool:
    if wanted == "all":
        return True
    if wanted == "regressed":
        return regressed and state in ACTIVE_STATES
    return state == wanted if wanted else state in ACTIVE_STATES
