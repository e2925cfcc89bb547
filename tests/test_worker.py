"""Rescans through a real worker: PostgreSQL and Redis, and once on the embedded default."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planner.models import Beat, Deployment, Finding, Scan, Source
from planner.services.rescan import rescan_request
from planner.services.source import SourceDraft, source_store
from tests.repository import Repository, changed_state, first_state
from tests.worker import manage, wait_until, worker

SEND = "from planner.tasks import {task}; {task}.delay({arguments})"


@pytest.fixture
def environment(process_environment: dict[str, str], redis_url: str) -> dict[str, str]:
    """What a process needs to work on this test's PostgreSQL and Redis."""
    return process_environment | {"REDIS_URL": redis_url}


def send(environment: dict[str, str], task: str, arguments: str = "") -> None:
    """Enqueues a task from a process of its own, as the web process and the beat do."""
    code = SEND.format(task=task, arguments=arguments)
    sent = manage(environment, "shell", "--no-imports", "--command", code)
    assert sent.returncode == 0, sent.stderr


def git_source(deployment: Deployment, repository: Repository, name: str = "dags") -> Source:
    return source_store(
        deployment=deployment,
        draft=SourceDraft(name=name, kind="git", location=str(repository.folder)),
        now=datetime.now(UTC),
    )


LARGE_FILES = 300
LARGE_FINDINGS = 600
"""Two in each file."""


def large_tree(repository: Repository) -> None:
    """More bytes than one process reads by itself."""
    padding = "# A line that says nothing about anything, to make the file long.\n" * 60
    for number in range(LARGE_FILES):
        dag = f'DAG("d{number}", schedule_interval=None, catchup=False)\n'
        repository.write(f"dags/d{number}.py", f"from airflow import DAG\n{dag}{padding}")
    repository.commit()


def finished(scan: Scan) -> bool:
    scan.refresh_from_db()
    return scan.finished_at is not None


def test_a_due_source_is_rescanned_by_the_beat_and_the_change_comes_out_right(
    deployment: Deployment, environment: dict[str, str], tmp_path: Path
) -> None:
    repository = first_state(tmp_path / "repository")
    source = git_source(deployment, repository)
    missed = datetime.now(UTC) - timedelta(days=16)
    Source.objects.filter(pk=source.pk).update(next_due_at=missed)
    log = tmp_path / "worker.log"
    with worker(environment, log):
        send(environment, "tick")
        wait_until(lambda: Scan.objects.exclude(finished_at=None).exists(), why=log.read_text)
        first = Scan.objects.get()
        assert (first.state, first.cause, first.counts["new"]) == ("done", "catch-up", 5)
        send(environment, "tick")
        changed_state(repository)
        second = rescan_request(source=source, user=None, cause="button", now=datetime.now(UTC))
        send(environment, "run_scan", f"scan_id={second.pk}")
        wait_until(lambda: finished(second), why=log.read_text)
    assert Scan.objects.count() == 2
    assert second.state == Scan.State.DONE, second.error
    counts = second.counts
    assert (counts["fixed"], counts["removed"], counts["regressed"]) == (1, 0, 0)
    assert Finding.objects.get(state="fixed").path == "dags/sales.py"
    renamed = Finding.objects.filter(path="dags/invoices.py", first_scan=first)
    assert renamed.count() == 2
    assert not Finding.objects.filter(path="dags/billing.py").exists()
    assert Finding.objects.filter(first_scan=second).count() == counts["new"] > 0
    assert Beat.objects.exists()


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_large_tree_is_read_by_processes_of_its_own_and_kept_for_the_next_time(
    deployment: Deployment, environment: dict[str, str], tmp_path: Path, pool: str
) -> None:
    """Prefork workers are daemons, which may not have children the way the pool of Python itself makes them."""
    repository = Repository(tmp_path / "repository")
    large_tree(repository)
    source = git_source(deployment, repository)
    environment["DATA_DIR"] = str(tmp_path / "data")
    log = tmp_path / "worker.log"
    scan = rescan_request(source=source, user=None, cause="button", now=datetime.now(UTC))
    told: set[str] = set()
    with worker(environment, log, "--pool", pool):
        send(environment, "run_scan", f"scan_id={scan.pk}")
        wait_until(lambda: finished(scan) or bool(told.add(scan.progress)), why=log.read_text)
    assert (scan.state, scan.counts["new"]) == (Scan.State.DONE, LARGE_FINDINGS), scan.error
    assert any(f"of {LARGE_FILES} files" in text for text in told), told
    assert (tmp_path / "data/cache/upgradecheck.sqlite3").exists()


def test_a_worker_killed_in_the_middle_is_recovered_from(
    deployment: Deployment, environment: dict[str, str], tmp_path: Path
) -> None:
    """The scan hangs in git the first time; the worker dies; the next one finishes the work."""
    repository = first_state(tmp_path / "repository")
    source = git_source(deployment, repository)
    hang = tmp_path / "hang"
    hang.touch()
    slow = environment | {"PATH": f"{_slow_git(tmp_path, hang)}:{os.environ['PATH']}"}
    scan = rescan_request(source=source, user=None, cause="button", now=datetime.now(UTC))
    log = tmp_path / "worker.log"
    with worker(slow, log) as first:
        send(environment, "run_scan", f"scan_id={scan.pk}")
        wait_until(lambda: (tmp_path / "reached").exists(), why=log.read_text)
        first.kill()
    scan.refresh_from_db()
    assert (scan.state, scan.attempts) == (Scan.State.RUNNING, 1)
    hang.unlink()
    Scan.objects.filter(pk=scan.pk).update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    again = tmp_path / "again.log"
    with worker(environment, again):
        send(environment, "tick")
        wait_until(lambda: finished(scan), why=again.read_text)
    assert (scan.state, scan.attempts) == (Scan.State.DONE, 2), scan.error
    assert Finding.objects.count() == 5


def test_a_queued_scan_whose_task_was_lost_is_found(
    deployment: Deployment, environment: dict[str, str], tmp_path: Path
) -> None:
    source = git_source(deployment, first_state(tmp_path / "repository"))
    long_ago = datetime.now(UTC) - timedelta(minutes=10)
    scan = rescan_request(source=source, user=None, cause="button", now=long_ago)
    log = tmp_path / "worker.log"
    with worker(environment, log):
        send(environment, "tick")
        wait_until(lambda: finished(scan), why=log.read_text)
    assert scan.state == Scan.State.DONE, scan.error


def test_two_rescans_offered_at_once_run_one_after_the_other(
    deployment: Deployment, environment: dict[str, str], tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    scans = [
        rescan_request(
            source=git_source(deployment, first_state(tmp_path / name), name),
            user=None,
            cause="button",
            now=now,
        )
        for name in ("one", "two")
    ]
    log = tmp_path / "worker.log"
    with worker(environment, log, "--concurrency", "2"):
        for scan in scans * 2:
            send(environment, "run_scan", f"scan_id={scan.pk}")
        wait_until(lambda: any(finished(scan) for scan in scans), why=log.read_text)
        Scan.objects.filter(state=Scan.State.QUEUED).update(lease_until=now)
        send(environment, "tick")
        wait_until(lambda: all(finished(scan) for scan in scans), why=log.read_text)
    first, second = sorted(scans, key=lambda scan: scan.started_at)
    assert first.finished_at <= second.started_at
    assert [scan.attempts for scan in scans] == [1, 1]


def _slow_git(folder: Path, hang: Path) -> Path:
    """A folder with a ``git`` that waits before it fetches for as long as ``hang`` exists."""
    place = folder / "bin"
    place.mkdir()
    program = place / "git"
    program.write_text(
        f"#!{sys.executable}\n"
        "import os, pathlib, sys, time\n"
        f"hang, reached = pathlib.Path({str(hang)!r}), pathlib.Path({str(folder / 'reached')!r})\n"
        "if 'fetch' in sys.argv:\n"
        "    reached.touch()\n"
        "    while hang.exists():\n"
        "        time.sleep(0.1)\n"
        f"os.environ['PATH'] = {os.environ['PATH']!r}\n"
        "os.execvp('git', ['git', *sys.argv[1:]])\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return place


# ------------------------------------------------------------------------ the embedded default

FACTS = """\
name = "Telemetry"
current_version = "2.10.5"
target_version = "3.1"
dag_count = 2
executor = "CeleryExecutor"
python_current = "3.11"
python_target = "3.12"
bandwidth_quarters = 1.0
"""


def test_the_embedded_default_rescans_through_its_worker_and_beat(tmp_path: Path) -> None:
    data = tmp_path / "data"
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SOURCE_FOLDERS")
    } | {"DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "planner.settings"}
    repository = first_state(tmp_path / "repository")
    facts = tmp_path / "facts.toml"
    facts.write_text(FACTS)
    for arguments in (
        ("migrate", "--verbosity", "0"),
        ("facts", "telemetry", str(facts)),
        ("source", "telemetry", "dags", "--kind", "git", "--location", str(repository.folder)),
    ):
        done = manage(environment, *arguments)
        assert done.returncode == 0, done.stderr
    database = data / "flightplan.sqlite3"
    log = tmp_path / "worker.log"

    def scans() -> list[tuple[str, str, str]]:
        with closing(sqlite3.connect(database, timeout=30)) as rows:
            return rows.execute(
                "SELECT state, counts, error FROM planner_scan ORDER BY id"
            ).fetchall()

    def done_scans() -> int:
        return sum(state in ("done", "failed") for state, _, _ in scans())

    def make_due() -> None:
        with closing(sqlite3.connect(database, timeout=30)) as rows:
            rows.execute("UPDATE planner_source SET next_due_at = '2026-01-05 12:00:00'")
            rows.commit()

    make_due()
    with worker(environment, log):
        send(environment, "tick")
        wait_until(lambda: done_scans() == 1, 90, log.read_text)
        changed_state(repository)
        make_due()
        send(environment, "tick")
        wait_until(lambda: done_scans() == 2, 90, log.read_text)
    (first, first_counts, _), (second, second_counts, error) = scans()
    assert (first, second) == ("done", "done"), error
    assert json.loads(first_counts)["new"] == 5
    counts = json.loads(second_counts)
    assert (counts["fixed"], counts["removed"]) == (1, 0)
    assert counts["new"] > 0
    assert counts["moved"] > 0
