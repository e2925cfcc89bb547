"""The owner's page in a real browser: a fix claimed with its pull request, not mine, a DAG retired, and taken back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from planner.models import Deployment, Finding, Owner, Scan
from tests.factories import (
    make_finding,
    make_findings,
    make_owner,
    make_scan,
    make_source,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BrowserFor = Callable[[User], Page]
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
EDIT = {
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


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    return make_scan(make_source(deployment, "uploads"), at=timezone.now())


@pytest.fixture
def bobs(deployment: Deployment, bob: User) -> Owner:
    return make_owner(deployment, "robert", user=bob)


def claimed() -> int:
    return Finding.objects.filter(state="claimed").count()


def test_a_fix_is_claimed_handed_over_retired_and_taken_back(
    deployment: Deployment, bob: User, bobs: Owner, scan: Scan, browser_for: BrowserFor
) -> None:
    make_owner(deployment, "search", name="Search")
    due = timezone.localdate()
    make_findings(scan, 3, owner=bobs, path="dags/a.py", rule_id="AIR002", fix=EDIT, due=due)
    make_findings(scan, 2, owner=bobs, path="dags/b.py", rule_id="AIR002", due=due)
    alone = make_finding(scan, owner=bobs, rule_id="AF3-SUBDAG", path="dags/c.py", due=due)
    make_finding(scan, owner=bobs, rule_id="AIR303", path="dags/old.py", dag_ids=["old"])
    page = browser_for(bob)
    page.goto("/me/")
    expect(page.get_by_text("One edit closes 3 lines.")).to_be_visible()
    expect(page.get_by_role("link", name="Download your patch")).to_be_visible()

    # A whole fix, with its pull request, in place; then the same taken back from one line.
    page.get_by_label("Pull request").fill("https://github.com/team/dags/pull/12")
    page.get_by_role("button", name="Claim all 5 fixed").click()
    expect(page.get_by_text("5 findings claimed fixed.")).to_be_visible()
    expect(page.get_by_role("link", name="PR #12")).to_have_count(5)
    assert claimed() == 5
    back = page.get_by_role("button", name=re.compile("Take the claim back")).first
    back.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The claim is taken back.")).to_be_visible()
    expect(page.locator("[id^=act-]:focus")).to_have_text(re.compile("Claim it fixed"))
    assert claimed() == 4

    # Not mine, to whom it belongs, and taken back.
    place = page.locator(f"#f-{alone.pk}")
    place.get_by_role("button", name="Not mine").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Whose is it?")
    page.get_by_label("Suggested owner").select_option("search")
    page.get_by_label("Why").fill("moved to search in June")
    page.get_by_role("button", name="Say that it is not mine").click()
    expect(place.get_by_text("that it is not yours but Search's")).to_be_visible()
    place.get_by_role("button", name="It is mine after all").click()
    expect(page.get_by_text("Taken back: they are yours.")).to_be_visible()

    # A DAG that goes, and stays after all.
    page.goto("/me/?show=all")
    page.get_by_role("link", name="Retire this DAG").click()
    expect(page.get_by_text("1 open finding in 1 file goes with it.")).to_be_visible()
    page.get_by_label("Why it goes").fill("nobody reads it")
    page.get_by_role("button", name="Retire this DAG").click()
    expect(page.get_by_text("One finding claimed with the DAG old.")).to_be_visible()
    page.get_by_text("You retire 1 DAG.").click()
    page.get_by_role("button", name="It stays").click()
    expect(page.get_by_text("old stays: one finding open again.")).to_be_visible()
    assert claimed() == 4


def test_a_bad_link_is_told_in_place_and_picks_are_kept(
    bob: User, bobs: Owner, scan: Scan, browser_for: BrowserFor
) -> None:
    first, _ = make_findings(scan, 2, owner=bobs, due=timezone.localdate())
    page = browser_for(bob)
    page.goto("/me/")
    page.locator(f"#f-{first.pk} input[name=finding]").check()
    expect(page.locator("[data-picked-count]")).to_have_text("1 picked")
    page.get_by_label("Pull request").fill("ftp://host/pull/1")
    page.get_by_role("button", name="Claim picked as fixed").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was claimed. Give a whole address")
    expect(page.locator(f"#f-{first.pk} input[name=finding]")).to_be_checked()
    assert claimed() == 0
    page.get_by_label("Pull request").fill("https://host/pull/1")
    page.get_by_role("button", name="Claim picked as fixed").click()
    expect(page.get_by_text("One finding claimed fixed.")).to_be_visible()


def test_it_works_without_scripts_and_fits_a_phone(
    bob: User, bobs: Owner, scan: Scan, browser_for: BrowserFor
) -> None:
    late = timezone.localdate() - timedelta(days=2)
    make_findings(scan, 130, owner=bobs, path=f"dags/{'x' * 120}.py", fix=EDIT, due=late)
    signed_in = browser_for(bob)
    signed_in.set_viewport_size({"width": 390, "height": 844})
    signed_in.goto("/me/")
    assert signed_in.evaluate(WIDE) == 0
    browser = signed_in.context.browser
    assert browser is not None
    context = browser.new_context(
        java_script_enabled=False, storage_state=signed_in.context.storage_state()
    )
    page = context.new_page()
    page.goto(signed_in.url)
    page.get_by_role("link", name="Show the next").click()
    expect(page.locator(".place")).to_have_count(30)
    page.get_by_role("button", name="Claim all 130 fixed").click()
    expect(page.get_by_text("130 findings claimed fixed.")).to_be_visible()
    assert claimed() == 130
    context.close()
