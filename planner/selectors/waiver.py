"""Waivers: which hold, what each hides, who asks for one, and what the code silences by itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Q

from planner.domain.ownership import fixed_start
from planner.domain.waiver import Scope
from planner.models import Deployment, Waiver


def waivers_that_hold(deployment: Deployment, today: date) -> list[Waiver]:
    """The waivers that cover findings today, with their approvers."""
    rows = deployment.waivers.filter(ended_at=None, expires_on__gte=today)
    return list(rows.select_related("approver").order_by("pk"))


def scope_of(waiver: Waiver) -> Scope:
    """What a waiver covers."""
    return Scope(
        rule_id=waiver.rule_id,
        pattern=waiver.pattern,
        dag_id=waiver.dag_id,
        source_id=waiver.source_id,
    )


def fitting_findings(scopes: Iterable[Scope]) -> Q:
    """All findings that may fit one of the scopes, and few others; those that name findings have none."""
    fitting = Q(pk__in=[])
    for scope in scopes:
        if not scope.names_findings:
            fitting |= _may_fit(scope)
    return fitting


def _may_fit(scope: Scope) -> Q:
    condition = ~Q(pk__in=[])
    if scope.rule_id:
        condition &= Q(rule_id=scope.rule_id)
    if scope.dag_id:
        condition &= Q(dag_ids__contains=scope.dag_id)
    if start := fixed_start(scope.pattern):
        condition &= Q(path__startswith=start)
    if scope.source_id is not None:
        condition &= Q(source=scope.source_id)
    return condition
