"""The page of waivers: what each hides, what is asked for, what the code silences, and who may do what."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from planner.domain.waiver import Scope
from planner.models import Deployment, Finding, Scan, Waiver, WaiverRequest
from planner.selectors.finding_export import finding_documents
from planner.selectors.finding_filter import FindingFilter
from planner.services.waiver import finding_waive, waiver_add, waiver_stop
from planner.services.waiver_request import waiver_ask
from tests.factories import (
    make_deployment,
    make_finding,
    make_findings,
    make_mixed_findings,
    make_owner,
    make_scan,
    make_source,
)
from tests.views.text import text_of

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User], Client]
URL = "/d/production/waivers/"


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    return make_scan(make_source(deployment, "uploads"), at=timezone.now())


def day(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


def waive(deployment: Deployment, user: User, days: int, **scope: Any) -> Waiver:
    waiver_add(
        deployment=deployment,
        scope=Scope(**scope),
        reason=scope.get("pattern") or "Later",
        expires_on=day(days),
        today=day(0),
        now=timezone.now(),
        user=user,
    )
    return Waiver.objects.latest("pk")


def ask(deployment: Deployment, user: User, *findings: Finding) -> WaiverRequest:
    waiver_ask(
        deployment=deployment,
        finding_ids=[finding.pk for finding in findings],
        reason="The vendor ships in spring",
        expires_on=day(60),
        user=user,
        now=timezone.now(),
        today=day(0),
    )
    return WaiverRequest.objects.latest("pk")


def silenced(by: str, reason: str, **more: str) -> str:
    return json.dumps({"suppressed": {"kind": by, "reason": reason, **more}})


def page(client: Client, query: str = "") -> str:
    return html.unescape(text_of(client.get(URL + query)))


def test_with_nothing_waived_it_says_what_a_waiver_is(
    client_for: ClientFor, alice: User, erin: User, deployment: Deployment
) -> None:
    text = page(client_for(alice))
    assert text.startswith("No finding is waived.")
    assert "Waive a rule, folder or DAG" in text
    assert "Waive a rule, folder or DAG" not in page(client_for(erin))


def test_each_waiver_says_what_it_hides_why_by_whom_and_when_it_ends(
    client_for: ClientFor, alice: User, erin: User, deployment: Deployment, scan: Scan
) -> None:
    make_findings(scan, 3, path="dags/legacy/a.py")
    make_finding(scan, path="dags/legacy/b.py", severity="WARNING")
    later = waive(deployment, alice, 60, pattern="dags/legacy/")
    waive(deployment, alice, 10, rule_id="AIR301")
    waive(deployment, alice, 90, dag_id="gone")
    client = client_for(erin)
    text = page(client)
    assert text.startswith("4 findings are waived.")
    assert text.index("in 10 days") < text.index("in 60 days") < text.index("in 90 days")
    assert "Every finding in dags/legacy/" in text
    assert "3 ERROR, 1 WARNING" in text
    assert "approved by Alice" in text
    assert "Nothing now; end it" in text
    assert "Extend or end" not in text
    listed = text_of(client.get(f"/d/production/findings/?state=waived&waiver={later.pk}"))
    assert "Showing 4 that match" in listed
    unknown = text_of(client.get("/d/production/findings/?state=waived&waiver=x"))
    assert "Not understood and left out: waiver “x”" in html.unescape(unknown)


def test_a_manager_sees_first_what_a_new_waiver_would_hide(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    make_findings(scan, 10, path="dags/legacy/a.py")
    make_finding(scan, path="dags/b.py")
    client = client_for(alice)
    fields = {
        "rule": "AIR301",
        "path": "dags/legacy/",
        "reason": "Goes in <March>",
        "expires_on": day(30).isoformat(),
    }
    text = text_of(client.post(f"{URL}add/", fields))
    assert text.startswith("10 open findings would be waived.")
    assert "and 2 more" in text
    assert not Waiver.objects.exists()
    answer = client.post(f"{URL}add/", {**fields, "confirmed": "1"}, follow=True)
    assert "10 findings waived, and what later scans find there" in text_of(answer)
    assert "Goes in &lt;March&gt;" in answer.content.decode()
    assert Finding.objects.filter(state="waived").count() == 10


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Name a rule, a path or a DAG."),
        ({"path": "# x"}, "Write a folder or pattern as in CODEOWNERS"),
        ({"rule": "AIR301", "reason": ""}, "Say why it can wait."),
        ({"rule": "AIR301", "expires_on": "2020-01-01"}, "ends on a day after today"),
        ({"rule": "AIR301", "expires_on": "2999-01-01"}, "or earlier. You can extend it"),
        ({"rule": "AIR301", "source": "x"}, "Choose a source"),
    ],
)
def test_what_is_wrong_with_a_new_waiver_is_said_at_its_field(
    client_for: ClientFor, alice: User, scan: Scan, fields: dict[str, str], sentence: str
) -> None:
    make_scan(make_source(scan.deployment, "other"))
    usual = {"reason": "Later", "expires_on": day(9).isoformat()}
    answer = client_for(alice).post(f"{URL}add/", {**usual, **fields})
    assert answer.status_code == 422
    assert sentence in html.unescape(text_of(answer))


def test_a_waiver_is_extended_and_ended_on_the_page(
    client_for: ClientFor, alice: User, deployment: Deployment, scan: Scan
) -> None:
    finding = make_finding(scan, path="dags/a.py")
    waiver = waive(deployment, alice, 10, pattern="dags/")
    client = client_for(alice)
    words = {"reason": "Later still", "expires_on": day(50).isoformat()}
    client.post(f"{URL}{waiver.pk}/extend/", words)
    waiver.refresh_from_db()
    assert (waiver.expires_on, waiver.reason) == (day(50), "Later still")
    answer = client.post(f"{URL}{waiver.pk}/extend/", {"reason": "", "expires_on": "soon"})
    assert answer.status_code == 422
    assert "Say why it can wait." in text_of(answer)
    answer = client.post(f"{URL}{waiver.pk}/end/", follow=True)
    assert "The waiver has ended. One finding came back." in text_of(answer)
    assert "early, by Alice" in text_of(answer)
    finding.refresh_from_db()
    assert finding.state == "open"


def test_a_request_is_answered_where_it_is_listed(
    client_for: ClientFor, alice: User, bob: User, deployment: Deployment, scan: Scan
) -> None:
    yes, no = make_finding(scan), make_finding(scan)
    first, second = ask(deployment, bob, yes), ask(deployment, bob, no)
    client = client_for(alice)
    text = page(client)
    assert "2 requests wait for an answer" in text
    assert "Bob asks for one finding" in text
    words = {"reason": "Until spring", "expires_on": day(60).isoformat()}
    client.post(f"{URL}requests/{first.pk}/approve/", words)
    assert client.post(f"{URL}requests/{second.pk}/decline/", {}).status_code == 422
    client.post(f"{URL}requests/{second.pk}/decline/", {"answer": "Fix it."})
    yes.refresh_from_db()
    no.refresh_from_db()
    assert (yes.state, no.state) == ("waived", "open")
    late = client.post(f"{URL}requests/{second.pk}/approve/", words)
    assert late.status_code == 422
    assert "Somebody has answered this request already." in text_of(late)
    assert "request" not in page(client).split("Waivers that hold")[0]


def test_an_owner_asks_for_their_own_findings_only_and_can_take_it_back(
    client_for: ClientFor, bob: User, alice: User, deployment: Deployment, scan: Scan
) -> None:
    mine = make_finding(scan, owner=make_owner(deployment, "bob", user=bob))
    theirs = make_finding(scan)
    client = client_for(bob)
    words = {"reason": "Later", "expires_on": day(20).isoformat(), "confirmed": "1"}
    act = "/d/production/findings/do/ask-waiver/"
    assert client.post(act, {**words, "finding": theirs.pk}).status_code == 403
    client.post(act, {**words, "finding": mine.pk})
    request = WaiverRequest.objects.get()
    shown = text_of(client.get(f"/d/production/findings/{mine.pk}/"))
    assert "Bob asked for a waiver until" in shown
    assert "It waits for a manager" in shown
    assert "a waiver is asked for" in text_of(client.get("/d/production/findings/"))
    for step in ("approve", "decline"):
        assert client.post(f"{URL}requests/{request.pk}/{step}/", words).status_code == 403
    assert client_for(alice).post(f"{URL}requests/{request.pk}/withdraw/").status_code == 403
    client.post(f"{URL}requests/{request.pk}/withdraw/")
    request.refresh_from_db()
    assert request.answered_at is not None
    mine.refresh_from_db()
    assert mine.state == "open"


def test_what_the_code_silences_is_open_until_a_manager_approves_it(
    client_for: ClientFor, alice: User, erin: User, deployment: Deployment, scan: Scan
) -> None:
    comment = silenced("noqa", "# noqa: AIR301", where="dags/a.py:3")
    entry = silenced("ignore-file", "<b>Old</b>", where=".upgradecheck.toml:2")
    make_findings(scan, 2, path="dags/a.py", extra=comment)
    make_finding(scan, path="dags/b.py", extra=entry)
    client = client_for(alice)
    text = page(client)
    assert "3 are silenced in the code without anybody's approval." in text
    assert "# noqa: AIR301" in text
    assert "<b>Old</b>" not in client.get(URL).content.decode()
    assert "3 are silenced in the code" in text_of(client.get("/d/production/findings/"))
    assert "3 open findings are silenced" in text_of(client.get("/d/production/"))
    assert "until you approve it here" not in page(client_for(erin))
    key = client.get(URL).context["silenced"].groups[0].key
    words = {"reason": "Agreed on Tuesday", "expires_on": day(30).isoformat()}
    assert client_for(erin).post(f"{URL}silenced/{key}/approve/", words).status_code == 403
    moved = client.post(f"{URL}silenced/{key}/approve/", {**words, "expected": 1})
    assert (moved.status_code, Waiver.objects.count()) == (422, 0)
    assert "It is 2 findings by now." in text_of(moved)
    client.post(f"{URL}silenced/{key}/approve/", {**words, "expected": 2})
    assert list(Finding.objects.order_by("pk").values_list("state", flat=True)) == [
        "waived",
        "waived",
        "open",
    ]
    text = page(client)
    assert "The code silences one finding that nobody has approved" in text
    assert "All approved" in text
    assert "2 by Alice until" in text
    # One more such comment is not approved by what was approved before.
    make_finding(scan, path="dags/c.py", extra=comment)
    assert "The code silences 2 findings" in page(client)
    assert client.post(f"{URL}silenced/0123/approve/", words).status_code == 404


def test_the_overview_tells_what_ends_soon_and_what_waits(
    client_for: ClientFor, alice: User, bob: User, deployment: Deployment, scan: Scan
) -> None:
    first, second = make_findings(scan, 2, path="dags/a.py")
    client = client_for(alice)
    assert "request" not in text_of(client.get("/d/production/"))
    finding_waive(
        deployment=deployment,
        finding_ids=[first.pk],
        reason="Later",
        expires_on=day(14),
        today=day(0),
        now=timezone.now(),
        user=alice,
    )
    ask(deployment, bob, second)
    text = text_of(client.get("/d/production/"))
    assert "1 waiver ends soon" in text
    assert "1 request for a waiver waits for an answer." in text


def test_waivers_of_another_deployment_are_not_there(
    client_for: ClientFor, alice: User, deployment: Deployment
) -> None:
    elsewhere = make_deployment("elsewhere")
    finding = make_finding(make_scan(make_source(elsewhere), at=timezone.now()))
    waiver = waive(elsewhere, alice, 9, pattern="dags/")
    Finding.objects.update(state="open")
    request = ask(elsewhere, alice, finding)
    client = client_for(alice)
    assert client.post(f"{URL}{waiver.pk}/end/").status_code == 404
    assert client.post(f"{URL}requests/{request.pk}/decline/").status_code == 404
    assert "Every finding in dags/" not in page(client)


def test_ended_ones_follow_page_by_page(
    client_for: ClientFor, alice: User, deployment: Deployment, scan: Scan
) -> None:
    for number in range(53):
        waiver = waive(deployment, alice, 9, pattern=f"dags/{number}/")
        if number < 52:
            waiver_stop(waiver=waiver, now=timezone.now(), user=alice)
    client = client_for(alice)
    first = client.get(URL)
    assert len(first.context["ended"].rows) == 50
    rest = client.get(f"{URL}?ended={first.context['ended'].next}")
    assert [row.waiver.pattern for row in rest.context["ended"].rows] == ["dags/1/", "dags/0/"]
    assert client.get(f"{URL}?ended=999999999").status_code == 200
    assert client.get(f"{URL}?after=x").status_code == 200


@pytest.mark.parametrize("number", [100, 4_000])
def test_it_costs_few_queries_however_much_there_is(
    client_for: ClientFor, alice: User, bob: User, deployment: Deployment, scan: Scan, number: int
) -> None:
    make_mixed_findings(scan, number)
    Finding.objects.filter(path__startswith="dags/team3/").update(
        extra=silenced("noqa", "# noqa", where="x:1")
    )
    for place in range(number // 50):
        waive(deployment, alice, 9, pattern=f"dags/team1/dag{place}.py")
    for finding in Finding.objects.filter(path__startswith="dags/team2/")[: number // 100]:
        ask(deployment, bob, finding)
    client = client_for(alice)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(URL).status_code == 200
    assert len(asked) <= 16


def test_the_link_from_a_finding_waives_its_rule_in_its_own_file_alone(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    finding = make_finding(scan, path="setup.py")
    make_finding(scan, path="dags/setup.py")
    client = client_for(alice)
    content = client.get(f"/d/production/findings/{finding.pk}/").content.decode()
    assert f"{URL}add/?rule=AIR301&amp;path=/setup.py" in content
    fields = {
        "rule": "AIR301",
        "path": "/setup.py",
        "reason": "x",
        "expires_on": day(9).isoformat(),
    }
    assert text_of(client.post(f"{URL}add/", fields)).startswith(
        "One open finding would be waived."
    )


def test_files_and_the_api_tell_until_when_and_why_it_is_waived(
    client_for: ClientFor, alice: User, deployment: Deployment, scan: Scan
) -> None:
    finding = make_finding(scan, path="dags/a.py", extra=silenced("noqa", "# noqa", where="a:1"))
    finding_waive(
        deployment=deployment,
        finding_ids=[finding.pk],
        reason="=HYPERLINK(1)",
        expires_on=day(5),
        today=day(0),
        now=timezone.now(),
        user=alice,
    )
    longer = waive(deployment, alice, 20, pattern="dags/")
    answer = client_for(alice).get("/d/production/findings/csv/?state=waived")
    content = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert f"waived,{day(20).isoformat()},dags/," in content
    (document,) = finding_documents(deployment, FindingFilter(state="waived"), today=day(0))
    assert document["waived"] == {
        "until": day(20).isoformat(),
        "reason": "dags/",
        "approver": "alice",
        "waiver": longer.pk,
        "covers": "every finding in dags/",
    }
    assert document["silenced"] == {
        "by": "noqa",
        "where": "a:1",
        "reason": "# noqa",
        "expires": None,
    }
    waiver_stop(waiver=longer, now=timezone.now(), user=alice)
    answer = client_for(alice).get("/d/production/findings/csv/?state=waived")
    content = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert f"waived,{day(5).isoformat()},'=HYPERLINK(1)," in content
