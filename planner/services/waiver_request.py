"""Asking for a waiver, and what a manager answers. The findings stay open meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction

from planner.domain.finding import ACTIVE_STATES
from planner.domain.lifecycle import Kind
from planner.models import Deployment, WaiverRequest
from planner.selectors.waiver_request import asked_findings
from planner.services import bulk
from planner.services.finding_log import (
    ActionLog,
    FindingError,
    Outcome,
    clean_why,
    locked,
)
from planner.services.revision import deployment_hold
from planner.services.waiver import checked_terms, waiver_give


@transaction.atomic
def waiver_ask(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    reason: str,
    expires_on: date,
    user: User,
    now: datetime,
    today: date,
) -> Outcome:
    """Ask a manager to set findings aside until the end of ``expires_on``; they stay open until one approves.

    What is not open or claimed, and what somebody asks for already, is left.

    Raises:
        FindingError: there is no reason, or the date is not in the future or too far away.
    """
    reason = checked_terms(reason, expires_on, today)
    rows = list(locked(deployment, finding_ids))
    asked_for = set(asked_findings(deployment))
    able = [row for row in rows if row.state in ACTIVE_STATES and row.pk not in asked_for]
    if not able:
        return Outcome(0, len(rows))
    request = WaiverRequest.objects.create(
        deployment=deployment,
        reason=reason,
        expires_on=expires_on,
        asked_by=user,
        asked_at=now,
    )
    through = WaiverRequest.findings.through
    pairs = [(request.pk, row.pk) for row in able]
    bulk.insert(through, ("waiverrequest_id", "finding_id"), pairs)
    log = ActionLog(deployment, now, user)
    change = {"asked_until": ["", expires_on.isoformat()]}
    for row in able:
        log.add(row, Kind.WAIVER_ASKED, reason, change, ())
    log.write()
    return Outcome(len(able), len(rows) - len(able))


@transaction.atomic
def waiver_request_approve(
    *,
    request: WaiverRequest,
    reason: str,
    expires_on: date,
    today: date,
    now: datetime,
    user: User,
) -> Outcome:
    """Set aside what was asked for, of that what is open still; ``user`` may give other words and another day.

    Raises:
        FindingError: somebody has answered already, there is no reason, or the date cannot be.
    """
    deployment = _answered(request, now, user)
    request.waiver, outcome = waiver_give(
        deployment=deployment,
        finding_ids=request.findings.values_list("pk", flat=True),
        reason=reason,
        expires_on=expires_on,
        today=today,
        now=now,
        user=user,
    )
    request.save(update_fields=["waiver"])
    return outcome


@transaction.atomic
def waiver_request_decline(
    *, request: WaiverRequest, answer: str, now: datetime, user: User
) -> Outcome:
    """Say no, in a sentence that the findings' history keeps.

    Raises:
        FindingError: there is no such sentence, or somebody has answered already.
    """
    if not (answer := clean_why(answer)):
        raise FindingError("answer", "Say why not, so that they know what to do instead.")
    return _refuse(request, Kind.WAIVER_DECLINED, answer, now, user)


@transaction.atomic
def waiver_request_withdraw(*, request: WaiverRequest, now: datetime, user: User) -> Outcome:
    """Take a request back.

    Raises:
        FindingError: somebody has answered already.
    """
    return _refuse(request, Kind.WAIVER_UNASKED, "", now, user)


def _refuse(request: WaiverRequest, kind: Kind, answer: str, now: datetime, user: User) -> Outcome:
    deployment = _answered(request, now, user)
    request.answer = answer
    request.save(update_fields=["answer"])
    log = ActionLog(deployment, now, user)
    for row in locked(deployment, request.findings.values_list("pk", flat=True)):
        if row.state in ACTIVE_STATES:
            log.add(row, kind, answer, {}, ())
        else:
            log.leave()
    log.write()
    return log.outcome


def _answered(request: WaiverRequest, now: datetime, user: User) -> Deployment:
    """Note who answers. Whoever comes second is told."""
    deployment = deployment_hold(deployment_id=request.deployment_id)
    waiting = WaiverRequest.objects.filter(pk=request.pk, answered_at=None)
    if not waiting.update(answered_at=now, answered_by=user):
        raise FindingError("answer", "Somebody has answered this request already.")
    request.refresh_from_db()
    return deployment
