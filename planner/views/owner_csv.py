"""Owners as CSV: out as they are, and in again with what people changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from planner.domain.numbers import plural
from planner.forms.finding import ImportApplyForm, ImportForm
from planner.selectors.owner_export import OWNER_COLUMNS, owner_csv_rows
from planner.services.owner_csv import (
    CsvRejected,
    ImportGone,
    OwnersBad,
    owners_apply_stored,
    owners_preview,
    owners_store,
)
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.attachment import as_csv
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment


@require_GET
@deployment_view(Role.VIEWER)
def download(request: DeploymentRequest, deployment: Deployment) -> HttpResponseBase:
    """Every owner as CSV."""
    name = f"owners-{deployment.slug}-{timezone.localdate(request.now).isoformat()}.csv"
    return as_csv(OWNER_COLUMNS, owner_csv_rows(deployment), name)


@require_http_methods(["GET", "POST"])
@deployment_view(Role.MANAGER)
def upload(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Takes a CSV of owners and shows what it would change."""
    form = ImportForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            content = form.cleaned_data["file"].read()
            preview = owners_preview(deployment=deployment, content=content)
            context["preview"] = preview
            if preview.changes and not preview.problems:
                context["token"] = owners_store(
                    deployment=deployment, content=content, user=request.user, now=request.now
                )
        except CsvRejected as rejection:
            form.add_error("file", str(rejection))
    status = 422 if form.errors else 200
    return render_page(
        request, deployment, "owner/import.html", context, tab="owners", status=status
    )


@require_POST
@deployment_view(Role.MANAGER)
def upload_apply(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Applies a CSV of owners that was previewed."""
    form = ImportApplyForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Upload the file again.")
        return redirect("owner-csv-upload", slug=deployment.slug)
    try:
        done = owners_apply_stored(
            deployment=deployment,
            token=form.cleaned_data["token"],
            now=request.now,
            user=request.user,
        )
    except (ImportGone, CsvRejected, OwnersBad) as error:
        messages.error(request, str(error))
        return redirect("owner-csv-upload", slug=deployment.slug)
    changed = plural(len(done.changes) - done.added, "owner")
    messages.success(request, f"Changed {changed} and added {done.added:,}, as the file says.")
    return redirect("owner-leavers" if done.stopped else "owners", slug=deployment.slug)
