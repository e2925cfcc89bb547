"""The settings page of a deployment. Everyone may read it; admins change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from planner.domain.access import Role
from planner.domain.numbers import plural
from planner.forms.member import InviteForm
from planner.forms.settings import AxisLeadsForm, CalendarForm, DueDaysForm
from planner.forms.token import TokenForm
from planner.selectors.settings import DeploymentSettings, settings_of
from planner.services.settings import axis_leads_store, calendar_store, due_days_store
from planner.views.access import DeploymentRequest, deployment_view
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment


@require_safe
@deployment_view(Role.VIEWER)
def page(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Members, invites, calendar, due days and axis leads."""
    return show(request, deployment)


@require_POST
@deployment_view(Role.ADMIN)
def calendar(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Stores the working calendar."""
    form = CalendarForm(request.POST)
    if not form.is_valid():
        return show(request, deployment, calendar_form=form)
    moved = calendar_store(
        deployment=deployment, by=request.user, now=request.now, **form.cleaned_data
    )
    saved = "The working calendar is saved. Dates follow it at once"
    return _saved(request, deployment, f"{saved}{_due_otherwise(moved)}.")


@require_POST
@deployment_view(Role.ADMIN)
def due_days(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Stores the days from first sight to due."""
    form = DueDaysForm(request.POST)
    if not form.is_valid():
        return show(request, deployment, due_form=form)
    moved = due_days_store(
        deployment=deployment, days=form.days(), by=request.user, now=request.now
    )
    saved = "Findings seen from now on are due by these days"
    return _saved(request, deployment, f"{saved}{_due_otherwise(moved)}.")


@require_POST
@deployment_view(Role.ADMIN)
def axis_leads(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Stores who leads each axis."""
    found = settings_of(deployment, request.now)
    form = AxisLeadsForm(found.owners, request.POST)
    if not form.is_valid():
        return show(request, deployment, leads_form=form)
    axis_leads_store(deployment=deployment, leads=form.leads())
    return _saved(request, deployment, "The axis leads are saved.")


def show(
    request: DeploymentRequest, deployment: Deployment, *, status: int = 200, **extra: Any
) -> HttpResponse:
    """The page, with ``extra`` in place of what it would say by itself (a form with its errors)."""
    found = settings_of(deployment, request.now)
    refused = any(name.endswith("_form") for name in extra)
    context = {"settings": found, "roles": list(Role), **_forms(found), **extra}
    return render_page(
        request,
        deployment,
        "settings/page.html",
        context,
        tab="settings",
        status=422 if refused else status,
    )


def _forms(found: DeploymentSettings) -> dict[str, Any]:
    return {
        "invite_form": InviteForm(),
        "token_form": TokenForm(),
        "calendar_form": CalendarForm(initial=found.calendar),
        "due_form": DueDaysForm(initial={key: days.own for key, days in found.due_days.items()}),
        "leads_form": AxisLeadsForm(found.owners, initial=found.leads),
    }


def _due_otherwise(moved: int) -> str:
    """How many ERRORs are due on another day, as a sentence goes on."""
    verb = "is" if moved == 1 else "are"
    return f", and {plural(moved, 'ERROR')} {verb} due on another day" if moved else ""


def _saved(request: DeploymentRequest, deployment: Deployment, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    return redirect("settings", slug=deployment.slug)
