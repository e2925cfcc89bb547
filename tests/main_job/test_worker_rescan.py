"""Three weeks of one git repository through a real worker: what is fixed, new, moved, removed, back, and why.

Once on PostgreSQL with Redis, once on the embedded default; the same story must come out.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from planner.models import Scan
from tests.main_job.conftest import FACTS, Flightplan
from tests.main_job.legacy_dags import first_week, second_week, third_week
from tests.worker import manage, wait_until, worker

TICK = "from planner.tasks import tick; tick.delay()"
RESCAN_NOW = """\
from django.utils import timezone
from planner.models import Source
from planner.services.rescan import rescan_request
from planner.tasks import enqueue_scan
source = Source.objects.get(name="dags")
enqueue_scan(rescan_request(source=source, user=None, cause="button", now=timezone.now()).pk)
"""
GONE = "the file was scanned, the rule was run, and it is not there"


@dataclass(frozen=True)
class Installation:
    """A Flightplan of its own: the environment of its processes, and a look at its tables."""

    environment: Mapping[str, str]
    sql: Callable[[str], list[tuple[Any, ...]]]

    def run(self, *words: object) -> Any:
        """The document that a command answers with."""
        done = manage(self.environment, *map(str, words), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def send(self, code: str) -> None:
        sent = manage(self.environment, "shell", "--no-imports", "--command", code)
        assert sent.returncode == 0, sent.stderr


@pytest.fixture
def postgresql_and_redis(process_environment: dict[str, str], redis_url: str) -> Installation:
    def sql(statement: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    return Installation(process_environment | {"REDIS_URL": redis_url}, sql)


@pytest.fixture
def embedded(tmp_path: Path) -> Installation:
    data = tmp_path / "data"
    set_by_tests = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SOURCE_FOLDERS", "DEBUG")
    environment = {key: value for key, value in os.environ.items() if key not in set_by_tests}

    def sql(statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(data / "flightplan.sqlite3", timeout=30)) as database:
            rows = database.execute(statement).fetchall()
            database.commit()
            return rows

    installation = Installation(environment | {"DATA_DIR": str(data)}, sql)
    assert manage(installation.environment, "migrate", "--verbosity", "0").returncode == 0
    return installation


def test_three_weeks_on_postgresql_and_redis(
    postgresql_and_redis: Installation, tmp_path: Path
) -> None:
    three_weeks(postgresql_and_redis, tmp_path)


def test_three_weeks_on_the_embedded_default(embedded: Installation, tmp_path: Path) -> None:
    three_weeks(embedded, tmp_path)


def three_weeks(here: Installation, tmp_path: Path) -> None:
    repository = first_week(tmp_path / "repository")
    here.run("facts", "city", FACTS / "telemetry.toml")
    here.run("source", "city", "dags", "--kind", "git", "--location", repository.folder)
    scans = run_the_weeks(
        here,
        tmp_path / "worker.log",
        [
            lambda: None,
            lambda: second_week(repository),
            lambda: third_week(repository),
        ],
    )
    first, second, third = (
        {key: number for key, number in each.items() if key in COUNTED and number} for each in scans
    )
    assert first == {"new": 35}
    assert second == {"new": 1, "fixed": 1, "removed": 2, "moved": 24, "unchanged": 8}
    assert third == {"new": 4, "fixed": 1, "regressed": 1, "unchanged": 32}
    findings = here.run("findings", "--deployment", "city")
    assert len(findings) == 40
    told(findings)


def test_a_person_who_waits_for_the_rescan_is_told_the_same(
    flightplan: Flightplan, admin_client: Client, tmp_path: Path
) -> None:
    repository = first_week(tmp_path / "repository")
    flightplan("facts", "city", FACTS / "telemetry.toml")
    flightplan("source", "city", "dags", "--kind", "git", "--location", repository.folder)
    sentences = []
    for change in (lambda repository: None, second_week, third_week):
        change(repository)
        sentences.append(flightplan("rescan", "--deployment", "city").text)
    assert sentences == [
        "dags: done, 35 new, 0 fixed, 0 removed, 0 moved, 0 unchanged, 0 came back\n",
        "dags: done, 1 new, 1 fixed, 2 removed, 24 moved, 8 unchanged, 0 came back\n",
        "dags: done, 4 new, 1 fixed, 0 removed, 0 moved, 32 unchanged, 1 came back\n",
    ]
    second = Scan.objects.order_by("pk")[1]
    page = admin_client.get(f"/d/city/scans/{second.pk}/").content.decode()
    assert "1 fixed, 2 removed, 1 new, 24 moved, 8 unchanged." in page
    again = flightplan("rescan", "--deployment", "city", "--json")
    assert [each["status"] for each in again.document] == ["duplicate"]
    assert again.err == "Scanning dags …\n"


COUNTED = ("new", "fixed", "removed", "moved", "unchanged", "regressed", "not_covered")


def run_the_weeks(
    here: Installation, log: Path, weeks: list[Callable[[], None]]
) -> list[dict[str, Any]]:
    """Counts of each week's scan: the first one is due and found by the beat, the others are asked for."""

    def ended(number: int) -> bool:
        states = [state for (state,) in here.sql("SELECT state FROM planner_scan ORDER BY id")]
        return len(states) == number and states[-1] not in ("queued", "running")

    here.sql("UPDATE planner_source SET next_due_at = '2026-01-05 12:00:00'")
    with worker(here.environment, log):
        for number, change in enumerate(weeks, 1):
            change()
            here.send(RESCAN_NOW if number > 1 else TICK)
            wait_until(lambda number=number: ended(number), 90, log.read_text)  # type: ignore[misc]
    rows = here.sql("SELECT state, cause, counts, error FROM planner_scan ORDER BY id")
    assert [row[:2] for row in rows] == [
        ("done", "catch-up"),
        ("done", "button"),
        ("done", "button"),
    ]
    return [counts if isinstance(counts, dict) else json.loads(counts) for *_, counts, _ in rows]


def told(findings: list[dict[str, Any]]) -> None:
    """What each finding's history says after the three weeks."""

    def of(file: str, words: str = "") -> Iterator[dict[str, Any]]:
        return (each for each in findings if each["file"] == file and words in each["message"])

    def history(finding: dict[str, Any]) -> list[tuple[str, str]]:
        """Without the commit that did it, whose name differs from run to run."""
        return [
            (event["kind"], event["why"].partition("; ")[0]) for event in finding["history"][1:]
        ]

    assert all(finding["history"][0]["kind"] == "opened" for finding in findings)

    (back,) = of("dags/ops/dag_args.py", "`default_view`")
    assert (back["state"], back["regressed"]) == ("open", True)
    assert history(back) == [
        ("fixed", GONE),
        ("reopened", "it was fixed before, and this scan sees it again"),
    ]
    assert re.search(
        r"; fixed in [0-9a-f]{7} by Test on .+ \(line 3 was changed\)$", back["history"][1]["why"]
    )
    beside = [each for each in of("dags/ops/dag_args.py") if each["id"] != back["id"]]
    assert len(beside) == 5
    assert all(each["state"] == "open" and not history(each) for each in beside)

    (made,) = of("dags/ops/sla.py", "DummyOperator")
    assert (made["line"], made["state"], made["severity"]) == (6, "open", "ERROR")
    assert history(made) == []
    assert made["first_seen"] > back["first_seen"]

    lower = list(of("dags/ops/schedule_interval.py"))
    assert [history(each) for each in lower] == [[("moved", "line 3 → 6, same text")]] * 3
    assert {each["line"] for each in lower} == {6}

    renamed = list(of("dags/marketing/context_given.py"))
    why = "file renamed from dags/marketing/provide_context.py, as git says"
    assert [history(each) for each in renamed] == [[("moved", why)]] * 3
    assert not list(of("dags/marketing/provide_context.py"))

    for name, number in (("subdag", 5), ("dataset_import", 4), ("days_ago", 3)):
        moved = list(of(f"dags/payments/{name}.py"))
        why = f"file renamed from dags/finance/{name}.py, as git says"
        assert [history(each) for each in moved] == [[("moved", why)]] * number
        assert {each["owner"] for each in moved} == {"org/finance"}
        assert {each["owner_because"] for each in moved} == {
            "CODEOWNERS line 2: /dags/payments/ @org/finance"
        }
        dag_ids = ("subdag", "subdag.sub") if name == "subdag" else (name,)
        assert {tuple(each["dag_ids"]) for each in moved} == {dag_ids}
    assert not [each for each in findings if each["file"].startswith("dags/finance/")]

    removed = list(of("dags/marketing/dummy_op.py"))
    assert {each["state"] for each in removed} == {"removed"}
    assert [history(each) for each in removed] == [
        [("removed", "the file is no longer in the tree")]
    ] * 2

    broken, *readable = sorted(of("dags/ops/bad.py"), key=lambda each: each["id"])
    assert (broken["rule_id"], broken["state"]) == ("invalid-syntax", "fixed")
    assert history(broken) == [("fixed", GONE)]
    assert {each["rule_id"] for each in readable} == {"AIR002", "AIR311", "AF3-FILELOC-UNIQUE"}
    assert {each["state"] for each in readable} == {"open"}
