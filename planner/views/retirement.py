"""Retiring a DAG: what goes with it and what stays, until when scans wait, and taking it back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from planner.domain.dates import with_year
from planner.domain.retirement import LONGEST, PROPOSED
from planner.forms.retirement import RetireForm
from planner.selectors.owner import owner_ids_of
from planner.selectors.retirement import (
    RetirementPreview,
    retirement_by_id,
    retirement_preview,
    retirements_running,
)
from planner.services.finding_log import FindingError
from planner.services.retirement import dag_keep, dag_retire
from planner.views import words
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.page import render_page

if TYPE_CHECKING:
    from datetime import date

    from planner.models import Deployment

_LONGEST_ID = 300


@require_http_methods(["GET", "POST"])
@deployment_view(Role.OWNER)
def retire(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Shows what goes with a DAG and what stays, and states that it will be gone by a day."""
    dag_id = (request.POST or request.GET).get("dag", "").replace("\0", "")[:_LONGEST_ID]
    preview = _preview(request, deployment, dag_id) if dag_id else None
    if request.method == "GET" or preview is None:
        return _page(request, deployment, preview, None)
    form = RetireForm(request.POST)
    if not form.is_valid():
        return _page(request, deployment, preview, form)
    if not preview.going and preview.running is None:
        messages.warning(request, "Nothing changed: no open finding goes with this DAG alone.")
        return _page(request, deployment, preview, form)
    try:
        outcome = dag_retire(
            deployment=deployment,
            dag_id=dag_id,
            finding_ids=[finding.pk for finding in preview.going],
            today=_today(request),
            now=request.now,
            user=request.user,
            **form.cleaned_data,
        )
    except FindingError as error:
        form.add_error(error.field, str(error))
        return _page(request, deployment, preview, form)
    said = words.findings(outcome.changed).capitalize()
    messages.success(
        request,
        f"{said} claimed with the DAG {dag_id}. Scans wait until "
        f"{with_year(form.cleaned_data['gone_by'])}.",
    )
    return redirect("me")


@require_POST
@deployment_view(Role.OWNER)
def keep(request: DeploymentRequest, deployment: Deployment, retirement_id: int) -> HttpResponse:
    """The DAG stays after all."""
    found = retirement_by_id(deployment, retirement_id)
    if found is None or found.ended_at is not None:
        raise Http404(f"{deployment.name} retires no such DAG.")
    if found.stated_by != request.user and not request.role.reaches(Role.MANAGER):
        raise PermissionDenied("Only who said it and managers can take it back.")
    outcome = dag_keep(retirement=found, now=request.now, user=request.user)
    messages.success(
        request, f"{found.dag_id} stays: {words.findings(outcome.changed)} open again."
    )
    return redirect("me")


def _preview(request: DeploymentRequest, deployment: Deployment, dag_id: str) -> RetirementPreview:
    owners = owner_ids_of(request.user, [deployment])
    anybodys = request.role.reaches(Role.MANAGER)
    return retirement_preview(deployment, dag_id, owner_ids=None if anybodys else owners)


def _page(
    request: DeploymentRequest,
    deployment: Deployment,
    preview: RetirementPreview | None,
    form: RetireForm | None,
) -> HttpResponse:
    today = _today(request)
    context = {
        "preview": preview,
        "form": form or RetireForm(initial=_proposed(preview, today)),
        "running": retirements_running([deployment], today=today),
        "tomorrow": today + timedelta(days=1),
        "latest": today + LONGEST,
    }
    status = 422 if form is not None and form.errors else 200
    return render_page(
        request, deployment, "retirement/page.html", context, tab="findings", status=status
    )


def _proposed(preview: RetirementPreview | None, today: date) -> dict[str, object]:
    """What the form shows before anyone typed."""
    running = preview.running if preview else None
    if running is None:
        return {"gone_by": (today + PROPOSED).isoformat()}
    return {
        "reason": running.reason,
        "link": running.link,
        "gone_by": running.gone_by.isoformat(),
    }


def _today(request: DeploymentRequest) -> date:
    return timezone.localdate(request.now)
