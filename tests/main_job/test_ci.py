"""A team's CI, from the first job to the met precondition: the kit's own scripts, the real command, the API."""

from __future__ import annotations

import html
import io
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from planner.models import Deployment, Finding, Scan
from planner.services.rescan import scan_run
from planner.services.token import token_make
from tests.repository import SALES, Repository, first_state
from tests.views.text import text_of

ClientFor = Callable[[User], Client]


@pytest.fixture
def repository(
    deployment: Deployment, live_server: LiveServer, settings: Settings, tmp_path: Path
) -> Repository:
    """A team's repository with the kit in it. Its package is the one of this checkout."""
    settings.BASE_URL = live_server.url
    settings.DIST_DIR = tmp_path / "dist"
    settings.DIST_DIR.mkdir()
    (settings.DIST_DIR / "flightplan_upgradecheck-9.9.9-py3-none-any.whl").write_bytes(b"wheel")
    (settings.DIST_DIR / "dependencies.txt").write_text("msgspec==0.22.0 --hash=sha256:00\n")
    made = first_state(tmp_path / "repository")
    folder = str(made.folder)
    call_command(
        "kit", "ci", "--deployment", deployment.slug, "--output", folder, stdout=io.StringIO()
    )
    made.commit()
    return made


def job(repository: Repository, token: str, number: int) -> list[subprocess.CompletedProcess[str]]:
    """Runs the scripts of the GitLab job after its installation, as a runner does."""
    file = repository.folder / ".gitlab/upgradecheck.gitlab-ci.yml"
    written = yaml.safe_load(file.read_text())["upgradecheck"]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(repository.folder.parent),
        "LC_ALL": "C.UTF-8",
        "CI_COMMIT_BRANCH": "main",
        "CI_DEFAULT_BRANCH": "main",
        "CI_COMMIT_SHA": repository.git("rev-parse", "HEAD"),
        "CI_JOB_ID": str(number),
        "FLIGHTPLAN_TOKEN": token,
        **written["variables"],
    }
    return [
        subprocess.run(
            ["sh", "-e", "-c", script],
            cwd=repository.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        for script in written["script"]
    ]


def applied() -> Scan:
    """The newest scan, once the worker has had it."""
    scan = Scan.objects.order_by("-pk")[0]
    done = scan_run(scan_id=scan.pk, now=timezone.now())
    assert done is not None and done.state == Scan.State.DONE, done and done.error
    return done


def test_two_runs_close_what_is_fixed_and_meet_the_precondition(
    deployment: Deployment, repository: Repository, client_for: ClientFor, alice: User
) -> None:
    _, token = token_make(
        deployment=deployment, scope="import", expires_at=None, now=timezone.now()
    )
    client = client_for(alice)

    def page(path: str) -> str:
        return html.unescape(text_of(client.get(f"/d/{deployment.slug}/{path}")))

    assert "First: put the check in CI" in page("decision/")
    write, send, check = job(repository, token, 1)
    assert (write.returncode, send.returncode) == (0, 0), write.stderr + send.stderr
    assert (check.returncode, "NEW ERRORS (exit 1)" in check.stdout) == (1, True)
    first = applied()
    assert (first.cause, first.source.name, first.tool) == ("api", "ci", "upgradecheck")
    assert first.coverage["complete"]
    assert first.commit == repository.git("rev-parse", "HEAD")
    assert first.counts["new"] == 5
    assert "First: put the check in CI" not in page("decision/")
    assert "The check runs in CI" in page("ci/")
    assert "Complete scan from CI" in page("plan/?template=nine-weeks")

    repository.commit(dags__sales=SALES.replace("schedule_interval", "schedule"))
    write, send, _ = job(repository, token, 2)
    assert (write.returncode, send.returncode) == (0, 0), write.stderr + send.stderr
    second = applied()
    assert (second.counts["fixed"], second.counts["new"], second.counts["unchanged"]) == (1, 0, 4)
    fixed = Finding.objects.get(state="fixed")
    assert (fixed.path, fixed.rule_id) == ("dags/sales.py", "AIR301")

    Scan.objects.update(finished_at=timezone.now() - timedelta(days=10))
    assert "First: put the check in CI" in page("decision/")
    assert "has gone quiet" in page("ci/")


def test_a_wrong_token_sends_nothing_and_the_job_says_so(
    deployment: Deployment, repository: Repository
) -> None:
    _, send, _ = job(repository, "fp_import_wrong", 1)
    assert send.returncode != 0
    assert "living token" in send.stdout + send.stderr
    assert not Scan.objects.exists()
