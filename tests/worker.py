"""Real Celery workers and web servers as processes of their own, and Flightplan's own commands, for tests."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class Worker:
    """A running worker, by its process group."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    def kill(self) -> None:
        """kill -9, the worker's children too: what a power cut does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@contextlib.contextmanager
def worker(
    environment: Mapping[str, str], log: Path, *more: str, beat: bool = False
) -> Iterator[Worker]:
    """Runs ``celery worker`` until the block ends, and waits until it takes tasks."""
    command = [
        *(sys.executable, "-m", "celery", "--app", "planner.celery", "worker"),
        *("--loglevel", "INFO", "--without-gossip", "--without-mingle"),
        *(["--beat"] if beat else []),
        *more,
    ]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: b" ready." in log.read_bytes(), 60, lambda: log.read_text())
        yield Worker(process, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


@contextlib.contextmanager
def web(environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """Flightplan's own web server, two processes with four threads each; its address."""
    with contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    settings = {"HOST": "127.0.0.1", "PORT": port, "WEB_WORKERS": "2", "WEB_THREADS": "4"}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn"],
            cwd=ROOT,
            env={**environment, **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: b"answers at" in log.read_bytes(), 60, log.read_text)
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def upload(address: str, token: str, body: bytes) -> dict[str, Any]:
    """Send a report of the whole tree to the deployment “production”, as CI does; what was answered."""
    request = urllib.request.Request(
        f"{address}/api/deployments/production/scans?complete=true&tool_version=0.17.6",
        data=body,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 202
        return json.load(answer)


def manage(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """``python manage.py …`` as a person runs it."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def wait_until(
    ready: Callable[[], bool], seconds: float = 60, why: Callable[[], str] = lambda: ""
) -> None:
    """Waits for something another process does; fails with what ``why`` tells."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"nothing after {seconds} s\n{why()}")
        time.sleep(0.1)
