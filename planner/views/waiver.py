"""Waivers: the page that lists them with what they hide, and what people do with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from planner.domain.dates import with_year
from planner.forms.finding import NothingForm, WaiveForm
from planner.forms.waiver import ApproveSilencedForm, DeclineForm, ScopeForm, asked_scope
from planner.selectors.silencing import silenced_group, silenced_page
from planner.selectors.waiver import (
    ended_page,
    holding_page,
    last_day,
    scope_of,
    scope_options,
    scope_preview,
    soon_days,
    waived_counts,
    waiver_by_id,
)
from planner.selectors.waiver_request import request_by_id, request_rows
from planner.services.finding_log import FindingError, Outcome
from planner.services.waiver import (
    checked_scope,
    checked_terms,
    finding_waive,
    waiver_add,
    waiver_extend,
    waiver_stop,
)
from planner.services.waiver_request import (
    waiver_request_approve,
    waiver_request_decline,
    waiver_request_withdraw,
)
from planner.views import words
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment, Waiver, WaiverRequest


@require_GET
@deployment_view(Role.VIEWER)
def page(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Waivers that hold, requests, what the code silences, and waivers that have ended."""
    today = timezone.localdate(request.now)
    after, before = _place(request, "after"), _place(request, "ended")
    requests, more_requests = request_rows(deployment)
    waived = waived_counts(deployment)
    context = {
        "holding": holding_page(deployment, today=today, after=after),
        "ended": ended_page(deployment, today=today, before=before),
        "is_first_page": after is None and before is None,
        "waived": waived,
        "waived_in_all": sum(waived.values()),
        "requests": requests,
        "more_requests": more_requests,
        "silenced": silenced_page(deployment),
        "soon_days": soon_days(),
        **_days(request),
    }
    return render_page(request, deployment, "waiver/page.html", context, tab="waivers")


@require_http_methods(["GET", "POST"])
@deployment_view(Role.MANAGER)
def add(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Asks what to waive, shows what that would hide, and does it."""
    if request.method == "GET":
        return _add_page(request, deployment, ScopeForm(initial=asked_scope(request.GET)))
    form = ScopeForm(request.POST)
    if not form.is_valid():
        return _add_page(request, deployment, form, status=422)
    try:
        scope = checked_scope(deployment, form.scope())
        until = form.cleaned_data["expires_on"]
        checked_terms(form.cleaned_data["reason"], until, timezone.localdate(request.now))
        if "confirmed" not in request.POST:
            preview = scope_preview(deployment, scope)
            return _add_page(request, deployment, form, preview=preview, words=scope.words)
        outcome = waiver_add(
            deployment=deployment,
            scope=scope,
            reason=form.cleaned_data["reason"],
            expires_on=until,
            **_who_and_when(request),
        )
    except FindingError as error:
        form.add_error(error.field, str(error))
        return _add_page(request, deployment, form, status=422)
    said = words.findings(outcome.changed).capitalize() if outcome.changed else "Nothing yet"
    messages.success(
        request, f"{said} waived, and what later scans find there, until {with_year(until)}."
    )
    return redirect("waivers", slug=deployment.slug)


@require_POST
@deployment_view(Role.MANAGER)
def extend(request: DeploymentRequest, deployment: Deployment, waiver_id: int) -> HttpResponse:
    """Lets a waiver end on another day."""
    waiver = _waiver_or_404(deployment, waiver_id)

    def act(values: dict[str, Any]) -> str:
        hidden = waiver_extend(waiver=waiver, **values, **_who_and_when(request))
        until = with_year(values["expires_on"])
        return f"The waiver of {words.findings(hidden)} holds until {until} now."

    title = f"Extend the waiver of {scope_of(waiver).words}"
    return _do(request, deployment, WaiveForm(request.POST), title, "Extend", act)


@require_POST
@deployment_view(Role.MANAGER)
def end(request: DeploymentRequest, deployment: Deployment, waiver_id: int) -> HttpResponse:
    """Ends a waiver before its day."""
    waiver = _waiver_or_404(deployment, waiver_id)
    outcome = waiver_stop(waiver=waiver, now=request.now, user=request.user)
    back = words.findings(outcome.changed).capitalize() if outcome.changed else "No finding"
    left = words.findings(outcome.left).capitalize()
    stay = f" {left} stay waived by another waiver." if outcome.left else ""
    messages.success(request, f"The waiver has ended. {back} came back.{stay}")
    return redirect("waivers", slug=deployment.slug)


@require_POST
@deployment_view(Role.MANAGER)
def approve(request: DeploymentRequest, deployment: Deployment, request_id: int) -> HttpResponse:
    """Approves a request."""
    asked = _request_or_404(deployment, request_id)

    def act(values: dict[str, Any]) -> str:
        outcome = waiver_request_approve(request=asked, **values, **_who_and_when(request))
        return _waived(outcome, values["expires_on"])

    form = WaiveForm(request.POST)
    return _do(request, deployment, form, "Approve the waiver", "Approve", act)


@require_POST
@deployment_view(Role.MANAGER)
def decline(request: DeploymentRequest, deployment: Deployment, request_id: int) -> HttpResponse:
    """Declines a request in a sentence."""
    asked = _request_or_404(deployment, request_id)

    def act(values: dict[str, Any]) -> str:
        waiver_request_decline(request=asked, **values, now=request.now, user=request.user)
        return "Declined. The findings' history says why."

    form = DeclineForm(request.POST)
    return _do(request, deployment, form, "Decline the waiver", "Decline", act)


@require_POST
@deployment_view(Role.OWNER)
def withdraw(request: DeploymentRequest, deployment: Deployment, request_id: int) -> HttpResponse:
    """Takes one's own request back."""
    asked = _request_or_404(deployment, request_id)
    if asked.asked_by != request.user:
        raise PermissionDenied("Only the person who asked can take the request back.")

    def act(values: dict[str, Any]) -> str:
        waiver_request_withdraw(request=asked, now=request.now, user=request.user)
        return "Your request is taken back."

    form = NothingForm(request.POST)
    return _do(request, deployment, form, "Take the request back", "Take it back", act)


@require_POST
@deployment_view(Role.MANAGER)
def approve_silenced(request: DeploymentRequest, deployment: Deployment, key: str) -> HttpResponse:
    """Makes a waiver of what one comment or one entry of an ignore file silences."""
    group = silenced_group(deployment, key)
    if group is None:
        raise Http404("Nothing is silenced in that way any more.")

    def act(values: dict[str, Any]) -> str:
        if values["expected"] not in (None, len(group.findings)):
            now = words.findings(len(group.findings))
            raise FindingError("key", f"It is {now} by now. Look at the page again, then approve.")
        outcome = finding_waive(
            deployment=deployment,
            finding_ids=group.findings,
            reason=values["reason"],
            expires_on=values["expires_on"],
            **_who_and_when(request),
        )
        return _waived(outcome, values["expires_on"])

    form = ApproveSilencedForm(request.POST)
    return _do(request, deployment, form, "Approve what the code silences", "Approve", act)


def _do(
    request: DeploymentRequest,
    deployment: Deployment,
    form: forms.Form,
    title: str,
    verb: str,
    act: Callable[[dict[str, Any]], str],
) -> HttpResponse:
    """Does what a form of the page asks for, and says so; or shows the form alone, with what is wrong in it."""
    if form.is_valid():
        try:
            messages.success(request, act(form.cleaned_data))
        except FindingError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            return redirect("waivers", slug=deployment.slug)
    context = {"form": form, "title": title, "verb": verb, "here": request.path, **_days(request)}
    return render_page(request, deployment, "waiver/again.html", context, tab="waivers", status=422)


def _who_and_when(request: DeploymentRequest) -> dict[str, Any]:
    return {
        "today": timezone.localdate(request.now),
        "now": request.now,
        "user": request.user,
    }


def _waived(outcome: Outcome, until: date) -> str:
    if not outcome.changed:
        return "None of them is open any more, so nothing is waived."
    return f"{words.findings(outcome.changed).capitalize()} waived until {with_year(until)}."


def _add_page(
    request: DeploymentRequest,
    deployment: Deployment,
    form: ScopeForm,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {
        "form": form,
        "options": scope_options(deployment),
        **_days(request),
        **more,
    }
    return render_page(
        request, deployment, "waiver/add.html", context, tab="waivers", status=status
    )


def _days(request: DeploymentRequest) -> dict[str, Any]:
    """Between which days a waiver may end."""
    today = timezone.localdate(request.now)
    return {"tomorrow": today + timedelta(days=1), "last_day": last_day(today)}


def _place(request: DeploymentRequest, name: str) -> int | None:
    asked = request.GET.get(name, "")
    return int(asked) if asked.isdecimal() and len(asked) <= 18 else None


def _waiver_or_404(deployment: Deployment, waiver_id: int) -> Waiver:
    found = waiver_by_id(deployment, waiver_id)
    if found is None:
        raise Http404(f"{deployment.name} has no such waiver.")
    return found


def _request_or_404(deployment: Deployment, request_id: int) -> WaiverRequest:
    found = request_by_id(deployment, request_id)
    if found is None:
        raise Http404(f"{deployment.name} has no such request.")
    return found
