"""My work: what belongs to the signed-in person, in all their deployments."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from planner.models import Deployment, Finding, Membership, Owner, Scan
from planner.services.ingest import apply_scan, receive_report, source_for
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

ClientFor = Callable[[User], Client]


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    return make_scan(make_source(deployment, "uploads"), at=timezone.now())


@pytest.fixture
def bobs(deployment: Deployment, bob: User) -> Owner:
    """Bob as findings know him."""
    return make_owner(deployment, "robert", aliases=["bob@example.com"])


def test_it_leads_with_what_is_due_this_week(
    client_for: ClientFor, bob: User, bobs: Owner, scan: Scan
) -> None:
    today = timezone.localdate()
    make_finding(scan, owner=bobs, path="dags/late.py", due=today - timedelta(days=9))
    make_finding(scan, owner=bobs, path="dags/now.py", due=today)
    make_finding(scan, owner=bobs, path="dags/far.py", due=today + timedelta(days=30))
    make_finding(scan, path="dags/other.py")
    text = text_of(client_for(bob).get("/me/"))
    assert text.startswith("2 findings are due this week, Bob. One of them is late.")
    assert "3 are open in all, 3 of them block a cutover" in text
    assert "dags/late.py" in text
    assert "dags/far.py" not in text
    everything = text_of(client_for(bob).get("/me/?show=all"))
    assert "dags/far.py" in everything
    assert "dags/other.py" not in everything


def test_what_is_late_is_not_called_due_this_week(
    client_for: ClientFor, bob: User, bobs: Owner, scan: Scan
) -> None:
    make_finding(scan, owner=bobs, due=timezone.localdate() - timedelta(days=9))
    text = text_of(client_for(bob).get("/me/"))
    assert text.startswith("One finding is late, Bob. Nothing else is due this week.")


def test_it_gathers_all_deployments_and_leaves_out_what_one_may_not_see(
    client_for: ClientFor, bob: User, bobs: Owner, scan: Scan
) -> None:
    make_finding(scan, owner=bobs, path="dags/here.py")
    for slug, is_member in (("second", True), ("hidden", False)):
        other = make_deployment(slug, name=slug.title())
        owner = make_owner(other, "bob@example.com")
        make_finding(make_scan(make_source(other)), owner=owner, path=f"dags/{slug}.py")
        if is_member:
            Membership.objects.create(deployment=other, user=bob, role="owner")
    text = text_of(client_for(bob).get("/me/?show=all"))
    assert "dags/here.py" in text
    assert "dags/second.py" in text
    assert "hidden" not in text


def test_nothing_to_do_is_said_with_what_would_change_it(
    client_for: ClientFor, bob: User, charlie: User, deployment: Deployment
) -> None:
    assert text_of(client_for(bob).get("/me/")).startswith("Nothing of yours is open, Bob.")
    assert "bob@example.com" in text_of(client_for(bob).get("/me/"))
    assert "You are not a member of any deployment." in text_of(client_for(charlie).get("/me/"))


def test_an_unknown_view_is_the_first(client_for: ClientFor, bob: User, bobs: Owner) -> None:
    response = client_for(bob).get("/me/?show=%00")
    assert 'href="/me/?show=week" aria-current="page"' in response.content.decode()


def test_one_or_many_can_be_claimed_and_taken_back(
    client_for: ClientFor, bob: User, bobs: Owner, scan: Scan
) -> None:
    first, second, third = make_findings(scan, 3, owner=bobs)
    client = client_for(bob)
    done = client.post(
        "/me/claim/", {"finding": [first.pk, second.pk], "show": "all", "why": "#4"}, follow=True
    )
    assert "2 findings claimed fixed. The next scan proves it." in text_of(done)
    client.post("/me/claim/", {"finding": [first.pk], "only": third.pk})
    assert Finding.objects.filter(state="claimed").count() == 3
    client.post("/me/unclaim/", {"only": third.pk})
    third.refresh_from_db()
    assert third.state == "open"


def test_a_pull_request_goes_with_the_claim_wherever_it_is_shown(
    client_for: ClientFor, bob: User, alice: User, bobs: Owner, scan: Scan
) -> None:
    finding = make_finding(scan, owner=bobs, line=41)
    client = client_for(bob)
    link = "https://github.com/team/dags/pull/12"
    page = client.post("/me/claim/", {"only": finding.pk, "show": "all", "link": link}, follow=True)
    assert "You claimed it on" in text_of(page)
    assert "The next report for uploads proves it." in text_of(page)
    shown = f'href="{link}" rel="noopener noreferrer nofollow">PR #12</a>'
    for address in (f"/d/production/findings/{finding.pk}/", "/d/production/findings/"):
        assert shown in client_for(alice).get(address).content.decode(), address


@pytest.mark.parametrize("link", ["javascript:alert(1)", "#12", "https://me:pw@host/1"])
def test_a_bad_link_claims_nothing_and_keeps_what_was_picked(
    client_for: ClientFor, bob: User, bobs: Owner, scan: Scan, link: str
) -> None:
    finding = make_finding(scan, owner=bobs, due=timezone.localdate())
    client = client_for(bob)
    answer = client.post("/me/claim/", {"finding": finding.pk, "link": link})
    assert answer.status_code == 422
    assert "Nothing was claimed." in text_of(answer)
    assert f'value="{finding.pk}" checked' in answer.content.decode()
    in_place = client.post(
        "/me/claim/", {"finding": finding.pk, "link": link}, headers={"HX-Request": "true"}
    )
    assert in_place.status_code == 200
    finding.refresh_from_db()
    assert finding.state == "open"


def test_a_fix_or_a_file_of_it_is_claimed_with_one_click(
    client_for: ClientFor, bob: User, bobs: Owner, scan: Scan
) -> None:
    make_findings(scan, 3, owner=bobs, rule_id="AIR002", path="dags/a.py")
    make_findings(scan, 120, owner=bobs, rule_id="AIR002", path="dags/b.py")
    make_findings(scan, 2, owner=bobs, rule_id="AIR003", path="dags/b.py")
    hers = make_finding(scan, rule_id="AIR002", path="dags/b.py")
    client = client_for(bob)
    page = client.get("/me/?show=all").content.decode()
    scopes = re.findall(r'name="whole-file" value="([^"]+)"', page)
    fixes = re.findall(r'name="whole-fix" value="([^"]+)"', page)
    client.post("/me/claim/", {"show": "all", "whole-file": scopes[0]})
    assert set(_claimed()) == {"dags/a.py"}
    client.post("/me/claim/", {"show": "all", "whole-fix": fixes[0]})
    assert len(_claimed()) == 123
    client.post("/me/unclaim/", {"show": "all", "whole-fix": fixes[0]})
    assert _claimed() == []
    client.post("/me/claim/", {"show": "all", "everything": "1"})
    assert len(_claimed()) == 125
    hers.refresh_from_db()
    assert hers.state == "open"


def _claimed() -> list[str]:
    return list(Finding.objects.filter(state="claimed").values_list("path", flat=True))


def test_pages_leave_nothing_out_though_what_was_shown_is_gone(
    client_for: ClientFor, bob: User, bobs: Owner, scan: Scan
) -> None:
    make_mixed_findings(scan, 300, [bobs])
    client = client_for(bob)
    seen: set[str] = set()
    address = "/me/?show=all"
    while address:
        page = client.get(address).content.decode()
        found = re.findall(r'id="f-(\d+)"', page)
        assert 0 < len(found) <= 100
        seen |= set(found)
        Finding.objects.filter(pk=found[-1]).update(state="fixed")
        following = re.search(r'href="([^"]+)" rel="next"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == 240
    assert "not known any more" in text_of(client.get("/me/?show=all&after=nonsense"))


def test_a_claim_that_a_scan_contradicts_comes_first_with_what_was_said(
    client_for: ClientFor, bob: User, bobs: Owner, scan: Scan
) -> None:
    make_finding(scan, owner=bobs, path="dags/late.py", due=timezone.localdate() - timedelta(9))
    finding = make_finding(scan, owner=bobs, path="dags/back.py", line=41)
    client = client_for(bob)
    client.post("/me/claim/", {"only": finding.pk, "link": "https://host/pull/4"})
    Finding.objects.filter(pk=finding.pk).update(state="open")
    finding.events.create(kind="contradicted", at=timezone.now(), scan=scan)
    text = text_of(client.get("/me/"))
    assert "One claim did not hold: a scan still sees the finding. See it" in text
    assert text.index("dags/back.py") < text.index("dags/late.py")
    assert re.search(r"Sent back. You said on \d+ \w+ that it is fixed, PR #4 ; the scan of", text)
    assert "still sees it at line 41." in text
    client.post("/me/claim/", {"only": finding.pk})
    assert "did not hold" not in text_of(client.get("/me/"))
    client.post("/me/unclaim/", {"only": finding.pk})
    assert "did not hold" not in text_of(client.get("/me/"))


def test_a_scan_that_still_sees_it_sends_it_back_and_one_that_does_not_proves_it(
    client_for: ClientFor, bob: User, bobs: Owner, deployment: Deployment
) -> None:
    def send(*lines: int) -> None:
        report = [
            {
                "rule_id": "SubDagOperatorRule",
                "severity": "ERROR",
                "dag_id": "a",
                "file": "dags/a.py",
                "line": line,
                "message": f"SubDagOperator {line} is removed",
            }
            for line in lines
        ]
        sent = receive_report(
            source=source_for(deployment=deployment),
            stream=BytesIO(json.dumps(report).encode()),
            file_name="report.json",
            options={"complete": True, "confirm": True},
            cause="command",
            user=None,
            now=timezone.now(),
        )
        apply_scan(scan_id=sent.pk, now=timezone.now())

    send(3, 9)
    Finding.objects.update(owner=bobs, owner_picked=True)
    client = client_for(bob)
    client.post("/me/claim/", {"show": "all", "everything": 1, "link": "https://host/pull/4"})
    assert "2 claims wait for a scan." in text_of(client.get("/me/"))
    send(9)
    text = text_of(client.get("/me/?show=sent-back"))
    assert "You said on" in text
    assert "still sees it at line 9." in text
    assert "Fixed 1" in text_of(client.get("/me/"))


def test_lines_that_one_edit_closes_stand_together(
    client_for: ClientFor, bob: User, bobs: Owner, scan: Scan
) -> None:
    edit = {
        "applicability": "safe",
        "edits": [
            {
                "content": "from airflow.sdk import Variable\n",
                "location": {"row": 6, "column": 1},
                "end_location": {"row": 7, "column": 1},
            }
        ],
        "diff": "@@ -6 +6 @@\n-from airflow.models import Variable\n+from airflow.sdk import Variable\n",
    }
    make_findings(scan, 3, owner=bobs, fix=edit)
    make_finding(scan, owner=bobs)
    page = client_for(bob).get("/me/?show=all")
    assert "One edit closes 3 lines." in text_of(page)
    assert page.content.decode().count('<pre class="diff"') == 1
    assert "uploads: 3 safe edits for now." in text_of(page)


def test_edits_whose_lines_nobody_kept_are_no_patch(
    client_for: ClientFor, bob: User, bobs: Owner, scan: Scan
) -> None:
    """As of a bare ruff report, which tells no lines."""
    edit = {
        "applicability": "safe",
        "edits": [
            {
                "content": "schedule",
                "location": {"row": 6, "column": 1},
                "end_location": {"row": 6, "column": 9},
            }
        ],
    }
    make_finding(scan, owner=bobs, fix=edit)
    page = client_for(bob).get("/me/?show=all")
    assert "Download your patch" not in text_of(page)


def test_nobody_claims_what_is_not_theirs(
    client_for: ClientFor, bob: User, erin: User, charlie: User, bobs: Owner, scan: Scan
) -> None:
    hers = make_finding(scan, owner=make_owner(scan.deployment, "erin", email=erin.email))
    for person in (bob, erin, charlie):
        done = client_for(person).post("/me/claim/", {"finding": hers.pk}, follow=True)
        assert "Nothing changed" in text_of(done)
    hers.refresh_from_db()
    assert hers.state == "open"
    hers_to_read = text_of(client_for(erin).get("/me/?show=all"))
    assert "1 place in 1 file" in hers_to_read
    for button in ("Claim", "Not mine", "Ask for a waiver", "Pick"):
        assert button not in hers_to_read.partition("1 place in 1 file")[2]


def test_the_wrong_verb_and_the_signed_out(
    client_for: ClientFor, bob: User, client: Client
) -> None:
    assert client_for(bob).get("/me/claim/").status_code == 405
    assert client_for(bob).post("/me/").status_code == 405
    assert client.get("/me/").status_code == 302
    assert client.post("/me/claim/").status_code == 302


@pytest.mark.parametrize("count", [100, 10_000])
def test_it_takes_the_same_queries_however_many(
    client_for: ClientFor, bob: User, bobs: Owner, scan: Scan, count: int
) -> None:
    make_mixed_findings(scan, count, [bobs])
    client = client_for(bob)
    with CaptureQueriesContext(connection) as queries:
        response = client.get("/me/?show=all")
    assert len(queries) <= 20
    if count > 100:
        assert "The 100 most urgent of 8,000, in " in text_of(response)


def test_it_says_what_was_not_checked_yet(
    client_for: ClientFor, erin: User, deployment: Deployment
) -> None:
    page = text_of(client_for(erin).get("/me/"))
    assert "Not everything was checked yet in Production." in page
    assert "imports on a real 3.x environment" in page


def test_a_waiver_is_asked_for_with_a_reason_and_a_day(
    client_for: ClientFor, bob: User, bobs: Owner, scan: Scan
) -> None:
    first, _ = make_findings(scan, 2, owner=bobs, rule_id="AIR002")
    client = client_for(bob)
    page = client.get("/me/?show=all").content.decode()
    fix = re.search(r'name="whole-fix" value="([^"]+)"', page)
    assert fix is not None
    asked = client.post("/me/ask-waiver/", {"show": "all", "whole-fix": fix[1]})
    assert "Why can these 2 findings wait?" in text_of(asked)
    words = {"show": "all", "whole-fix": fix[1], "confirmed": 1, "reason": "goes in December"}
    refused = client.post("/me/ask-waiver/", {**words, "expires_on": "2020-01-01"})
    assert refused.status_code == 422
    day = (timezone.localdate() + timedelta(days=30)).isoformat()
    done = client.post("/me/ask-waiver/", {**words, "expires_on": day}, follow=True)
    assert "Asked for a waiver: 2 findings. A manager answers." in text_of(done)
    assert text_of(done).count("Bob asks for a waiver until") == 2
    first.refresh_from_db()
    assert first.state == "open"
    again = client.post("/me/ask-waiver/", {**words, "expires_on": day}, follow=True)
    assert "Nothing changed: that was asked for already." in text_of(again)


def test_whom_no_deployment_knows_is_told_which_owner_they_may_be(
    client_for: ClientFor, alice: User, bob: User, scan: Scan
) -> None:
    bobby = make_owner(scan.deployment, "bob-smith", name="Bob Smith")
    team = make_owner(scan.deployment, "team")
    make_owner(scan.deployment, "idle")
    make_findings(scan, 1, owner=bobby)
    make_findings(scan, 3, owner=team)
    page = text_of(client_for(bob).get("/me/"))
    assert "Production does not know which of its owners you are. Ask Alice to write" in page
    assert page.index("Bob Smith 1 open") < page.index("Team 3 open")
    assert "Idle" not in page
    assert "That is me" not in page
    assert client_for(bob).post(f"/d/production/owners/{bobby.pk}/is-me/").status_code == 403
    manager = client_for(alice)
    assert "That is me" in text_of(manager.get("/me/"))
    linked = manager.post(f"/d/production/owners/{team.pk}/is-me/", follow=True)
    assert "You are Team in Production." in text_of(linked)
    assert "3 are open in all" in text_of(linked)


def test_nobody_becomes_an_owner_who_signs_in_as_somebody_else(
    client_for: ClientFor, alice: User, bob: User, bobs: Owner
) -> None:
    Owner.objects.filter(pk=bobs.pk).update(user=bob)
    refused = client_for(alice).post(f"/d/production/owners/{bobs.pk}/is-me/", follow=True)
    assert "signs in as somebody else already" in text_of(refused)
    bobs.refresh_from_db()
    assert bobs.user == bob
