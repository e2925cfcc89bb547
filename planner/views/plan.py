"""The plan page, its exports, and the signatures under its gates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, TypedDict

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from planner.domain.plan import Phase, Plan, PlanError, days_off_sentence, sentence
from planner.rendering.charts import timeline
from planner.rendering.plan import plan_as_calendar, plan_as_csv, plan_as_markdown
from planner.selectors.forecast import forecast_of
from planner.selectors.local_time import local_day
from planner.selectors.plan import (
    ground_of,
    is_kept,
    leads_of,
    plan_from,
    plan_of,
    plan_templates,
)
from planner.services.plan import GateRefused, gate_sign, gate_unsign, plan_set
from planner.views.access import DeploymentRequest, Role, deployment_view
from planner.views.forecast import CONE_NOTE, panel_of
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment

CONTENT_TYPES = {
    "md": "text/markdown; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
    "json": "application/json",
}


class _Look(TypedDict):
    template: str | None
    start: date | None


@require_safe
@deployment_view(Role.VIEWER)
def plan_page(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """The plan, or a look at another template or start."""
    error, status = "", 200
    today = local_day(deployment, request.now)
    ground = ground_of(deployment, today=today)
    try:
        plan = plan_from(deployment, ground, today=today, **_asked(request.GET))
    except (PlanError, ValueError) as refused:
        error, status = str(refused), 400
        plan = plan_from(deployment, ground, today=today)
    panel = panel_of(forecast_of(deployment, plan=plan, ground=ground, now=request.now), plan)
    return render_page(
        request,
        deployment,
        "plan/page.html",
        _context(deployment, plan, error)
        | {"panel": panel, "charts_shown": panel.cones, "charts_note": CONE_NOTE},
        tab="plan",
        status=status,
    )


def _context(deployment: Deployment, plan: Plan, error: str = "") -> dict[str, object]:
    leads = leads_of(deployment)
    return {
        "plan": plan,
        "sentence": sentence(plan),
        "days_off": days_off_sentence(plan),
        "chart": timeline(plan),
        "phases": [(phase, _led(phase, leads)) for phase in plan.phases],
        "templates": plan_templates(),
        "is_look": not is_kept(deployment, plan),
        "look": f"template={plan.template}"
        + ("" if plan.proposed else f"&start={plan.start.isoformat()}"),
        "error": error,
    }


def _led(phase: Phase, leads: Mapping[str, str]) -> list[tuple[str, str]]:
    """The axes of a phase with their leads; the name is empty where nobody leads."""
    return [(axis.value, leads.get(axis.value, "")) for axis in phase.axes]


def _asked(asked: QueryDict) -> _Look:
    """The template and the start that the address asks for."""
    return {"template": asked.get("template") or None, "start": _day(asked.get("start", ""))}


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PlanError(f'"{text}" is not a date; write one like 2027-01-11.') from None


@require_safe
@deployment_view(Role.VIEWER)
def plan_export(request: DeploymentRequest, deployment: Deployment, form: str) -> HttpResponseBase:
    """The plan as a file to take away."""
    try:
        today = local_day(deployment, request.now)
        plan = plan_of(deployment, today=today, **_asked(request.GET))
    except PlanError as refused:
        return HttpResponse(str(refused), status=400, content_type="text/plain; charset=utf-8")
    title = f"{plan.name} for {deployment.name}"
    if form == "md":
        content: str | bytes = plan_as_markdown(plan, title=title)
    elif form == "csv":
        content = plan_as_csv(plan)
    elif form == "ics":
        content = plan_as_calendar(
            plan, slug=deployment.slug, title=deployment.name, stamp=request.now
        )
    else:
        document = {"deployment": deployment.slug, **plan.as_dict()}
        content = json.dumps(document, indent=2, ensure_ascii=False)
    response = HttpResponse(content, content_type=CONTENT_TYPES[form])
    response["Content-Disposition"] = content_disposition_header(
        True, f"{deployment.slug}-{plan.template}.{form}"
    )
    return response


@require_POST
@deployment_view(Role.MANAGER)
def plan_settings(request: DeploymentRequest, deployment: Deployment) -> HttpResponseBase:
    """Keep a template and a start."""
    try:
        plan_set(
            deployment=deployment,
            template=request.POST.get("template") or None,
            start=_day(request.POST.get("start", "")),
            now=request.now,
            user=request.user,
        )
    except PlanError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "The plan is kept.")
    return redirect("plan", slug=deployment.slug)


@require_POST
@deployment_view(Role.MANAGER)
def gate_signature(request: DeploymentRequest, deployment: Deployment) -> HttpResponseBase:
    """Sign a gate, or take one's word back."""
    gate = request.POST.get("gate", "")
    template = request.POST.get("template") or None
    try:
        if request.POST.get("action") == "withdraw":
            gate_unsign(deployment=deployment, gate=gate, now=request.now)
            messages.success(request, f"The signature under gate {gate} is withdrawn.")
        else:
            gate_sign(
                deployment=deployment,
                gate=gate,
                person=request.user,
                note=request.POST.get("note", ""),
                now=request.now,
                template=template,
            )
            messages.success(request, f"Gate {gate} is signed in your name.")
    except (GateRefused, PlanError) as refused:
        messages.error(request, str(refused))
        return redirect("plan", slug=deployment.slug)
    return redirect(_where(deployment, template, gate))


def _where(deployment: Deployment, template: str | None, gate: str) -> str:
    """The gate on the plan that was looked at."""
    looked = template and template != deployment.plan_template
    query = f"?template={template}" if looked else ""
    return f"{reverse('plan', args=[deployment.slug])}{query}#gate-{gate}"
