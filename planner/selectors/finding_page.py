"""Findings in an order, page by page, with places that survive rows coming and going."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core import signing
from django.db.models import (
    BooleanField,
    Case,
    F,
    Prefetch,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from planner.models import Deployment, Finding, Waiver
from planner.selectors.finding_filter import (
    SORTS,
    FindingFilter,
    findings_of,
)
from planner.selectors.waiver_request import is_asked_for

PAGE_SIZE = 50
LONGEST_CURSOR = 3000
_SALT = "flightplan.finding.page"
_FAR = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class FindingPage:
    """One page of a list. ``next`` continues it; ``bad_cursor`` says that the asked place was not one."""

    rows: list[Finding]
    next: str
    bad_cursor: bool
    continues_rule: bool = False
    """The page before ended with the rule that this one begins with."""


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


def live_waivers() -> Prefetch[Any]:
    """Prefetches what has not ended yet as ``live_waivers``."""
    live = Waiver.objects.filter(ended_at=None).select_related("approver").order_by("-expires_on")
    return Prefetch("waivers", queryset=live, to_attr="live_waivers")


class _Order:
    """A total order of findings, and places in it that survive rows coming and going."""

    def __init__(self, sort: str) -> None:
        self._name = sort if sort in SORTS else "severity"
        self._keys = _KEYS[self._name]

    def sorted(self, rows: QuerySet[Finding]) -> QuerySet[Finding]:
        annotations = {
            key: expression for key, expression in _COMPUTED.items() if key in self._keys
        }
        return rows.annotate(**annotations, **_TOLD).order_by(*self._keys)

    def beyond(self, place: list[Any]) -> Q:
        """Rows that come after ``place``."""
        condition = Q()
        equal = Q()
        for key, value in zip(self._keys, place, strict=True):
            name = key.removeprefix("-")
            further = f"{name}__lt" if key.startswith("-") else f"{name}__gt"
            condition |= equal & Q(**{further: value})
            equal &= Q(**{name: value})
        return condition

    def same_rule(self, place: list[Any], finding: Finding) -> bool:
        """True where the order is by rule and ``finding`` has that of ``place``."""
        return self._name == "severity" and place[:2] == [finding.severity_rank, finding.rule_id]

    def cursor(self, finding: Finding) -> str:
        values = [getattr(finding, key.removeprefix("-")) for key in self._keys]
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
    # A minus turns one key round.
    "severity": ("severity_rank", "rule_id", "path", "line_or_0", "pk"),
    "due": ("due_or_never", "severity_rank", "pk"),
    "dags": ("-dag_count", "severity_rank", "pk"),
    "age": ("first_seen", "pk"),
    "newest": ("-first_seen", "-pk"),
    "path": ("path", "line_or_0", "pk"),
    "owner": ("is_unowned", "owner_name", "severity_rank", "pk"),
}


_TOLD: dict[str, Any] = {"is_asked_for": is_asked_for()}
"""What rows say of themselves beside what they are sorted by."""


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
