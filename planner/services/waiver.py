"""Sets findings aside until a day, and brings them back when it is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction

from planner.domain.lifecycle import Kind
from planner.models import Deployment, Waiver
from planner.selectors.local_time import local_day
from planner.services.finding_log import (
    BATCH,
    ActionLog,
    FindingError,
    Outcome,
    chunks,
    clean_why,
    findings_step,
    locked,
    state_after,
)


@transaction.atomic
def finding_waive(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    reason: str,
    expires_on: date,
    today: date,
    now: datetime,
    user: User,
) -> Outcome:
    """Set findings aside until the end of ``expires_on``; ``user`` approves. They come back by themselves.

    Raises:
        FindingError: there is no reason, or the date is not in the future.
    """
    reason = clean_why(reason)
    if not reason:
        raise FindingError("reason", "Say why it can wait.")
    if expires_on <= today:
        raise FindingError("expires_on", "A waiver ends on a day after today.")
    log = ActionLog(deployment, now, user)
    change = {"waived_until": ["", expires_on.isoformat()]}
    for finding in locked(deployment, finding_ids):
        if (state := state_after(finding, Kind.WAIVED)) is None:
            log.leave()
            continue
        log.add(finding, Kind.WAIVED, reason, change, (state.value,))
    log.write("state")
    Waiver.objects.bulk_create(
        (
            Waiver(
                finding_id=finding_id,
                reason=reason,
                approver_id=user.pk,
                created_at=now,
                expires_on=expires_on,
            )
            for finding_id in log.changed_ids
        ),
        batch_size=BATCH,
    )
    return log.outcome


@transaction.atomic
def waiver_end(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    now: datetime,
    user: User | None,
) -> Outcome:
    """End waivers before their time."""
    ids = list(finding_ids)
    outcome = findings_step(deployment, ids, Kind.WAIVER_ENDED, "Ended early", now, user)
    for chunk in chunks(ids):
        Waiver.objects.filter(
            finding__deployment=deployment, finding_id__in=chunk, ended_at=None
        ).update(ended_at=now)
    return outcome


def waivers_end(*, now: datetime) -> int:
    """End every waiver whose last day is over in its deployment's zone; how many findings came back.

    Safe to run any number of times.
    """
    came_back = 0
    # A day that is over in any zone of the world; each deployment's own zone decides below.
    over = Waiver.objects.filter(ended_at=None, expires_on__lte=now.date())
    ids = over.values_list("finding__deployment_id", flat=True).distinct()
    for deployment in Deployment.objects.filter(pk__in=list(ids)):
        came_back += _waivers_end_of(deployment, now)
    return came_back


@transaction.atomic
def _waivers_end_of(deployment: Deployment, now: datetime) -> int:
    today = local_day(deployment, now)
    over = Waiver.objects.filter(
        finding__deployment=deployment, ended_at=None, expires_on__lt=today
    )
    ids = list(over.values_list("finding_id", flat=True))
    if not ids:
        return 0
    still_waived = Waiver.objects.filter(
        finding__deployment=deployment, ended_at=None, expires_on__gte=today
    )
    renewed = set(still_waived.values_list("finding_id", flat=True))
    ended = [key for key in ids if key not in renewed]
    outcome = findings_step(deployment, ended, Kind.WAIVER_ENDED, "The waiver ran out", now, None)
    over.update(ended_at=now)
    return outcome.changed
