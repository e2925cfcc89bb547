"""Release-note triage: what blocks, what can wait, what is worth having, axis by axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from planner.forms.triage import PasteNotesForm
from planner.rendering.triage import triage_as_csv
from planner.selectors.triage import pasted_of_deployment, triage_page
from planner.services.triage import notes_paste, notes_remove
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment


@require_GET
@deployment_view(Role.VIEWER)
def triage(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """The triage of the notes that ``?notes=`` names; up to the target release without it."""
    return _page(request, deployment, notes=request.GET.get("notes", ""), form=PasteNotesForm())


@require_GET
@deployment_view(Role.VIEWER)
def tickets(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """The same triage as a CSV file, a row per ticket."""
    page = triage_page(deployment, notes=request.GET.get("notes", ""))
    if page is None:
        raise Http404("There are no such release notes here.")
    names = {axis: owner.name for axis, owner in page.leads.items()}
    return HttpResponse(
        triage_as_csv(page.triage, names),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="triage-{deployment.slug}.csv"'},
    )


@require_POST
@deployment_view(Role.MANAGER)
def paste(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Keeps pasted notes and shows their triage."""
    form = PasteNotesForm(request.POST)
    if not form.is_valid():
        return _page(request, deployment, notes="", form=form, status=422)
    notes = notes_paste(
        deployment=deployment, **form.cleaned_data, author=request.user, now=request.now
    )
    return redirect(f"{reverse('triage', args=[deployment.slug])}?notes=pasted-{notes.pk}")


@require_POST
@deployment_view(Role.MANAGER)
def remove(request: DeploymentRequest, deployment: Deployment, notes_id: int) -> HttpResponse:
    """Forgets pasted notes."""
    notes = pasted_of_deployment(deployment, notes_id)
    if notes is None:
        raise Http404("These notes are gone.")
    notes_remove(notes=notes)
    messages.success(request, f"Removed the notes {notes.title}.")
    return redirect("triage", slug=deployment.slug)


def _page(
    request: DeploymentRequest,
    deployment: Deployment,
    *,
    notes: str,
    form: PasteNotesForm,
    status: int = 200,
) -> HttpResponse:
    page = triage_page(deployment, notes=notes)
    if page is None:
        raise Http404("There are no such release notes here.")
    return render_page(
        request,
        deployment,
        "triage/page.html",
        {"page": page, "form": form},
        tab="triage",
        fragment="triage/_body.html",
        status=status,
    )
