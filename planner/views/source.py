"""Sources of a deployment: add, change, pause, remove, and scan now."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from planner.forms.source import FIELDS, SourceForm
from planner.selectors.source import source_by_id, source_contents
from planner.services.rescan import RescanRefused, rescan_request
from planner.services.source import (
    SourceDraft,
    SourceError,
    source_add,
    source_change,
    source_pause,
    source_remove,
)
from planner.tasks import enqueue_scan
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment, Source


@require_http_methods(["GET", "POST"])
@deployment_view(Role.ADMIN)
def add(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """The form for a new source, and what it stores."""
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            source = source_add(
                deployment=deployment, draft=SourceDraft(**form.values()), now=request.now
            )
        except SourceError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, f"Added {source.name}. It runs at its next slot.")
            return _to_scans(request, deployment)
    return _form_page(request, deployment, form, None)


@require_http_methods(["GET", "POST"])
@deployment_view(Role.ADMIN)
def change(request: DeploymentRequest, deployment: Deployment, source_id: int) -> HttpResponse:
    """The form of a source, and what it stores."""
    source = _source_or_404(deployment, source_id)
    stored = {field: getattr(source, field) for field in FIELDS}
    form = SourceForm(request.POST or None, initial=stored)
    if request.method == "POST" and form.is_valid():
        try:
            source_change(source=source, draft=SourceDraft(**form.values()), now=request.now)
        except SourceError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, f"Saved {source.name}.")
            return _to_scans(request, deployment)
    return _form_page(request, deployment, form, source)


@require_POST
@deployment_view(Role.ADMIN)
def pause(request: DeploymentRequest, deployment: Deployment, source_id: int) -> HttpResponse:
    """Pauses a source, or lets it run again."""
    source = _source_or_404(deployment, source_id)
    source_pause(source=source, paused=request.POST.get("paused") == "yes", now=request.now)
    messages.success(
        request,
        f"Paused {source.name}." if source.paused else f"{source.name} runs again.",
    )
    return _to_scans(request, deployment)


@require_http_methods(["GET", "POST"])
@deployment_view(Role.ADMIN)
def remove(request: DeploymentRequest, deployment: Deployment, source_id: int) -> HttpResponse:
    """Says what goes with a source, and removes it once its name is typed."""
    source = _source_or_404(deployment, source_id)
    wrong = False
    if request.method == "POST":
        if request.POST.get("name", "").strip() == source.name:
            source_remove(source=source)
            messages.success(request, f"Removed {source.name} with its findings and scans.")
            return _to_scans(request, deployment)
        wrong = True
    findings, scans = source_contents(source)
    context = {"source": source, "findings": findings, "scans": scans, "wrong": wrong}
    return render_page(request, deployment, "source/remove.html", context, tab="scans")


@require_POST
@deployment_view(Role.MANAGER)
def rescan(request: DeploymentRequest, deployment: Deployment, source_id: int) -> HttpResponse:
    """Scans a source now."""
    source = _source_or_404(deployment, source_id)
    try:
        with transaction.atomic():
            scan = rescan_request(source=source, user=request.user, cause="button", now=request.now)
            transaction.on_commit(partial(enqueue_scan, scan.pk))
    except RescanRefused as refusal:
        messages.error(request, f"{refusal}.")
    return _to_scans(request, deployment)


def _form_page(
    request: DeploymentRequest, deployment: Deployment, form: SourceForm, source: Source | None
) -> HttpResponse:
    context = {"form": form, "source": source}
    return render_page(request, deployment, "source/form.html", context, tab="scans")


def _source_or_404(deployment: Deployment, source_id: int) -> Source:
    source = source_by_id(deployment, source_id)
    if source is None:
        raise Http404("There is no such source.")
    return source


def _to_scans(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    address = reverse("scans", args=[deployment.slug])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
