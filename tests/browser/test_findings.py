"""The list of findings in a real browser: typing narrows, more rows follow, picks are counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from planner.models import Deployment, Finding
from tests.factories import make_finding, make_findings, make_owner, make_scan, make_source

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BrowserFor = Callable[[User], Page]


def test_typing_narrows_more_rows_follow_and_many_are_assigned(
    deployment: Deployment, alice: User, browser_for: BrowserFor
) -> None:
    scan = make_scan(make_source(deployment, "uploads"), at=timezone.now())
    make_findings(scan, 70)
    make_finding(scan, path="dags/needle.py", severity="WARNING")
    make_owner(deployment, "ana", name="Ana")
    page = browser_for(alice)
    page.goto("/d/production/findings/")
    rows = page.locator("input[name=finding]")
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="Show more").click()
    expect(rows).to_have_count(71)
    expect(page.locator("th.where a").nth(50)).to_be_focused()
    page.get_by_label("Text or file").press_sequentially("needle")
    expect(rows).to_have_count(1)
    assert "text=needle" in page.url
    expect(page.locator("#n-ERROR")).to_have_text("0")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto("/d/production/findings/?severity=WARNING")
    rows.first.check()
    expect(page.locator("[data-picked-count]")).to_have_text("1 picked")
    page.get_by_label("Assign to").select_option("ana")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Assign: one finding.")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("One finding assigned to Ana.")).to_be_visible()
    assert Finding.objects.filter(owner__key="ana").count() == 1


def test_long_names_stay_inside_a_phone(
    deployment: Deployment, alice: User, browser_for: BrowserFor
) -> None:
    scan = make_scan(make_source(deployment, "uploads"), at=timezone.now())
    alice.email = "alice@example.com"
    alice.save()
    long = "x" * 250
    finding = make_finding(
        scan,
        path=f"dags/{long}.py",
        symbol=f"airflow.{long}",
        message=f"`airflow.{long}` is removed",
        dag_ids=[f"dag_{long}"],
        note=long,
        owner=make_owner(deployment, "a" * 190, user=alice),
    )
    page = browser_for(alice)
    page.set_viewport_size({"width": 390, "height": 844})
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for path in (
        "/d/production/findings/",
        f"/d/production/findings/{finding.pk}/",
        "/me/?show=all",
    ):
        page.goto(path)
        expect(page.get_by_text(long[:50]).first).to_be_attached()
        assert page.evaluate(wide) == 0, path
