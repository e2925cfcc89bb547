"""What people do with findings on the pages: asked first, for one, for several or for all that match."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from planner.domain.dates import with_year
from planner.domain.ownership import owner_key
from planner.forms.finding import (
    AssignForm,
    ClaimForm,
    DueForm,
    NoteForm,
    NothingForm,
    PickForm,
    WaiveForm,
)
from planner.selectors.finding import finding_ids, findings_by_ids
from planner.selectors.finding_row import finding_rows
from planner.selectors.owner import owner_named, owner_options, owns_all
from planner.services.finding import (
    finding_assign,
    finding_claim,
    finding_due_set,
    finding_note,
    finding_unclaim,
    finding_unpick,
)
from planner.services.finding_log import FindingError, Outcome
from planner.services.waiver import finding_waive, waiver_end
from planner.services.waiver_request import waiver_ask
from planner.views import words
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment


SAMPLE = 8
"""Findings named on a page that asks before it changes many."""


@require_POST
@deployment_view(Role.OWNER)
def act(request: DeploymentRequest, deployment: Deployment, action: str) -> HttpResponse:
    """Does something with one finding, with several, or with all that match a filter.

    Without ``confirmed`` it first shows what it is about to do. With an expected number that no
    longer holds it shows the new one instead of acting.
    """
    chosen = _ACTIONS.get(action)
    if chosen is None:
        raise Http404("There is no such thing to do with findings.")
    pick = PickForm(request.POST)
    ids = _picked(request, deployment, pick)
    _check_allowed(request, deployment, chosen, ids)
    if not ids:
        messages.warning(request, "Choose at least one finding first.")
        return redirect(_next(request, deployment))
    form = chosen.form(request.POST if "confirmed" in request.POST else None)
    moved = pick.cleaned_data.get("expected") not in (None, len(ids))
    if "confirmed" not in request.POST or moved or not form.is_valid():
        return _asks_first(request, deployment, chosen, form, ids, moved=moved)
    try:
        outcome, sentence = chosen.run(request, deployment, ids, form.cleaned_data)
    except FindingError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _asks_first(request, deployment, chosen, form, ids, moved=False)
    _tell(request, outcome, sentence)
    return redirect(_next(request, deployment))


@dataclass(frozen=True, slots=True)
class _Action:
    """Something that can be done with findings."""

    name: str
    verb: str
    """What the button says, like “Claim fixed”."""
    form: type[forms.Form]
    run: Callable[[DeploymentRequest, Deployment, list[int], dict[str, Any]], tuple[Outcome, str]]
    by_owner: bool = False
    """People with the role owner may do it with their own findings."""


def _assign(
    request: DeploymentRequest, deployment: Deployment, ids: list[int], values: dict[str, Any]
) -> tuple[Outcome, str]:
    if not values["owner"]:
        outcome = finding_unpick(
            deployment=deployment, finding_ids=ids, now=request.now, user=request.user
        )
        return outcome, "handed back to the rules."
    owner = owner_named(deployment, owner_key(values["owner"]))
    if owner is None:
        raise FindingError("owner", f"“{values['owner']}” is no owner here. Add them under Owners.")
    outcome = finding_assign(
        deployment=deployment, finding_ids=ids, owner=owner, now=request.now, user=request.user
    )
    return outcome, f"assigned to {owner.name}."


def _claim(
    request: DeploymentRequest, deployment: Deployment, ids: list[int], values: dict[str, Any]
) -> tuple[Outcome, str]:
    outcome = finding_claim(
        deployment=deployment,
        finding_ids=ids,
        now=request.now,
        user=request.user,
        why=values["why"],
        link=values["link"],
    )
    return outcome, "claimed fixed. The next scan proves it."


def _unclaim(
    request: DeploymentRequest, deployment: Deployment, ids: list[int], values: dict[str, Any]
) -> tuple[Outcome, str]:
    outcome = finding_unclaim(
        deployment=deployment, finding_ids=ids, now=request.now, user=request.user
    )
    return outcome, "open again."


def _waive(
    request: DeploymentRequest, deployment: Deployment, ids: list[int], values: dict[str, Any]
) -> tuple[Outcome, str]:
    outcome = finding_waive(
        deployment=deployment,
        finding_ids=ids,
        reason=values["reason"],
        expires_on=values["expires_on"],
        today=timezone.localdate(request.now),
        now=request.now,
        user=request.user,
    )
    return outcome, f"waived until {with_year(values['expires_on'])}. It comes back by itself."


def _ask_waiver(
    request: DeploymentRequest, deployment: Deployment, ids: list[int], values: dict[str, Any]
) -> tuple[Outcome, str]:
    outcome = waiver_ask(
        deployment=deployment,
        finding_ids=ids,
        reason=values["reason"],
        expires_on=values["expires_on"],
        user=request.user,
        now=request.now,
        today=timezone.localdate(request.now),
    )
    until = with_year(values["expires_on"])
    return (
        outcome,
        f"asked to be waived until {until}. A manager answers; until then nothing changes.",
    )


def _end_waiver(
    request: DeploymentRequest, deployment: Deployment, ids: list[int], values: dict[str, Any]
) -> tuple[Outcome, str]:
    outcome = waiver_end(deployment=deployment, finding_ids=ids, now=request.now, user=request.user)
    return outcome, "open again."


def _note(
    request: DeploymentRequest, deployment: Deployment, ids: list[int], values: dict[str, Any]
) -> tuple[Outcome, str]:
    outcome = finding_note(
        deployment=deployment,
        finding_ids=ids,
        note=values["note"],
        now=request.now,
        user=request.user,
    )
    return outcome, "noted."


def _due(
    request: DeploymentRequest, deployment: Deployment, ids: list[int], values: dict[str, Any]
) -> tuple[Outcome, str]:
    due = values["due"]
    outcome = finding_due_set(
        deployment=deployment, finding_ids=ids, due=due, now=request.now, user=request.user
    )
    return outcome, f"due {with_year(due)}." if due else "without a date."


_ACTIONS = {
    action.name: action
    for action in (
        _Action("assign", "Assign", AssignForm, _assign),
        _Action("claim", "Claim fixed", ClaimForm, _claim, by_owner=True),
        _Action("unclaim", "Take the claim back", NothingForm, _unclaim, by_owner=True),
        _Action("waive", "Waive", WaiveForm, _waive),
        _Action("ask-waiver", "Ask for a waiver", WaiveForm, _ask_waiver, by_owner=True),
        _Action("end-waiver", "End the waiver", NothingForm, _end_waiver),
        _Action("note", "Write the note", NoteForm, _note, by_owner=True),
        _Action("due", "Set the date", DueForm, _due),
    )
}


def _picked(request: DeploymentRequest, deployment: Deployment, pick: PickForm) -> list[int]:
    if pick.is_valid() and pick.cleaned_data["everything"]:
        return finding_ids(deployment, pick.filters(), today=timezone.localdate(request.now))
    return pick.picked()


def _check_allowed(
    request: DeploymentRequest, deployment: Deployment, action: _Action, ids: Iterable[int]
) -> None:
    if request.role.reaches(Role.MANAGER):
        return
    if not action.by_owner:
        raise PermissionDenied(f"“{action.verb}” needs the role manager; yours is {request.role}.")
    if not owns_all(request.user, deployment, ids):
        raise PermissionDenied(
            "With the role owner you can only do this with findings that are yours."
        )


def _asks_first(
    request: DeploymentRequest,
    deployment: Deployment,
    action: _Action,
    form: forms.Form,
    ids: list[int],
    *,
    moved: bool,
) -> HttpResponse:
    everything = "everything" in request.POST
    sample = findings_by_ids(deployment, ids[:SAMPLE])
    context = {
        "action": action,
        "form": form,
        "count": len(ids),
        "rows": finding_rows(sample, today=timezone.localdate(request.now)),
        "more": max(0, len(ids) - SAMPLE),
        "everything": everything,
        "query": request.POST.get("query", ""),
        "ids": [] if everything else ids,
        "owners": owner_options(deployment),
        "asked_owner": request.POST.get("owner", ""),
        "moved": moved,
        "next": _next(request, deployment),
        "tomorrow": timezone.localdate(request.now) + timedelta(days=1),
    }
    status = 422 if form.errors else 200
    return render_page(
        request, deployment, "finding/confirm.html", context, tab="findings", status=status
    )


def _next(request: DeploymentRequest, deployment: Deployment) -> str:
    asked = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure()):
        return asked
    return reverse("findings", args=[deployment.slug])


def _tell(request: DeploymentRequest, outcome: Outcome, sentence: str) -> None:
    if outcome.changed:
        left = (
            f" {words.findings(outcome.left).capitalize()} stayed as they were."
            if outcome.left
            else ""
        )
        messages.success(
            request, f"{words.findings(outcome.changed).capitalize()} {sentence}{left}"
        )
    else:
        messages.warning(request, "Nothing changed: none of them was in a state that allows this.")
