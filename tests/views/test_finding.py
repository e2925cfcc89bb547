"""One finding's page: what, why, the edit, its history, and what can be done."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from planner.models import Deployment, Event, Finding, Scan
from tests.factories import (
    make_deployment,
    make_finding,
    make_owner,
    make_scan,
    make_source,
)
from tests.views.text import text_of

ClientFor = Callable[[User], Client]


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    return make_scan(make_source(deployment, "uploads"), at=timezone.now())


def url(finding: Finding) -> str:
    return f"/d/production/findings/{finding.pk}/"


def test_it_explains_the_rule_the_edit_the_owner_and_the_history(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    finding = make_finding(
        scan,
        path="dags/a.py",
        line=3,
        dag_ids=["daily", "weekly"],
        owner=make_owner(scan.deployment, "ana", name="Ana"),
        owner_because="CODEOWNERS line 1: dags/ @ana",
        fix={
            "applicability": "safe",
            "message": "",
            "edits": [],
            "diff": "@@ -3 +3 @@\n-from airflow.x import y\n+from airflow.z import y\n",
        },
    )
    client = client_for(alice)
    client.post(
        "/d/production/findings/do/claim/", {"finding": finding.pk, "confirmed": 1, "why": "#12"}
    )
    response = client.get(url(finding))
    text, page = text_of(response), response.content.decode()
    assert "A name or argument that Airflow 3 removed" in text
    assert "<del>from airflow.x import y</del>" in page
    assert "<ins>from airflow.z import y</ins>" in page
    assert "The tool calls this edit safe." in text
    assert "CODEOWNERS line 1: dags/ @ana" in text
    assert "Alice claimed it fixed: #12." in text
    assert "It holds up 2 DAGs: daily weekly" in text
    assert 'href="/rules/AIR301/"' in page
    assert "Take the claim back" in text


def test_it_says_what_to_do_where_the_tool_proposes_no_edit(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    text = text_of(client_for(alice).get(url(make_finding(scan))))
    assert "What to do instead Use the replacement that the message names." in text
    assert "No DAG is known for this file." in text


def test_an_unknown_rule_is_called_unknown(client_for: ClientFor, alice: User, scan: Scan) -> None:
    finding = make_finding(scan, rule_id="HOUSE1", known=False, reported_severity="error")
    text = text_of(client_for(alice).get(url(finding)))
    assert "The rulebook does not know HOUSE1. It counts as ERROR because" in text
    assert "Neither the tool nor the rulebook proposes an edit." in text


def test_actions_come_back_to_the_page(client_for: ClientFor, alice: User, scan: Scan) -> None:
    finding = make_finding(scan)
    done = client_for(alice).post(
        "/d/production/findings/do/note/",
        {"finding": finding.pk, "confirmed": "1", "note": "one\r\ntwo", "next": url(finding)},
    )
    assert done["Location"] == url(finding)
    finding.refresh_from_db()
    assert finding.note == "one\ntwo"


def test_who_may_not_act_is_told_why(
    client_for: ClientFor, bob: User, erin: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    assert "Only its owner and managers can claim it" in text_of(client_for(bob).get(url(finding)))
    assert "Claiming needs the role owner; yours is viewer." in text_of(
        client_for(erin).get(url(finding))
    )


def test_a_finding_of_another_deployment_is_not_found(
    client_for: ClientFor, alice: User, charlie: User, scan: Scan
) -> None:
    elsewhere = make_finding(make_scan(make_source(make_deployment("elsewhere"))))
    assert client_for(alice).get(url(elsewhere)).status_code == 404
    assert client_for(alice).get("/d/elsewhere/findings/1/").status_code == 404
    assert client_for(charlie).get(url(make_finding(scan))).status_code == 404
    assert client_for(alice).get("/d/production/findings/999999999/").status_code == 404
    assert client_for(alice).post(url(make_finding(scan))).status_code == 405


def test_a_long_history_takes_the_same_queries(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    Event.objects.bulk_create(
        Event(finding=finding, kind="noted", at=timezone.now(), actor=alice, scan=scan)
        for _ in range(500)
    )
    client = client_for(alice)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url(finding)).status_code == 200
    assert len(queries) <= 15


def test_hostile_text_is_shown_and_never_run(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    bad = "<script>alert(1)</script>"
    finding = make_finding(
        scan,
        path=bad,
        message=bad,
        symbol=bad,
        note=bad,
        content=bad,
        dag_ids=bad,
        owner_because=bad,
        fix={"applicability": "safe", "message": bad, "edits": [], "diff": f"@@ {bad}\n+{bad}\n"},
    )
    Event.objects.create(finding=finding, kind=bad[:16], at=timezone.now(), why=bad)
    page = client_for(alice).get(url(finding)).content.decode()
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") >= 9
