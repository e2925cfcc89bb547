"""What the settings page of a deployment shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from planner.domain.finding import Axis, Severity
from planner.models import ApiToken, Deployment, Invite, Membership
from planner.rulebook.load import rulebook
from planner.selectors.access import members_of, open_invites
from planner.selectors.local_time import zone_name


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSettings:
    """Members and invites, owners who may lead an axis, and the values as they stand."""

    members: list[Membership]
    invites: list[Invite]
    tokens: list[ApiToken]
    """Those that still let someone in, the newest first."""
    owners: list[tuple[int, str]]
    calendar: dict[str, object]
    due_days: dict[Severity, tuple[int | None, int]]
    """By severity what is set here, and what the rulebook says."""
    leads: dict[Axis, int]


def settings_of(deployment: Deployment, now: datetime) -> DeploymentSettings:
    """Everything on the settings page. Five queries."""
    usual = rulebook().decision["due_days"]
    return DeploymentSettings(
        members=list(members_of(deployment)),
        invites=list(open_invites(deployment, now)),
        tokens=list(_living_tokens(deployment, now)),
        owners=list(deployment.owners.filter(active=True).values_list("pk", "name")),
        calendar={
            "time_zone": zone_name(deployment),
            "plan_start": deployment.plan_start,
            "holiday_country": deployment.holiday_country,
            "days_off": "\n".join(deployment.holidays),
        },
        due_days={
            severity: (deployment.due_days.get(severity.value), usual[severity.value])
            for severity in Severity
        },
        leads={
            Axis(axis): owner
            for axis, owner in deployment.axis_leads.values_list("axis", "owner_id")
        },
    )


def living_token(deployment: Deployment, token_id: int, now: datetime) -> ApiToken | None:
    """The deployment's token of that id, if it still lets someone in."""
    return _living_tokens(deployment, now).filter(pk=token_id).first()


def _living_tokens(deployment: Deployment, now: datetime) -> QuerySet[ApiToken]:
    living = Q(expires_at=None) | Q(expires_at__gt=now)
    return deployment.tokens.filter(living, revoked_at=None).order_by("-created_at", "-pk")
