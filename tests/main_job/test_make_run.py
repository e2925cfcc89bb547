"""``make run`` as a person types it: the link it prints, every page behind it, and Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from collections import Counter, deque
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
import pytest

from tests.worker import ROOT, wait_until

SAMPLES = ("sample", "sample-history")
PARTS = (
    *("", "decision/", "findings/", "triage/", "plan/", "runbook/", "runbook/print/", "scans/"),
    *("runbook/rollback/", "owners/", "settings/"),
)
ENOUGH = 3
"""So many pages of one kind are looked at: a thousand findings are one kind."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Nothing but what a person's shell has, a place for the data and a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DEBUG", "LOG_LEVEL", "BASE_URL")
    also = ("ALLOWED_HOSTS", "EMAIL_URL", "SOURCE_FOLDERS", "ALLOW_PRIVATE_ADDRESSES")
    kept = {key: value for key, value in os.environ.items() if key not in (*ours, *also)}
    return kept | {"DATA_DIR": str(tmp_path / "data"), "PORT": str(port)}


@contextlib.contextmanager
def running(
    environment: dict[str, str], log: Path, end: signal.Signals = signal.SIGINT
) -> Iterator[str]:
    """``make run`` in a terminal of its own; the sign-in link that it prints. Ends with Ctrl-C, or as told."""
    # The tests run on what is installed: that is as new as it has to be.
    command = ["make", "--old-file", ".venv/installed-for-running", "run"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_until(lambda: b"Sign in once with: " in log.read_bytes(), 90, log.read_text)
        yield re.findall(r"Sign in once with: (\S+)", log.read_text())[-1]
        os.killpg(process.pid, end)
        process.wait(20)
        wait_until(lambda: not processes_of(environment["DATA_DIR"]), 15, log.read_text)
    finally:
        for left in {process.pid, *processes_of(environment["DATA_DIR"])}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)
        process.wait(10)


def processes_of(data: str) -> list[int]:
    """Processes that work on this DATA_DIR."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "environ").read_bytes().split(b"\0")
            if f"DATA_DIR={data}".encode() in words and (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


class Links(HTMLParser):
    """The addresses that a page leads to, by link, picture, script or style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.found += [value for key in ("href", "src") if (value := named.get(key))]


def walk(site: httpx.Client) -> dict[str, int]:
    """Every kind of page that can be reached from the first one, with its status."""
    seen: dict[str, int] = {}
    kinds: Counter[str] = Counter()
    waiting = deque(
        ["/", "/me/", "/rules/", *(f"/d/{s}/{part}" for s in SAMPLES for part in PARTS)]
    )
    while waiting:
        address = waiting.popleft()
        parts = urlsplit(address)
        kind = re.sub(r"\d+|(?<=/rules/)\w[\w-]*", "#", parts.path) + re.sub(
            r"=[^&]*", "", parts.query
        )
        if address in seen or kinds[kind] >= ENOUGH:
            continue
        kinds[kind] += 1
        answer = site.get(address, follow_redirects=True)
        seen[address] = answer.status_code
        if answer.headers["content-type"].startswith("text/html"):
            base = str(answer.url)
            found = (urldefrag(urljoin(base, link))[0] for link in Links(answer.text).found)
            waiting.extend(
                link.removeprefix(str(site.base_url).rstrip("/"))
                for link in found
                if link.startswith(str(site.base_url))
            )
    return seen


def test_it_starts_twice_serves_every_page_and_stops_with_its_terminal(
    environment: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "run.log"
    began = time.monotonic()
    with running(environment, log) as link:
        first = time.monotonic() - began
        base = f"http://localhost:{environment['PORT']}"
        assert link.startswith(f"{base}/sign-in/")
        with httpx.Client(base_url=base, timeout=60) as site:
            assert site.get("/").headers["location"].startswith("/sign-in/")
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', site.get(link).text)
            assert token
            signed_in = site.post(link, data={"csrfmiddlewaretoken": token[1]})
            assert (signed_in.status_code, signed_in.headers["location"]) == (302, "/")
            statuses = walk(site)
            wrong = {address: status for address, status in statuses.items() if status != 200}
            assert wrong == {}
            assert len(statuses) > 60
            wait_until(lambda: site.get("/health/ready").status_code == 200, 20, log.read_text)
    words = log.read_text()
    assert "Traceback" not in words
    assert "ERROR" not in words
    assert "Stop with Ctrl-C." in words
    began = time.monotonic()
    with running(environment, log, signal.SIGHUP) as again:
        second = time.monotonic() - began
        assert again != link
        assert "was there already" in log.read_text()
    assert second < max(first, 15)
