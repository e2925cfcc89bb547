"""The plan of a deployment, from a handful of aggregate queries whatever the number of findings."""

from __future__ import annotations

import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.functions import Coalesce

from planner.domain.calendar import (
    CalendarError,
    WorkingCalendar,
    blackout_from,
    working_calendar,
)
from planner.domain.measure import Sight
from planner.domain.person import name_of
from planner.domain.plan import DEFAULT_TEMPLATE, Plan, Signature, build_plan, templates
from planner.domain.rules import Rulebook
from planner.domain.tally import Counts
from planner.models import Deployment, GateSignature, Scan, Source
from planner.rulebook.load import rulebook
from planner.selectors.checks import CI_CAUSES, CODE_CHECKERS
from planner.selectors.deployment import facts_of
from planner.selectors.local_time import zone_of
from planner.selectors.tally import counts_by_deployment, in_family


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanGround:
    """What the plan and the overview of one deployment are both made from."""

    counts: Counts
    sight: Sight
    signatures: Mapping[str, Signature]
    subdag_dags: int | None


def plan_of(
    deployment: Deployment,
    *,
    template: str | None = None,
    start: date | None = None,
    today: date,
) -> Plan:
    """The plan as it stands today; ``template`` and ``start`` replace the stored ones for a look.

    Raises:
        PlanError: there is no such template, or no plan can start on that day.
    """
    return plan_from(
        deployment, ground_of(deployment, today=today), template=template, start=start, today=today
    )


def is_kept(deployment: Deployment, plan: Plan) -> bool:
    """False where the plan is only a look at another template or start than the stored ones."""
    start = deployment.plan_start
    kept = calendar_of(deployment).first_from(start) if start else None
    return plan.template == deployment.plan_template and (plan.proposed or plan.start == kept)


def plan_templates() -> dict[str, str]:
    """Keys of the plan templates and their names, the default one first."""
    return templates(rulebook())


def plan_from(
    deployment: Deployment,
    ground: PlanGround,
    *,
    template: str | None = None,
    start: date | None = None,
    today: date,
) -> Plan:
    """The plan from what has been read already; no query."""
    return build_plan(
        template or deployment.plan_template or DEFAULT_TEMPLATE,
        counts=ground.counts,
        facts=facts_of(deployment),
        calendar=calendar_of(deployment),
        start=start or deployment.plan_start,
        today=today,
        signatures=ground.signatures,
        rulebook=rulebook(),
        sight=ground.sight,
        subdag_dags=ground.subdag_dags,
    )


def ground_of(deployment: Deployment, *, today: date) -> PlanGround:
    """What the plan of one deployment is made from. Five queries."""
    ground = grounds_of([deployment], today=today)[deployment.pk]
    return PlanGround(
        counts=ground.counts,
        sight=ground.sight,
        signatures=ground.signatures,
        subdag_dags=_subdag_dags(deployment, ground.counts, rulebook()),
    )


def grounds_of(deployments: Sequence[Deployment], *, today: date) -> dict[int, PlanGround]:
    """The same for several deployments, without counting their SubDAGs' DAGs. Four queries."""
    ids = [deployment.pk for deployment in deployments]
    counts = counts_by_deployment(ids, today=today, rulebook=rulebook())
    sights = sights_of(deployments)
    signatures = _signatures(deployments)
    return {
        pk: PlanGround(
            counts=counts[pk], sight=sights[pk], signatures=signatures[pk], subdag_dags=None
        )
        for pk in ids
    }


def leads_of(deployment: Deployment) -> dict[str, str]:
    """Who leads each axis, by axis; an axis without a lead is missing. One query."""
    return dict(deployment.axis_leads.values_list("axis", "owner__name"))


def calendar_of(deployment: Deployment) -> WorkingCalendar:
    """The deployment's working calendar; public holidays are left out where their code is not known."""
    extra = [date.fromisoformat(day) for day in deployment.holidays]
    blackouts = [blackout_from(line) for line in deployment.blackouts]
    try:
        return working_calendar(
            country=deployment.holiday_country, extra=extra, blackouts=blackouts
        )
    except CalendarError:
        # Codes are checked when they are stored; one that a newer package no longer knows must not
        # take the plan away.
        return working_calendar(extra=extra, blackouts=blackouts)


# --- What has been scanned -------------------------------------------------------------------------------


def sights_of(deployments: Sequence[Deployment]) -> dict[int, Sight]:
    """What has been scanned of each deployment, and when. Two queries."""
    ids = [deployment.pk for deployment in deployments]
    sources: dict[int, dict[int, str]] = defaultdict(dict)
    # An upload source that nothing has come into is an empty letter box, not code that nobody scanned.
    applied = Scan.objects.filter(
        source=OuterRef("pk"), state__in=(Scan.State.DONE, Scan.State.DUPLICATE)
    )
    reckoned = Source.objects.filter(deployment_id__in=ids).filter(
        ~Q(kind=Source.Kind.UPLOAD) | Exists(applied)
    )
    for pk, deployment_id, name in reckoned.values_list("pk", "deployment_id", "name"):
        sources[deployment_id][pk] = name
    scans: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in _newest_scans(ids):
        scans[row["deployment_id"]].append(row)
    return {
        deployment.pk: _sight(sources[deployment.pk], scans[deployment.pk], zone_of(deployment))
        for deployment in deployments
    }


def _newest_scans(ids: Iterable[int]) -> list[dict[str, Any]]:
    complete = Q(coverage__complete=True)
    at = Coalesce("confirmed_at", "finished_at")
    rows = (
        Scan.objects.filter(
            deployment_id__in=ids, state__in=(Scan.State.DONE, Scan.State.DUPLICATE)
        )
        .order_by()
        .values("deployment_id", "source_id", "tool")
        .annotate(
            any=Max(at),
            complete=Max(at, filter=complete),
            ci=Max("finished_at", filter=complete & Q(cause__in=CI_CAUSES)),
        )
    )
    return [dict(row) for row in rows]


def _sight(
    sources: Mapping[int, str], scans: Sequence[Mapping[str, Any]], zone: zoneinfo.ZoneInfo
) -> Sight:
    code = [row for row in scans if row["tool"] in CODE_CHECKERS]
    scanned = {row["source_id"] for row in code}
    complete: dict[int, datetime] = {}
    for row in code:
        if row["complete"]:
            held = complete.get(row["source_id"], row["complete"])
            complete[row["source_id"]] = max(held, row["complete"])
    # A source that has only brought an inventory or an import check holds no code to scan.
    reckoned = [pk for pk in sources if pk in scanned or not _has_scans(pk, scans)]
    return Sight(
        sources=len(reckoned),
        missing=tuple(sorted(sources[pk] for pk in reckoned if pk not in complete)),
        complete_at=_day(min(complete.values(), default=None), zone),
        scanned_at=_day(max((row["any"] for row in code), default=None), zone),
        ci_at=_day(max((row["ci"] for row in code if row["ci"]), default=None), zone),
        imports_at=_day(
            max((row["any"] for row in scans if row["tool"] == "import-check"), default=None), zone
        ),
    )


def _has_scans(source_id: int, scans: Sequence[Mapping[str, Any]]) -> bool:
    return any(row["source_id"] == source_id for row in scans)


def _day(at: datetime | None, zone: zoneinfo.ZoneInfo) -> date | None:
    return at.astimezone(zone).date() if at else None


def _signatures(deployments: Sequence[Deployment]) -> dict[int, dict[str, Signature]]:
    zones = {deployment.pk: zone_of(deployment) for deployment in deployments}
    found: dict[int, dict[str, Signature]] = defaultdict(dict)
    rows = (
        GateSignature.objects.filter(deployment_id__in=zones, withdrawn_at__isnull=True)
        .select_related("person")
        .order_by("signed_at", "pk")
    )
    for row in rows:
        found[row.deployment_id][row.gate] = Signature(
            person=name_of(row.person),
            on=row.signed_at.astimezone(zones[row.deployment_id]).date(),
            note=row.note,
        )
    return {pk: found[pk] for pk in zones}


def _subdag_dags(deployment: Deployment, counts: Counts, book: Rulebook) -> int | None:
    """How many DAGs SubDAG findings name; None where they name none."""
    if not counts.planned.in_families({"subdags"}).number:
        return None
    named = (
        in_family("subdags", book)
        .filter(deployment=deployment)
        .exclude(dag_ids="")
        .order_by()
        .values_list("dag_ids", flat=True)
        .distinct()
    )
    dags = {dag_id for ids in named for dag_id in ids.split("\n")}
    return len(dags) or None
