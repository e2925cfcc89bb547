"""The commands ``source``, ``rescan`` and ``token``."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from planner.models import ApiToken, Deployment, Finding, Scan, Source
from tests.repository import Repository, changed_state, first_state
from tests.worker import manage

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(deployment: Deployment, process_environment: dict[str, str]) -> Run:
    """``manage.py`` with these arguments, on this test's database."""
    return lambda *arguments: manage(process_environment, *arguments)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return first_state(tmp_path / "repository")


def add(run: Run, repository: Repository, *more: str) -> subprocess.CompletedProcess[str]:
    return run(
        *("source", "production", "dags", "--kind", "git"),
        *("--location", str(repository.folder), *more),
    )


def test_a_source_is_added_changed_paused_and_resumed(run: Run, repository: Repository) -> None:
    added = json.loads(add(run, repository, "--json").stdout)
    assert added["schedule"] == "0 12 * * MON"
    assert added["next_due_at"].endswith("+00:00")
    changed = json.loads(run("source", "production", "dags", "--branch", "main", "--json").stdout)
    assert (changed["branch"], changed["kind"]) == ("main", "git")
    paused = json.loads(run("source", "production", "dags", "--pause", "--json").stdout)
    assert (paused["paused"], paused["next_due_at"]) == (True, None)
    resumed = run("source", "production", "dags", "--resume")
    assert "At 12:00 on Monday" in resumed.stdout
    assert Source.objects.count() == 1


def test_secrets_are_named_never_told(run: Run, repository: Repository) -> None:
    done = add(run, repository, "--password-env", "GIT_TOKEN", "--json")
    assert json.loads(done.stdout)["password_env"] == "GIT_TOKEN"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--kind", "airflow", "--location", "x"), "--kind: sources of the kind airflow"),
        (("--kind", "folder", "--location", "/no/such"), "--location: /no/such is not a folder"),
        (("--kind", "folder"), "--location is missing"),
        ((), "has no source “new”"),
        (
            ("--kind", "folder", "--location", "/tmp", "--schedule", "weekly"),
            "--schedule:",
        ),
        (("--kind", "report-url", "--location", "ftp://x/y"), "--location:"),
        (("--pause", "--resume"), "not allowed with"),
    ],
)
def test_a_wrong_source_ends_with_2_and_names_the_option(
    run: Run, arguments: tuple[str, ...], words: str
) -> None:
    done = run("source", "production", "new", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not Source.objects.exists()


def test_rescan_tells_what_a_change_did(run: Run, repository: Repository) -> None:
    add(run, repository)
    first = json.loads(run("rescan", "--deployment", "production", "--json").stdout)
    assert [(scan["status"], scan["new"], scan["cause"]) for scan in first] == [
        ("done", 5, "asked")
    ]
    changed_state(repository)
    done = run("rescan", "--deployment", "production", "--source", "dags")
    assert done.returncode == 0, done.stderr
    assert "1 fixed" in done.stdout
    assert Finding.objects.get(state="fixed").path == "dags/sales.py"


def test_without_a_deployment_only_what_is_due_runs(run: Run, repository: Repository) -> None:
    add(run, repository)
    nothing = run("rescan")
    assert (nothing.returncode, nothing.stdout) == (0, "Nothing is due.\n")
    assert json.loads(run("rescan", "--json").stdout) == []
    Source.objects.update(next_due_at="2026-01-05T12:00:00Z")
    assert "dags: done, 5 new" in run("rescan").stdout
    assert Scan.objects.get().cause == "catch-up"


def test_a_failed_rescan_ends_with_2_and_says_why(run: Run, repository: Repository) -> None:
    add(run, repository, "--branch", "gone")
    done = run("rescan", "--deployment", "production", "--json")
    assert done.returncode == 2
    assert "has no such branch" in done.stderr
    assert json.loads(done.stdout)[0]["status"] == "failed"


def test_rescan_refuses_what_it_cannot_scan(run: Run, deployment: Deployment) -> None:
    Source.objects.create(deployment=deployment, name="uploads")
    for arguments, words in (
        (("--source", "dags"), "--source needs --deployment"),
        (("--deployment", "production"), "has no source to scan"),
        (("--deployment", "production", "--source", "x"), "has no source “x”"),
        (("--deployment", "production", "--source", "uploads"), "nothing to fetch"),
        (("--deployment", "nowhere"), "nowhere"),
    ):
        done = run("rescan", *arguments)
        assert done.returncode == 2
        assert words in done.stderr


def test_a_token_is_printed_once(run: Run) -> None:
    told = json.loads(
        run("token", "production", "--scope", "read", "--expires", "90d", "--json").stdout
    )
    assert set(told) == {"token", "scope", "expires"}
    plain = run("token", "production", "--scope", "import")
    assert plain.stdout.startswith("fp_import_")
    assert len(plain.stdout.split()) == 1
    assert ApiToken.objects.count() == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--scope"),
        (("--scope", "write"), "is not a scope"),
        (("--scope", "read", "--expires", "soon"), "write it like 90d"),
    ],
)
def test_a_wrong_token_ends_with_2(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run("token", "production", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert not ApiToken.objects.exists()
