"""The page of scans in a real browser: dropping a file, a preview, and a scan that finishes live."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from planner.models import Deployment, Finding, Scan
from planner.services.rescan import rescan_request, scan_run
from planner.services.scan import scan_receive
from planner.services.source import SourceDraft, source_store
from tests.repository import first_state

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

URL = "/d/production/scans/"
ITEM = {
    "rule_id": "SubDagOperatorRule",
    "severity": "ERROR",
    "dag_id": "sales",
    "file": "dags/sales.py",
    "line": 3,
    "message": "SubDagOperator is removed in Airflow 3",
}
DROP = """
(content) => {
  const files = new DataTransfer();
  files.items.add(new File([content], "dropped.json"));
  const target = document.querySelector(".drop");
  for (const kind of ["dragover", "drop"])
    target.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: files}));
}
"""


@pytest.fixture
def page(browser_for: Callable[[User], Page], dana: User, deployment: Deployment) -> Page:
    return browser_for(dana)


def test_a_dropped_file_is_previewed_then_imported_and_its_scan_finishes_live(page: Page) -> None:
    page.goto(URL)
    page.evaluate(DROP, json.dumps([ITEM]))
    page.get_by_role("button", name="Preview what it would change").click()
    expect(page.locator("#preview h2").first).to_have_text(
        "This report would open 1, close 0, reopen 0, leave 0."
    )
    assert not Scan.objects.exists()
    page.get_by_role("button", name="Import the report").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This scan waits for a worker.")
    scan = Scan.objects.get()
    assert scan.file_name == "dropped.json"
    scan_run(scan_id=scan.pk, now=datetime.now(UTC))
    expect(page.get_by_role("heading", level=1)).to_have_text("0 fixed, 1 new, 0 unchanged.")
    assert Finding.objects.count() == 1


def applied(deployment: Deployment, items: list[dict[str, object]], **options: object) -> Scan:
    now = datetime.now(UTC)
    scan = scan_receive(
        deployment=deployment,
        source_name="",
        stream=io.BytesIO(json.dumps(items).encode()),
        file_name="findings.json",
        options=options,
        cause="upload",
        user=None,
        now=now,
    )
    return scan_run(scan_id=scan.pk, now=now) or scan


MANY = [{**ITEM, "file": f"dags/team/{number:03}.py"} for number in range(130)]


def test_a_held_scan_is_looked_at_page_by_page_and_let_through(
    page: Page, deployment: Deployment
) -> None:
    applied(deployment, MANY)
    held = applied(deployment, [*MANY[:10], ITEM], complete=True)
    page.goto(URL)
    page.get_by_role("link", name="Decide about it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "This scan waits for a person. It would open 1, close 120, reopen 0, leave 10."
    )
    expect(page.get_by_role("alert")).to_contain_text("would close 120 of 130 live findings")
    expect(page.get_by_role("table", name="Owners")).to_contain_text("Nobody")
    page.get_by_role("link", name="All 120").click()
    expect(page.get_by_role("row")).to_have_count(101)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("row")).to_have_count(21)
    expect(page.get_by_role("table")).to_contain_text("dags/team/129.py")
    page.get_by_role("link", name="Back to the scan").click()
    assert Finding.objects.filter(state="open").count() == 130
    page.get_by_role("button", name="Let it through").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This scan waits for a worker.")
    scan_run(scan_id=held.pk, now=datetime.now(UTC))
    expect(page.get_by_role("heading", level=1)).to_have_text("120 fixed, 1 new, 10 unchanged.")
    page.get_by_text("Closed as fixed: 120").click()
    expect(page.get_by_role("link", name="All 120")).to_be_visible()


def test_a_held_scan_is_discarded(page: Page, deployment: Deployment) -> None:
    applied(deployment, MANY)
    held = applied(deployment, [], complete=True, format="upgradecheck")
    page.goto(f"{URL}{held.pk}/")
    expect(page.get_by_role("alert")).to_contain_text("found nothing at all")
    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_role("alert")).to_contain_text("Discarded by Dana. Nothing was changed.")
    assert Finding.objects.filter(state="open").count() == 130


def test_a_preview_lists_what_a_report_would_change(page: Page, deployment: Deployment) -> None:
    applied(deployment, MANY)
    page.goto(URL)
    moved = [{**item, "line": 9} for item in MANY[:2]]
    page.evaluate(DROP, json.dumps([*moved, *MANY[2:125]]))
    page.get_by_label("This report covers the whole tree").check()
    page.get_by_role("button", name="Preview what it would change").click()
    preview = page.locator("#preview")
    expect(preview.locator("h2").first).to_have_text(
        "This report would open 0, close 5, reopen 0, move 2, leave 123."
    )
    preview.get_by_text("Would follow to another place: 2").click()
    expect(preview).to_contain_text("line 3 → 9")
    preview.get_by_text("Would close as fixed: 5").click()
    expect(preview).to_contain_text("dags/team/129.py:3")
    assert Scan.objects.count() == 1
    assert Finding.objects.filter(state="open", line=3).count() == 130


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_held_scans_are_accessible_and_fit(
    page: Page, deployment: Deployment, scheme: str, width: int
) -> None:
    long = [
        {**item, "file": "dags/" + "very_long_folder/" * 12 + str(item["file"])} for item in MANY
    ]
    applied(deployment, long)
    held = applied(deployment, long[:10], complete=True)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    for path in (f"{URL}{held.pk}/", f"{URL}{held.pk}/changes/fixed/"):
        page.goto(path)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )


def test_a_rescan_shows_its_progress_and_then_its_result(
    page: Page, deployment: Deployment, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    source = source_store(
        deployment=deployment,
        draft=SourceDraft(
            name="dags", kind="git", location=str(first_state(tmp_path / "r").folder)
        ),
        now=now,
    )
    page.goto(URL)
    page.get_by_role("button", name=re.compile("^Rescan now")).click()
    expect(page.get_by_role("button", name=re.compile("^Scanning now"))).to_be_disabled()
    scan = rescan_request(source=source, user=None, cause="button", now=now)
    Scan.objects.filter(pk=scan.pk).update(progress="Reading the report", percent=60)
    expect(page.locator("#scans")).to_contain_text("Reading the report")
    scan_run(scan_id=scan.pk, now=now)
    expect(page.get_by_role("button", name=re.compile("^Rescan now"))).to_be_enabled()
    expect(page.locator("#scans table")).to_contain_text("done")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_are_accessible_and_fit(
    page: Page, deployment: Deployment, tmp_path: Path, scheme: str, width: int
) -> None:
    now = datetime.now(UTC)
    source = source_store(
        deployment=deployment,
        draft=SourceDraft(
            name="dags", kind="git", location=str(first_state(tmp_path / "r").folder)
        ),
        now=now,
    )
    done = rescan_request(source=source, user=None, cause="schedule", now=now)
    scan_run(scan_id=done.pk, now=now)
    source.branch = "gone"
    source.save()
    failed = rescan_request(source=source, user=None, cause="button", now=now)
    scan_run(scan_id=failed.pk, now=now)
    rescan_request(source=source, user=None, cause="button", now=now)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    for path in (
        URL,
        f"{URL}{done.pk}/",
        f"{URL}{failed.pk}/",
        "/d/production/sources/add/",
        f"/d/production/sources/{source.pk}/remove/",
        "/api/docs",
    ):
        page.goto(path)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow == 0, f"{path} scrolls sideways by {overflow} px"
