"""The main job as a person does it in the browser, from an empty Flightplan to the PDF in hand.

With scripts and without them; the reports are real, and so is the worker that reads them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.main_job.conftest import Flightplan
from tests.worker import worker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REPORT = "telemetry-airflow.ruff.json"
FACTS = {
    "Name": "Telemetry",
    "Address": "telemetry",
    "Airflow today": "2.10.5",
    "Airflow you want": "3.1",
    "DAGs": "65",
    "Python today": "3.11",
    "Python you want": "3.12",
    "Providers you depend on .*": "google",
    "Senior engineer time .*": "1",
    "Time zone": "Europe/Berlin",
}
"""By the labels of the form."""
DROP = """async ([place, name, text]) => {
    const files = new DataTransfer();
    files.items.add(new File([text], name, {type: "application/json"}));
    for (const kind of ["dragover", "drop"])
        place.dispatchEvent(new DragEvent(kind, {dataTransfer: files, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def working(process_environment: dict[str, str], tmp_path: Path) -> Iterator[None]:
    """A worker that reads what the pages enqueue, until the test ends."""
    with worker(process_environment, tmp_path / "worker.log"):
        yield


@pytest.fixture
def plain_page(chromium: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A browser without scripts."""
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    yield context.new_page()
    context.close()


def signed_in(page: Page, flightplan: Flightplan) -> None:
    """By the one-time link of the first person, who runs this Flightplan from then on."""
    link = flightplan("signin-link", "ada@example.com", "--json").document["link"]
    page.goto(re.sub(r"https?://[^/]+", "", link))
    page.get_by_role("button", name="Sign in").click()
    expect(h1(page)).to_contain_text("No deployment yet")


def h1(page: Page):  # type: ignore[no-untyped-def]
    return page.get_by_role("heading", level=1)


def described(page: Page) -> None:
    """A new deployment by its facts."""
    page.get_by_role("link", name="Add a deployment").click()
    page.locator(".more-facts > summary").click()
    for label, value in FACTS.items():
        page.get_by_label(re.compile(f"^{label}$")).fill(value)
    for question in (
        "Is there an MLOps roadmap in the next year?",
        "Does any work run on-prem or at the edge?",
    ):
        page.get_by_role("group", name=question).get_by_label("No").check()
    page.get_by_role("button", name="Create the deployment").click()
    page.wait_for_url("**/d/telemetry/decision/")
    expect(h1(page)).to_have_text("Upgrade Telemetry now")


def uploaded(page: Page, give: Callable[[Page], None], look: Callable[[Page], None]) -> None:
    """The report goes in; the receipt tells what it brought once the worker has read it."""
    page.goto("/d/telemetry/scans/")
    expect(h1(page)).to_contain_text("Nothing has been scanned yet.")
    give(page)
    page.get_by_label("This report covers the whole tree").check()
    page.get_by_role("button", name="Import the report").click()
    page.wait_for_url("**/scans/*/")
    look(page)
    expect(h1(page)).to_have_text("0 fixed, 332 new, 0 unchanged.")


def read(page: Page) -> None:
    """Overview, decision, plan and runbook say what the report holds."""
    page.goto("/")
    row = page.get_by_role("row").filter(has_text="Telemetry")
    for number in ("79", "233"):
        expect(row).to_contain_text(number)
    page.goto("/d/telemetry/")
    expect(page.locator("main")).to_contain_text("79")
    page.goto("/d/telemetry/decision/")
    expect(h1(page)).to_have_text("Upgrade Telemetry now")
    page.goto("/d/telemetry/plan/")
    expect(page.locator("main")).to_contain_text("79 ERROR open")
    expect(page.locator("main")).to_contain_text("SubDAGs → TaskGroups (6)")
    page.goto("/d/telemetry/runbook/")
    expect(h1(page)).to_contain_text("The runbook is not ready")
    expect(page.locator("main")).to_contain_text("79 block findings are open; 0 may be.")
    expect(page.locator("body")).to_contain_text("imports on a real 3.x environment")


def printed(page: Page) -> None:
    """Both papers of the runbook, as the links on its page give them."""
    for paper, size in (("A4", (595, 842)), ("Letter", (612, 792))):
        address = page.get_by_role("link", name=f"PDF, {paper}").get_attribute("href")
        answer = page.request.get(str(address))
        assert answer.headers["content-type"] == "application/pdf"
        assert re.search(r'filename="[\w.-]+\.pdf"', answer.headers["content-disposition"])
        pages = pypdf.PdfReader(io.BytesIO(answer.body())).pages
        assert {(round(each.mediabox.width), round(each.mediabox.height)) for each in pages} == {
            size
        }
        assert "79 block findings are open" in " ".join(pages[0].extract_text().split())


def changed(page: Page) -> None:
    """Less time to give is a defer; the page says so and keeps it."""
    page.goto("/d/telemetry/decision/")
    page.get_by_label("Senior engineer time you can give").fill("0.1")
    page.get_by_role("button", name="Save these facts").click()
    expect(page.get_by_text("The facts are saved.")).to_be_visible()
    expect(h1(page)).to_have_text("Defer the upgrade of Telemetry")


def handed_out(page: Page) -> None:
    """All ERRORs go to the person who is signed in, and are on their own page."""
    page.goto("/d/telemetry/owners/")
    expect(h1(page)).to_contain_text("79 of them are ERRORs")
    page.get_by_text("Add a person or team", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_label("E-mail", exact=True).fill("ada@example.com")
    page.get_by_role("button", name="Add", exact=True).click()
    page.goto("/d/telemetry/findings/?severity=ERROR")
    expect(page.get_by_text("of 79")).to_be_visible()
    page.get_by_label("all 79 that match").check()
    page.get_by_label("Assign to").select_option("Ada")
    page.get_by_role("button", name="Assign").click()
    expect(h1(page)).to_have_text("Assign: 79 findings.")
    page.get_by_role("button", name="Assign").click()
    page.goto("/me/")
    expect(page.locator("main")).to_contain_text("79 are open in all, 79 of them block a cutover.")
    page.goto("/me/?show=all")
    page.get_by_role("button", name="Claim it fixed").first.click()
    expect(page.get_by_role("navigation", name="Your findings by state")).to_contain_text("1")
    page.goto("/d/telemetry/findings/?state=claimed")
    expect(page.locator("main")).to_contain_text("Showing 1")


def test_with_scripts(
    browser_page: Page,
    flightplan: Flightplan,
    working: None,
    reports: Path,
) -> None:
    page = browser_page

    def drop(page: Page) -> None:
        place = page.locator(".drop").element_handle()
        page.evaluate(DROP, [place, REPORT, (reports / REPORT).read_text()])

    signed_in(page, flightplan)
    described(page)
    uploaded(page, drop, lambda page: expect(h1(page)).to_contain_text("332 new", timeout=60_000))
    read(page)
    printed(page)
    handed_out(page)
    changed(page)


def test_without_scripts(
    plain_page: Page,
    flightplan: Flightplan,
    working: None,
    reports: Path,
) -> None:
    page = plain_page

    def look(page: Page) -> None:
        for _ in range(60):
            again = page.get_by_role("link", name="Look again")
            if not again.count():
                return
            page.wait_for_timeout(500)
            again.click()

    signed_in(page, flightplan)
    described(page)
    uploaded(page, lambda page: page.locator("#file").set_input_files(reports / REPORT), look)
    read(page)
    printed(page)
    handed_out(page)
    changed(page)
