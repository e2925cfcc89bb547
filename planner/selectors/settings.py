"""What the settings page of a deployment shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from planner.domain.finding import Axis, Severity
from planner.models import ApiToken, Deployment, Invite, Membership
from planner.rulebook.load import rulebook
from planner.selectors.access import members_of, open_invites
from planner.selectors.due import due_rule_of
from planner.selectors.local_time import local_day, zone_name


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDays:
    """How findings of one severity get their due date."""

    own: int | None
    """Days that this deployment has set."""
    usual: int
    """Days that the rulebook says."""
    words: str
    """The rule that applies, as it goes on after 'due'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSettings:
    """Members and invites, owners who may lead an axis, and the values as they stand."""

    members: list[Membership]
    invites: list[Invite]
    tokens: list[ApiToken]
    """Those that still let someone in, the newest first."""
    owners: list[tuple[int, str]]
    calendar: dict[str, object]
    due_days: dict[Severity, DueDays]
    leads: dict[Axis, int]


def settings_of(deployment: Deployment, now: datetime) -> DeploymentSettings:
    """Everything on the settings page. Five queries."""
    usual = rulebook().decision["due_days"]
    due_rule = due_rule_of(deployment)
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
            "blackouts": "\n".join(deployment.blackouts),
        },
        due_days={
            severity: DueDays(
                own=deployment.due_days.get(severity.value),
                usual=usual[severity.value],
                words=due_rule.in_words(severity, today=local_day(deployment, now)),
            )
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
