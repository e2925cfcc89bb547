"""Moves the due dates that come from the plan when the plan moves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from django.contrib.auth.models import User

from planner.domain.dates import with_year
from planner.domain.finding import LIVE_STATES, Category, Severity
from planner.domain.lifecycle import Kind
from planner.domain.rating import when_of
from planner.models import Deployment, Event, Finding
from planner.rulebook.load import rulebook
from planner.selectors.due import due_rule_of
from planner.selectors.local_time import local_day
from planner.services import bulk

_EVENT_COLUMNS = ("finding_id", "kind", "at", "actor_id", "why", "change")


class _Moved(NamedTuple):
    finding_id: int
    before: date | None
    after: date | None


def dues_follow_plan(*, deployment: Deployment, now: datetime, user: User | None) -> int:
    """Give live ERRORs the day on which the plan wants them fixed; how many got another day.

    Days that people picked stay, and so do all where days from first sight are the rule. Each
    change is in the finding's history. Runs inside the caller's transaction, which holds the
    deployment.
    """
    milestone = due_rule_of(deployment).milestone
    if milestone is None:
        return 0
    moved = list(_moved(deployment))
    bulk.update(Finding, ("due",), ((row.finding_id, bulk.day(row.after)) for row in moved))
    why = f"{milestone.phase} of the plan now ends on {with_year(milestone.end)}"
    at, actor = bulk.moment(now), user.pk if user else None
    bulk.insert(
        Event,
        _EVENT_COLUMNS,
        (
            (row.finding_id, Kind.DUE_SET.value, at, actor, why, _change(row.before, row.after))
            for row in moved
        ),
    )
    return len(moved)


def _moved(deployment: Deployment) -> Iterator[_Moved]:
    """What the rule says otherwise than is stored."""
    book, rule = rulebook(), due_rule_of(deployment)
    rows = Finding.objects.filter(
        deployment=deployment,
        state__in=LIVE_STATES,
        severity=Severity.ERROR,
        due_picked=False,
    ).values_list("pk", "rule_id", "symbol", "category", "first_seen", "due")
    for pk, rule_id, symbol, category, first_seen, before in rows.iterator():
        due = rule.due(
            first_seen=local_day(deployment, first_seen),
            severity=Severity.ERROR,
            category=Category(category),
            when=when_of(rule_id, symbol, book),
        )
        if due != before:
            yield _Moved(pk, before, due)


def _change(before: date | None, after: date | None) -> str:
    days: list[Any] = [day.isoformat() if day else "" for day in (before, after)]
    return json.dumps({"due": days})
