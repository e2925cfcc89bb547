"""Who asks for a waiver of which findings, and has no answer yet."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from planner.models import Deployment, WaiverRequest


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
