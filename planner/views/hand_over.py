"""“Not mine”: said on one's own work, answered by whom it is put to, or settled by a manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from planner.domain.ownership import owner_key
from planner.forms.hand_over import AnswerForm, NotMineForm, SettleForm
from planner.forms.my_work import scope_from
from planner.selectors.hand_over import (
    hand_over_asked_by,
    hand_over_by_id,
    hand_over_offered_to,
    hand_overs_waiting,
)
from planner.selectors.my_findings import my_picks
from planner.selectors.my_sample import picked_parts
from planner.selectors.owner import owner_ids_of, owner_named, owner_options
from planner.services.finding_log import FindingError, Outcome
from planner.services.hand_over import (
    hand_over_ask,
    hand_over_give,
    hand_over_keep,
    hand_over_refuse,
    hand_over_withdraw,
)
from planner.views import words
from planner.views.access import (
    DeploymentRequest,
    PersonRequest,
    Role,
    deployment_view,
    person_view,
)
from planner.views.my_work import address_of
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment, HandOver, Owner
    from planner.selectors.my_findings import MyPicks, Scope


@require_POST
@person_view
def not_mine(request: PersonRequest) -> HttpResponse:
    """Asks whose the picked findings are, and says so to them or to the managers."""
    scope = scope_from(request.POST)
    picks = my_picks(request.user, scope, today=timezone.localdate(request.now))
    if not picks:
        messages.warning(request, "Choose open findings of yours first.")
        return redirect(address_of(scope.asked))
    if "confirmed" not in request.POST:
        return _asks_whose(request, scope, picks, NotMineForm())
    form = NotMineForm(request.POST)
    if not form.is_valid():
        return _asks_whose(request, scope, picks, form)
    total = Outcome(0, 0)
    try:
        for deployment, ids in picks.items():
            total += hand_over_ask(
                deployment=deployment,
                finding_ids=ids,
                suggested=_suggested(deployment, form),
                reason=form.cleaned_data["reason"],
                now=request.now,
                user=request.user,
            )
    except FindingError as error:
        form.add_error("reason", str(error))
        return _asks_whose(request, scope, picks, form)
    if total.changed:
        said = words.findings(total.changed).capitalize()
        messages.success(
            request, f"{said} said not to be yours. They stay here until it is settled."
        )
    else:
        messages.warning(request, "Nothing changed: that was said already.")
    return redirect(address_of(scope.asked))


@require_POST
@person_view
def take(request: PersonRequest, hand_over_id: int) -> HttpResponse:
    """Takes findings over that somebody says are one's own."""
    found = hand_over_offered_to(request.user, hand_over_id)
    if found is None or found.suggested is None:
        raise Http404("Nobody waits for your answer to this any more.")
    try:
        outcome = hand_over_give(
            hand_over=found, owner=found.suggested, now=request.now, user=request.user
        )
    except FindingError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"You took over {words.findings(outcome.changed)}.")
    return redirect("me")


@require_POST
@person_view
def refuse(request: PersonRequest, hand_over_id: int) -> HttpResponse:
    """Says that findings which are offered are not one's own either."""
    found = hand_over_offered_to(request.user, hand_over_id)
    if found is None:
        raise Http404("Nobody waits for your answer to this any more.")
    form = AnswerForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    try:
        hand_over_refuse(hand_over=found, reason=reason, now=request.now, user=request.user)
    except FindingError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "A manager will settle whose they are.")
    return redirect("me")


@require_POST
@person_view
def withdraw(request: PersonRequest, hand_over_id: int) -> HttpResponse:
    """Takes “not mine” back."""
    found = hand_over_asked_by(request.user, hand_over_id)
    if found is None:
        raise Http404("You have not said this of any finding.")
    try:
        hand_over_withdraw(hand_over=found, now=request.now, user=request.user)
    except FindingError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Taken back: they are yours.")
    return redirect("me")


@require_GET
@deployment_view(Role.VIEWER)
def page(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """What owners say is not theirs, for managers to settle."""
    return _page(request, deployment)


@require_POST
@deployment_view(Role.MANAGER)
def settle(request: DeploymentRequest, deployment: Deployment, hand_over_id: int) -> HttpResponse:
    """Gives the findings to someone, or leaves them where they are."""
    found = hand_over_by_id(deployment, hand_over_id)
    if found is None:
        raise Http404(f"{deployment.name} has nothing like that to settle.")
    form = SettleForm(request.POST)
    key = owner_key(form.cleaned_data["owner"]) if form.is_valid() else ""
    owner = owner_named(deployment, key) if key else None
    try:
        said = _settled(request, found, owner, form)
    except FindingError as error:
        return _page(request, deployment, failed=found.pk, error=str(error))
    messages.success(request, said)
    return redirect("hand-overs", slug=deployment.slug)


def _settled(
    request: DeploymentRequest, found: HandOver, owner: Owner | None, form: SettleForm
) -> str:
    """Settles it; what to tell."""
    if owner is not None and owner.pk != found.owner_id:
        outcome = hand_over_give(hand_over=found, owner=owner, now=request.now, user=request.user)
        return f"{words.findings(outcome.changed).capitalize()} assigned to {owner.name}."
    reason = form.cleaned_data.get("reason", "")
    hand_over_keep(hand_over=found, reason=reason, now=request.now, user=request.user)
    return f"They stay with {found.owner.name}."


def _page(
    request: DeploymentRequest, deployment: Deployment, *, failed: int = 0, error: str = ""
) -> HttpResponse:
    waiting = hand_overs_waiting(deployment)
    context = {
        "waiting": waiting,
        "count": sum(one.count for one in waiting),
        "owners": owner_options(deployment),
        "failed": failed,
        "error": error,
    }
    return render_page(
        request,
        deployment,
        "hand_over/page.html",
        context,
        tab="owners",
        status=422 if error else 200,
    )


def _suggested(deployment: Deployment, form: NotMineForm) -> Owner | None:
    key = owner_key(form.owner_key(deployment.pk))
    owner = owner_named(deployment, key) if key else None
    if key and owner is None:
        raise FindingError("owner", f"“{key}” is no owner in {deployment.name}.")
    return owner


def _asks_whose(
    request: PersonRequest, scope: Scope, picks: MyPicks, form: NotMineForm
) -> HttpResponse:
    parts = picked_parts(picks, today=timezone.localdate(request.now))
    context = {
        "parts": parts,
        "count": sum(part.count for part in parts),
        "mine": owner_ids_of(request.user, picks),
        "chosen": {deployment.pk: form.owner_key(deployment.pk) for deployment in picks},
        "form": form,
        "scope": scope,
        "back": address_of(scope.asked),
        "tab": "me",
    }
    return render(request, "me/not_mine.html", context, status=422 if form.errors else 200)
