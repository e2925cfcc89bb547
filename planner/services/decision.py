"""Records decisions: what was known, what was answered, by whom, on which day."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction

from planner.models import DecisionRecord, Deployment
from planner.rulebook.load import rulebook
from planner.selectors.decision import decision_of


class DecisionMoved(ValueError):
    """The deployment changed between reading the decision and recording it. The message says what to do."""


@transaction.atomic
def decision_record(
    *,
    deployment: Deployment,
    author: User,
    reason: str,
    look_again_on: date | None,
    today: date,
    now: datetime,
    seen_revision: int | None = None,
) -> DecisionRecord:
    """Freeze today's decision from the stored facts under the next number. Records are never edited.

    ``seen_revision`` is the revision of the deployment whose decision the author was reading.

    Raises:
        DecisionMoved: the deployment has another revision by now; nothing was recorded.
    """
    locked = Deployment.objects.select_for_update().get(pk=deployment.pk)
    if seen_revision is not None and seen_revision != locked.revision:
        raise DecisionMoved(
            "The facts or the findings changed while you were reading. Look at the answer again,"
            " then record it."
        )
    newest = locked.decisions.order_by("-number").first()
    return DecisionRecord.objects.create(
        deployment=locked,
        number=newest.number + 1 if newest else 1,
        facts=locked.facts,
        decision=decision_of(locked, today=today).as_dict(),
        rulebook_hash=rulebook().hash,
        reason=reason,
        author=author,
        recorded_at=now,
        look_again_on=look_again_on,
    )
