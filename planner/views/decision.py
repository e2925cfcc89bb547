"""The decision of a deployment: its facts as a form, the answer, and the record of what was decided."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from planner.domain.decision import Decision
from planner.domain.facts import FactErrors
from planner.domain.person import name_of
from planner.forms.decision import FactsForm, NewDeploymentForm, RecordForm
from planner.rendering.decision import bars_of
from planner.selectors.decision import (
    decision_from,
    decision_of,
    look_again_proposed,
    may_create_deployments,
    recorded_decisions,
    rulebook_hash,
    standing_of,
)
from planner.services.decision import DecisionMoved, decision_record
from planner.services.deployment import facts_store
from planner.views.access import (
    DeploymentRequest,
    PersonRequest,
    Role,
    deployment_view,
    person_view,
)
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment


@require_http_methods(["GET", "HEAD", "POST"])
@deployment_view(Role.VIEWER)
def page(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Read the decision, try other facts, save them, or record what was decided."""
    if request.method != "POST":
        return _show(request, deployment, _facts_form(deployment))
    if request.POST.get("action") == "save":
        return _save(request, deployment)
    if request.POST.get("action") == "record":
        return _record(request, deployment)
    return _preview(request, deployment)


def _preview(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """The answer for facts as typed. Nothing is kept, so that everyone who reads may try."""
    form = _facts_form(deployment, request)
    return _show(request, deployment, form, status=200 if form.is_valid() else 422)


def _save(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    _managers_only(request, "save facts")
    form = _facts_form(deployment, request)
    if not form.is_valid():
        return _show(request, deployment, form, status=422)
    changed = form.changed_values()
    if changed:
        facts_store(
            slug=deployment.slug, values=changed, origin=_typed_by(request), now=request.now
        )
        messages.success(request, "The facts are saved.")
    else:
        messages.info(request, "The facts are as they were: nothing to save.")
    return redirect("decision", deployment.slug)


def _record(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    _managers_only(request, "record a decision")
    form = RecordForm(request.POST, today=_today(request))
    if not form.is_valid():
        return _show(request, deployment, _facts_form(deployment), record_form=form, status=422)
    try:
        record = decision_record(
            deployment=deployment,
            author=request.user,
            reason=form.cleaned_data["reason"],
            look_again_on=form.cleaned_data["look_again_on"],
            today=_today(request),
            now=request.now,
            seen_revision=form.cleaned_data["revision"],
        )
    except DecisionMoved as moved:
        messages.warning(request, str(moved))
        return redirect("decision", deployment.slug)
    messages.success(
        request, f"Decision {record.number} is recorded: {record.decision['verdict']}."
    )
    return redirect("decision", deployment.slug)


def _show(
    request: DeploymentRequest,
    deployment: Deployment,
    form: FactsForm,
    *,
    record_form: RecordForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page. Facts that cannot be keep the last good answer, which is that of the stored ones."""
    decision = decision_of(deployment, today=_today(request), facts=form.facts)
    recorded = recorded_decisions(deployment)
    unsaved = bool(form.changed_values())
    context = {
        **_answer(decision, form, deployment.name),
        "unsaved": unsaved,
        "may_edit": request.role.reaches(Role.MANAGER),
        "recorded": recorded,
        "rulebook_hash": rulebook_hash(),
        "standing": None if unsaved else standing_of(recorded, decision),
        "record_form": record_form or _record_form(deployment, decision, _today(request)),
    }
    response = render_page(
        request,
        deployment,
        "decision/page.html",
        context,
        tab="decision",
        fragment="decision/_preview.html",
        status=200 if request.htmx else status,
    )
    if request.htmx and form.errors:
        response["HX-Reswap"] = "none"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@person_view
def new(request: PersonRequest) -> HttpResponse:
    """Create a deployment from its facts; whoever creates it becomes its admin."""
    if not may_create_deployments(request.user):
        raise PermissionDenied(
            "Creating a deployment needs the role admin in another one. An admin can create it for you."
        )
    form = NewDeploymentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and request.POST.get("action") == "save":
        created = _create(request, form)
        if created is not None:
            messages.success(request, f"{created.name} is created. Next: a scan of its DAGs.")
            return redirect("decision", created.slug)
    return _show_new(request, form)


def _create(request: PersonRequest, form: NewDeploymentForm) -> Deployment | None:
    try:
        return facts_store(
            slug=form.cleaned_data["slug"],
            values=form.changed_values(),
            origin=_typed_by(request),
            now=request.now,
            user=request.user,
            must_be_new=True,
        )
    except FactErrors as errors:
        form.refuse(errors)
        return None


def _show_new(request: PersonRequest, form: NewDeploymentForm) -> HttpResponse:
    decision = decision_from(form.facts, today=_today(request)) if form.facts else None
    name = form.facts.name if form.facts else ""
    context = {
        **(_answer(decision, form, name) if decision else {"form": form}),
        "unsaved": True,
        "may_edit": True,
        "new": True,
    }
    template = "decision/_preview.html" if request.htmx else "decision/new.html"
    failed = form.is_bound and bool(form.errors)
    response = render(
        request, template, context, status=422 if failed and not request.htmx else 200
    )
    if request.htmx and failed:
        response["HX-Reswap"] = "none"
    patch_vary_headers(response, ["HX-Request"])
    return response


def _answer(decision: Decision, form: FactsForm, name: str) -> dict[str, Any]:
    return {
        "form": form,
        "decision": decision,
        "headline": decision.headline(name),
        "bars": bars_of(decision),
    }


def _facts_form(deployment: Deployment, request: DeploymentRequest | None = None) -> FactsForm:
    return FactsForm(
        request.POST if request else None,
        facts=deployment.facts,
        sources=deployment.fact_sources,
    )


def _record_form(deployment: Deployment, decision: Decision, today: date) -> RecordForm:
    return RecordForm(
        initial={
            "look_again_on": look_again_proposed(decision),
            "revision": deployment.revision,
        },
        today=today,
    )


def _managers_only(request: DeploymentRequest, what: str) -> None:
    if not request.role.reaches(Role.MANAGER):
        raise PermissionDenied(
            f"To {what} needs the role {Role.MANAGER}; yours is {request.role}."
            " An admin of this deployment can change it under Settings."
        )


def _typed_by(request: PersonRequest) -> str:
    return f"typed by {name_of(request.user)}"


def _today(request: PersonRequest) -> date:
    return timezone.localtime(request.now).date()
