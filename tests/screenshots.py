"""Pictures of pages: light, dark, on a phone, and as printed.

    python -m tests.screenshots                      the main pages, with the sample deployment
    python -m tests.screenshots /d/production/plan/  only these
    DATA_DIR=var python -m tests.screenshots         of the database that lies there

They land in ``screenshots/``. A server of its own runs for as long as it takes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.chromium import CHROMIUM, CHROMIUM_FLAGS

ROOT = Path(__file__).resolve().parent.parent
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
    "print": {"color_scheme": "light", "viewport": {"width": 794, "height": 1123}},
}
PARTS = (
    "",
    "decision/",
    "findings/",
    "waivers/",
    "triage/",
    "plan/",
    "runbook/",
    "scans/",
    "owners/",
    "settings/",
    "digest/",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", help="paths like /d/production/plan/")
    parser.add_argument("--looks", default=",".join(LOOKS), help="light,dark,phone,print")
    parser.add_argument("--output", type=Path, default=ROOT / "screenshots")
    asked = parser.parse_args()
    if CHROMIUM is None:
        sys.exit("There is no Chromium on this machine; Debian's package is called chromium.")
    with _site() as (address, link, slugs), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        state = _signed_in(browser, link)
        paths = asked.paths or [
            "/",
            "/me/",
            *(f"/d/{slug}/{part}" for slug in slugs[:1] for part in PARTS),
        ]
        for look in asked.looks.split(","):
            for path in paths:
                print(_picture(browser, state, address, path, look, asked.output))
        browser.close()


def _picture(
    browser: Browser, state: dict[str, object], address: str, path: str, look: str, output: Path
) -> str:
    context = browser.new_context(storage_state=state, base_url=address, **LOOKS[look])
    page = context.new_page()
    if look == "print":
        page.emulate_media(media="print", color_scheme="light")
    answer = page.goto(path, wait_until="networkidle")
    name = path.strip("/").replace("/", "-").replace("?", "-").replace("=", "-") or "home"
    target = output / f"{name}-{look}.png"
    output.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=target, full_page=True)
    told = f"{target} {answer.status if answer else ''} {_sideways(page)}".rstrip()
    context.close()
    return told


def _sideways(page: Page) -> str:
    """Say where a page can be scrolled sideways, which none should."""
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return f"SCROLLS SIDEWAYS by {wide} px" if wide > 0 else ""


def _signed_in(browser: Browser, link: str) -> dict[str, object]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(link)
    page.click("main button[type=submit]")
    state = context.storage_state()
    context.close()
    return dict(state)


@contextmanager
def _site() -> Iterator[tuple[str, str, list[str]]]:
    """The address of a running site, a sign-in link for it, and the slugs of its deployments."""
    folder = tempfile.mkdtemp(prefix="fp-pictures-")
    port = _free_port()
    environment = os.environ | {
        "DATA_DIR": os.environ.get("DATA_DIR", folder),
        "PORT": str(port),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "LOG_LEVEL": "WARNING",
    }

    def manage(*words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(
            command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    manage("migrate", "--verbosity", "0")
    manage("collectstatic", "--no-input", "--verbosity", "0")
    if "DATA_DIR" not in os.environ:
        manage("demo")
    link = json.loads(manage("signin-link", "admin", "--json"))["link"]
    listing = "from planner.models import Deployment as D; print(*D.objects.values_list('slug', flat=True))"
    slugs = manage("shell", "--no-imports", "--verbosity", "0", "--command", listing).split()
    gunicorn = str(Path(sys.executable).parent / "gunicorn")
    server = subprocess.Popen([gunicorn], cwd=ROOT, env=environment)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health/live")
        yield f"http://127.0.0.1:{port}", link, slugs
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=10).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{address} did not answer within {seconds:.0f} seconds.")


if __name__ == "__main__":
    main()
