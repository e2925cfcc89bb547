"""Findings as lists, counts and single ones: the same filters for pages, commands and the API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.core import signing
from django.db.models import (
    BooleanField,
    Case,
    Count,
    F,
    Prefetch,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from planner.domain.dates import short
from planner.domain.finding import ACTIVE_STATES, Category, Severity, State
from planner.domain.history import change_from, sentence
from planner.domain.person import name_of
from planner.models import Deployment, Event, Finding, Owner, Scan, Source, Waiver
from planner.rulebook.load import rulebook
from planner.selectors.scan import newest_applied
from planner.selectors.tally import in_family

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
DUES = {"": "Any time", "late": "Late", "week": "This week", "none": "No date"}
SORTS = {
    "severity": "Severity and rule",
    "due": "Due first",
    "age": "Oldest first",
    "path": "File",
    "owner": "Owner",
}
PAGE_SIZE = 50
LONGEST_CURSOR = 3000
_BATCH = 2_000
_SALT = "flightplan.finding.page"
_FAR = date(9999, 12, 31)


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
    sort: str = "severity"

    def pairs(self) -> list[tuple[str, str]]:
        """The filter as a query string's pairs; what does not narrow is left out."""
        pairs = [("severity", severity) for severity in self.severities]
        for name in ("category", "axis", "rule", "owner", "state", "dag", "path", "text", "due"):
            if value := getattr(self, name):
                pairs.append((name, value))
        if self.source:
            pairs.append(("source", self.source))
        if self.family:
            pairs.append(("family", self.family))
        if self.sort != "severity":
            pairs.append(("sort", self.sort))
        return pairs

    @property
    def narrows(self) -> bool:
        """True where something but the order was asked for."""
        return any(name != "sort" for name, _ in self.pairs())


@dataclass(frozen=True, slots=True)
class FindingPage:
    """One page of a list. ``next`` continues it; ``bad_cursor`` says that the asked place was not one."""

    rows: list[Finding]
    next: str
    bad_cursor: bool
    continues_rule: bool = False
    """The page before ended with the rule that this one begins with."""


@dataclass(frozen=True, slots=True)
class FindingCounts:
    """Counts beside a list."""

    shown: int
    """Findings that match the whole filter."""
    by_severity: Mapping[str, int]
    """Whatever severities are chosen."""
    by_state: Mapping[str, int]
    """Whatever state is chosen; ``regressed`` counts the open ones that came back."""
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
    last_scan: Scan | None = None
    """The last scan that saw it."""


def week_end(today: date) -> date:
    """The Sunday of the week that ``today`` is in."""
    return today + timedelta(days=6 - today.weekday())


def findings_of(
    deployment: Deployment, filters: FindingFilter, *, today: date
) -> QuerySet[Finding]:
    """The matching findings, in no order."""
    rows = Finding.objects.filter(deployment=deployment)
    for condition in _conditions(deployment, filters, today).values():
        rows = rows.filter(condition)
    return rows


def finding_page(
    deployment: Deployment,
    filters: FindingFilter,
    *,
    today: date,
    cursor: str = "",
    size: int = PAGE_SIZE,
) -> FindingPage:
    """One page of the matching findings. A cursor that is none of ours begins at the beginning."""
    order = _Order(filters.sort)
    place = order.read(cursor) if cursor else None
    rows = order.sorted(findings_of(deployment, filters, today=today))
    if place is not None:
        rows = rows.filter(order.beyond(place))
    rows = rows.select_related("owner", "source").prefetch_related(live_waivers())
    found = list(rows[: size + 1])
    more = order.cursor(found[size - 1]) if len(found) > size else ""
    continues = bool(place and found and order.same_rule(place, found[0]))
    return FindingPage(found[:size], more, bool(cursor) and place is None, continues)


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
    for name, condition in _conditions(deployment, filters, today).items():
        # These three are told apart below, from one set of groups.
        if name not in ("severity", "state", "rule"):
            rows = rows.filter(condition)
    groups: Any = rows.values("severity", "state", "regressed", "rule_id").annotate(n=Count("pk"))
    return _count(groups.order_by(), filters)


def standing(deployment: Deployment, *, today: date) -> Standing:
    """The numbers of the page's first sentence. One query."""
    active = Q(state__in=ACTIVE_STATES) & ~Q(category=Category.STYLE)
    numbers = Finding.objects.filter(deployment=deployment).aggregate(
        open=Count("pk", filter=active),
        errors=Count("pk", filter=active & Q(severity=Severity.ERROR)),
        blocking=Count("pk", filter=active & Q(category=Category.BLOCK)),
        claimed=Count("pk", filter=active & Q(state=State.CLAIMED)),
        owned=Count("pk", filter=active & Q(owner__isnull=False)),
        unowned=Count("pk", filter=active & Q(owner__isnull=True)),
        late=Count("pk", filter=active & Q(due__lt=today)),
        this_week=Count("pk", filter=active & Q(due__gte=today, due__lte=week_end(today))),
        style=Count("pk", filter=Q(state__in=ACTIVE_STATES, category=Category.STYLE)),
        waived=Count("pk", filter=Q(state=State.WAIVED)),
        ever=Count("pk"),
    )
    return Standing(**numbers)


def finding_detail(deployment: Deployment, finding_id: int) -> FindingDetail | None:
    """One finding with its history and waivers; None where the deployment has no such finding."""
    finding = (
        Finding.objects.filter(deployment=deployment, pk=finding_id)
        .select_related("owner", "owner__user", "source", "first_scan", "last_scan")
        .first()
    )
    if finding is None:
        return None
    events = finding.events.select_related("actor", "scan").order_by("pk")
    lines = [HistoryLine(event, event_sentence(event)) for event in events]
    waivers = finding.waivers.select_related("approver").order_by("-pk")
    last_scan = finding.last_scan or newest_applied(finding.source, finding.checker)
    return FindingDetail(finding, lines, list(waivers), last_scan)


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


def live_waivers() -> Prefetch[Any]:
    """Prefetches what has not ended yet as ``live_waivers``."""
    live = Waiver.objects.filter(ended_at=None).order_by("-expires_on")
    return Prefetch("waivers", queryset=live, to_attr="live_waivers")


# --- Filters -----------------------------------------------------------------------------------------------


def _conditions(deployment: Deployment, filters: FindingFilter, today: date) -> dict[str, Q]:
    """One condition per box of the filter that narrows."""
    conditions = {
        "severity": Q(severity__in=filters.severities) if filters.severities else Q(),
        "category": _category(filters),
        "axis": Q(axis=filters.axis) if filters.axis else Q(),
        "rule": Q(rule_id=filters.rule) if filters.rule else Q(),
        "owner": _owned_by(deployment, filters.owner),
        "state": _in_state(filters.state),
        "dag": _blocks_dag(filters.dag),
        "path": Q(path__startswith=filters.path) if filters.path else Q(),
        "text": _contains(filters.text),
        "due": _due(filters.due, today),
        "source": Q(source__name=filters.source) if filters.source else Q(),
        "family": _in_family(deployment, filters.family),
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
        return Q(regressed=True, state__in=ACTIVE_STATES)
    return Q(state=state) if state else Q(state__in=ACTIVE_STATES)


def _blocks_dag(dag: str) -> Q:
    if not dag:
        return Q()
    return (
        Q(dag_ids=dag)
        | Q(dag_ids__startswith=f"{dag}\n")
        | Q(dag_ids__endswith=f"\n{dag}")
        | Q(dag_ids__contains=f"\n{dag}\n")
    )


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


def _count(groups: Iterable[Mapping[str, Any]], filters: FindingFilter) -> FindingCounts:
    shown = 0
    severities: Counter[str] = Counter()
    states: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    by_both: Counter[tuple[str, str]] = Counter()
    for group in groups:
        n = group["n"]
        fits_severity = not filters.severities or group["severity"] in filters.severities
        fits_rule = not filters.rule or group["rule_id"] == filters.rule
        fits_state = _state_fits(filters.state, group["state"], group["regressed"])
        if fits_state and fits_rule:
            severities[group["severity"]] += n
        if fits_severity and fits_rule:
            states[group["state"]] += n
            if group["regressed"] and group["state"] in ACTIVE_STATES:
                states["regressed"] += n
        if fits_severity and fits_state:
            rules[group["rule_id"]] += n
            by_both[(group["rule_id"], group["severity"])] += n
        if fits_severity and fits_state and fits_rule:
            shown += n
    return FindingCounts(shown, severities, states, rules, by_both)


def _state_fits(wanted: str, state: str, regressed: bool) -> bool:
    if wanted == "all":
        return True
    if wanted == "regressed":
        return regressed and state in ACTIVE_STATES
    return state == wanted if wanted else state in ACTIVE_STATES


# --- Order and place ---------------------------------------------------------------------------------------


class _Order:
    """A total order of findings, and places in it that survive rows coming and going."""

    def __init__(self, sort: str) -> None:
        self._name = sort if sort in SORTS else "severity"
        self._keys = _KEYS[self._name]

    def sorted(self, rows: QuerySet[Finding]) -> QuerySet[Finding]:
        annotations = {
            key: expression for key, expression in _COMPUTED.items() if key in self._keys
        }
        return rows.annotate(**annotations).order_by(*self._keys)

    def beyond(self, place: list[Any]) -> Q:
        """Rows that come after ``place``."""
        condition = Q()
        equal = Q()
        for key, value in zip(self._keys, place, strict=True):
            condition |= equal & Q(**{f"{key}__gt": value})
            equal &= Q(**{key: value})
        return condition

    def same_rule(self, place: list[Any], finding: Finding) -> bool:
        """True where the order is by rule and ``finding`` has that of ``place``."""
        return self._name == "severity" and place[:2] == [finding.severity_rank, finding.rule_id]

    def cursor(self, finding: Finding) -> str:
        values = [getattr(finding, key) for key in self._keys]
        plain = [value.isoformat() if hasattr(value, "isoformat") else value for value in values]
        return signing.dumps([self._name, *plain], salt=_SALT)

    def read(self, cursor: str) -> list[Any] | None:
        """The place a cursor names; None where we never wrote it, or for another order."""
        if len(cursor) > LONGEST_CURSOR:
            return None
        try:
            name, *values = signing.loads(cursor, salt=_SALT)
        except (signing.BadSignature, ValueError, TypeError):
            return None
        return values if name == self._name and len(values) == len(self._keys) else None


_KEYS: dict[str, tuple[str, ...]] = {
    "severity": ("severity_rank", "rule_id", "path", "line_or_0", "pk"),
    "due": ("due_or_never", "severity_rank", "pk"),
    "age": ("first_seen", "pk"),
    "path": ("path", "line_or_0", "pk"),
    "owner": ("is_unowned", "owner_name", "severity_rank", "pk"),
}
_COMPUTED: dict[str, Any] = {
    "line_or_0": Coalesce(F("line"), Value(0)),
    "due_or_never": Coalesce(F("due"), Value(_FAR)),
    "is_unowned": Case(
        When(owner__isnull=True, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    ),
    "owner_name": Coalesce(F("owner__name"), Value("")),
}
