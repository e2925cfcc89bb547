"""The package ``upgradecheck``, for people and for CI jobs. No sign-in: it is the same for everyone."""

from __future__ import annotations

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from planner.rendering.requirements import requirements
from planner.selectors.package import REQUIREMENTS, Package, package


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What there is, its SHA-256, and the one line that installs it."""
    found = package()
    context = {"package": found, "requirements": REQUIREMENTS, "line": _pip_line() if found else ""}
    return render(request, "dist/page.html", context, status=200 if found else 503)


@never_cache
@require_safe
def file(request: HttpRequest, name: str) -> HttpResponseBase:
    """The wheel, or the list with which pip installs it. Nothing else can be named here."""
    found = package()
    if found is not None and name == found.name:
        return FileResponse(
            found.path.open("rb"), filename=name, content_type="application/octet-stream"
        )
    if found is not None and name == REQUIREMENTS and found.dependencies:
        return HttpResponse(_requirements(found), content_type="text/plain; charset=utf-8")
    raise Http404("There is no such file.")


def _requirements(found: Package) -> str:
    return requirements(
        address=_address(found.name), sha256=found.sha256, dependencies=found.dependencies
    )


def _pip_line() -> str:
    return f"pip install --require-hashes --requirement {_address(REQUIREMENTS)}"


def _address(name: str) -> str:
    return f"{settings.BASE_URL}{reverse('dist-file', args=[name])}"
