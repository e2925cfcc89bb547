"""What a deployment's pages show, for machines. Every call here needs a token of the scope read."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.errors import HttpError

from planner.api.access import deployment_for
from planner.domain.plan import PlanError
from planner.domain.runbook_params import RunbookParamsError
from planner.forms.finding import filter_from
from planner.selectors.decision import decision_of
from planner.selectors.finding_export import finding_document_page
from planner.selectors.finding_page import PAGE_SIZE
from planner.selectors.local_time import local_day
from planner.selectors.plan import plan_of
from planner.selectors.runbook import draft_of

router = Router(tags=["deployment"])


@router.get("/deployments/{slug}/findings", summary="Findings, a page at a time")
def findings(request: HttpRequest, slug: str, cursor: str = "") -> dict[str, Any]:
    """The same filters as the page: severity, category, axis, rule, owner, state, dag, path, text, due,
    source, when, silenced, waiver, sort. Without any: open and claimed ones, style left out. Follow `next` until it is empty.
    """
    deployment = deployment_for(request, slug, "read")
    filters, ignored = filter_from(request.GET)
    if ignored:
        raise HttpError(422, f"Not understood: {', '.join(ignored)}.")
    today = local_day(deployment, timezone.now())
    documents, following, bad_cursor = finding_document_page(
        deployment, filters, today=today, cursor=cursor, size=PAGE_SIZE
    )
    if bad_cursor:
        raise HttpError(422, "cursor: use the `next` of the page before, unchanged.")
    return {"findings": documents, "next": following}


@router.get("/deployments/{slug}/decision", summary="The decision")
def decision(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Today's verdict with its reasons, as `decide --json` prints it."""
    deployment = deployment_for(request, slug, "read")
    return decision_of(deployment, today=local_day(deployment, timezone.now())).as_dict()


@router.get("/deployments/{slug}/plan", summary="The plan")
def plan(request: HttpRequest, slug: str, template: str | None = None) -> dict[str, Any]:
    """Phases with dates, activities and gates, as `plan --json` prints it."""
    deployment = deployment_for(request, slug, "read")
    today = local_day(deployment, timezone.now())
    try:
        return plan_of(deployment, template=template, today=today).as_dict()
    except PlanError as error:
        raise HttpError(422, str(error)) from error


@router.get("/deployments/{slug}/runbook", summary="The runbook")
def runbook(request: HttpRequest, slug: str) -> dict[str, Any]:
    """The cutover runbook as it would be printed now, as `runbook --json` prints it."""
    deployment = deployment_for(request, slug, "read")
    try:
        return draft_of(deployment, now=timezone.now()).document
    except RunbookParamsError as error:
        raise HttpError(409, f"The runbook's parameters are not complete: {error}.") from error


@router.get("/deployments/{slug}/gate", summary="The gates, and whether they are open")
def gate(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Every gate of the plan with its evidence, and the phase that the work is in.

    `passes` is true where a scan proves that no ERROR is open.
    """
    deployment = deployment_for(request, slug, "read")
    plan = plan_of(deployment, today=local_day(deployment, timezone.now()))
    return {
        "passes": plan.proves_no_errors,
        "phase": plan.current.key if plan.current else None,
        "gates": [
            {"phase": phase["key"], **gate}
            for phase in plan.as_dict()["phases"]
            for gate in phase["gates"]
        ],
    }
