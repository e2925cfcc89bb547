"""What owners said is fixed, and what a scan answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Prefetch, Q, QuerySet

from planner.domain.finding import State
from planner.domain.lifecycle import Kind
from planner.domain.person import name_of
from planner.models import Event, Finding

_ASKED = (Kind.CLAIMED, Kind.CONTRADICTED)
_OVER = (
    Kind.CLAIMED,
    Kind.UNCLAIMED,
    Kind.WAIVED,
    Kind.WAIVER_ENDED,
    Kind.FIXED,
    Kind.REMOVED,
    Kind.REOPENED,
)
"""After one of these nobody is waiting for an answer to a contradicted claim any more."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The claim that a finding stands under, or that a scan sent back."""

    at: datetime
    by: str
    """What people call who claimed it."""
    by_id: int | None
    why: str
    link: str
    contradicted_at: datetime | None = None
    """When the scan was made that still sees it."""


def claim_events() -> Prefetch[Any]:
    """Prefetches what :func:`claim_of` reads, as ``claim_events``."""
    events = Event.objects.filter(kind__in=_ASKED).select_related("actor", "scan").order_by("-pk")
    return Prefetch("events", queryset=events, to_attr="claim_events")


def claim_of(finding: Finding) -> Claim | None:
    """The newest claim of an open or claimed finding; reads a prefetched ``claim_events`` and nothing else."""
    events: list[Event] = getattr(finding, "claim_events", [])
    claimed = next((event for event in events if event.kind == Kind.CLAIMED), None)
    if claimed is None or finding.state not in (State.OPEN, State.CLAIMED):
        return None
    answer = events[0] if events[0].kind == Kind.CONTRADICTED else None
    scan = answer.scan if answer else None
    return Claim(
        at=claimed.at,
        by=name_of(claimed.actor) if claimed.actor else "",
        by_id=claimed.actor_id,
        why=claimed.why,
        link=claimed.link,
        contradicted_at=(scan.created_at if scan else answer.at) if answer else None,
    )


def sent_back_ids(findings: QuerySet[Finding]) -> set[int]:
    """Those of the open findings whose last claim a scan contradicted, and nothing came after. One query."""
    events = Event.objects.filter(finding__in=findings.filter(state=State.OPEN)).order_by()
    newest = events.values("finding_id").annotate(
        sent_back=Max("pk", filter=Q(kind=Kind.CONTRADICTED)),
        over=Max("pk", filter=Q(kind__in=_OVER)),
    )
    pairs = newest.filter(sent_back__isnull=False).values_list("finding_id", "sent_back", "over")
    return {key for key, sent_back, over in pairs if sent_back > (over or 0)}
