"""The cutover runbook: the page, the rollback alone, the sheet to print, the PDF, and its revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from planner.domain.runbook_days import days_of, rollback_of
from planner.forms.runbook import RunbookForm
from planner.rendering.pdf import PAPERS, typeset
from planner.rendering.runbook import sheet_of
from planner.selectors.runbook import (
    Draft,
    document_of_revision,
    draft_of,
    revision_newest,
    revision_numbered,
    revisions_of,
    shape_of,
    whose_hash,
)
from planner.services.runbook import runbook_params_save, runbook_record
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment


@require_http_methods(["GET", "HEAD", "POST"])
@deployment_view(Role.VIEWER)
def page(request: DeploymentRequest, deployment: Deployment) -> HttpResponseBase:
    """Whether it may be used and why, the parameters, the whole weekend, and past revisions."""
    draft = draft_of(deployment, now=request.now)
    if request.method == "POST":
        return _change(request, deployment, draft)
    return _show(
        request,
        deployment,
        draft,
        RunbookForm(values=draft.values, shape=shape_of(deployment, draft)),
    )


@require_safe
@deployment_view(Role.VIEWER)
def rollback(request: DeploymentRequest, deployment: Deployment) -> HttpResponseBase:
    """The way back and nothing else: as it was recorded, so that it is the one on the paper."""
    newest = revision_newest(deployment)
    document = (
        document_of_revision(newest) if newest else draft_of(deployment, now=request.now).document
    )
    context = {
        "book": document,
        "rollback": rollback_of(document),
        "sheet": sheet_of(document)["sheet"],
    }
    return render_page(request, deployment, "runbook/rollback.html", context, tab="runbook")


@require_safe
@deployment_view(Role.VIEWER)
def sheet(
    request: DeploymentRequest, deployment: Deployment, number: int | None = None
) -> HttpResponseBase:
    """The sheet to print: today's draft, or a recorded revision exactly as it was."""
    context = {
        **sheet_of(_document(request, deployment, number)),
        # A nonce is false until it has been read as text.
        "nonce": str(request.csp_nonce),  # type: ignore[attr-defined]
        "back": reverse("runbook", args=[deployment.slug]),
        "pdf": _pdf_address(deployment, number),
    }
    return render(request, "print/runbook.html", context)


@require_safe
@deployment_view(Role.VIEWER)
def pdf(
    request: DeploymentRequest, deployment: Deployment, number: int | None = None
) -> HttpResponseBase:
    """The PDF of today's draft, or of a recorded revision; ``?paper=letter`` for US Letter."""
    paper = request.GET.get("paper", "a4")
    if paper not in PAPERS:
        raise Http404(f"There is no paper “{paper}”; there are a4 and letter.")
    document = _document(request, deployment, number)
    name = f"runbook-{deployment.slug}-{f'r{number}' if number else 'draft'}-{paper}.pdf"
    return HttpResponse(
        typeset("runbook.typ", document, paper=paper),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


def _document(
    request: DeploymentRequest, deployment: Deployment, number: int | None
) -> dict[str, Any]:
    if number is None:
        return draft_of(deployment, now=request.now).document
    revision = revision_numbered(deployment, number)
    if revision is None:
        raise Http404(f"There is no revision {number} of this runbook.")
    return document_of_revision(revision)


def _pdf_address(deployment: Deployment, number: int | None) -> str:
    if number is None:
        return reverse("runbook-pdf", args=[deployment.slug])
    return reverse("runbook-revision-pdf", args=[deployment.slug, number])


def _change(request: DeploymentRequest, deployment: Deployment, draft: Draft) -> HttpResponseBase:
    if not request.role.reaches(Role.MANAGER):
        raise PermissionDenied(
            f"To change or record the runbook needs the role {Role.MANAGER}; yours is {request.role}."
            " An admin of this deployment can change it under Settings."
        )
    if request.POST.get("action") == "record":
        return _record(request, deployment)
    form = RunbookForm(request.POST, values=draft.values, shape=shape_of(deployment, draft))
    if not form.is_valid():
        return _show(request, deployment, draft, form, status=422)
    runbook_params_save(deployment=deployment, values=form.values())
    messages.success(request, "The parameters are saved; the runbook below is made from them.")
    return redirect("runbook", deployment.slug)


def _record(request: DeploymentRequest, deployment: Deployment) -> HttpResponseBase:
    revision = runbook_record(deployment=deployment, author=request.user, now=request.now)
    messages.success(
        request,
        f"Revision {revision.number}, hash {revision.hash}, is recorded. Print it, and burn older paper.",
    )
    return redirect("runbook", deployment.slug)


def _show(
    request: DeploymentRequest,
    deployment: Deployment,
    draft: Draft,
    form: RunbookForm,
    *,
    status: int = 200,
) -> HttpResponse:
    document = draft.document
    revisions = revisions_of(deployment)
    asked = request.GET.get("hash", "")
    context = {
        "book": document,
        "days": days_of(document),
        "form": form,
        "revisions": revisions,
        "newest": revisions[0] if revisions else None,
        "unchanged": bool(revisions) and revisions[0].hash == draft.runbook.hash,
        "asked": asked,
        "answer": whose_hash(revisions, asked, draft_hash=draft.runbook.hash) if asked else None,
        "may_edit": request.role.reaches(Role.MANAGER),
    }
    return render_page(
        request, deployment, "runbook/page.html", context, tab="runbook", status=status
    )
