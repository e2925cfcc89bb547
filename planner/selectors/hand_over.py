"""Findings of which their owner says that they are somebody else's: who must answer, and for how many."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, F, Prefetch, Q, QuerySet

from planner.domain.access import Role
from planner.domain.finding import ACTIVE_STATES
from planner.models import Deployment, Finding, HandOver, Membership
from planner.selectors.access import deployments_of
from planner.selectors.owner import owner_ids_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SAMPLE = 5
"""Findings that a hand-over names; the rest is counted."""
_WAITING = Q(settled_at=None, findings__owner=F("owner"), findings__state__in=ACTIVE_STATES)


@dataclass(frozen=True, slots=True)
class WaitingHandOver:
    """A hand-over that nobody has settled, with what is still to be settled of it."""

    hand_over: HandOver
    count: int
    sample: list[Finding]

    @property
    def more(self) -> int:
        return self.count - len(self.sample)


def hand_overs_waiting(deployment: Deployment) -> list[WaitingHandOver]:
    """What a manager can settle, the oldest first. Two queries."""
    return _waiting(HandOver.objects.filter(deployment=deployment))


def hand_overs_count(deployment: Deployment) -> int:
    """How many of them wait for an answer. One query."""
    return HandOver.objects.filter(_WAITING, deployment=deployment).distinct().count()


def hand_overs_offered(
    deployments: Collection[Deployment], owner_ids: Collection[int]
) -> list[WaitingHandOver]:
    """What others say belongs to one of these owners. Two queries."""
    return _waiting(HandOver.objects.filter(deployment__in=deployments, suggested__in=owner_ids))


def hand_over_by_id(deployment: Deployment, hand_over_id: int) -> HandOver | None:
    """A hand-over of this deployment."""
    found = HandOver.objects.filter(deployment=deployment, pk=hand_over_id)
    return found.select_related("deployment", "owner", "suggested").first()


def hand_over_offered_to(user: User, hand_over_id: int) -> HandOver | None:
    """A hand-over that names the person, who may answer it."""
    found = _of_own_deployments(user, hand_over_id)
    if found is None or found.suggested_id is None:
        return None
    return found if found.suggested_id in owner_ids_of(user, [found.deployment]) else None


def hand_over_asked_by(user: User, hand_over_id: int) -> HandOver | None:
    """A hand-over that the person asked for, and may take back."""
    found = _of_own_deployments(user, hand_over_id)
    return found if found and found.asked_by_id == user.pk else None


def hand_overs_by_finding(finding_ids: Iterable[int]) -> dict[int, HandOver]:
    """The hand-over that waits for each of these findings. One query."""
    links = HandOver.findings.through.objects.filter(
        finding__in=list(finding_ids),
        handover__settled_at=None,
        finding__owner=F("handover__owner"),
    )
    found = links.select_related("handover__suggested", "handover__asked_by")
    return {link.finding_id: link.handover for link in found}


def still_waiting(hand_over: HandOver) -> QuerySet[Finding]:
    """The findings that still belong to whom they belonged to, and are work still."""
    return hand_over.findings.filter(owner=hand_over.owner_id, state__in=ACTIVE_STATES)


def _of_own_deployments(user: User, hand_over_id: int) -> HandOver | None:
    found = HandOver.objects.filter(pk=hand_over_id, deployment__in=deployments_of(user))
    if not user.is_superuser:
        roles = [role for role in Role if role.reaches(Role.OWNER)]
        allowed = Membership.objects.filter(user=user, role__in=roles)
        found = found.filter(deployment__in=allowed.values("deployment"))
    return found.select_related("deployment", "owner", "suggested").first()


def _waiting(rows: QuerySet[HandOver]) -> list[WaitingHandOver]:
    shown = Finding.objects.filter(state__in=ACTIVE_STATES).order_by("path", "line", "pk")[:SAMPLE]
    counted = (
        rows.filter(_WAITING)
        .annotate(count=Count("findings", distinct=True))
        .select_related("deployment", "owner", "suggested", "asked_by")
        .prefetch_related(Prefetch("findings", queryset=shown, to_attr="shown"))
        .order_by("asked_at", "pk")
    )
    return [
        WaitingHandOver(
            one,
            one.count,
            [finding for finding in one.shown if finding.owner_id == one.owner_id],
        )
        for one in counted
    ]
