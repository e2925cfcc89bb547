"""Scans of a deployment: the page with its uploads, and one scan's receipt."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget

from planner.domain.report import ReportRejected
from planner.forms.scan import UploadForm
from planner.forms.source import SourceForm
from planner.selectors.scan_changes import KINDS, ScanChanges, change_list, scan_changes
from planner.selectors.scan_coverage import scan_coverage
from planner.selectors.scan_history import (
    has_good_items,
    is_held,
    newer_applied,
    scan_by_id,
    scan_history,
)
from planner.services.scan import (
    Preview,
    ScanNotWaiting,
    scan_discard,
    scan_let_through,
    scan_preview,
    scan_receive,
    scan_take_good,
)
from planner.tasks import enqueue_scan
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment, Scan


SHOWN = 20
"""Findings of each kind that a receipt names; a page of its own lists them all."""


@require_GET
@deployment_view(Role.VIEWER)
def scans(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """How fresh the findings are, where they come from, and every scan."""
    return _scans_page(request, deployment, UploadForm())


@require_http_methods(["POST"])
@deployment_view(Role.MANAGER)
def upload(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Takes a report in, or shows what it would change."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _refused_page(request, deployment, form)
    arguments = {
        "deployment": deployment,
        "source_name": form.cleaned_data["source"],
        "stream": form.cleaned_data["file"],
        "file_name": form.cleaned_data["file"].name,
        "options": form.options(),
        "now": request.now,
    }
    try:
        if "preview" in request.POST:
            return _preview_page(request, deployment, scan_preview(**arguments))
        with transaction.atomic():
            scan = scan_receive(**arguments, cause="upload", user=request.user)
            transaction.on_commit(partial(enqueue_scan, scan.pk))
    except ReportRejected as rejection:
        form.add_error("file", str(rejection))
        return _refused_page(request, deployment, form)
    return _to_scan(request, deployment, scan)


@require_GET
@deployment_view(Role.VIEWER)
def scan(request: DeploymentRequest, deployment: Deployment, scan_id: int) -> HttpResponse:
    """One scan's receipt: what came in, what it covered, what it changed."""
    found = _scan_or_404(deployment, scan_id)
    changes = scan_changes(found, lines=SHOWN)
    return _receipt_page(request, deployment, found, changes)


@require_GET
@deployment_view(Role.VIEWER)
def changes(
    request: DeploymentRequest, deployment: Deployment, scan_id: int, kind: str
) -> HttpResponse:
    """Every finding that one thing became of in a scan, or would become of, page by page."""
    found = _scan_or_404(deployment, scan_id)
    after = request.GET.get("after", "0")
    if kind not in map(str, KINDS) or not after.isdecimal():
        raise Http404("There is no such list.")
    context = {"scan": found, "list": change_list(found, kind, after=int(after))}
    return render_page(request, deployment, "scan/changes.html", context, tab="scans")


@require_GET
@deployment_view(Role.VIEWER)
def raw(request: DeploymentRequest, deployment: Deployment, scan_id: int) -> HttpResponseBase:
    """The report's bytes exactly as they were received, as a file to keep."""
    found = _scan_or_404(deployment, scan_id)
    if not found.raw:
        raise Http404("This scan has no raw file.")
    response = FileResponse(
        found.raw.open("rb"),
        as_attachment=True,
        filename=found.file_name or f"scan-{found.pk}.json",
        content_type="application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
@deployment_view(Role.MANAGER)
def confirm(request: DeploymentRequest, deployment: Deployment, scan_id: int) -> HttpResponse:
    """Lets a held scan through."""
    found = _scan_or_404(deployment, scan_id)
    try:
        with transaction.atomic():
            scan_let_through(scan=found, user=request.user, now=request.now)
            transaction.on_commit(partial(enqueue_scan, found.pk))
    except ScanNotWaiting as error:
        messages.warning(request, str(error))
    return _to_scan(request, deployment, found)


@require_POST
@deployment_view(Role.MANAGER)
def discard(request: DeploymentRequest, deployment: Deployment, scan_id: int) -> HttpResponse:
    """Turns a held scan away."""
    found = _scan_or_404(deployment, scan_id)
    try:
        scan_discard(scan=found, user=request.user, now=request.now)
    except ScanNotWaiting as error:
        messages.warning(request, str(error))
    return _to_scan(request, deployment, found)


@require_POST
@deployment_view(Role.MANAGER)
def take_good(request: DeploymentRequest, deployment: Deployment, scan_id: int) -> HttpResponse:
    """Sends a partly bad report in again, without the items that cannot be read."""
    found = _scan_or_404(deployment, scan_id)
    try:
        with transaction.atomic():
            again = scan_take_good(scan=found, user=request.user, now=request.now)
            transaction.on_commit(partial(enqueue_scan, again.pk))
    except ScanNotWaiting as error:
        messages.warning(request, str(error))
        return _to_scan(request, deployment, found)
    return _to_scan(request, deployment, again)


def _scans_page(
    request: DeploymentRequest, deployment: Deployment, form: UploadForm
) -> HttpResponse:
    before = request.GET.get("before", "")
    if before and not before.isdecimal():
        raise Http404("There is no such page of scans.")
    context = {
        "history": scan_history(deployment, int(before) if before else None, request.now),
        "form": form,
        "source_form": SourceForm(),
    }
    fragment = "scan/_upload.html" if form.is_bound else "scan/_history.html"
    return render_page(
        request, deployment, "scan/page.html", context, tab="scans", fragment=fragment
    )


def _refused_page(
    request: DeploymentRequest, deployment: Deployment, form: UploadForm
) -> HttpResponse:
    """The form with what is wrong, in the form's own place even where a preview was asked for."""
    response = _scans_page(request, deployment, form)
    return reswap(retarget(response, "#upload"), "outerHTML") if request.htmx else response


def _receipt_page(
    request: DeploymentRequest, deployment: Deployment, found: Scan, changes: ScanChanges
) -> HttpResponse:
    context = {
        "scan": found,
        "coverage": scan_coverage(found),
        "changes": changes,
        "newer": newer_applied(found) if is_held(found) else None,
        "has_good_items": has_good_items(found),
    }
    return render_page(
        request,
        deployment,
        "scan/receipt.html",
        context,
        tab="scans",
        fragment="scan/_receipt.html",
    )


def _preview_page(
    request: DeploymentRequest, deployment: Deployment, preview: Preview
) -> HttpResponse:
    context = {
        "scan": preview.scan,
        "coverage": scan_coverage(preview.scan),
        "changes": preview.changes,
        "is_preview": True,
    }
    return render_page(
        request,
        deployment,
        "scan/receipt.html",
        context,
        tab="scans",
        fragment="scan/_preview.html",
    )


def _scan_or_404(deployment: Deployment, scan_id: int) -> Scan:
    found = scan_by_id(deployment, scan_id)
    if found is None:
        raise Http404("There is no such scan.")
    return found


def _to_scan(request: DeploymentRequest, deployment: Deployment, found: Scan) -> HttpResponse:
    address = reverse("scan", args=[deployment.slug, found.pk])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
