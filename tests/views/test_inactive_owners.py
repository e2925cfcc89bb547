"""The pages of owners who take no findings any more, and the CSV of owners."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from planner.models import Deployment, Finding, Owner, Scan
from tests.factories import (
    NOW,
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
    source = make_source(deployment, "uploads", codeowners="dags/ @ana\n")
    return make_scan(source, at=timezone.now())


@pytest.fixture
def ana(deployment: Deployment) -> Owner:
    return make_owner(
        deployment,
        "ana",
        name="Ana",
        active=False,
        inactive_cause="hand",
        inactive_by="Alice",
        inactive_since=NOW,
    )


def test_it_says_who_is_inactive_why_and_who_would_get_theirs(
    client_for: ClientFor, erin: User, scan: Scan, ana: Owner
) -> None:
    make_folder_rule(make_owner(scan.deployment, "bea", name="Bea"), "dags/core/")
    make_finding(scan, path="dags/core/a.py", owner=ana)
    make_finding(scan, path="dags/b.py", owner=ana, severity="INFO")
    client = client_for(erin)
    text = text_of(client.get(URL + "inactive/"))
    assert text.startswith("All owners 2 findings belong to someone who takes no more.")
    assert "takes no findings since 21 Oct 2026: Alice said so" in text
    assert "The rules would now give 1 to Bea, 1 to nobody yet." in text
    assert "needs the role manager" in text
    each = text_of(client.get(f"{URL}{ana.pk}/reassign/"))
    assert "2 findings of Ana wait for a new owner." in each
    assert "Bea Folder rule dags/core/: bea" in each
    assert "Nobody yet: ana takes no findings any more" in each
    assert "2 findings belong to an owner who takes no more." in text_of(client.get(URL))
    assert "2 findings belong to owners who take no more." in text_of(client.get("/d/production/"))


def test_without_any_it_says_so(client_for: ClientFor, erin: User, scan: Scan) -> None:
    client = client_for(erin)
    assert "Every owner takes findings." in text_of(client.get(URL + "inactive/"))
    make_owner(scan.deployment, "bea", active=False)
    assert "Nothing waits for a new owner." in text_of(client.get(URL + "inactive/"))


def test_handing_out_is_one_click_and_what_moved_meanwhile_is_not_lost(
    client_for: ClientFor, alice: User, scan: Scan, ana: Owner
) -> None:
    bea = make_owner(scan.deployment, "bea", name="Bea")
    make_folder_rule(bea, "dags/")
    make_findings(scan, 2, owner=ana)
    client = client_for(alice)
    page = f"{URL}{ana.pk}/hand-out/"
    stale = text_of(client.post(page, {"expected": 1}, follow=True))
    assert "While you were deciding, the findings of Ana changed: there are 2 now." in stale
    wrong = client.post(page, {"expected": 2, "to": 999_999}, follow=True)
    assert "Choose an owner of this deployment." in text_of(wrong)
    done = text_of(client.post(page, {"expected": 2}, follow=True))
    assert "2 findings of Ana went to whom the rules name." in done
    assert Finding.objects.filter(owner=bea, owner_picked=False).count() == 2


def test_all_can_be_given_to_one(
    client_for: ClientFor, alice: User, scan: Scan, ana: Owner
) -> None:
    bea = make_owner(scan.deployment, "bea", name="Bea")
    make_findings(scan, 2, owner=ana)
    done = client_for(alice).post(
        f"{URL}{ana.pk}/hand-out/", {"expected": 2, "to": bea.pk}, follow=True
    )
    assert "2 findings of Ana went to Bea." in text_of(done)
    assert Finding.objects.filter(owner=bea, owner_picked=True).count() == 2


def test_many_go_page_by_page(client_for: ClientFor, erin: User, scan: Scan, ana: Owner) -> None:
    made = make_findings(scan, 150, owner=ana)
    client = client_for(erin)
    first = client.get(f"{URL}{ana.pk}/reassign/")
    assert "100 of 150 on this page" in text_of(first)
    assert f"?after={made[99].pk}" in first.content.decode()
    second = text_of(client.get(f"{URL}{ana.pk}/reassign/?after={made[99].pk}"))
    assert "50 of 150 on this page" in second
    assert client.get(f"{URL}{ana.pk}/reassign/?after=x").status_code == 200


def test_only_managers_hand_out_and_strangers_see_nothing(
    client_for: ClientFor, bob: User, charlie: User, alice: User, scan: Scan, ana: Owner
) -> None:
    bea = make_owner(scan.deployment, "bea")
    changes = [f"{ana.pk}/hand-out/", "import/", "import/apply/"]
    assert [client_for(bob).post(URL + path).status_code for path in changes] == [403] * 3
    pages = ["inactive/", f"{ana.pk}/reassign/", "csv/", "import/"]
    assert [client_for(charlie).get(URL + path).status_code for path in pages] == [404] * 4
    assert client_for(alice).get(f"{URL}{bea.pk}/reassign/").status_code == 404


def test_someone_who_cannot_sign_in_cannot_be_made_active(
    client_for: ClientFor, alice: User, charlie: User, scan: Scan
) -> None:
    charlie.is_active = False
    charlie.save()
    gone = make_owner(
        scan.deployment, "charlie", user=charlie, active=False, inactive_cause="sign-in"
    )
    response = client_for(alice).post(
        f"{URL}{gone.pk}/", {"name": "Charlie", "kind": "person", "active": "1"}
    )
    assert response.status_code == 422
    assert "Charlie cannot take findings: the sign-in is disabled." in text_of(response)


def test_a_csv_of_owners_is_previewed_then_applied(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    ana = make_owner(scan.deployment, "ana", name="Ana")
    make_finding(scan, owner=ana)
    client = client_for(alice)
    content = b"".join(client.get(URL + "csv/").streaming_content)  # type: ignore[attr-defined]
    assert content.decode() == (
        "\ufeffkey,name,kind,email,aliases,active\r\nana,Ana,person,,,yes\r\n"
    )
    changed = content.replace(b"yes", b"no")
    shown = client.post(URL + "import/", {"file": SimpleUploadedFile("o.csv", changed)})
    assert "This file would change 1 owner." in text_of(shown)
    assert "1 would take no findings any more" in text_of(shown)
    done = client.post(URL + "import/apply/", {"token": shown.context["token"]}, follow=True)
    assert "Changed 1 owner and added 0, as the file says." in text_of(done)
    assert "a file of Alice said so" in text_of(done)


def test_a_bad_csv_of_owners_can_only_be_mended(
    client_for: ClientFor, alice: User, scan: Scan
) -> None:
    client = client_for(alice)
    bad = SimpleUploadedFile("o.csv", b"key,active\nana,yes\nbea,perhaps\n")
    shown = client.post(URL + "import/", {"file": bad})
    text = text_of(shown)
    assert "One line cannot be followed, so nothing will be changed." in text
    assert "Line 3: “active” is" in text
    assert "token" not in shown.context
    none = client.post(URL + "import/", {"file": SimpleUploadedFile("o.csv", b"x\n1\n")})
    assert none.status_code == 422


@pytest.mark.parametrize("count", [100, 10_000])
def test_it_takes_the_same_queries_however_many(
    client_for: ClientFor, alice: User, scan: Scan, count: int
) -> None:
    make_source(scan.deployment, "other")
    owners = [make_owner(scan.deployment, f"o{number}", active=False) for number in range(40)]
    make_mixed_findings(scan, count, owners)
    client = client_for(alice)
    for page in ("inactive/", f"{owners[0].pk}/reassign/"):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL + page).status_code == 200
        assert len(queries) <= 25
