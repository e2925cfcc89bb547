"""The list of findings: its first sentence, filters, places, bulk actions and the CSV."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from planner.models import Deployment, Finding, Owner, Scan
from tests.factories import (
    make_finding,
    make_findings,
    make_mixed_findings,
    make_owner,
    make_scan,
    make_source,
)
from tests.views.text import text_of

URL = "/d/production/findings/"
MOST_QUERIES = 15
ClientFor = Callable[[User], Client]


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    return make_scan(make_source(deployment, "uploads"), at=timezone.now())


def test_it_answers_first(client_for: ClientFor, alice: User, scan: Scan) -> None:
    make_findings(scan, 2)
    make_finding(scan, severity="WARNING", owner=make_owner(scan.deployment, "ana"))
    make_finding(scan, severity="INFO", category="style", rule_id="AIR001")
    text = text_of(client_for(alice).get(URL))
    assert text.startswith("3 findings are open. 2 of them block the cutover. 1 has an owner")
    assert "1 style finding is counted apart" in text


def test_waived_findings_are_named_apart_and_come_back_together(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    make_findings(scan, 2)
    make_finding(scan, state="waived")
    client = client_for(alice)
    text = text_of(client.get(URL))
    assert text.startswith("2 findings are open.")
    assert "1 more is waived." in text
    waived = client.get(URL, {"state": "waived"}).content.decode()
    assert "do/end-waiver/" in waived
    assert "do/claim/" not in waived.partition("</table>")[2]


def test_it_says_so_when_there_is_nothing(client_for: ClientFor, alice: User) -> None:
    text = text_of(client_for(alice).get(URL))
    assert text.startswith("No findings yet. Nothing has been scanned.")


def test_it_says_so_when_all_is_done(client_for: ClientFor, alice: User, scan: Scan) -> None:
    make_finding(scan, state="fixed")
    text = text_of(client_for(alice).get(URL))
    assert text.startswith("Nothing is open. 1 finding was seen so far.")
    assert "Nothing matches." in text


def test_it_narrows_and_says_what_it_did_not_understand(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    make_finding(scan, path="dags/here.py")
    make_finding(scan, path="dags/there.py", severity="WARNING")
    text = text_of(client_for(alice).get(URL, {"severity": ["ERROR", "FATAL"], "state": "wild"}))
    assert "dags/here.py" in text
    assert "dags/there.py" not in text
    assert "Not understood and left out: state “wild”, severity “FATAL”." in text


def test_it_gives_htmx_only_the_results_and_new_counts(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    make_finding(scan)
    part = client_for(alice).get(URL, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert 'id="n-ERROR" hx-swap-oob="true">1<' in part
    whole = client_for(alice).get(
        URL, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}
    )
    assert "<html" in whole.content.decode()


def test_it_continues_where_the_page_ended(client_for: ClientFor, alice: User, scan: Scan) -> None:
    make_findings(scan, 120)
    client, seen, url = client_for(alice), [], URL
    while url:
        page = client.get(url).content.decode()
        seen += re.findall(r'name="finding" value="(\d+)"', page)
        more = re.search(r'href="(\?cursor=[^"]+)"', page)
        url = URL + more[1] if more else ""
    assert len(seen) == len(set(seen)) == 120


def test_a_bad_place_is_the_beginning_and_says_so(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    make_finding(scan)
    for cursor in ("x", "\0", "a:b:c", "ж" * 50):
        response = client_for(alice).get(URL, {"cursor": cursor})
        assert "This is the beginning." in text_of(response)


@pytest.mark.parametrize("query", ["text=%00", "owner=%00", "path=%00", "dag=%27%22%3C", "due=%00"])
def test_hostile_queries_are_only_words(
    client_for: ClientFor, alice: User, scan: Scan, query: str
) -> None:
    make_finding(scan)
    assert client_for(alice).get(f"{URL}?{query}").status_code == 200


def test_hostile_text_is_shown_and_never_run(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    bad = "<script>alert(1)</script>"
    make_finding(
        scan,
        path=bad,
        message=bad,
        rule_id=bad[:80],
        dag_ids=bad,
        symbol=bad,
        owner=make_owner(scan.deployment, bad, name=bad),
    )
    page = client_for(alice).get(URL).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("sort", ["severity", "due", "age", "path", "owner"])
@pytest.mark.parametrize("count", [100, 10_000])
def test_it_takes_the_same_queries_however_many(
    client_for: ClientFor, alice: User, scan: Scan, count: int, sort: str
) -> None:
    owners = [make_owner(scan.deployment, f"o{number}") for number in range(20)]
    make_mixed_findings(scan, count, [*owners, None])
    client = client_for(alice)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(URL, {"sort": sort, "state": "all"}).status_code == 200
    assert len(queries) <= MOST_QUERIES


def test_strangers_and_the_signed_out_see_nothing(
    client_for: ClientFor, charlie: User, client: Client, scan: Scan
) -> None:
    assert client_for(charlie).get(URL).status_code == 404
    assert client.get(URL).status_code == 302
    assert client_for(charlie).get(URL + "csv/").status_code == 404
    assert client_for(charlie).post(URL + "do/claim/").status_code == 404


def test_the_wrong_verb_is_refused(client_for: ClientFor, alice: User, scan: Scan) -> None:
    client = client_for(alice)
    assert client.post(URL).status_code == 405
    assert client.get(URL + "do/claim/").status_code == 405
    assert client.post(URL + "csv/").status_code == 405
    assert client.get(URL + "import/apply/").status_code == 405


# --- Acting on many ------------------------------------------------------------------------------------------


def test_it_asks_before_it_changes_many(client_for: ClientFor, alice: User, scan: Scan) -> None:
    ana = make_owner(scan.deployment, "ana")
    findings = make_findings(scan, 3)
    client = client_for(alice)
    ids = [finding.pk for finding in findings[:2]]
    asked = client.post(URL + "do/assign/", {"finding": ids, "owner": "ana"})
    assert text_of(asked).startswith("Assign: 2 findings.")
    assert not ana.findings.exists()
    done = client.post(
        URL + "do/assign/", {"finding": ids, "owner": "ana", "confirmed": "1"}, follow=True
    )
    assert "2 findings assigned to Ana." in text_of(done)
    assert ana.findings.count() == 2


def test_all_that_match_means_the_filter_and_its_number(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    make_findings(scan, 60)
    make_finding(scan, severity="WARNING")
    client = client_for(alice)
    values = {"everything": "1", "query": "severity=ERROR"}
    assert "Claim fixed: 60 findings." in text_of(client.post(URL + "do/claim/", values))
    make_finding(scan)
    moved = client.post(URL + "do/claim/", {**values, "expected": "60", "confirmed": "1"})
    assert "61 match now. Nothing was done yet." in text_of(moved)
    assert not Finding.objects.filter(state="claimed").exists()
    client.post(URL + "do/claim/", {**values, "expected": "61", "confirmed": "1"})
    assert Finding.objects.filter(state="claimed").count() == 61


def test_nothing_picked_is_said(client_for: ClientFor, alice: User, scan: Scan) -> None:
    make_finding(scan)
    done = client_for(alice).post(URL + "do/claim/", {"finding": ["x", ""]}, follow=True)
    assert "Choose at least one finding first." in text_of(done)


def test_a_waiver_without_reason_or_with_a_past_day_asks_again(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    client = client_for(alice)
    values = {"finding": finding.pk, "confirmed": "1"}
    missing = client.post(URL + "do/waive/", values)
    assert missing.status_code == 422
    assert "Say why it can wait." in text_of(missing)
    past = client.post(URL + "do/waive/", {**values, "reason": "Later", "expires_on": "2020-01-01"})
    assert "A waiver ends on a day after today." in text_of(past)
    day = (timezone.localdate() + timedelta(days=10)).isoformat()
    client.post(URL + "do/waive/", {**values, "reason": "Later", "expires_on": day})
    finding.refresh_from_db()
    assert finding.state == "waived"


def test_an_owner_may_claim_and_note_their_own_and_nothing_else(
    client_for: ClientFor, bob: User, scan: Scan
) -> None:
    his = make_finding(scan, owner=make_owner(scan.deployment, "bob", email=bob.email))
    other = make_finding(scan)
    client = client_for(bob)

    def post(action: str, finding: Finding) -> int:
        values = {"finding": finding.pk, "confirmed": "1", "note": "x", "owner": "bob"}
        return client.post(f"{URL}do/{action}/", values).status_code

    assert (post("claim", his), post("claim", other)) == (302, 403)
    assert (post("note", his), post("note", other)) == (302, 403)
    assert (post("assign", his), post("waive", his), post("due", his)) == (403, 403, 403)
    his.refresh_from_db()
    other.refresh_from_db()
    assert (his.state, other.state, other.note) == ("claimed", "open", "")


def test_a_viewer_changes_nothing(client_for: ClientFor, erin: User, scan: Scan) -> None:
    finding = make_finding(scan, owner=make_owner(scan.deployment, "erin", email=erin.email))
    response = client_for(erin).post(URL + "do/claim/", {"finding": finding.pk, "confirmed": "1"})
    assert response.status_code == 403
    assert 'name="confirmed"' not in client_for(erin).get(URL).content.decode()


def test_it_never_leads_off_the_site(client_for: ClientFor, alice: User, scan: Scan) -> None:
    finding = make_finding(scan)
    done = client_for(alice).post(
        URL + "do/claim/",
        {"finding": finding.pk, "confirmed": "1", "next": "https://elsewhere.example/"},
    )
    assert done["Location"] == URL


def test_an_unknown_action_is_not_found(client_for: ClientFor, alice: User, scan: Scan) -> None:
    assert client_for(alice).post(URL + "do/delete/").status_code == 404


# --- The CSV -------------------------------------------------------------------------------------------------


def test_the_csv_has_what_matches(client_for: ClientFor, alice: User, scan: Scan) -> None:
    make_finding(scan, path="=cmd.py")
    make_finding(scan, path="other.py", severity="INFO")
    response = client_for(alice).get(URL + "csv/?severity=ERROR")
    content = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert content.startswith(
        "\ufeffid,source,rule,severity,path,line,dag_ids,dag_count,owner,owner_because,due,state"
    )
    assert "'=cmd.py" in content
    assert "other.py" not in content
    assert "attachment" in response["Content-Disposition"]


def test_a_csv_is_previewed_then_applied_once(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    client = client_for(alice)
    content = f"id,owner,due\n{finding.pk},Zoë Ruiz,2027-01-04\n999999999,ana,\n".encode()
    preview = client.post(URL + "import/", {"file": SimpleUploadedFile("x.csv", content)})
    text = text_of(preview)
    assert text.startswith("This file would change 1 finding.")
    assert "Line 3: This deployment has no finding 999999999." in text
    assert "1 owner is not known here: Zoë Ruiz." in text
    finding.refresh_from_db()
    assert finding.due is None
    token = re.search(r'name="token" value="([^"]+)"', preview.content.decode())
    assert token is not None
    values = {"token": token[1], "create_owners": "1"}
    done = client.post(URL + "import/apply/", values, follow=True)
    assert "Changed one finding as the file says." in text_of(done)
    finding.refresh_from_db()
    assert finding.owner == Owner.objects.get(key="zoë ruiz")
    again = client.post(URL + "import/apply/", values, follow=True)
    assert "That file is no longer kept. Upload it again." in text_of(again)


def test_a_file_that_is_no_csv_is_refused_beside_its_field(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    upload = SimpleUploadedFile("x.csv", b"\xff\xfe\x00")
    response = client_for(alice).post(URL + "import/", {"file": upload})
    assert "The file is not UTF-8" in text_of(response)


def test_only_managers_bring_a_csv_in(
    client_for: ClientFor, bob: User, alice: User, scan: Scan
) -> None:
    assert client_for(bob).get(URL + "import/").status_code == 403
    assert client_for(bob).post(URL + "import/apply/").status_code == 403
    assert client_for(alice).post(URL + "import/apply/", {"token": "x"}).status_code == 302
