"""Weekly digests of a deployment: when they go out, to whom, how the last one went, and what would be mailed now."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from planner.forms.digest import FORMATS, DigestForm, WebhookForm
from planner.selectors.digest import (
    digest_page,
    has_stopped,
    letter_by_id,
    webhook_by_id,
)
from planner.services.digest import digest_set, letters_now
from planner.services.letter import SENDABLE, LetterRefused, letter_again
from planner.services.mail_stop import StopRefused, mail_resume, mail_stop, stop_address
from planner.services.webhook import (
    WebhookDraft,
    WebhookError,
    shown_address,
    webhook_add,
    webhook_remove,
    webhook_try,
)
from planner.tasks import enqueue_letter
from planner.views.access import DeploymentRequest, Role, TimedRequest, deployment_view
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment, Webhook


@require_safe
@deployment_view(Role.VIEWER)
def page(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """When, to whom, and how the last one went."""
    return _page(request, deployment)


@require_POST
@deployment_view(Role.ADMIN)
def store(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Stores whether and when."""
    form = DigestForm(request.POST)
    if not form.is_valid():
        return _page(request, deployment, form=form)
    digest_set(deployment=deployment, now=request.now, **form.cleaned_data)
    messages.success(request, "Saved. It applies from the next slot on.")
    return redirect("digest", slug=deployment.slug)


@require_safe
@deployment_view(Role.MANAGER)
def preview(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """What would be mailed now."""
    drafted = {
        f"{one.letter.kind}:{one.letter.recipient}": one
        for one in letters_now(deployment=deployment, now=request.now)
    }
    written = [key for key, one in drafted.items() if one.sheet]
    asked = request.GET.get("to", "")
    shown = asked if asked in written else next(iter(written), "")
    context = {"letters": drafted.items(), "to": shown, "shown": drafted.get(shown)}
    return render_page(request, deployment, "digest/preview.html", context, tab="settings")


@require_POST
@deployment_view(Role.ADMIN)
def again(request: DeploymentRequest, deployment: Deployment, letter_id: int) -> HttpResponse:
    """Sends a letter once more that failed or may not have arrived."""
    letter = letter_by_id(deployment, letter_id)
    if letter is None:
        raise Http404("There is no such letter.")
    try:
        letter_again(letter=letter, now=request.now)
    except LetterRefused as refused:
        messages.error(request, str(refused))
    else:
        transaction.on_commit(partial(enqueue_letter, letter.pk))
        messages.success(request, f"The letter to {letter.name} is sent again.")
    return redirect("digest", slug=deployment.slug)


@require_POST
@deployment_view(Role.ADMIN)
def add_webhook(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Adds a webhook."""
    form = WebhookForm(request.POST)
    if form.is_valid():
        draft = WebhookDraft(**form.cleaned_data)
        try:
            webhook = webhook_add(deployment=deployment, draft=draft, now=request.now)
        except WebhookError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, f"Added {webhook.name}. Send it a test.")
            return redirect("digest", slug=deployment.slug)
    return _page(request, deployment, webhook_form=form)


@require_POST
@deployment_view(Role.ADMIN)
def try_webhook(
    request: DeploymentRequest, deployment: Deployment, webhook_id: int
) -> HttpResponse:
    """Posts a test."""
    try:
        said = webhook_try(webhook=_webhook_or_404(deployment, webhook_id), now=request.now)
    except WebhookError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect("digest", slug=deployment.slug)


@require_POST
@deployment_view(Role.ADMIN)
def remove_webhook(
    request: DeploymentRequest, deployment: Deployment, webhook_id: int
) -> HttpResponse:
    """Forgets a webhook."""
    webhook = _webhook_or_404(deployment, webhook_id)
    name = webhook.name
    webhook_remove(webhook=webhook)
    messages.success(request, f"Removed {name}.")
    return redirect("digest", slug=deployment.slug)


def _webhook_or_404(deployment: Deployment, webhook_id: int) -> Webhook:
    webhook = webhook_by_id(deployment, webhook_id)
    if webhook is None:
        raise Http404("There is no such webhook.")
    return webhook


def _page(request: DeploymentRequest, deployment: Deployment, **forms: Any) -> HttpResponse:
    found = digest_page(deployment)
    context = {
        "page": found,
        "mail_is_set_up": settings.MAIL_IS_SET_UP,
        "webhooks": [
            (webhook, dict(FORMATS)[webhook.format], shown_address(webhook))
            for webhook in found.webhooks
        ],
        "sendable": [state.value for state in SENDABLE],
        "form": DigestForm(
            initial={
                "on": deployment.digest_on,
                "weekday": deployment.digest_weekday,
                "hour": deployment.digest_hour,
            }
        ),
        "webhook_form": WebhookForm(),
        **forms,
    }
    return render_page(
        request,
        deployment,
        "digest/page.html",
        context,
        tab="settings",
        status=422 if forms else 200,
    )


@never_cache
@csrf_exempt
@require_http_methods(["GET", "POST"])
def stop(request: TimedRequest, token: str) -> HttpResponse:
    """Ends weekly mail to an address, from a link in it. Mail programs post here by themselves."""
    try:
        address = stop_address(token=token)
    except StopRefused as refused:
        return render(request, "digest/stop.html", {"refused": refused}, status=404)
    if request.method == "POST":
        if request.POST.get("resume"):
            mail_resume(address=address)
        else:
            mail_stop(address=address, now=request.now)
    context = {"address": address, "stopped": has_stopped(address)}
    return render(request, "digest/stop.html", context)
