"""Whatever scans and people do, in any order: rows agree with events, and nobody's decision is overwritten by a scan."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.domain.finding import State
from planner.models import Deployment, Event, Finding, ForeseenChange, Scan
from planner.selectors.scan import totals_of
from planner.services.finding import (
    finding_assign,
    finding_claim,
    finding_due_set,
    finding_note,
    finding_unclaim,
)
from planner.services.ingest import apply_scan, receive_report, report_preview, source_for
from planner.services.waiver import finding_waive, waivers_end
from tests.event_log import disagreements
from tests.factories import NOW, TODAY, make_owner, make_user

pytestmark = pytest.mark.django_db

PLACES = [(f"dags/{name}.py", line) for name in "abc" for line in (3, 9)]
DECIDED = ("owner_id", "owner_picked", "due", "due_picked", "note", "first_seen")

scan_steps = st.tuples(
    st.just("scan"),
    st.lists(st.sampled_from(PLACES), unique=True, max_size=6),
    st.integers(0, 2),
    st.booleans(),
    st.sampled_from(["* @one\n", "* @two\ndags/a.py @one\n"]),
)
deeds = st.tuples(
    st.sampled_from(["claim", "unclaim", "waive", "assign", "due", "note", "days pass"]),
    st.sets(st.integers(0, 9), min_size=1, max_size=4),
)


class World:
    """One deployment, its people and its clock."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.user = make_user("ann")
        self.owner = make_owner(deployment, "picked")
        self.now = NOW

    def scan(self, places: list[tuple[str, int]], shift: int, complete: bool, owners: str) -> None:
        findings = [_item(path, line + shift) for path, line in places]
        coverage = {
            "files": sorted({path for path, _ in PLACES}) if complete else None,
            "complete": complete,
        }
        document = {"findings": findings, "coverage": coverage, "codeowners": owners}
        content = json.dumps(document).encode()
        arguments: dict[str, Any] = {
            "source": source_for(deployment=self.deployment),
            "file_name": "report.json",
            "options": {"confirm": True},
        }
        rows, events = _rows(), Event.objects.count()
        preview = report_preview(stream=io.BytesIO(content), now=self.now, **arguments).scan
        assert (_rows(), Event.objects.count()) == (rows, events)
        assert not ForeseenChange.objects.exists()
        scan = receive_report(
            stream=io.BytesIO(content), cause="command", user=None, now=self.now, **arguments
        )
        before = {row["id"]: row for row in Finding.objects.values("id", "state", *DECIDED)}
        done = apply_scan(scan_id=scan.pk, now=self.now)
        assert done.state in (Scan.State.DONE, Scan.State.DUPLICATE), done.error
        if done.state == Scan.State.DONE:
            kept = {key: count for key, count in preview.counts.items() if key != "closing"}
            assert kept == done.counts
            assert done.totals == preview.totals == totals_of(self.deployment)
        self._nobody_is_overruled(before, done)

    def _nobody_is_overruled(self, before: dict[int, dict[str, Any]], scan: Scan) -> None:
        for row in Finding.objects.values("id", "state", *DECIDED):
            was = before.get(row["id"])
            if was is None:
                continue
            kept = [key for key in DECIDED if key != "owner_id" or was["owner_picked"]]
            assert {key: row[key] for key in kept} == {key: was[key] for key in kept}
            if was["state"] == State.WAIVED:
                assert row["state"] in (State.WAIVED, State.FIXED, State.REMOVED)
            if was["state"] == State.CLAIMED and row["state"] == State.OPEN:
                assert Event.objects.filter(
                    finding=row["id"], scan=scan, kind="contradicted"
                ).exists()

    def deed(self, name: str, numbers: set[int]) -> None:
        ids = list(Finding.objects.order_by("pk").values_list("pk", flat=True))
        one: dict[str, Any] = {
            "deployment": self.deployment,
            "finding_ids": [ids[number] for number in numbers if number < len(ids)],
            "now": self.now,
            "user": self.user,
        }
        today = self.now.date()
        deeds: dict[str, Callable[[], object]] = {
            "claim": lambda: finding_claim(**one),
            "unclaim": lambda: finding_unclaim(**one),
            "assign": lambda: finding_assign(owner=self.owner, **one),
            "due": lambda: finding_due_set(due=TODAY + timedelta(days=300), **one),
            "note": lambda: finding_note(note=f"at {self.now}", **one),
            "waive": lambda: finding_waive(
                reason="old", expires_on=today + timedelta(days=3), today=today, **one
            ),
            "days pass": lambda: waivers_end(now=self.now),
        }
        if name == "days pass":
            self.now += timedelta(days=5)
        deeds[name]()


def _item(path: str, line: int) -> dict[str, Any]:
    return {
        "rule_id": "SubDagOperatorRule",
        "severity": "ERROR",
        "dag_id": None,
        "file": path,
        "line": line,
        "message": "SubDagOperator is removed in Airflow 3",
        "content": f"SubDagOperator(task_id='{path}')",
    }


def _rows() -> list[tuple[Any, ...]]:
    return list(Finding.objects.order_by("pk").values_list())


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=scan_steps, steps=st.lists(scan_steps | deeds, max_size=9))
def test_rows_agree_with_events_and_people_are_not_overruled(
    deployment: Deployment, first: tuple[Any, ...], steps: list[tuple[Any, ...]]
) -> None:
    with transaction.atomic():
        world = World(deployment)
        for name, *arguments in [first, *steps]:
            world.now += timedelta(minutes=1)
            if name == "scan":
                world.scan(*arguments)
            else:
                world.deed(name, *arguments)
            assert disagreements() == []
        transaction.set_rollback(True)
