"""“Not mine”: an owner says that findings are somebody else's, and somebody settles it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from planner.domain.finding import ACTIVE_STATES
from planner.domain.lifecycle import Kind
from planner.models import Deployment, HandOver, Owner
from planner.selectors.hand_over import hand_overs_by_finding, still_waiting
from planner.services import bulk
from planner.services.finding import finding_assign
from planner.services.finding_log import (
    ActionLog,
    FindingError,
    LockedFinding,
    Outcome,
    clean_why,
    locked,
)
from planner.services.revision import deployment_hold


@transaction.atomic
def hand_over_ask(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    suggested: Owner | None,
    reason: str,
    now: datetime,
    user: User,
) -> Outcome:
    """Say that findings are not their owner's. They stay theirs until ``suggested`` or a manager has answered.

    What is closed or waived, what nobody owns, and what somebody said this of already is left.

    Raises:
        FindingError: there is neither a suggestion nor a reason, or the suggested owner cannot take findings.
    """
    reason = clean_why(reason)
    if suggested is None and not reason:
        raise FindingError("reason", "Say whose they are, or at least why they are not yours.")
    if suggested is not None:
        _check_can_take(deployment, suggested)
    rows = list(locked(deployment, finding_ids))
    said = hand_overs_by_finding(row.pk for row in rows)
    able: dict[int, list[LockedFinding]] = {}
    for row in rows:
        is_theirs = suggested is not None and row.owner_id == suggested.pk
        if row.owner_id and row.state in ACTIVE_STATES and row.pk not in said and not is_theirs:
            able.setdefault(row.owner_id, []).append(row)
    for owner_id, theirs in able.items():
        asked = HandOver.objects.create(
            deployment=deployment,
            owner_id=owner_id,
            suggested=suggested,
            reason=reason,
            asked_by=user,
            asked_at=now,
        )
        pairs = ((asked.pk, row.pk) for row in theirs)
        bulk.insert(HandOver.findings.through, ("handover_id", "finding_id"), pairs)
    log = ActionLog(deployment, now, user)
    change = {"suggested": ["", suggested.name]} if suggested else {}
    for row in (row for theirs in able.values() for row in theirs):
        log.add(row, Kind.HANDOVER_ASKED, reason, change, ())
    log.write()
    return Outcome(log.outcome.changed, len(rows) - log.outcome.changed)


@transaction.atomic
def hand_over_give(*, hand_over: HandOver, owner: Owner, now: datetime, user: User) -> Outcome:
    """Settle it: the findings are ``owner``'s from now on, by a person's pick.

    Raises:
        FindingError: somebody has settled it already, or the owner cannot take findings.
    """
    _check_can_take(hand_over.deployment, owner)
    ids = _settle(hand_over, now, user)
    _say(hand_over, ids, Kind.HANDOVER_SETTLED, "", {"owner": ["", owner.name]}, now, user)
    return finding_assign(
        deployment=hand_over.deployment, finding_ids=ids, owner=owner, now=now, user=user
    )


@transaction.atomic
def hand_over_keep(*, hand_over: HandOver, reason: str, now: datetime, user: User) -> Outcome:
    """Settle it: the findings stay whose they are.

    Raises:
        FindingError: there is no reason, or somebody has settled it already.
    """
    if not (reason := clean_why(reason)):
        raise FindingError("reason", "Say why they stay, so that their owner knows.")
    ids = _settle(hand_over, now, user)
    return _say(hand_over, ids, Kind.HANDOVER_SETTLED, reason, {}, now, user)


@transaction.atomic
def hand_over_refuse(*, hand_over: HandOver, reason: str, now: datetime, user: User) -> Outcome:
    """The suggested owner says that they are not theirs either, so a manager must settle it.

    Raises:
        FindingError: nobody waits for their answer any more.
    """
    _hold(hand_over)
    if hand_over.suggested_id is None:
        raise FindingError("reason", "Somebody has answered this already.")
    hand_over.suggested = None
    hand_over.save(update_fields=["suggested"])
    ids = list(still_waiting(hand_over).values_list("pk", flat=True))
    why = clean_why(reason)
    return _say(hand_over, ids, Kind.HANDOVER_REFUSED, why, {}, now, user)


@transaction.atomic
def hand_over_withdraw(*, hand_over: HandOver, now: datetime, user: User) -> Outcome:
    """Take it back: they are one's own after all.

    Raises:
        FindingError: somebody has settled it already.
    """
    ids = _settle(hand_over, now, user)
    return _say(hand_over, ids, Kind.HANDOVER_UNASKED, "", {}, now, user)


def _check_can_take(deployment: Deployment, owner: Owner) -> None:
    if owner.deployment_id != deployment.pk:
        raise FindingError("owner", "Choose an owner of this deployment.")
    if not owner.active:
        raise FindingError("owner", f"{owner.name} no longer takes findings. Choose someone else.")


def _hold(hand_over: HandOver) -> None:
    """The hand-over as it is now, held against others who would settle it."""
    deployment_hold(deployment_id=hand_over.deployment_id)
    hand_over.refresh_from_db()
    if hand_over.settled_at is not None:
        raise FindingError("owner", "Somebody has settled this already.")


def _settle(hand_over: HandOver, now: datetime, user: User) -> list[int]:
    """Close it; the findings that it was still about."""
    _hold(hand_over)
    hand_over.settled_at, hand_over.settled_by = now, user
    hand_over.save(update_fields=["settled_at", "settled_by"])
    return list(still_waiting(hand_over).values_list("pk", flat=True))


def _say(
    hand_over: HandOver,
    finding_ids: Iterable[int],
    kind: Kind,
    why: str,
    change: dict[str, list[str]],
    now: datetime,
    user: User,
) -> Outcome:
    log = ActionLog(hand_over.deployment, now, user)
    for row in locked(hand_over.deployment, finding_ids):
        log.add(row, kind, why, change, ())
    log.write()
    return log.outcome
