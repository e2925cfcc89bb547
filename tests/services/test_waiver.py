"""Waivers of findings, rules, paths and DAGs: what they hide, what scans find under them, and how they end."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from planner.domain.finding import State
from planner.domain.waiver import Scope
from planner.models import Deployment, Event, Finding, Scan, WaivedFinding, Waiver
from planner.selectors.finding import event_sentence
from planner.services.finding_log import FindingError, Outcome
from planner.services.ingest import apply_scan, receive_report, source_for
from planner.services.waiver import (
    finding_waive,
    waiver_add,
    waiver_end,
    waiver_extend,
    waiver_stop,
    waivers_end,
)
from tests.event_log import fold
from tests.factories import (
    NOW,
    TODAY,
    make_finding,
    make_findings,
    make_mixed_findings,
    make_scan,
    make_source,
)

pytestmark = pytest.mark.django_db
Send = Callable[..., Scan]
SOON, LATER = TODAY + timedelta(days=10), TODAY + timedelta(days=60)


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    return make_scan(make_source(deployment, "uploads"))


@pytest.fixture
def waive(deployment: Deployment, alice: User) -> Callable[..., Waiver]:
    """Waive a scope until LATER: ``waive(rule_id="AIR301")``."""

    def add(until: date = LATER, **scope: Any) -> Waiver:
        waiver_add(
            deployment=deployment,
            scope=Scope(**scope),
            reason="Goes with the old warehouse",
            expires_on=until,
            today=TODAY,
            now=NOW,
            user=alice,
        )
        return Waiver.objects.latest("pk")

    return add


@pytest.fixture
def send(deployment: Deployment) -> Send:
    """Send these (rule, file, line, DAG) as a complete report, an hour after the one before."""
    clock = iter(NOW + timedelta(hours=hour) for hour in range(1, 100))

    def ingest(*found: tuple[str, str, int, str]) -> Scan:
        report = [
            {
                "rule_id": rule,
                "severity": "ERROR",
                "dag_id": dag or None,
                "file": path,
                "line": line,
                "message": "`thing` is removed",
            }
            for rule, path, line, dag in found
        ]
        now = next(clock)
        queued = receive_report(
            source=source_for(deployment=deployment),
            stream=io.BytesIO(json.dumps(report).encode()),
            file_name="report.json",
            options={"complete": True, "confirm": True},
            cause="command",
            user=None,
            now=now,
        )
        done = apply_scan(scan_id=queued.pk, now=now)
        assert done.state == Scan.State.DONE, done.error
        return done

    return ingest


def states() -> dict[str, str]:
    """States by path and line."""
    rows = Finding.objects.order_by("pk").values_list("path", "line", "state")
    return {f"{path}:{line}": state for path, line, state in rows}


def history(finding: Finding) -> list[str]:
    return [event_sentence(event) for event in finding.events.order_by("pk")]


def check_folds() -> None:
    """Every state is the fold of its events, and waived means that a waiver covers it."""
    for finding in Finding.objects.prefetch_related("events"):
        kinds = [event.kind for event in finding.events.all()]
        assert fold(kinds) == (State(finding.state), finding.regressed), finding.pk
        live = finding.waivers.filter(ended_at=None).exists()
        if finding.state in ("open", "claimed", "waived"):
            assert (finding.state == "waived") == live, finding.pk


def test_a_rule_in_a_folder_is_waived_and_so_is_what_a_later_scan_finds_there(
    waive: Callable[..., Waiver], send: Send
) -> None:
    send(("AIR301", "dags/legacy/a.py", 3, ""), ("AIR301", "dags/new.py", 3, ""))
    waiver = waive(rule_id="AIR301", pattern="dags/legacy/")
    assert states() == {"dags/legacy/a.py:3": "waived", "dags/new.py:3": "open"}
    receipt = send(
        ("AIR301", "dags/legacy/a.py", 3, ""),
        ("AIR301", "dags/legacy/a.py", 9, ""),
        ("AIR302", "dags/legacy/a.py", 12, ""),
        ("AIR301", "dags/new.py", 3, ""),
    )
    assert states() == {
        "dags/legacy/a.py:3": "waived",
        "dags/new.py:3": "open",
        "dags/legacy/a.py:9": "waived",
        "dags/legacy/a.py:12": "open",
    }
    assert (receipt.counts["new"], receipt.counts["waived"]) == (2, 1)
    assert receipt.totals["by_rule"] == {"AIR301": 1, "AIR302": 1}
    first, second = waiver.findings.order_by("pk")
    assert history(first)[-1] == (
        "Alice waived it with AIR301 in dags/legacy/ until 20 Dec 2026: "
        "Goes with the old warehouse."
    )
    assert history(second)[-1] == (
        "The scan of 21 Oct found it under the waiver of AIR301 in dags/legacy/, which Alice approved "
        "until 20 Dec 2026: Goes with the old warehouse."
    )
    check_folds()


def test_an_unchanged_rescan_under_a_waiver_writes_nothing(
    waive: Callable[..., Waiver], send: Send
) -> None:
    waive(pattern="dags/legacy/")
    found = [("AIR301", f"dags/legacy/{n}.py", n, "") for n in range(1, 6)]
    send(*found)
    events, links = Event.objects.count(), WaivedFinding.objects.count()
    assert set(states().values()) == {"waived"}
    send(*reversed(found))
    assert (Event.objects.count(), WaivedFinding.objects.count()) == (events, links)
    check_folds()


def test_a_scan_proves_a_waived_finding_fixed_and_sees_it_again_under_the_waiver(
    waive: Callable[..., Waiver], send: Send
) -> None:
    send(("AIR301", "dags/a.py", 3, ""), ("AIR301", "dags/b.py", 3, ""))
    waive(pattern="dags/a.py")
    send(("AIR301", "dags/b.py", 3, ""))
    assert states()["dags/a.py:3"] == "fixed"
    send(("AIR301", "dags/a.py", 3, ""), ("AIR301", "dags/b.py", 3, ""))
    finding = Finding.objects.get(path="dags/a.py")
    assert (finding.state, finding.regressed) == ("waived", True)
    check_folds()


def test_the_dag_it_blocks_brings_a_finding_under_a_waiver_and_out_of_it(
    waive: Callable[..., Waiver], send: Send
) -> None:
    send(("AIR301", "dags/a.py", 3, "sales"), ("AIR301", "dags/b.py", 3, "sales_old"))
    waiver = waive(dag_id="sales")
    assert states() == {"dags/a.py:3": "waived", "dags/b.py:3": "open"}
    send(("AIR301", "dags/a.py", 4, "stock"), ("AIR301", "dags/b.py", 4, "sales"))
    assert states() == {"dags/a.py:4": "open", "dags/b.py:4": "waived"}
    assert [finding.path for finding in waiver.findings.all()] == ["dags/b.py"]
    out = Finding.objects.get(path="dags/a.py")
    assert history(out)[-1] == (
        "The waiver ended and it is open again: It is no longer among what the waiver covers."
    )
    check_folds()


def test_where_two_waivers_overlap_the_last_to_end_decides(
    deployment: Deployment, waive: Callable[..., Waiver], scan: Scan
) -> None:
    finding = make_finding(scan, rule_id="AIR301", path="dags/a.py")
    waive(rule_id="AIR301", until=SOON)
    waive(pattern="dags/", until=LATER)
    assert waivers_end(now=NOW + timedelta(days=11)) == 0
    finding.refresh_from_db()
    assert finding.state == "waived"
    assert waivers_end(now=NOW + timedelta(days=61)) == 1
    finding.refresh_from_db()
    assert finding.state == "open"
    assert finding.events.filter(kind="waiver_ended").count() == 1
    check_folds()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_however_overlapping_waivers_end_the_finding_comes_back_once_with_the_last(
    deployment: Deployment,
    alice: User,
    waive: Callable[..., Waiver],
    scan: Scan,
    order: tuple[int, ...],
) -> None:
    finding = make_finding(scan, rule_id="AIR301", path="dags/a.py")
    finding_waive(
        deployment=deployment,
        finding_ids=[finding.pk],
        reason="This one",
        expires_on=LATER,
        today=TODAY,
        now=NOW,
        user=alice,
    )
    waivers = [Waiver.objects.get(), waive(rule_id="AIR301"), waive(pattern="dags/")]
    for place, which in enumerate(order, start=1):
        # Ended by hand, or by its day: neither makes a difference.
        if which % 2:
            waiver_stop(waiver=waivers[which], now=NOW, user=alice)
        else:
            Waiver.objects.filter(pk=waivers[which].pk).update(expires_on=TODAY - timedelta(days=1))
            waivers_end(now=NOW)
        finding.refresh_from_db()
        assert finding.state == ("open" if place == 3 else "waived")
    assert finding.events.filter(kind="waiver_ended").count() == 1
    check_folds()


def test_what_two_waivers_cover_is_told_with_the_end_of_the_last(
    waive: Callable[..., Waiver], send: Send
) -> None:
    waive(rule_id="AIR301", until=LATER)
    waive(pattern="dags/", until=SOON)
    send(("AIR301", "dags/a.py", 3, ""))
    told = history(Finding.objects.get())[-1]
    assert "under the waiver of AIR301, which Alice approved until 20 Dec 2026" in told


def test_a_waiver_of_one_source_leaves_the_others_alone(
    deployment: Deployment, waive: Callable[..., Waiver], scan: Scan
) -> None:
    here = make_finding(scan, path="dags/a.py")
    there = make_finding(make_scan(make_source(deployment, "other")), path="dags/a.py")
    waive(pattern="dags/", source_id=scan.source_id)
    here.refresh_from_db()
    there.refresh_from_db()
    assert (here.state, there.state) == ("waived", "open")


def test_ending_a_waiver_early_brings_back_what_no_other_covers(
    deployment: Deployment, alice: User, waive: Callable[..., Waiver], scan: Scan
) -> None:
    both, one = make_finding(scan, path="dags/a.py"), make_finding(scan, path="dags/b.py")
    wide = waive(pattern="dags/")
    waive(pattern="dags/a.py")
    assert waiver_stop(waiver=wide, now=NOW, user=alice) == Outcome(changed=1, left=1)
    both.refresh_from_db()
    one.refresh_from_db()
    wide.refresh_from_db()
    assert (both.state, one.state) == ("waived", "open")
    assert (wide.ended_by, wide.ended_at) == (alice, NOW)
    assert waiver_stop(waiver=wide, now=NOW, user=alice) == Outcome(0, 0)
    check_folds()


def test_a_finding_is_taken_out_of_the_waiver_that_names_it_and_the_rest_stays(
    deployment: Deployment, alice: User, waive: Callable[..., Waiver], scan: Scan
) -> None:
    first, second, ruled = (make_finding(scan, path=f"dags/{name}.py") for name in "abc")
    finding_waive(
        deployment=deployment,
        finding_ids=[first.pk, second.pk],
        reason="Later",
        expires_on=SOON,
        today=TODAY,
        now=NOW,
        user=alice,
    )
    waive(pattern="dags/c.py")
    outcome = waiver_end(
        deployment=deployment, finding_ids=[first.pk, ruled.pk], now=NOW, user=alice
    )
    assert outcome == Outcome(changed=1, left=1)
    assert states() == {
        f"dags/a.py:{first.line}": "open",
        f"dags/b.py:{second.line}": "waived",
        f"dags/c.py:{ruled.line}": "waived",
    }
    waiver = Waiver.objects.get(pattern="")
    assert (list(waiver.findings.all()), waiver.ended_at) == ([second], None)
    waiver_end(deployment=deployment, finding_ids=[second.pk], now=NOW, user=alice)
    waiver.refresh_from_db()
    assert (list(waiver.findings.all()), waiver.ended_at) == ([second], NOW)
    check_folds()


def test_extending_a_waiver_is_told_in_the_history_of_what_it_hides(
    waive: Callable[..., Waiver], dana: User, scan: Scan
) -> None:
    finding = make_finding(scan, path="dags/a.py")
    waiver = waive(pattern="dags/", until=SOON)
    extend = {"today": TODAY, "now": NOW, "user": dana, "reason": "The provider is late"}
    assert waiver_extend(waiver=waiver, expires_on=LATER, **extend) == 1
    waiver.refresh_from_db()
    assert (waiver.expires_on, waiver.approver) == (LATER, dana)
    assert history(finding)[-1] == (
        "Dana moved the end of the waiver from 31 Oct 2026 to 20 Dec 2026: The provider is late."
    )
    assert waivers_end(now=NOW + timedelta(days=20)) == 0
    assert waivers_end(now=NOW + timedelta(days=61)) == 1
    with pytest.raises(FindingError, match="ended already"):
        waiver_extend(waiver=waiver, expires_on=LATER, **extend)
    check_folds()


@pytest.mark.parametrize(
    ("scope", "reason", "until", "field"),
    [
        ({}, "Later", SOON, "rule"),
        ({"source_id": 1}, "Later", SOON, "rule"),
        ({"pattern": "# dags"}, "Later", SOON, "path"),
        ({"rule_id": "AIR301", "source_id": 999_999}, "Later", SOON, "source"),
        ({"rule_id": "AIR301"}, " ", SOON, "reason"),
        ({"rule_id": "AIR301"}, "Later", TODAY, "expires_on"),
        ({"rule_id": "AIR301"}, "Later", TODAY + timedelta(days=184), "expires_on"),
    ],
)
def test_a_waiver_says_what_it_covers_why_and_until_when_and_not_for_ever(
    deployment: Deployment,
    alice: User,
    scan: Scan,
    scope: dict[str, Any],
    reason: str,
    until: date,
    field: str,
) -> None:
    make_finding(scan)
    with pytest.raises(FindingError) as refused:
        waiver_add(
            deployment=deployment,
            scope=Scope(**scope),
            reason=reason,
            expires_on=until,
            today=TODAY,
            now=NOW,
            user=alice,
        )
    assert refused.value.field == field
    assert not Waiver.objects.exists()


def test_it_holds_to_the_end_of_its_last_day_in_the_zone_of_the_deployment(
    waive: Callable[..., Waiver], send: Send, scan: Scan
) -> None:
    waive(pattern="dags/", until=SOON)
    make_finding(scan, path="dags/a.py")
    # The deployment is in Berlin, an hour ahead of UTC by then.
    last = datetime.combine(SOON, NOW.time(), NOW.tzinfo).replace(hour=22, minute=59)
    assert waivers_end(now=last) == 0
    assert Waiver.objects.get().ended_at is None
    waivers_end(now=last + timedelta(minutes=1))
    assert Waiver.objects.get().ended_at is not None


def test_thousands_are_waived_and_come_back_with_few_statements(
    deployment: Deployment, alice: User, waive: Callable[..., Waiver], scan: Scan
) -> None:
    make_mixed_findings(scan, 6_000)
    with CaptureQueriesContext(connection) as asked:
        waiver = waive(pattern="dags/")
    assert len(asked) <= 25
    by_state = dict(Finding.objects.values_list("state").annotate(Count("pk")))
    assert by_state == {"waived": 6_000}
    with CaptureQueriesContext(connection) as asked:
        assert waiver_stop(waiver=waiver, now=NOW, user=alice).changed == 6_000
    assert len(asked) <= 25
    assert Event.objects.filter(kind="waiver_ended").count() == 6_000


def test_what_is_fixed_is_not_waived_and_never_comes_back_with_a_waiver(
    waive: Callable[..., Waiver], alice: User, scan: Scan
) -> None:
    fixed, _open = make_findings(scan, 2, path="dags/a.py")
    Finding.objects.filter(pk=fixed.pk).update(state=State.FIXED)
    waiver = waive(pattern="dags/a.py")
    waiver_stop(waiver=waiver, now=NOW, user=alice)
    fixed.refresh_from_db()
    assert (fixed.state, fixed.events.count()) == ("fixed", 1)
