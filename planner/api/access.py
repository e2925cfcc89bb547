"""Bearer tokens: who calls, for which deployment, and what for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja.errors import HttpError
from ninja.security import HttpBearer

from planner.services.token import token_verify

if TYPE_CHECKING:
    from planner.models import ApiToken, Deployment


class Bearer(HttpBearer):
    """Lets a call through that carries a living token; ``request.auth`` is the token's row."""

    openapi_bearerFormat = "fp_SCOPE_…"

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        return token_verify(text=token, now=timezone.now())


def token_of(request: HttpRequest) -> ApiToken:
    """The token that the call was let through with."""
    return cast("ApiToken", request.auth)  # type: ignore[attr-defined]


def deployment_for(request: HttpRequest, slug: str, *scopes: str) -> Deployment:
    """The deployment, where the token is its own and has one of the scopes.

    Other deployments do not exist for a token, so that it cannot be used to learn their names.
    """
    token = token_of(request)
    if token.deployment.slug != slug:
        raise Http404
    if token.scope not in scopes:
        raise HttpError(403, f"This token's scope is {token.scope}; the call needs {scopes[0]}.")
    return token.deployment
