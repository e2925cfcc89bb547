"""Hands out what belongs to owners who take no findings any more: by the rules, or all to one."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from planner.domain.lifecycle import Kind
from planner.models import Deployment, Owner
from planner.selectors.inactive_owner import leaver_finding_ids, rule_answers
from planner.services.finding import finding_assign
from planner.services.finding_log import ActionLog, FindingError, Outcome, locked
from planner.services.ownership import owners_ensure
from planner.services.revision import deployment_hold


class ReassignmentMoved(ValueError):
    """The findings are not those that were shown any more. The message is one sentence."""


@transaction.atomic
def findings_hand_out(
    *,
    deployment: Deployment,
    owner: Owner,
    expected: int | None,
    now: datetime,
    user: User | None,
) -> Outcome:
    """Give the live findings of an inactive owner to whom the rules name, picks too: a person asks for it.

    Raises:
        FindingError: the owner takes findings, so that the rules might name them again.
        ReassignmentMoved: there are not ``expected`` findings any more.
    """
    ids = _theirs(deployment, owner, expected)
    findings = list(locked(deployment, ids))
    answers = rule_answers(deployment, ((one.source_id, one.path) for one in findings))
    spellings = {answer.key: answer.written for answer in answers.values() if answer.key}
    owner_ids = owners_ensure(deployment=deployment, keys=spellings, spellings=spellings)
    log = ActionLog(deployment, now, user)
    for finding in findings:
        answer = answers[finding.source_id, finding.path]
        change = {"owner": [owner.key, answer.key]}
        values = (owner_ids.get(answer.key), answer.because, False)
        log.add(finding, Kind.ASSIGNED, answer.because, change, values)
    log.write("owner_id", "owner_because", "owner_picked")
    return log.outcome


@transaction.atomic
def findings_hand_over(
    *,
    deployment: Deployment,
    owner: Owner,
    to: Owner,
    expected: int | None,
    now: datetime,
    user: User | None,
) -> Outcome:
    """Give all live findings of an inactive owner to another, as a person's pick.

    Raises:
        FindingError: the owner takes findings, or the other takes none.
        ReassignmentMoved: there are not ``expected`` findings any more.
    """
    ids = _theirs(deployment, owner, expected)
    return finding_assign(deployment=deployment, finding_ids=ids, owner=to, now=now, user=user)


def _theirs(deployment: Deployment, owner: Owner, expected: int | None) -> list[int]:
    deployment_hold(deployment_id=deployment.pk)
    owner.refresh_from_db()
    if owner.active:
        raise FindingError("owner", f"{owner.name} takes findings again. Nothing was changed.")
    ids = leaver_finding_ids(owner)
    if expected is not None and expected != len(ids):
        raise ReassignmentMoved(
            f"While you were deciding, the findings of {owner.name} changed: there are"
            f" {len(ids):,} now. Nothing was changed; look again."
        )
    return ids
