"""Findings: the list, one of them, what people do with them, and the CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from planner.domain.dates import with_year
from planner.domain.finding import Axis, Severity
from planner.domain.ownership import owner_key
from planner.forms.finding import (
    AssignForm,
    ClaimForm,
    DueForm,
    ImportApplyForm,
    ImportForm,
    NoteForm,
    NothingForm,
    PickForm,
    WaiveForm,
    filter_from,
)
from planner.rendering.finding_csv import BYTE_ORDER_MARK, csv_lines
from planner.selectors.finding import finding_ids, findings_by_ids
from planner.selectors.finding_export import finding_csv_rows
from planner.selectors.finding_filter import CATEGORIES, DUES, SORTS, STATES
from planner.selectors.finding_list import finding_list, finding_view
from planner.selectors.finding_row import finding_rows
from planner.selectors.owner import owner_named, owner_options, owns_all
from planner.services.finding import (
    FindingError,
    Outcome,
    finding_assign,
    finding_claim,
    finding_due_set,
    finding_note,
    finding_unclaim,
    finding_unpick,
    finding_waive,
    waiver_end,
)
from planner.services.finding_csv import (
    CsvRejected,
    ImportGone,
    import_apply_stored,
    import_preview,
    import_store,
)
from planner.views import words
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment

SAMPLE = 8
"""Findings named on a page that asks before it changes many."""


@require_GET
@deployment_view(Role.VIEWER)
def findings(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """The list, narrowed by the query string; htmx gets only the results or the next rows."""
    filters, ignored = filter_from(request.GET)
    cursor = request.GET.get("cursor", "")
    listed = finding_list(deployment, filters, today=timezone.localdate(request.now), cursor=cursor)
    context = {
        "list": listed,
        "filters": filters,
        "ignored": ignored,
        "states": STATES,
        "dues": DUES,
        "sorts": SORTS,
        "categories": CATEGORIES,
        "axes": list(Axis),
        "severities": [
            {
                "name": severity.value,
                "count": listed.counts.by_severity.get(severity, 0),
                "checked": severity in filters.severities,
            }
            for severity in Severity
        ],
        "here": request.get_full_path(),
    }
    fragment = "finding/_more.html" if request.htmx.target == "more" else "finding/_results.html"
    return render_page(
        request, deployment, "finding/list.html", context, tab="findings", fragment=fragment
    )


@require_GET
@deployment_view(Role.VIEWER)
def finding(request: DeploymentRequest, deployment: Deployment, finding_id: int) -> HttpResponse:
    """One finding: what, why, instead, the edit, its history, and what can be done."""
    return _finding_page(request, deployment, finding_id)


@require_GET
@deployment_view(Role.VIEWER)
def download(request: DeploymentRequest, deployment: Deployment) -> HttpResponseBase:
    """The matching findings as CSV."""
    filters, _ = filter_from(request.GET)
    today = timezone.localdate(request.now)
    rows = finding_csv_rows(deployment, filters, today=today)
    response = StreamingHttpResponse(
        _with_mark(csv_lines(rows)), content_type="text/csv; charset=utf-8"
    )
    name = f"findings-{deployment.slug}-{today.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


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


# --- Actions -----------------------------------------------------------------------------------------------


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


def _finding_page(
    request: DeploymentRequest, deployment: Deployment, finding_id: int
) -> HttpResponse:
    view = finding_view(deployment, finding_id, today=timezone.localdate(request.now))
    if view is None:
        raise Http404(f"{deployment.name} has no finding {finding_id}.")
    is_mine = owns_all(request.user, deployment, [finding_id])
    context = {
        "view": view,
        "finding": view.detail.finding,
        "last_scan": view.detail.last_scan,
        "row": view.row,
        "may_claim": request.role.reaches(Role.MANAGER)
        or (request.role.reaches(Role.OWNER) and is_mine),
        "here": request.path,
        "is_mine": is_mine,
    }
    return render_page(request, deployment, "finding/page.html", context, tab="findings")


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


def _with_mark(lines: Iterable[str]) -> Iterable[str]:
    yield BYTE_ORDER_MARK
    yield from lines
