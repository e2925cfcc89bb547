"""What people do with their own findings, in all their deployments at once."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction

from planner.selectors.local_time import local_day
from planner.selectors.my_findings import MyPicks
from planner.services.finding import finding_claim, finding_unclaim
from planner.services.finding_log import Outcome
from planner.services.waiver_request import waiver_ask


@transaction.atomic
def my_findings_claim(
    *, picks: MyPicks, user: User, now: datetime, why: str = "", link: str = ""
) -> Outcome:
    """Claim findings of one's own as fixed, wherever they are.

    Raises:
        FindingError: the link is none that a page should show.
    """
    total = Outcome(0, 0)
    for deployment, ids in picks.items():
        total += finding_claim(
            deployment=deployment, finding_ids=ids, now=now, user=user, why=why, link=link
        )
    return total


@transaction.atomic
def my_findings_unclaim(*, picks: MyPicks, user: User, now: datetime) -> Outcome:
    """Take claims of one's own back, wherever they are."""
    total = Outcome(0, 0)
    for deployment, ids in picks.items():
        total += finding_unclaim(deployment=deployment, finding_ids=ids, now=now, user=user)
    return total


@transaction.atomic
def my_waiver_ask(
    *, picks: MyPicks, reason: str, expires_on: date, now: datetime, user: User
) -> Outcome:
    """Ask the managers of each deployment to set findings of one's own aside.

    Raises:
        FindingError: there is no reason, or the day is not in the future or too far away.
    """
    total = Outcome(0, 0)
    for deployment, ids in picks.items():
        total += waiver_ask(
            deployment=deployment,
            finding_ids=ids,
            reason=reason,
            expires_on=expires_on,
            user=user,
            now=now,
            today=local_day(deployment, now),
        )
    return total
