"""The check in the team's own CI: the files to commit, the token they need, and whether it works already."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from planner.rendering.kit import KITS, kit_files
from planner.selectors.kit import ci_standing, kit_values
from planner.selectors.package import package
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.attachment import as_file
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment

_KIT = KITS["ci"]


@require_GET
@deployment_view(Role.VIEWER)
def ci(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """What to do, in order, with the files to read, copy and keep."""
    texts = _texts(request, deployment)
    context = {
        "files": [
            {
                "path": path,
                "name": PurePosixPath(path).name,
                "title": _KIT.files[path].title,
                "text": text,
            }
            for path, text in texts.items()
        ],
        "standing": ci_standing(deployment, today=timezone.localdate(request.now)),
    }
    return render_page(request, deployment, "kit/ci.html", context, tab="scans")


@require_GET
@deployment_view(Role.VIEWER)
def ci_file(request: DeploymentRequest, deployment: Deployment, name: str) -> HttpResponse:
    """One of the files, to keep."""
    for path, text in _texts(request, deployment).items():
        if PurePosixPath(path).name == name:
            return as_file(text.encode(), name)
    raise Http404("There is no such file for CI.")


def _texts(request: DeploymentRequest, deployment: Deployment) -> dict[str, str]:
    """The files as ``kit ci`` writes them; none where the package was not built here."""
    found = package()
    if found is None or not found.dependencies:
        return {}
    year = timezone.localdate(request.now).year
    return kit_files(_KIT, kit_values(deployment, found, year=year))
