"""Re-rates a deployment's findings when its target release or the rulebook has changed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from planner.domain.finding import SEVERITY_ORDER
from planner.domain.lifecycle import Kind
from planner.domain.rating import Rater, when_of
from planner.domain.report import Observation
from planner.models import Deployment, Event, Finding
from planner.rulebook.load import rulebook
from planner.selectors.deployment import target_line_of
from planner.selectors.due import due_rule_of
from planner.selectors.local_time import local_day


@transaction.atomic
def findings_rerate(*, deployment: Deployment, now: datetime) -> int:
    """Bring severity, category, axis and minutes of every finding up to date. Returns how many changed severity.

    What changed severity is due anew, counted from now, but for the dates that people picked.
    Does nothing where the findings were rated for this target with this rulebook already.
    """
    book = rulebook()
    target = target_line_of(deployment, book)
    rated_for = f"{target} {book.hash}"
    if deployment.rated_for == rated_for:
        return 0
    rater = Rater(book, target_line=target)
    kinds = (
        Finding.objects.filter(deployment=deployment)
        .values_list("rule_id", "symbol", "reported_severity", "severity", "known")
        .order_by()
        .distinct()
    )
    due_rule, today = due_rule_of(deployment), local_day(deployment, now)
    changed = 0
    for rule_id, symbol, reported, severity, known in list(kinds):
        rating = rater(Observation(rule=rule_id, symbol=symbol, severity=reported))
        same = Finding.objects.filter(
            deployment=deployment,
            rule_id=rule_id,
            symbol=symbol,
            reported_severity=reported,
            severity=severity,
            known=known,
        )
        if rating.severity != severity:
            changed += _log(list(same.values_list("pk", flat=True)), severity, rating.severity, now)
            due = due_rule.due(
                first_seen=today,
                severity=rating.severity,
                category=rating.category,
                when=when_of(rule_id, symbol, book),
            )
            same.filter(due_picked=False).update(due=due)
        same.update(
            known=rating.known,
            severity=rating.severity,
            severity_rank=SEVERITY_ORDER[rating.severity],
            category=rating.category,
            axis=rating.axis,
            minutes=rating.minutes,
        )
    deployment.rated_for = rated_for
    deployment.save(update_fields=["rated_for"])
    return changed


def _log(finding_ids: list[int], before: str, after: str, now: datetime) -> int:
    why = f"{before} → {after}, as the rulebook says for the target release"
    Event.objects.bulk_create(
        (Event(finding_id=key, kind=Kind.RERATED, at=now, why=why) for key in finding_ids),
        batch_size=1000,
    )
    return len(finding_ids)
