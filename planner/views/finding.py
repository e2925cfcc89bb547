"""Findings: the list, and one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from planner.domain.finding import Axis, Severity
from planner.forms.finding import (
    filter_from,
)
from planner.selectors.finding_filter import CATEGORIES, DUES, SILENCED, SORTS, STATES, WHENS
from planner.selectors.finding_list import finding_list, finding_view
from planner.selectors.hand_over import hand_overs_by_finding
from planner.selectors.owner import owns_all
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment


@require_GET
@deployment_view(Role.VIEWER)
def findings(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """The list, narrowed by the query string; htmx gets only the results or the next rows."""
    filters, ignored = filter_from(request.GET)
    cursor = request.GET.get("cursor", "")
    listed = finding_list(deployment, filters, today=timezone.localdate(request.now), cursor=cursor)
    context = {
        "list": listed,
        "filters": filters,
        "ignored": ignored,
        "states": STATES,
        "dues": DUES,
        "sorts": SORTS,
        "categories": CATEGORIES,
        "whens": WHENS,
        "silencings": SILENCED,
        "axes": list(Axis),
        "severities": [
            {
                "name": severity.value,
                "count": listed.counts.by_severity.get(severity, 0),
                "checked": severity in filters.severities,
            }
            for severity in Severity
        ],
        "here": request.get_full_path(),
    }
    fragment = "finding/_more.html" if request.htmx.target == "more" else "finding/_results.html"
    return render_page(
        request, deployment, "finding/list.html", context, tab="findings", fragment=fragment
    )


@require_GET
@deployment_view(Role.VIEWER)
def finding(request: DeploymentRequest, deployment: Deployment, finding_id: int) -> HttpResponse:
    """One finding: what, why, instead, the edit, its history, and what can be done."""
    view = finding_view(deployment, finding_id, today=timezone.localdate(request.now))
    if view is None:
        raise Http404(f"{deployment.name} has no finding {finding_id}.")
    is_mine = owns_all(request.user, deployment, [finding_id])
    context = {
        "view": view,
        "finding": view.detail.finding,
        "last_scan": view.detail.last_scan,
        "row": view.row,
        "may_claim": request.role.reaches(Role.MANAGER)
        or (request.role.reaches(Role.OWNER) and is_mine),
        "here": request.path,
        "is_mine": is_mine,
        "said": hand_overs_by_finding([finding_id]).get(finding_id),
    }
    return render_page(request, deployment, "finding/page.html", context, tab="findings")
