"""Owners: who has how much, what nobody owns, rules, and one owner's list."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from planner.models import Deployment, FolderRule, Owner, Scan
from tests.factories import (
    make_deployment,
    make_finding,
    make_findings,
    make_folder_rule,
    make_mixed_findings,
    make_owner,
    make_scan,
    make_source,
)
from tests.views.text import text_of

URL = "/d/production/owners/"
ClientFor = Callable[[User], Client]


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    source = make_source(deployment, "uploads", codeowners="dags/ @ana\nlib/[x @bea\n")
    return make_scan(source, at=timezone.now())


def test_it_leads_with_what_nobody_owns(client_for: ClientFor, alice: User, scan: Scan) -> None:
    make_findings(scan, 2)
    make_finding(scan, owner=make_owner(scan.deployment, "ana"))
    response = client_for(alice).get(URL)
    assert text_of(response).startswith("2 open findings have no owner yet. 2 of them are ERRORs.")
    assert "/d/production/findings/?owner=nobody" in response.content.decode()


def test_it_says_so_when_there_is_nothing(client_for: ClientFor, alice: User) -> None:
    make_deployment("other")
    text = text_of(client_for(alice).get(URL))
    assert text.startswith("Nothing is open, so nobody has anything to do.")
    assert "Nobody is known yet." in text


def test_a_person_can_be_added_and_changed(client_for: ClientFor, alice: User, scan: Scan) -> None:
    client = client_for(alice)
    values = {"name": "Ana María", "email": "ana@example.com", "kind": "person", "aliases": "@am"}
    client.post(URL + "add/", values)
    owner = Owner.objects.get(key="ana maría")
    assert owner.aliases.get().alias == "am"
    page = f"{URL}{owner.pk}/"
    assert "ana@example.com" in client.get(page).content.decode()
    client.post(page, {**values, "name": "Ana", "aliases": "am\nam2"})
    owner.refresh_from_db()
    assert (owner.name, owner.active, owner.aliases.count()) == ("Ana", False, 2)


def test_what_is_wrong_is_said_beside_its_field(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    make_owner(scan.deployment, "ana")
    client = client_for(alice)
    taken = client.post(URL + "add/", {"name": "ANA"})
    assert taken.status_code == 422
    assert "is already an owner or another name of one." in text_of(taken)
    bad = client.post(URL + "rules/add/", {"pattern": "[x", "owner": Owner.objects.get().pk})
    assert "Write a folder or pattern as in CODEOWNERS" in text_of(bad)
    nobody = client.post(URL + "rules/add/", {"pattern": "dags/", "owner": "999999"})
    assert "Choose an owner of this deployment." in text_of(nobody)


def test_rules_are_previewed_then_applied(client_for: ClientFor, alice: User, scan: Scan) -> None:
    finding = make_finding(scan, path="dags/a.py")
    make_finding(
        scan, path="dags/b.py", owner=make_owner(scan.deployment, "picked"), owner_picked=True
    )
    client = client_for(alice)
    preview = text_of(client.get(URL + "apply/"))
    assert preview.startswith("The rules would give one finding to someone else. 1 was picked")
    assert "uploads, line 2: lib/[x @bea" in preview
    finding.refresh_from_db()
    assert finding.owner is None
    done = text_of(client.post(URL + "apply/", follow=True))
    assert done.startswith("The rules gave one finding to someone else. Picks stayed")
    finding.refresh_from_db()
    assert finding.owner is not None
    assert finding.owner.key == "ana"
    assert text_of(client.get(URL + "apply/")).startswith("The rules would change nothing.")


def test_the_preview_says_who_loses_and_gains_and_names_each_finding(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    bea = make_owner(scan.deployment, "bea", name="Bea")
    make_owner(scan.deployment, "ana", name="Ana")
    made = make_findings(scan, 103, path="dags/a.py", owner=bea, owner_because="Folder rule x: bea")
    make_finding(scan, path="lib/a.py", owner=bea)
    client = client_for(alice)
    text = text_of(client.get(URL + "apply/"))
    assert text.startswith("The rules would give 104 findings to someone else.")
    assert "Owner Loses Gains Change Bea 104 0 -104 Ana 0 103 +103" in text
    pair = f"{URL}apply/findings/?from=bea&to=ana"
    first = client.get(pair)
    assert "103 findings would go from Bea to Ana. Nothing is written yet. 100 of" in text_of(first)
    assert "Bea Folder rule x: bea Ana CODEOWNERS line 1: dags/ @ana" in text_of(first)
    assert f"?from=bea&amp;to=ana&amp;after={made[99].pk}" in first.content.decode()
    assert text_of(client.get(f"{pair}&after={made[99].pk}")).count("CODEOWNERS line 1") == 3
    assert "One finding would go from Bea to nobody." in text_of(
        client.get(f"{URL}apply/findings/?from=bea&to=")
    )
    assert "No finding would change hands here." in text_of(
        client.get(f"{URL}apply/findings/?from=zoe")
    )


def test_folder_rules_are_added_and_removed(client_for: ClientFor, alice: User, scan: Scan) -> None:
    owner = make_owner(scan.deployment, "team")
    client = client_for(alice)
    client.post(URL + "rules/add/", {"pattern": "lib/", "owner": owner.pk})
    rule = FolderRule.objects.get()
    assert "lib/" in text_of(client.get(URL))
    client.post(f"{URL}rules/{rule.pk}/remove/")
    assert not FolderRule.objects.exists()


def test_two_owners_can_be_made_one(client_for: ClientFor, alice: User, scan: Scan) -> None:
    old, new = make_owner(scan.deployment, "old"), make_owner(scan.deployment, "new")
    make_finding(scan, owner=old)
    client = client_for(alice)
    done = client.post(f"{URL}{old.pk}/merge/", {"into": new.pk}, follow=True)
    assert "Old is now another name of New" in text_of(done)
    assert new.findings.count() == 1
    again = client.post(f"{URL}{new.pk}/merge/", {"into": "x"}, follow=True)
    assert "Choose who it is." in text_of(again)


def test_a_merge_is_shown_before_it_is_done(client_for: ClientFor, alice: User, scan: Scan) -> None:
    old = make_owner(scan.deployment, "data-eng", name="data-eng", aliases=["de"])
    new = make_owner(scan.deployment, "data-eng@x.org", name="Data Eng")
    make_folder_rule(old, "dags/")
    make_findings(scan, 2, owner=new)
    make_finding(scan, owner=old)
    make_finding(scan, owner=old, state="fixed")
    client = client_for(alice)
    page = client.get(URL)
    assert "Perhaps the same data-eng and Data Eng" in text_of(page)
    link = f"{URL}{old.pk}/merge/?into={new.pk}"
    assert link in page.content.decode()
    text = text_of(client.get(link))
    assert text.startswith("All owners data-eng would become another name of Data Eng.")
    assert "One finding" not in text
    assert "1 finding would go to Data Eng, picks too, with the history of 1 closed one." in text
    assert "Data Eng would also be called data-eng, de." in text
    assert "1 folder rule would name Data Eng." in text
    assert Owner.objects.count() == 2
    client.post(f"{URL}{old.pk}/merge/", {"into": new.pk})
    assert "Perhaps the same" not in text_of(client.get(URL))
    assert {alias.alias for alias in new.aliases.all()} == {"data-eng", "de"}


def test_two_who_only_read_alike_are_not_offered_again(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    one = make_owner(scan.deployment, "ana lima", name="Ana Lima")
    other = make_owner(scan.deployment, "ana.lima@example.com", name="Ana Lima")
    client = client_for(alice)
    assert "Perhaps the same" in text_of(client.get(URL))
    said = client.post(f"{URL}{other.pk}/part/", {"into": one.pk}, follow=True)
    assert "Ana Lima and Ana Lima stay two." in text_of(said)
    assert "Perhaps the same" not in text_of(said)


def test_nobody_is_merged_into_someone_who_left(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    here, gone = (
        make_owner(scan.deployment, "here"),
        make_owner(scan.deployment, "gone", active=False),
    )
    said = client_for(alice).post(f"{URL}{here.pk}/merge/", {"into": gone.pk}, follow=True)
    assert "Gone takes no findings any more. Merge the other way." in text_of(said)
    assert Owner.objects.count() == 2


def test_one_owners_list_names_owner_and_day_and_goes_by_file(
    client_for: ClientFor, erin: User, scan: Scan
) -> None:
    ana = make_owner(scan.deployment, "ana", name="Ana")
    make_finding(scan, owner=ana, path="dags/b.py", line=2)
    make_finding(scan, owner=ana, path="dags/a.py", line=1, severity="INFO")
    text = text_of(client_for(erin).get(f"{URL}{ana.pk}/"))
    assert "Ana has 2 open findings. One is an ERROR. Production," in text
    assert text.index("dags/a.py") < text.index("dags/b.py")


def test_a_list_too_long_to_print_says_so(client_for: ClientFor, erin: User, scan: Scan) -> None:
    ana = make_owner(scan.deployment, "ana")
    make_findings(scan, 510, owner=ana)
    assert "These are the first 500. See all 510" in text_of(
        client_for(erin).get(f"{URL}{ana.pk}/")
    )


def test_only_managers_change_owners_and_strangers_see_none(
    client_for: ClientFor, bob: User, charlie: User, alice: User, scan: Scan
) -> None:
    ana = make_owner(scan.deployment, "ana")
    rule = make_folder_rule(ana, "dags/")
    changes = [
        "add/",
        "apply/",
        "rules/add/",
        f"rules/{rule.pk}/remove/",
        f"{ana.pk}/",
        f"{ana.pk}/merge/",
    ]
    assert [client_for(bob).post(URL + path).status_code for path in changes] == [403] * 6
    assert [client_for(charlie).post(URL + path).status_code for path in changes] == [404] * 6
    assert client_for(charlie).get(URL).status_code == 404
    assert client_for(alice).get(URL + "add/").status_code == 405
    elsewhere = make_owner(make_deployment("elsewhere"), "zoe")
    assert client_for(alice).get(f"{URL}{elsewhere.pk}/").status_code == 404
    into = client_for(alice).post(f"{URL}{ana.pk}/merge/", {"into": elsewhere.pk}, follow=True)
    assert "Choose who it is." in text_of(into)


@pytest.mark.parametrize("count", [100, 10_000])
def test_it_takes_the_same_queries_however_many(
    client_for: ClientFor, alice: User, scan: Scan, count: int
) -> None:
    owners = [
        make_owner(scan.deployment, f"o{number}", aliases=[f"a{number}"]) for number in range(40)
    ]
    make_mixed_findings(scan, count, [*owners, None])
    client = client_for(alice)
    for page in (URL, f"{URL}{owners[0].pk}/", f"{URL}apply/", f"{URL}apply/findings/"):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == 200
        assert len(queries) <= 18
