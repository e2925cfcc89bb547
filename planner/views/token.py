"""Making and revoking a deployment's API tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from planner.domain.access import Role
from planner.forms.token import TokenForm
from planner.selectors.settings import living_token
from planner.services.token import token_make, token_revoke
from planner.views import settings
from planner.views.access import DeploymentRequest, deployment_view

if TYPE_CHECKING:
    from planner.models import Deployment


@never_cache
@require_POST
@deployment_view(Role.ADMIN)
def make(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """Makes a token and shows its text this once."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return settings.show(request, deployment, token_form=form)
    token, text = token_make(
        deployment=deployment,
        scope=form.cleaned_data["scope"],
        expires_at=request.now + form.cleaned_data["lasts"],
        now=request.now,
    )
    return settings.show(request, deployment, made_token=token, token_text=text)


@require_POST
@deployment_view(Role.ADMIN)
def revoke(request: DeploymentRequest, deployment: Deployment, token_id: int) -> HttpResponse:
    """Ends a token at once."""
    token = living_token(deployment, token_id, request.now)
    if token is None:
        raise Http404("That token is not there.")
    token_revoke(token=token, now=request.now)
    messages.success(request, "The token is revoked; whoever uses it is refused from now on.")
    return redirect("settings", slug=deployment.slug)
