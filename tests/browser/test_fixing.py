"""From a finding to its corrected file, the check of one file and the page about CI, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from planner.models import Deployment, Finding, Scan
from planner.services.rescan import rescan_request, scan_run
from planner.services.source import SourceDraft, source_store
from tests.repository import SALES, first_state

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BrowserFor = Callable[[User], Page]
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def scan(deployment: Deployment, settings: Settings, tmp_path: Path) -> Scan:
    """A rescan of a repository with five findings, one of them silenced, and a file that does not parse."""
    settings.DIST_DIR = tmp_path / "dist"
    settings.DIST_DIR.mkdir()
    (settings.DIST_DIR / "flightplan_upgradecheck-9.9.9-py3-none-any.whl").write_bytes(b"wheel")
    (settings.DIST_DIR / "dependencies.txt").write_text("msgspec==0.22.0 --hash=sha256:00\n")
    repository = first_state(tmp_path / "repository")
    repository.write("dags/broken.py", "def broken(:\n")
    (repository.folder / "dags/link.py").symlink_to("sales.py")
    billing = (repository.folder / "dags/billing.py").read_text()
    repository.commit(dags__billing=billing.replace("None)", "None)  # noqa"))
    source = source_store(
        deployment=deployment,
        draft=SourceDraft(name="dags", kind="git", location=str(repository.folder)),
        now=timezone.now(),
    )
    queued = rescan_request(source=source, user=None, cause="button", now=timezone.now())
    done = scan_run(scan_id=queued.pk, now=timezone.now())
    assert done is not None and done.state == Scan.State.DONE, done and done.error
    return done


def pages(scan: Scan) -> list[str]:
    findings = Finding.objects.order_by("pk")
    silenced = findings.get(extra__contains="suppressed")
    fixable = findings.exclude(fix="").first()
    assert fixable is not None
    return [
        f"/d/production/findings/{silenced.pk}/",
        f"/d/production/findings/{fixable.pk}/",
        "/d/production/findings/?when=shim",
        "/d/production/findings/?silenced=yes",
        "/d/production/fixes/?owner=all",
        f"/d/production/scans/{scan.pk}/",
        "/d/production/scans/",
        "/d/production/ci/",
    ]


def check_the_file(page: Page) -> None:
    page.goto("/d/production/check/")
    page.get_by_label("Its path in the repository").fill("dags/sales.py")
    page.get_by_label("Its text").fill(SALES)
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("would fail")


def test_the_pages_are_accessible_and_fit_a_phone(
    scan: Scan, bob: User, browser_for: BrowserFor
) -> None:
    page = browser_for(bob)
    page.set_viewport_size({"width": 390, "height": 844})

    def look_at(name: str) -> None:
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert page.evaluate(WIDE) == 0, name
        found = Axe().run(page).response["violations"]
        assert not found, (name, [(one["id"], one["nodes"][0]["html"]) for one in found])

    for path in pages(scan):
        page.goto(path)
        look_at(path)
    check_the_file(page)
    look_at("the answer of the check")


def test_everything_can_be_kept_without_scripts(
    scan: Scan,
    bob: User,
    chromium: Browser,
    live_server: LiveServer,
    client_for: Callable[[User], Client],
) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    session = client_for(bob).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()

    def kept(role: str, name: str) -> tuple[str, str]:
        with page.expect_download() as download:
            page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]
        return download.value.suggested_filename, Path(download.value.path()).read_text()

    check_the_file(page)
    name, checked = kept("button", "Download the corrected file")
    assert (name, 'schedule="@daily"' in checked) == ("sales.py", True)
    finding = Finding.objects.get(path="dags/sales.py", rule_id="AIR301")
    page.goto(f"/d/production/findings/{finding.pk}/")
    assert kept("link", "Download the corrected file") == ("sales.py", checked)
    page.goto("/d/production/ci/")
    name, text = kept("link", "Download .github/workflows/upgradecheck.yml")
    assert (name, "FLIGHTPLAN_TOKEN" in text) == ("upgradecheck.yml", True)
    context.close()


def test_the_keyboard_reaches_the_files_and_copies_one(
    scan: Scan, bob: User, browser_for: BrowserFor
) -> None:
    page = browser_for(bob)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/d/production/ci/")
    link = page.get_by_role("link", name="Download .github/workflows/upgradecheck.yml")
    for _ in range(40):
        page.keyboard.press("Tab")
        if link.evaluate("one => one === document.activeElement"):
            break
    expect(link).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("# The Airflow upgrade check of Production")
