"""The page of scans in a real browser: dropping a file, a preview, and a scan that finishes live."""

from __future__ import annotations

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
        "This report would bring 1 new and close 0."
    )
    assert not Scan.objects.exists()
    page.get_by_role("button", name="Import the report").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This scan waits for a worker.")
    scan = Scan.objects.get()
    assert scan.file_name == "dropped.json"
    scan_run(scan_id=scan.pk, now=datetime.now(UTC))
    expect(page.get_by_role("heading", level=1)).to_have_text("0 fixed, 1 new, 0 unchanged.")
    assert Finding.objects.count() == 1


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
