"""The time zone of a deployment's people: their day, their clock, their schedules."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime

from planner.models import Deployment


def zone_name(deployment: Deployment) -> str:
    """The zone as the facts name it."""
    return deployment.facts.get("time_zone") or "UTC"


def zone_of(deployment: Deployment) -> zoneinfo.ZoneInfo:
    """The zone in which the deployment's people read times."""
    return zoneinfo.ZoneInfo(zone_name(deployment))


def local_day(deployment: Deployment, moment: datetime) -> date:
    """The day that a moment is on for the deployment's people."""
    return moment.astimezone(zone_of(deployment)).date()
