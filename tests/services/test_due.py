"""Due dates that come from the plan, as the plan moves."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from planner.domain.history import change_from, sentence
from planner.models import Deployment, Event, Finding
from planner.services.plan import plan_set
from planner.services.settings import calendar_store, due_days_store
from tests.factories import (
    NOW,
    TODAY,
    make_deployment,
    make_finding,
    make_findings,
    make_scan,
    make_source,
)

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 9, 21)
PHASE_B_ENDS = date(2026, 10, 30)


@pytest.fixture
def planned() -> Deployment:
    return make_deployment("planned")


def error(deployment: Deployment, **fields: object) -> Finding:
    source = deployment.sources.first() or make_source(deployment)
    return make_finding(make_scan(source), **{"due": TODAY + timedelta(days=30), **fields})


def due_of(finding: Finding) -> date | None:
    return Finding.objects.get(pk=finding.pk).due


def test_errors_follow_the_start_of_the_plan_and_say_so(planned: Deployment, alice: User) -> None:
    finding = error(planned)
    plan_set(deployment=planned, start=MONDAY, now=NOW, user=alice)
    assert due_of(finding) == PHASE_B_ENDS
    plan_set(deployment=planned, start=MONDAY + timedelta(days=7), now=NOW, user=alice)
    assert due_of(finding) == date(2026, 11, 6)
    event = Event.objects.filter(finding=finding, kind="due_set").latest("id")
    assert event.actor_id == alice.pk
    said = sentence(
        kind=event.kind, why=event.why, change=change_from(event.change), actor="Alice", scan=""
    )
    assert said == (
        "Due 6 Nov 2026, before 30 Oct 2026: "
        "phase B (Block-tier) of the plan now ends on 6 Nov 2026."
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"due_picked": True},
        {"severity": "WARNING", "rule_id": "AIR311"},
        {"state": "fixed"},
    ],
)
def test_what_is_picked_counted_in_days_or_closed_keeps_its_date(
    planned: Deployment, fields: dict[str, object]
) -> None:
    finding = error(planned, **fields)
    plan_set(deployment=planned, start=MONDAY, now=NOW, user=None)
    assert due_of(finding) == TODAY + timedelta(days=30)
    assert not Event.objects.filter(finding=finding, kind="due_set").exists()


def test_the_same_plan_kept_again_writes_nothing(planned: Deployment) -> None:
    error(planned)
    for _ in range(2):
        plan_set(deployment=planned, start=MONDAY, now=NOW, user=None)
    assert Event.objects.filter(kind="due_set").count() == 1


def test_own_days_come_before_the_plan_and_without_them_the_plan_is_back(
    planned: Deployment, alice: User
) -> None:
    finding = error(planned)
    due_days_store(deployment=planned, days={"ERROR": 14}, by=alice, now=NOW)
    plan_set(deployment=planned, start=MONDAY, now=NOW, user=alice)
    assert due_of(finding) == TODAY + timedelta(days=30)
    assert due_days_store(deployment=planned, days={}, by=alice, now=NOW) == 1
    assert due_of(finding) == PHASE_B_ENDS


def test_a_day_off_moves_the_end_of_the_phase(planned: Deployment, alice: User) -> None:
    finding = error(planned)
    plan_set(deployment=planned, start=MONDAY, now=NOW, user=alice)
    calendar_store(
        deployment=planned,
        time_zone="UTC",
        plan_start=MONDAY,
        holiday_country="",
        days_off=["2026-10-28"],
        blackouts=[],
        by=alice,
        now=NOW,
    )
    assert due_of(finding) == date(2026, 11, 2)


def test_the_number_of_queries_does_not_grow_with_the_findings(
    planned: Deployment, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    make_findings(make_scan(make_source(planned)), 3000, due=TODAY)
    with CaptureQueriesContext(connection) as asked:
        plan_set(deployment=planned, start=MONDAY, now=NOW, user=None)
    assert len(asked) <= 15
    assert Finding.objects.filter(due=PHASE_B_ENDS).count() == 3000
    change = Event.objects.filter(kind="due_set").first()
    assert change is not None
    assert json.loads(change.change) == {"due": [TODAY.isoformat(), "2026-10-30"]}
