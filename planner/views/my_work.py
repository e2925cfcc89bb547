"""One's own work: what is due, the edit for each line, and claims, in all deployments at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from planner.forms.finding import ClaimForm, WaiveForm
from planner.forms.my_work import asked_from, scope_from
from planner.selectors.my_findings import my_picks
from planner.selectors.my_sample import picked_parts
from planner.selectors.my_work import my_work
from planner.selectors.waiver import last_day
from planner.services.finding_log import FindingError
from planner.services.my_work import my_findings_claim, my_findings_unclaim, my_waiver_ask
from planner.views import words
from planner.views.access import PersonRequest, person_view

if TYPE_CHECKING:
    from datetime import date

    from planner.selectors.my_findings import Asked, MyPicks, Scope


@require_GET
@person_view
def page(request: PersonRequest) -> HttpResponse:
    """Everything that belongs to the signed-in person, most urgent first."""
    return _page(request, asked_from(request.GET), ClaimForm())


@require_POST
@person_view
def claim(request: PersonRequest) -> HttpResponse:
    """Claims findings of one's own as fixed: a line, a file, a fix, those picked, or all that are listed."""
    scope, form = scope_from(request.POST), ClaimForm(request.POST)
    if not form.is_valid():
        return _page(request, scope.asked, form, picked=scope.ids)
    try:
        outcome = my_findings_claim(
            picks=_picks(request, scope), user=request.user, now=request.now, **form.cleaned_data
        )
    except FindingError as error:
        form.add_error(error.field, str(error))
        return _page(request, scope.asked, form, picked=scope.ids)
    if outcome.changed:
        said = words.findings(outcome.changed).capitalize()
        messages.success(request, f"{said} claimed fixed. The next scan proves it.")
    else:
        messages.warning(request, "Nothing changed: choose open findings of yours first.")
    return _back(request, scope)


@require_POST
@person_view
def unclaim(request: PersonRequest) -> HttpResponse:
    """Takes claims of one's own back."""
    scope = scope_from(request.POST)
    outcome = my_findings_unclaim(picks=_picks(request, scope), user=request.user, now=request.now)
    if outcome.changed:
        said = "The claim is" if outcome.changed == 1 else f"{outcome.changed:,} claims are"
        messages.success(request, f"{said} taken back.")
    else:
        messages.warning(request, "Nothing changed: there was no claim of yours to take back.")
    return _back(request, scope)


@require_POST
@person_view
def ask_waiver(request: PersonRequest) -> HttpResponse:
    """Asks the managers to set findings of one's own aside: first why and until when, then for all of them."""
    scope = scope_from(request.POST)
    picks = _picks(request, scope)
    if not picks:
        messages.warning(request, "Choose open findings of yours first.")
        return redirect(address_of(scope.asked))
    form = WaiveForm(request.POST if "confirmed" in request.POST else None)
    if not form.is_valid():
        return _asks_why(request, scope, picks, form)
    try:
        outcome = my_waiver_ask(
            picks=picks, now=request.now, user=request.user, **form.cleaned_data
        )
    except FindingError as error:
        form.add_error(error.field, str(error))
        return _asks_why(request, scope, picks, form)
    if outcome.changed:
        said = words.findings(outcome.changed).capitalize()
        messages.success(request, f"Asked for a waiver: {said.lower()}. A manager answers.")
    else:
        messages.warning(request, "Nothing changed: that was asked for already.")
    return _back(request, scope)


def _asks_why(
    request: PersonRequest, scope: Scope, picks: MyPicks, form: WaiveForm
) -> HttpResponse:
    today = _today(request)
    parts = picked_parts(picks, today=today)
    context = {
        "parts": parts,
        "count": sum(part.count for part in parts),
        "form": form,
        "scope": scope,
        "tomorrow": today + timedelta(days=1),
        "last_day": last_day(today),
        "back": address_of(scope.asked),
        "tab": "me",
    }
    return render(request, "me/ask_waiver.html", context, status=422 if form.errors else 200)


def _page(
    request: PersonRequest, asked: Asked, form: ClaimForm, *, picked: tuple[int, ...] = ()
) -> HttpResponse:
    context = {
        "work": my_work(request.user, asked, today=_today(request)),
        "asked": asked,
        "form": form,
        "picked": picked,
        "tab": "me",
        "here": address_of(asked),
    }
    # The browser's back button asks through htmx too, but wants the whole page.
    is_part = bool(request.htmx) and not request.htmx.history_restore_request
    # htmx shows no answer of 4xx, and the person must see what is wrong.
    status = 422 if form.errors and not is_part else 200
    template = "me/_work.html" if is_part else "me/page.html"
    response = render(request, template, {**context, "is_part": is_part}, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _picks(request: PersonRequest, scope: Scope) -> MyPicks:
    return my_picks(request.user, scope, today=_today(request))


def _today(request: PersonRequest) -> date:
    return timezone.localdate(request.now)


def _back(request: PersonRequest, scope: Scope) -> HttpResponse:
    """To the list as it was, at the place that was acted on."""
    anchor = ""
    if "only" in request.POST and scope.ids:
        anchor = f"#f-{scope.ids[0]}"
    elif key := scope.fix or scope.file.partition(" ")[0]:
        anchor = f"#x-{key}"
    return redirect(address_of(scope.asked) + anchor)


def address_of(asked: Asked) -> str:
    """Where a list of one's own work is."""
    query = {"show": asked.show, "fix": asked.fix, "after": asked.cursor}
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{reverse('me')}?{said}"
