"""A DAG that will be deleted: its findings are claimed until a scan no longer sees it, or the day has passed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction

from planner.domain.lifecycle import Kind
from planner.domain.retirement import LONGEST
from planner.domain.web_link import LinkRefused, clean_link
from planner.models import Deployment, Retirement
from planner.selectors.retirement import claimed_with
from planner.services.finding import finding_unclaim
from planner.services.finding_log import (
    ActionLog,
    FindingError,
    Outcome,
    clean_why,
    locked,
    state_after,
)
from planner.services.revision import deployment_hold


@transaction.atomic
def dag_retire(
    *,
    deployment: Deployment,
    dag_id: str,
    finding_ids: Iterable[int],
    reason: str,
    link: str,
    gone_by: date,
    today: date,
    now: datetime,
    user: User,
) -> Outcome:
    """Say that a DAG will be gone by a day, and claim these findings of it until then.

    A DAG that is being retired already gets the new words and day, and these findings in addition.

    Raises:
        FindingError: there is no reason, the day is not in the year to come, or the link is none.
    """
    reason = clean_why(reason)
    if not reason:
        raise FindingError("reason", "Say why the DAG goes.")
    if not today < gone_by <= today + LONGEST:
        raise FindingError("gone_by", "Choose a day after today, within a year.")
    try:
        link = clean_link(link)
    except LinkRefused as refusal:
        raise FindingError("link", str(refusal)) from refusal
    deployment_hold(deployment_id=deployment.pk)
    words = {
        "reason": reason,
        "link": link,
        "gone_by": gone_by,
        "stated_by": user,
        "stated_at": now,
    }
    retirement, _ = Retirement.objects.update_or_create(
        deployment=deployment, dag_id=dag_id, ended_at=None, defaults=words
    )
    log = ActionLog(deployment, now, user)
    change = {"retiring": ["", dag_id], "gone_by": ["", gone_by.isoformat()]}
    for row in locked(deployment, finding_ids):
        if (state := state_after(row, Kind.CLAIMED)) is None:
            log.leave()
        else:
            log.add(row, Kind.CLAIMED, reason, change, (state.value, retirement.pk), link)
    log.write("state", "retirement_id")
    return log.outcome


@transaction.atomic
def dag_keep(*, retirement: Retirement, now: datetime, user: User) -> Outcome:
    """The DAG stays after all: what was claimed with it is open again."""
    deployment = deployment_hold(deployment_id=retirement.deployment_id)
    ids = list(claimed_with(retirement).values_list("pk", flat=True))
    retirement.ended_at = now
    retirement.save(update_fields=["ended_at"])
    return finding_unclaim(
        deployment=deployment,
        finding_ids=ids,
        now=now,
        user=user,
        why=f"the DAG {retirement.dag_id} stays after all",
    )
