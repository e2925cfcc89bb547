"""Real Celery workers as processes of their own, and Flightplan's own commands, for tests."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

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
