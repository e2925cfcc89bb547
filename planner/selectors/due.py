"""Which rule sets the due dates of a deployment."""

from __future__ import annotations

from planner.domain.due import DueRule
from planner.domain.finding import Severity
from planner.domain.plan import DEFAULT_TEMPLATE, errors_milestone
from planner.models import Deployment
from planner.rulebook.load import rulebook
from planner.selectors.plan import calendar_of


def due_rule_of(deployment: Deployment) -> DueRule:
    """The rule as it stands. No query.

    ERRORs are due when the plan expects none to be open, once the plan has a start; days that the
    deployment has set for them itself come before that.
    """
    book = rulebook()
    milestone = None
    if deployment.plan_start is not None and Severity.ERROR not in deployment.due_days:
        milestone = errors_milestone(
            deployment.plan_template or DEFAULT_TEMPLATE,
            start=deployment.plan_start,
            calendar=calendar_of(deployment),
            rulebook=book,
        )
    days = {**book.decision["due_days"], **deployment.due_days}
    return DueRule(days=days, milestone=milestone)
