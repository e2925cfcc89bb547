"""Who is a member of which deployment, in which role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.domain.access import Role
from planner.models import Deployment, Invite, Membership

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User
    from django.db.models import QuerySet


def deployment_for(*, slug: str, user: User) -> tuple[Deployment, Role] | None:
    """The deployment and the person's role in it; None where there is none or they are no member."""
    if user.is_superuser:
        deployment = Deployment.objects.filter(slug=slug).first()
        return (deployment, Role.ADMIN) if deployment else None
    membership = (
        Membership.objects.filter(deployment__slug=slug, user_id=user.pk)
        .select_related("deployment")
        .first()
    )
    return (membership.deployment, Role(membership.role)) if membership else None


def deployments_of(user: User) -> QuerySet[Deployment]:
    """Every deployment that the person may see, by name."""
    if user.is_superuser:
        return Deployment.objects.order_by("name")
    return Deployment.objects.filter(memberships__user_id=user.pk).order_by("name")


def members_of(deployment: Deployment) -> QuerySet[Membership]:
    """The members, admins first, with their users."""
    return deployment.memberships.select_related("user").order_by("user__username")


def open_invites(deployment: Deployment, now: datetime) -> QuerySet[Invite]:
    """Invites that nobody has used and that have not run out."""
    return (
        deployment.invites.filter(used_at__isnull=True, expires_at__gt=now)
        .select_related("created_by")
        .order_by("expires_at")
    )


def invite_by_id(deployment: Deployment, invite_id: int) -> Invite | None:
    """An invite of this deployment."""
    return deployment.invites.filter(pk=invite_id).first()
