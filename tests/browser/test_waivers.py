"""A waiver's life in a real browser: asked for, approved, told to be ending, and over by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from planner.models import Deployment, Waiver
from planner.services.beat import beat_tick
from tests.factories import make_finding, make_findings, make_owner, make_scan, make_source

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BrowserFor = Callable[[User], Page]
WAIVERS = "/d/production/waivers/"
SILENCED = '{"suppressed": {"kind": "noqa", "reason": "# noqa: AIR301", "where": "dags/a.py:3"}}'


def test_an_owner_asks_a_manager_approves_and_it_ends_by_itself(
    deployment: Deployment, alice: User, bob: User, browser_for: BrowserFor
) -> None:
    scan = make_scan(make_source(deployment, "uploads"), at=timezone.now())
    finding = make_finding(scan, owner=make_owner(deployment, "bob", user=bob))
    until = timezone.localdate() + timedelta(days=10)

    page = browser_for(bob)
    page.goto(f"/d/production/findings/{finding.pk}/")
    page.get_by_text("Ask for a waiver").click()
    page.get_by_label("Why it can wait").fill("The vendor ships in spring")
    page.get_by_label("Until the end of").fill(until.isoformat())
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Bob asked for a waiver until").first).to_be_visible()
    expect(page.locator(".answer .mark.open")).to_have_text("Open")

    page = browser_for(alice)
    page.goto(WAIVERS)
    expect(page.get_by_role("heading", name="One request waits for an answer")).to_be_visible()
    page.locator("summary", has_text="Approve").click()
    expect(page.get_by_label("Why it can wait").first).to_have_value("The vendor ships in spring")
    page.get_by_role("button", name="Approve").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One finding is waived.")
    expect(page.get_by_text("in 10 days")).to_be_visible()
    make_finding(scan, extra=SILENCED)
    for path in (WAIVERS, f"{WAIVERS}add/"):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
    page.goto("/d/production/")
    expect(page.get_by_text("1 waiver ends soon")).to_be_visible()

    beat_tick(now=timezone.now() + timedelta(days=12))
    page.goto(WAIVERS)
    expect(page.get_by_role("heading", level=1)).to_contain_text("No finding is waived.")
    expect(page.get_by_text("its day was over")).to_be_visible()
    page.goto(f"/d/production/findings/{finding.pk}/")
    expect(page.get_by_text("The waiver ended and it is open again")).to_be_visible()


def test_a_rule_is_waived_by_keyboard_and_everything_stays_inside_a_phone(
    deployment: Deployment, alice: User, browser_for: BrowserFor
) -> None:
    scan = make_scan(make_source(deployment, "uploads"), at=timezone.now())
    long = "x" * 200
    make_findings(scan, 3, path=f"dags/{long}.py")
    page = browser_for(alice)
    page.set_viewport_size({"width": 390, "height": 844})
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    page.goto(f"{WAIVERS}add/?rule=AIR301&path=dags/{long}.py")
    page.get_by_label("Why it can wait").fill(long)
    until = timezone.localdate() + timedelta(days=10)
    page.get_by_label("Until the end of").fill(until.isoformat())
    page.get_by_role("button", name="Show what it would hide").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("3 open findings would be waived.")
    assert page.evaluate(wide) == 0
    page.get_by_role("button", name="Waive").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("3 findings are waived.")
    page.locator("summary", has_text="Extend or end").press("Enter")
    assert page.evaluate(wide) == 0
    page.get_by_role("button", name="End it now").press("Enter")
    expect(page.get_by_text("3 findings came back.")).to_be_visible()
    assert Waiver.objects.get().ended_by == alice
