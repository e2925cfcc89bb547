"""Charts in a real browser, under the real content policy: any console error fails the test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from planner.models import Deployment
from tests.factories import make_findings, make_owner, make_scan, make_source

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = ("/d/production/plan/", "/d/production/plan/?template=six-months", "/d/production/")
LINE = "document.querySelector('.plot .scatterlayer path.js-line').style.stroke"


@pytest.fixture
def scanned(deployment: Deployment) -> Deployment:
    """A plan that is under way, with three weekly scans."""
    now = timezone.now()
    deployment.plan_start = now.date() - timedelta(days=30)
    deployment.save()
    source = make_source(deployment, "airflow-dags")
    for weeks, errors in ((3, 9), (2, 6), (1, 4)):
        scan = make_scan(
            source,
            at=now - timedelta(weeks=weeks),
            coverage={"complete": True},
            counts={"fixed": 1},
            totals={"by_severity": {"ERROR": errors, "WARNING": 30, "INFO": 5}},
        )
    make_findings(scan, 4, owner=make_owner(deployment, "priya", name="Priya Nair"))
    return deployment


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    page.wait_for_selector(".plot .main-svg")
    return page


@pytest.mark.parametrize("address", PAGES)
def test_charts_are_drawn_and_nothing_is_injected(
    browser_for: Callable[[User], Page], erin: User, scanned: Deployment, address: str
) -> None:
    page = opened(browser_for(erin), address)
    plots = page.locator(".plot")
    for number in range(plots.count()):
        plot = plots.nth(number)
        assert plot.is_visible()
        assert plot.get_attribute("aria-label")
        assert plot.locator(".main-svg").count() > 0
    assert page.locator("style").count() == 0
    assert page.locator(".modebar-btn").count() == 0
    assert not page.locator("details.chart-table[open]").count()


def test_labels_stand_on_the_marks(
    browser_for: Callable[[User], Page], erin: User, scanned: Deployment
) -> None:
    page = opened(browser_for(erin), "/d/production/")
    words = page.locator(".plot").first.inner_text()
    assert "9 ERROR at the first scan" in words and "4 now" in words and "today" in words
    page.goto("/d/production/plan/")
    words = page.locator(".plot").inner_text()
    for name in ("A Foundation", "B Block-tier", "C Staging", "D Cutover", "E Adoption", "today"):
        assert name in words


def test_colours_follow_the_scheme_and_the_paper(
    browser_for: Callable[[User], Page], erin: User, scanned: Deployment
) -> None:
    page = browser_for(erin)
    page.emulate_media(color_scheme="light")
    opened(page, "/d/production/")
    light = page.evaluate(LINE)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"() => {LINE} !== {light!r}")
    dark = page.evaluate(LINE)
    page.emulate_media(color_scheme="dark", media="print")
    page.wait_for_function(f"() => {LINE} === 'rgb(0, 0, 0)'")
    page.emulate_media(color_scheme="light", media="screen")
    page.wait_for_function(f"() => {LINE} === {light!r}")
    assert light != dark


@pytest.mark.parametrize("width", [390, 320])
def test_nothing_scrolls_sideways_on_a_phone(
    browser_for: Callable[[User], Page],
    erin: User,
    scanned: Deployment,
    width: int,
) -> None:
    page = browser_for(erin)
    page.set_viewport_size({"width": width, "height": 844})
    for address in (*PAGES, "/"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        for plot in page.locator(".plot").all():
            assert plot.evaluate("plot => plot.scrollWidth <= plot.clientWidth"), address


def test_a_chart_fits_its_place_when_the_window_changes(
    browser_for: Callable[[User], Page], erin: User, scanned: Deployment
) -> None:
    page = opened(browser_for(erin), "/d/production/plan/")
    for width in (700, 1300):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function(
            "() => { const plot = document.querySelector('.plot');"
            " return +plot.querySelector('.main-svg').getAttribute('width') === plot.clientWidth; }"
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_accessible(
    browser_for: Callable[[User], Page],
    alice: User,
    scanned: Deployment,
    scheme: str,
) -> None:
    page = browser_for(alice)
    page.emulate_media(color_scheme=scheme)
    for address in (*PAGES, "/"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        found = Axe().run(page).response["violations"]
        wrong = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found]
        assert wrong == [], address


def test_without_scripts_the_numbers_are_there(
    chromium: Browser,
    live_server: LiveServer,
    client_for: Callable[[User], Client],
    erin: User,
    scanned: Deployment,
) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    session = client_for(erin).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto("/d/production/plan/")
    assert page.locator("details.chart-table table").is_visible()
    assert page.get_by_role("row", name="A Foundation").first.is_visible()
    assert not page.locator(".plot").is_visible()
    context.close()
