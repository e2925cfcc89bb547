"""My work: what belongs to the signed-in person, in all their deployments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from planner.models import Deployment, Finding, Membership, Owner, Scan
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


def test_nobody_claims_what_is_not_theirs(
    client_for: ClientFor, bob: User, erin: User, charlie: User, bobs: Owner, scan: Scan
) -> None:
    hers = make_finding(scan, owner=make_owner(scan.deployment, "erin", email=erin.email))
    for person in (bob, erin, charlie):
        done = client_for(person).post("/me/claim/", {"finding": hers.pk}, follow=True)
        assert "Nothing changed" in text_of(done)
    hers.refresh_from_db()
    assert hers.state == "open"
    assert "Claim it fixed" not in text_of(client_for(erin).get("/me/?show=all"))


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
    assert len(queries) <= 15
    if count > 100:
        assert "The 100 most urgent of 8,000, in " in text_of(response)


def test_it_says_what_was_not_checked_yet(
    client_for: ClientFor, erin: User, deployment: Deployment
) -> None:
    page = text_of(client_for(erin).get("/me/"))
    assert "Not everything was checked yet in Production." in page
    assert "imports on a real 3.x environment" in page
