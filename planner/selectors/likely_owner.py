"""Owners that a signed-in person may be, where no deployment knows yet which."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from planner.domain.access import Role
from planner.domain.person import name_of
from planner.models import Deployment, Membership, Owner
from planner.selectors.work import planned

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST_DEPLOYMENTS = 3
MOST_OWNERS = 8
_MOST_MANAGERS = 3


@dataclass(frozen=True, slots=True)
class LikelyOwners:
    """Owners of one deployment that nobody signs in as, and who can say which of them somebody is."""

    deployment: Deployment
    owners: list[Owner]
    """Those that are called alike first, then those with the most to do; ``n_open`` says how much."""
    managers: list[str]
    may_link: bool
    """The person manages the deployment, so they can say so themselves."""


def likely_owners(user: User, deployments: Iterable[Deployment]) -> list[LikelyOwners]:
    """Owners that the person may be, in these deployments. Two queries."""
    asked = list(deployments)[:MOST_DEPLOYMENTS]
    by_deployment: dict[int, list[Owner]] = {}
    owners = Owner.objects.filter(deployment__in=asked, active=True, user=None)
    counted = owners.annotate(n_open=Count("findings", filter=planned("findings__")))
    for owner in counted.filter(n_open__gt=0).order_by("-n_open", "name"):
        by_deployment.setdefault(owner.deployment_id, []).append(owner)
    managing = Membership.objects.filter(
        deployment__in=asked, role__in=[Role.MANAGER, Role.ADMIN]
    ).select_related("user")
    managers: dict[int, list[User]] = {}
    for membership in managing.order_by("pk"):
        managers.setdefault(membership.deployment_id, []).append(membership.user)
    return [
        LikelyOwners(
            deployment=deployment,
            owners=_alike_first(user, by_deployment[deployment.pk])[:MOST_OWNERS],
            managers=[name_of(one) for one in managers.get(deployment.pk, [])][:_MOST_MANAGERS],
            may_link=user.is_superuser or user in managers.get(deployment.pk, []),
        )
        for deployment in asked
        if deployment.pk in by_deployment
    ]


def deployments_without(
    owner_ids: Collection[int], deployments: Iterable[Deployment]
) -> list[Deployment]:
    """The deployments in which none of these owners is. One query."""
    known = set(Owner.objects.filter(pk__in=owner_ids).values_list("deployment_id", flat=True))
    return [deployment for deployment in deployments if deployment.pk not in known]


def _alike_first(user: User, owners: list[Owner]) -> list[Owner]:
    words = _words(user.get_full_name(), user.get_username(), user.email.partition("@")[0])
    return sorted(owners, key=lambda owner: -len(words & _words(owner.name, owner.key)))


def _words(*names: str) -> set[str]:
    joined = " ".join(names).lower()
    return set("".join(sign if sign.isalnum() else " " for sign in joined).split())
