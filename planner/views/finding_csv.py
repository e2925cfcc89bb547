"""Findings as CSV: out as they are listed, and in again with what people changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from planner.forms.finding import (
    ImportApplyForm,
    ImportForm,
    filter_from,
)
from planner.rendering.finding_csv import COLUMNS
from planner.selectors.finding_export import finding_csv_rows
from planner.services.finding_csv import (
    CsvRejected,
    ImportGone,
    import_apply_stored,
    import_preview,
    import_store,
)
from planner.views import words
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.attachment import as_csv
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment


@require_GET
@deployment_view(Role.VIEWER)
def download(request: DeploymentRequest, deployment: Deployment) -> HttpResponseBase:
    """The matching findings as CSV."""
    filters, _ = filter_from(request.GET)
    today = timezone.localdate(request.now)
    rows = finding_csv_rows(deployment, filters, today=today)
    return as_csv(COLUMNS, rows, f"findings-{deployment.slug}-{today.isoformat()}.csv")


@require_http_methods(["GET", "POST"])
@deployment_view(Role.MANAGER)
def upload(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Takes a CSV and shows what it would change."""
    form = ImportForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            content = form.cleaned_data["file"].read()
            context["preview"] = import_preview(deployment=deployment, content=content)
            context["token"] = import_store(
                deployment=deployment, content=content, user=request.user, now=request.now
            )
        except CsvRejected as rejection:
            form.add_error("file", str(rejection))
    return render_page(request, deployment, "finding/import.html", context, tab="findings")


@require_POST
@deployment_view(Role.MANAGER)
def upload_apply(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Applies a CSV that was previewed."""
    form = ImportApplyForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Upload the file again.")
        return redirect("finding-import", slug=deployment.slug)
    try:
        outcome = import_apply_stored(
            deployment=deployment,
            token=form.cleaned_data["token"],
            create_owners=form.cleaned_data["create_owners"],
            now=request.now,
            user=request.user,
        )
    except (ImportGone, CsvRejected) as error:
        messages.error(request, str(error))
        return redirect("finding-import", slug=deployment.slug)
    messages.success(request, f"Changed {words.findings(outcome.changed)} as the file says.")
    return redirect("findings", slug=deployment.slug)
