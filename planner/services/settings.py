"""Changes of a deployment's settings: its working calendar, due days and axis leads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.db import transaction

from planner.domain.finding import Axis
from planner.models import AxisLead, Deployment
from planner.services.revision import revision_bump


@transaction.atomic
def calendar_store(
    *,
    deployment: Deployment,
    time_zone: str,
    plan_start: date | None,
    holiday_country: str,
    days_off: list[str],
    by: str,
) -> None:
    """Sets when people work. Values are already checked."""
    stored = Deployment.objects.select_for_update().get(pk=deployment.pk)
    if stored.facts.get("time_zone") != time_zone:
        stored.facts = {**stored.facts, "time_zone": time_zone}
        stored.fact_sources = {**stored.fact_sources, "time_zone": f"settings page, {by}"}
    stored.plan_start = plan_start
    stored.holiday_country = holiday_country
    stored.holidays = days_off
    stored.save(
        update_fields=["facts", "fact_sources", "plan_start", "holiday_country", "holidays"]
    )
    revision_bump(deployment_id=stored.pk)


@transaction.atomic
def due_days_store(*, deployment: Deployment, days: Mapping[str, int]) -> None:
    """Sets the days from first sight to due, by severity, for findings that are seen from now on."""
    Deployment.objects.filter(pk=deployment.pk).update(due_days=dict(days))
    revision_bump(deployment_id=deployment.pk)


@transaction.atomic
def axis_leads_store(*, deployment: Deployment, leads: Mapping[Axis, int | None]) -> None:
    """Sets who leads each axis named; owners of other deployments are never taken."""
    wanted = {axis: owner for axis, owner in leads.items() if owner is not None}
    own = set(deployment.owners.filter(pk__in=wanted.values()).values_list("pk", flat=True))
    deployment.axis_leads.filter(axis__in=[axis.value for axis in leads]).delete()
    AxisLead.objects.bulk_create(
        AxisLead(deployment=deployment, axis=axis.value, owner_id=owner)
        for axis, owner in wanted.items()
        if owner in own
    )
    revision_bump(deployment_id=deployment.pk)
