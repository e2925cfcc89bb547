"""Who may see a page: sign-in, membership and role, decided before the view runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from planner.domain.access import Role
from planner.selectors.access import deployment_for
from planner.selectors.local_time import zone_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from planner.models import Deployment

__all__ = [
    "DeploymentRequest",
    "PersonRequest",
    "Role",
    "TimedRequest",
    "deployment_view",
    "person_view",
]


class TimedRequest(HttpRequest):
    """Any request, as the middleware leaves it."""

    htmx: HtmxDetails
    now: datetime


class PersonRequest(TimedRequest):
    """A request of someone who has signed in."""

    user: User


class DeploymentRequest(PersonRequest):
    """A request of a member of the deployment that the page belongs to."""

    role: Role


class _DeploymentView(Protocol):
    def __call__(
        self, request: DeploymentRequest, deployment: Deployment, **kwargs: Any
    ) -> HttpResponseBase: ...


def person_view(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """A view for everyone who has signed in; others are sent to the sign-in page and back."""

    @wraps(view)
    def checked(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        return view(cast(PersonRequest, request), **kwargs)

    return checked


def deployment_view(
    needed: Role,
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """A view of one deployment, for its members of at least the ``needed`` role.

    The view gets ``(request, deployment, **kwargs)``. People who are no members get 404, members
    with too low a role 403 with a sentence. Times in the page are in the deployment's zone.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        inner = cast(_DeploymentView, view)

        @wraps(view)
        def checked(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            found = deployment_for(slug=slug, user=request.user)
            if found is None:
                raise Http404(f"There is no deployment “{slug}” that you can see.")
            deployment, role = found
            if not role.reaches(needed):
                raise PermissionDenied(_too_low(role, needed, deployment))
            allowed = cast(DeploymentRequest, request)
            allowed.role = role
            with timezone.override(zone_of(deployment)):
                return inner(allowed, deployment, **kwargs)

        return checked

    return decorate


def _too_low(role: Role, needed: Role, deployment: Deployment) -> str:
    return (
        f"This needs the role {needed} in {deployment.name}; yours is {role}. "
        f"An admin of {deployment.name} can change it under Settings."
    )


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    login = redirect_to_login(request.get_full_path())
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(login.url)
    return login
