"""The decision page in a real browser: the answer follows the typing, on screen and on paper."""

from __future__ import annotations

import io
from collections.abc import Callable

import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from planner.models import Deployment
from planner.services.decision import decision_record
from tests.factories import make_mixed_findings, make_scan, make_source

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

URL = "/d/production/decision/"


@pytest.fixture
def page(browser_for: Callable[[User], Page], alice: User, deployment: Deployment) -> Page:
    now = timezone.now()
    make_mixed_findings(make_scan(make_source(deployment, "dags"), at=now), 50)
    decision_record(
        deployment=deployment,
        author=alice,
        reason="The base image moves in March.",
        look_again_on=now.date(),
        today=now.date(),
        now=now,
    )
    return browser_for(alice)


def test_the_answer_follows_the_typing_and_survives_a_typing_mistake(page: Page) -> None:
    page.goto(URL)
    bandwidth = page.get_by_label("Senior engineer time you can give")

    bandwidth.fill("0.5")
    expect(page.get_by_role("heading", level=1)).to_have_text("Defer the upgrade of Production")
    expect(page.locator("#verdict-now")).to_contain_text("0.50 quarters (0.80 needed). Not saved.")

    bandwidth.fill("half")
    expect(page.locator("#error-bandwidth_quarters")).to_contain_text("must be a number")
    expect(page.get_by_role("heading", level=1)).to_have_text("Defer the upgrade of Production")

    bandwidth.fill("1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Upgrade Production now")
    expect(page.locator("#error-bandwidth_quarters")).to_be_empty()
    expect(bandwidth).to_be_focused()


def test_saving_works_by_keyboard_alone(page: Page, deployment: Deployment) -> None:
    page.goto(URL)
    page.get_by_label("DAGs").fill("350")
    save = page.get_by_role("button", name="Save these facts")
    save.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("The facts are saved.")).to_be_visible()
    deployment.refresh_from_db()
    assert deployment.facts["dag_count"] == 350


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_it_is_accessible_and_never_scrolls_sideways(page: Page, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(URL)
    page.locator(".more-facts > summary").click()

    found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    bar = page.locator(".bullet i.range").bounding_box()
    high = page.locator(".bullet b.below").last.bounding_box()
    assert bar and high
    assert abs(bar["x"] + bar["width"] - high["x"] - high["width"]) < 4


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_it_prints_on_one_sheet(page: Page, paper: str) -> None:
    page.goto(URL)

    sheets = pypdf.PdfReader(io.BytesIO(page.pdf(format=paper))).pages

    assert len(sheets) == 1
    text = sheets[0].extract_text()
    assert "Upgrade Production now" in text
    assert "Save these facts" not in text
