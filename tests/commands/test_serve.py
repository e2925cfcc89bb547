"""manage.py serve: web, worker and beat on the embedded default, as `make run` starts them."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def embedded(tmp_path, port):
    """The environment of an embedded run with an empty database."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "DATA_DIR": str(tmp_path / "data"),
        "PORT": str(port),
    }
    for words in (["migrate"], ["collectstatic", "--no-input"]):
        command = [sys.executable, "manage.py", *words, "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return environment


@pytest.fixture
def serving(embedded):
    started = subprocess.Popen(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env=embedded,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield started
    if started.poll() is None:
        started.send_signal(signal.SIGINT)
        started.communicate(timeout=30)


def ready(port, seconds=60):
    """Wait until database, broker and beat are well; beat is only once a worker has run its tick."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200:
                return True
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    return False


def test_it_serves_ticks_signs_in_and_stops_cleanly(serving, port):
    assert ready(port)
    with httpx.Client(base_url=f"http://localhost:{port}", follow_redirects=True) as visitor:
        page = visitor.get("/sign-in/")
        style = re.search(r'href="(/static/app\.\w+\.css)"', page.text)[1]
        assert "immutable" in visitor.get(style).headers["Cache-Control"]
        serving.send_signal(signal.SIGINT)
        told, logged = serving.communicate(timeout=30)
    assert f"Flightplan: http://localhost:{port}/" in told
    assert re.search(rf"Sign in once with: http://localhost:{port}/sign-in/[\w-]+/", told)
    assert serving.returncode == 0
    assert "Traceback" not in logged
    assert "ERROR" not in logged


def test_a_port_in_use_is_one_sentence(embedded, port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        ended = subprocess.run(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=embedded,
            capture_output=True,
            text=True,
        )
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"Port {port} of 127.0.0.1 cannot be used")
    assert ended.stderr.strip().count("\n") == 0
