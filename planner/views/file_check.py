"""Check this file now: one file in, what the upgrade check says of it out, and nothing stored."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from planner.forms.file_check import FileCheckForm
from planner.services.corrected_file import NoCorrectedFile, corrected_text
from planner.services.file_check import FileCheckRefused, file_check
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.attachment import as_file
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment


@require_http_methods(["GET", "POST"])
@deployment_view(Role.VIEWER)
def page(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """The form, and the answer below it."""
    if request.method == "GET":
        form = FileCheckForm(initial={"path": request.GET.get("path", "")})
        return _shown(request, deployment, {"form": form})
    form = FileCheckForm(request.POST, request.FILES)
    if not form.is_valid():
        return _shown(request, deployment, {"form": form}, status=422)
    try:
        content = form.content()
        check = file_check(deployment=deployment, path=form.path_named(), content=content)
        if "corrected" in request.POST:
            corrected = corrected_text(
                content,
                check.fixables,
                side="now",
                with_unsafe=request.POST["corrected"] == "unsafe",
            )
            return as_file(corrected, PurePosixPath(check.path).name)
    except (FileCheckRefused, NoCorrectedFile) as refusal:
        form.add_error(None, str(refusal))
        return _shown(request, deployment, {"form": form}, status=422)
    text = content.decode("utf-8", "replace")
    return _shown(request, deployment, {"form": form, "check": check, "text": text})


def _shown(
    request: DeploymentRequest,
    deployment: Deployment,
    context: dict[str, object],
    status: int = 200,
) -> HttpResponse:
    return render_page(
        request, deployment, "check/page.html", context, tab="findings", status=status
    )
