"""Handing out what an inactive owner has, in a real browser: picked by hand, by the rules, and to one owner."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from planner.models import Deployment, Finding, Owner, Scan
from tests.factories import make_findings, make_folder_rule, make_owner, make_scan, make_source

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BrowserFor = Callable[[User], Page]
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    source = make_source(deployment, "uploads", codeowners="dags/ @ana\n")
    return make_scan(source, at=timezone.now())


def test_many_are_assigned_their_owner_leaves_and_theirs_are_handed_out(
    deployment: Deployment, alice: User, scan: Scan, browser_for: BrowserFor
) -> None:
    ana = make_owner(deployment, "ana", name="Ana")
    bea, cora = (
        make_owner(deployment, "bea", name="Bea"),
        make_owner(deployment, "cora", name="Cora"),
    )
    make_folder_rule(bea, "dags/")
    make_findings(scan, 3, path="dags/a.py")
    make_findings(scan, 2, path="lib/b.py", owner=cora)
    page = browser_for(alice)

    page.goto("/d/production/findings/?path=dags/")
    for box in page.locator("input[name=finding]").all():
        box.check()
    page.get_by_label("Assign to").select_option("ana")
    page.get_by_role("button", name="Assign").click()
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("3 findings assigned to Ana.")).to_be_visible()
    assert Finding.objects.filter(owner=ana, owner_picked=True).count() == 3

    for owner in (ana, cora):
        page.goto(f"/d/production/owners/{owner.pk}/")
        page.locator("summary").filter(has_text="Change").click()
        page.get_by_label("takes new findings").uncheck()
        page.get_by_role("button", name="Change").click()
        expect(page.get_by_text("takes no findings since")).to_be_visible()
    assert Finding.objects.filter(owner=ana).count() == 3, "nothing moves by itself"

    page.goto("/d/production/owners/")
    page.get_by_role("link", name="Hand them out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "5 findings belong to 2 owners who take no more."
    )
    page.get_by_role("link", name="See each").first.click()
    expect(page.get_by_text("Folder rule dags/: bea").first).to_be_visible()
    page.get_by_role("button", name="Hand out by the rules").click()
    expect(page.get_by_text("3 findings of Ana went to whom the rules name.")).to_be_visible()
    assert Finding.objects.filter(owner=bea, owner_picked=False).count() == 3

    page.get_by_label("or give all 2 to").select_option("Bea")
    page.get_by_role("button", name="Give all that Cora has").click()
    expect(page.get_by_text("2 findings of Cora went to Bea.")).to_be_visible()
    assert Finding.objects.filter(owner=bea, owner_picked=True).count() == 2


def test_its_pages_fit_a_phone_whatever_owners_are_called(
    deployment: Deployment, alice: User, scan: Scan, browser_for: BrowserFor
) -> None:
    long = "a" * 190
    gone = make_owner(
        deployment, long, name=long, active=False, inactive_cause="hand", inactive_by="b" * 190
    )
    twin = make_owner(deployment, f"org/{long}", name=long.upper())
    make_findings(scan, 2, path=f"dags/{long}.py", owner=gone, owner_because=long)
    page = browser_for(alice)
    page.set_viewport_size({"width": 390, "height": 844})
    for path in (
        "",
        "inactive/",
        "import/",
        "apply/",
        "apply/findings/",
        f"{gone.pk}/reassign/",
        f"{twin.pk}/merge/?into={gone.pk}",
    ):
        page.goto(f"/d/production/owners/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate(WIDE) == 0, path
    assert Owner.objects.count() == 2
