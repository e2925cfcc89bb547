"""Who asks for a waiver of which findings, and has no answer yet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from planner.domain.finding import ACTIVE_STATES, Severity
from planner.models import Deployment, WaiverRequest

MOST_SHOWN = 50
"""Requests on a page; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """A request that waits for an answer."""

    request: WaiverRequest
    findings: int
    open: int
    """How many of them can be waived still."""
    errors: int
    first_path: str
    first_finding: int

    @property
    def id(self) -> str:
        """The request's key, for the ids of a page."""
        return str(self.request.pk)


def pending_requests(deployment: Deployment) -> QuerySet[WaiverRequest]:
    """Requests that nobody has answered, the oldest first."""
    rows = deployment.waiver_requests.filter(answered_at=None)
    return rows.select_related("asked_by").order_by("asked_at", "pk")


def asked_findings(deployment: Deployment) -> QuerySet[WaiverRequest, int]:
    """Keys of the findings that somebody asks to waive."""
    rows = deployment.waiver_requests.filter(answered_at=None)
    return rows.values_list("findings", flat=True)


def requests_by_finding(finding_ids: Collection[int]) -> dict[int, WaiverRequest]:
    """The pending request of each of these findings, with who asks. Two queries."""
    links = WaiverRequest.findings.through.objects.filter(
        finding__in=finding_ids, waiverrequest__answered_at=None
    )
    pairs = list(links.values_list("finding_id", "waiverrequest_id"))
    requests = WaiverRequest.objects.select_related("asked_by").in_bulk({pk for _, pk in pairs})
    return {finding_id: requests[request_id] for finding_id, request_id in pairs}


def request_rows(deployment: Deployment) -> tuple[list[RequestRow], int]:
    """The requests that wait longest, and how many more there are. Two queries."""
    waiting = pending_requests(deployment)
    still_open = Q(findings__state__in=ACTIVE_STATES)
    counted = waiting.annotate(
        n_findings=Count("findings"),
        n_open=Count("findings", filter=still_open),
        n_errors=Count("findings", filter=still_open & Q(findings__severity=Severity.ERROR)),
        first_path=Min("findings__path"),
        first_finding=Min("findings"),
    )
    rows = [
        RequestRow(
            request=request,
            findings=request.n_findings,
            open=request.n_open,
            errors=request.n_errors,
            first_path=request.first_path or "",
            first_finding=request.first_finding or 0,
        )
        for request in counted[:MOST_SHOWN]
    ]
    return rows, max(0, waiting.count() - len(rows))


def request_by_id(deployment: Deployment, request_id: int) -> WaiverRequest | None:
    """A request of this deployment."""
    return deployment.waiver_requests.select_related("asked_by").filter(pk=request_id).first()


def is_asked_for() -> Exists:
    """Whether somebody asks to waive the finding of a row, for the rows of a list."""
    links = WaiverRequest.findings.through.objects.filter(
        finding=OuterRef("pk"), waiverrequest__answered_at=None
    )
    return Exists(links)
