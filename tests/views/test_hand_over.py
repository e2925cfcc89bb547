"""“Not mine” on the pages: asked on one's own work, answered there, settled under Owners."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from planner.models import Deployment, Finding, HandOver, Membership, Owner, Scan
from tests.factories import make_finding, make_findings, make_owner, make_scan, make_source
from tests.views.text import text_of

ClientFor = Callable[[User], Client]


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    return make_scan(make_source(deployment, "uploads"), at=timezone.now())


@pytest.fixture
def bobs(deployment: Deployment, bob: User) -> Owner:
    return make_owner(deployment, "robert", user=bob)


@pytest.fixture
def charlies(deployment: Deployment, charlie: User) -> Owner:
    """Charlie owns findings too, here."""
    Membership.objects.create(deployment=deployment, user=charlie, role="owner")
    return make_owner(deployment, "charlie", user=charlie)


def test_it_is_asked_first_then_offered_and_taken(
    client_for: ClientFor, bob: User, charlie: User, bobs: Owner, charlies: Owner, scan: Scan
) -> None:
    finding = make_finding(scan, owner=bobs, path="dags/search.py")
    client = client_for(bob)
    asked = client.post("/me/not-mine/", {"only": finding.pk, "show": "all"})
    assert "Whose is it?" in text_of(asked)
    assert "dags/search.py" in text_of(asked)
    said = client.post(
        "/me/not-mine/",
        {
            "finding": finding.pk,
            "show": "all",
            "confirmed": 1,
            f"owner-{finding.deployment_id}": "charlie",
            "reason": "moved to search",
        },
        follow=True,
    )
    assert "One finding said not to be yours." in text_of(said)
    assert "that it is not yours but Charlie's. It waits for their answer." in text_of(said)
    offered = text_of(client_for(charlie).get("/me/"))
    assert "Bob says a finding of Robert is yours in Production" in offered
    assert "“moved to search”" in offered
    key = HandOver.objects.get().pk
    assert client.post(f"/me/hand-overs/{key}/take/").status_code == 404
    taken = client_for(charlie).post(f"/me/hand-overs/{key}/take/", follow=True)
    assert "You took over one finding." in text_of(taken)
    finding.refresh_from_db()
    assert (finding.owner, finding.owner_picked) == (charlies, True)


def test_who_says_neither_whose_nor_why_is_asked_again(
    client_for: ClientFor, bob: User, bobs: Owner, scan: Scan
) -> None:
    finding = make_finding(scan, owner=bobs)
    client = client_for(bob)
    answer = client.post("/me/not-mine/", {"finding": finding.pk, "confirmed": 1})
    assert answer.status_code == 422
    assert "at least why they are not yours" in text_of(answer)
    assert HandOver.objects.count() == 0
    assert "Choose open findings" in text_of(client.post("/me/not-mine/", {}, follow=True))


def test_managers_settle_what_nobody_takes(
    client_for: ClientFor,
    alice: User,
    bob: User,
    charlie: User,
    bobs: Owner,
    charlies: Owner,
    scan: Scan,
) -> None:
    first, second = make_findings(scan, 2, owner=bobs)
    client = client_for(bob)
    for finding, owner in ((first, "charlie"), (second, "")):
        words = {"confirmed": 1, "reason": "no", f"owner-{finding.deployment_id}": owner}
        client.post("/me/not-mine/", {"finding": finding.pk, **words})
    key = HandOver.objects.get(suggested=charlies).pk
    client_for(charlie).post(f"/me/hand-overs/{key}/refuse/", {"reason": "nor mine"})
    managers = client_for(alice)
    assert "2 times owners say" in text_of(managers.get("/d/production/owners/"))
    assert "Bob says so since" in text_of(managers.get(f"/d/production/findings/{first.pk}/"))
    page = text_of(managers.get("/d/production/owners/hand-overs/"))
    assert page.startswith("Owners Of 2 findings their owners say that they are not theirs.")
    settle = "/d/production/owners/hand-overs/{}/settle/"
    assert client.post(settle.format(key)).status_code == 403
    managers.post(settle.format(key), {"owner": "charlie"})
    other = HandOver.objects.get(settled_at=None).pk
    refused = managers.post(settle.format(other), {"reason": ""})
    assert refused.status_code == 422
    assert "Say why they stay" in text_of(refused)
    managers.post(settle.format(other), {"reason": "it is your DAG"})
    assert list(Finding.objects.order_by("pk").values_list("owner__key", flat=True)) == [
        "charlie",
        "robert",
    ]
    assert "Nothing to settle." in text_of(managers.get("/d/production/owners/hand-overs/"))


def test_it_is_taken_back_by_who_said_it_alone(
    client_for: ClientFor, bob: User, charlie: User, bobs: Owner, charlies: Owner, scan: Scan
) -> None:
    finding = make_finding(scan, owner=bobs)
    client = client_for(bob)
    client.post("/me/not-mine/", {"finding": finding.pk, "confirmed": 1, "reason": "no"})
    page = client.get("/me/?show=all").content.decode()
    address = re.search(r'formaction="(/me/hand-overs/\d+/withdraw/)"', page)
    assert address is not None
    assert client_for(charlie).post(address[1]).status_code == 404
    client.post(address[1])
    assert "It is mine after all" not in text_of(client.get("/me/?show=all"))


def test_a_viewer_who_is_named_reads_and_cannot_answer(
    client_for: ClientFor, bob: User, erin: User, bobs: Owner, scan: Scan
) -> None:
    make_owner(scan.deployment, "erin", user=erin)
    finding = make_finding(scan, owner=bobs)
    words = {"confirmed": 1, f"owner-{finding.deployment_id}": "erin"}
    client_for(bob).post("/me/not-mine/", {"finding": finding.pk, **words})
    client = client_for(erin)
    assert "Take it" not in text_of(client.get("/me/"))
    assert client.post(f"/me/hand-overs/{HandOver.objects.get().pk}/take/").status_code == 404


@pytest.mark.parametrize("count", [100, 3_000])
def test_settling_takes_the_same_queries_however_many(
    client_for: ClientFor, alice: User, bob: User, bobs: Owner, scan: Scan, count: int
) -> None:
    make_findings(scan, count, owner=bobs)
    done = client_for(bob).post(
        "/me/not-mine/",
        {"everything": 1, "show": "all", "confirmed": 1, "reason": "none of it"},
        follow=True,
    )
    assert f"{count:,} findings said not to be yours." in text_of(done)
    client = client_for(alice)
    with CaptureQueriesContext(connection) as queries:
        page = text_of(client.get("/d/production/owners/hand-overs/"))
    assert f"{count:,} findings of Robert" in page
    assert len(queries) <= 14
