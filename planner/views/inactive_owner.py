"""Owners who take no findings any more: what is still theirs, and handing it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from planner.forms.owner import HandOutForm
from planner.selectors.inactive_owner import leaver_page, leavers_page
from planner.selectors.owner import owner_by_id
from planner.services.finding_log import FindingError
from planner.services.reassignment import (
    ReassignmentMoved,
    findings_hand_out,
    findings_hand_over,
)
from planner.views import words
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment, Owner


@require_GET
@deployment_view(Role.VIEWER)
def leavers(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Everyone who takes no findings any more, and whom the rules would give theirs."""
    context = {"page": leavers_page(deployment)}
    return render_page(request, deployment, "owner/leavers.html", context, tab="owners")


@require_GET
@deployment_view(Role.VIEWER)
def leaver(request: DeploymentRequest, deployment: Deployment, owner_id: int) -> HttpResponse:
    """One of them, finding by finding."""
    found = _leaver_or_404(deployment, owner_id)
    asked = request.GET.get("after", "")
    page = leaver_page(
        deployment,
        found,
        after=int(asked) if asked.isdecimal() and len(asked) < 19 else 0,
        today=timezone.localdate(request.now),
    )
    context = {"page": page, "owner": found}
    return render_page(request, deployment, "owner/leaver.html", context, tab="owners")


@require_POST
@deployment_view(Role.MANAGER)
def hand_out(request: DeploymentRequest, deployment: Deployment, owner_id: int) -> HttpResponse:
    """Gives all that is still theirs to one owner, or to whom the rules name."""
    found = _leaver_or_404(deployment, owner_id)
    form = HandOutForm(request.POST)
    to = (
        owner_by_id(deployment, form.cleaned_data["to"])
        if form.is_valid() and form.data.get("to")
        else None
    )
    if not form.is_valid() or (form.data.get("to") and to is None):
        messages.error(request, "Choose an owner of this deployment.")
        return redirect("owner-leaver", slug=deployment.slug, owner_id=found.pk)
    expected = form.cleaned_data["expected"]
    try:
        if to is None:
            outcome = findings_hand_out(
                deployment=deployment,
                owner=found,
                expected=expected,
                now=request.now,
                user=request.user,
            )
        else:
            outcome = findings_hand_over(
                deployment=deployment,
                owner=found,
                to=to,
                expected=expected,
                now=request.now,
                user=request.user,
            )
    except (FindingError, ReassignmentMoved) as error:
        messages.warning(request, str(error))
        return redirect("owner-leavers", slug=deployment.slug)
    whom = to.name if to else "whom the rules name"
    messages.success(
        request, f"{words.findings(outcome.changed).capitalize()} of {found.name} went to {whom}."
    )
    return redirect("owner-leavers", slug=deployment.slug)


def _leaver_or_404(deployment: Deployment, owner_id: int) -> Owner:
    found = owner_by_id(deployment, owner_id)
    if found is None or found.active:
        raise Http404(f"{deployment.name} has no such owner who takes no findings.")
    return found
