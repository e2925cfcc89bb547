"""Changes of a deployment's settings: its working calendar, due days and axis leads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction

from planner.domain.finding import Axis
from planner.models import AxisLead, Deployment
from planner.services.due import dues_follow_plan
from planner.services.revision import deployment_hold, revision_bump


@transaction.atomic
def calendar_store(
    *,
    deployment: Deployment,
    time_zone: str,
    plan_start: date | None,
    holiday_country: str,
    days_off: list[str],
    blackouts: list[str],
    by: User,
    now: datetime,
) -> int:
    """Sets when people work; how many ERRORs are due on another day for it. Values are already checked."""
    stored = deployment_hold(deployment_id=deployment.pk)
    if stored.facts.get("time_zone") != time_zone:
        stored.facts = {**stored.facts, "time_zone": time_zone}
        stored.fact_sources = {
            **stored.fact_sources,
            "time_zone": f"settings page, {by.get_username()}",
        }
    stored.plan_start = plan_start
    stored.holiday_country = holiday_country
    stored.holidays = days_off
    stored.blackouts = blackouts
    stored.save(
        update_fields=[
            *("facts", "fact_sources", "plan_start", "holiday_country", "holidays", "blackouts")
        ]
    )
    revision_bump(deployment_id=stored.pk)
    return dues_follow_plan(deployment=stored, now=now, user=by)


@transaction.atomic
def due_days_store(
    *, deployment: Deployment, days: Mapping[str, int], by: User, now: datetime
) -> int:
    """Sets the days from first sight to due, by severity, for findings that are seen from now on.

    Without days of their own ERRORs follow the plan at once; how many are due on another day for it.
    """
    stored = deployment_hold(deployment_id=deployment.pk)
    stored.due_days = dict(days)
    stored.save(update_fields=["due_days"])
    revision_bump(deployment_id=stored.pk)
    return dues_follow_plan(deployment=stored, now=now, user=by)


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
