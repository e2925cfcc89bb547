"""Render a deployment's page, or the part of it that htmx asked for, from one view."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from planner.selectors.deployment import header

if TYPE_CHECKING:
    from planner.models import Deployment
    from planner.views.access import DeploymentRequest


def render_page(
    request: DeploymentRequest,
    deployment: Deployment,
    template: str,
    context: dict[str, Any],
    *,
    tab: str,
    fragment: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page, or ``fragment`` where htmx asked for it.

    ``tab`` marks the current tab: overview, decision, findings, waivers, triage, plan, runbook,
    scans, owners, settings. Templates get ``deployment``, ``role``, ``tab``, ``now`` and ``header``; the
    header costs its queries only where the template shows it.
    """
    shared = {
        "deployment": deployment,
        "role": request.role,
        "tab": tab,
        "now": request.now,
        "header": SimpleLazyObject(partial(header, deployment, request.now)),
    }
    # The browser's back button asks through htmx too, but wants the whole page.
    whole = request.htmx.boosted or request.htmx.history_restore_request
    wants_part = bool(request.htmx) and not whole
    chosen = fragment if fragment and wants_part else template
    response = render(request, chosen, {**shared, **context}, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
