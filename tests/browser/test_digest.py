"""The weekly digest in a real browser: what would be mailed, how it went, and sending again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from planner.models import Deployment, Letter
from planner.services.digest import digest_decide, digest_set, digests_due
from planner.services.letter import letter_send
from tests.factories import make_finding, make_findings, make_owner, make_scan, make_source

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BrowserFor = Callable[[User], Page]
PAGE = "/d/production/digest/"


@pytest.fixture
def decided(deployment: Deployment) -> None:
    """A digest of last week that is caught up now, with one letter that may have arrived."""
    now = timezone.now()
    scan = make_scan(make_source(deployment, "dags"), at=now)
    bob = make_owner(deployment, "bob", email="bob@example.com")
    make_findings(scan, 30, owner=bob, path=f"dags/{'a_very_long_folder/' * 12}file.py")
    make_finding(scan, owner=make_owner(deployment, "lost"))
    deployment.webhooks.create(
        name="ops", format="slack", url="https://hooks.slack.com/services/abcd", created_at=now
    )
    week_ago = now - timedelta(days=8)
    digest_set(deployment=deployment, on=True, weekday=0, hour=12, now=week_ago)
    for digest_id in digests_due(now=now):
        for letter_id in digest_decide(digest_id=digest_id, now=now):
            if Letter.objects.get(pk=letter_id).kind != Letter.Kind.WEBHOOK:
                letter_send(letter_id=letter_id, now=now)
    Letter.objects.filter(name="Bob").update(state="unknown", why="The worker stopped.")
    make_findings(scan, 3, owner=bob, path=f"dags/{'a_very_long_folder/' * 12}file.py")


def test_an_admin_looks_at_the_next_mail_and_sends_the_last_one_again(
    decided: None, dana: User, browser_for: BrowserFor
) -> None:
    page = browser_for(dana)
    page.goto(PAGE)
    expect(page.get_by_text("may have arrived")).to_be_visible()
    page.get_by_role("button", name="Send again to Bob").click()
    expect(page.get_by_text("The letter to Bob is sent again.")).to_be_visible()
    page.get_by_role("link", name="See what would be mailed now").click()
    page.get_by_role("link", name="Bob").click()
    expect(page.get_by_label("The mail as HTML")).to_contain_text("3 findings are new.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_the_pages_are_accessible_and_stay_inside_a_phone(
    decided: None, dana: User, browser_for: BrowserFor, scheme: str, width: int
) -> None:
    page = browser_for(dana)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    for path in (PAGE, f"{PAGE}preview/?to=owner:bob@example.com", "/account/"):
        page.goto(path)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        root = "document.documentElement"
        assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"), path
