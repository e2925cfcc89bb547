"""``findings``: the list on the command line."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from planner.models import Deployment, Scan
from planner.services.finding import finding_claim
from planner.services.waiver import finding_waive
from tests.factories import (
    NOW,
    TODAY,
    make_finding,
    make_mixed_findings,
    make_owner,
    make_scan,
    make_source,
)

KEYS = {
    "id",
    "source",
    "rule_id",
    "severity",
    "category",
    "axis",
    "file",
    "line",
    "column",
    "dag_ids",
    "message",
    "state",
    "owner",
    "owner_because",
    "due",
    "first_seen",
    "last_seen",
    "history",
}


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    return make_scan(make_source(deployment, "uploads"))


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("findings", "--deployment", "production", *arguments, stdout=out)
    return out.getvalue()


def listed(*arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("--json", *arguments))
    return found


def test_json_tells_everything_and_its_history(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    ana = make_owner(deployment, "ana")
    finding = make_finding(
        scan,
        path="dags/a.py",
        line=3,
        dag_ids=["one", "two"],
        owner=ana,
        owner_because="CODEOWNERS line 1: * @ana",
        due=TODAY,
    )
    finding_claim(
        deployment=deployment, finding_ids=[finding.pk], now=NOW, user=alice, why="in #12"
    )
    (found,) = listed()
    assert found.keys() >= KEYS
    assert (found["id"], found["file"], found["line"]) == (finding.pk, "dags/a.py", 3)
    assert (found["dag_ids"], found["owner"], found["due"]) == (["one", "two"], "ana", "2026-10-21")
    assert [event["kind"] for event in found["history"]] == ["opened", "claimed"]
    assert found["history"][1]["sentence"] == "Alice claimed it fixed: in #12."
    assert found["history"][0]["scan"] == str(scan.public_id)


def test_without_filters_it_lists_every_state_and_style_too(
    deployment: Deployment, scan: Scan
) -> None:
    make_finding(scan, state="fixed")
    make_finding(scan, severity="INFO", category="style", rule_id="AIR001")
    assert len(listed()) == 2
    assert run("--format", "json") == run("--json")


@pytest.mark.parametrize(
    ("arguments", "paths"),
    [
        (["--owner", "@Ana"], ["a.py"]),
        (["--owner", "a.smith"], ["a.py"]),
        (["--owner", "nobody"], ["b.py", "c.py"]),
        (["--state", "fixed"], ["c.py"]),
        (["--state", "regressed"], ["b.py"]),
        (["--severity", "warning"], ["b.py"]),
        (["--severity", "WARNING", "--severity", "ERROR"], ["a.py", "b.py"]),
        (["--rule", "AIR302"], ["c.py"]),
        (["--dag", "two"], ["a.py"]),
        (["--dag", "tw"], []),
        (["--due", "late"], ["a.py"]),
        (["--path", "b"], ["b.py"]),
        (["--text", "C.PY air302"], ["c.py"]),
        (["--source", "other"], []),
    ],
)
def test_filters_narrow(
    deployment: Deployment, scan: Scan, arguments: list[str], paths: list[str]
) -> None:
    ana = make_owner(deployment, "ana", aliases=["a.smith"])
    make_finding(
        scan, path="a.py", owner=ana, dag_ids=["one", "two"], due=TODAY - timedelta(days=999)
    )
    make_finding(scan, path="b.py", severity="WARNING", regressed=True)
    make_finding(scan, path="c.py", severity="INFO", state="fixed", rule_id="AIR302")
    assert sorted(found["file"] for found in listed(*arguments)) == paths


def test_text_is_for_people_and_safe_for_terminals(deployment: Deployment, scan: Scan) -> None:
    make_finding(scan, path="dags/\x1b[31mred.py", line=4, message="gone\nnow")
    text = run()
    assert "\x1b" not in text
    assert "ERROR" in text
    assert "red.py:4  open  nobody" in text
    assert text.endswith("1 finding.\n")
    assert run("--state", "waived") == "No findings match.\n"


def test_text_says_until_when_one_is_waived_and_what_the_code_silences(
    deployment: Deployment, scan: Scan, alice: User
) -> None:
    waived = make_finding(scan, path="a.py", line=1, regressed=True)
    make_finding(scan, path="b.py", line=2, extra='{"suppressed": {"kind": "noqa"}}')
    finding_waive(
        deployment=deployment,
        finding_ids=[waived.pk],
        reason="Later",
        expires_on=TODAY + timedelta(days=10),
        today=TODAY,
        now=NOW,
        user=alice,
    )
    text = run("--state", "all")
    assert "a.py:1  waived until 2026-10-31  nobody" in text
    assert "b.py:2  open, silenced in the code  nobody" in text


def test_csv_has_a_row_a_finding(deployment: Deployment, scan: Scan) -> None:
    make_mixed_findings(scan, 30)
    rows = list(csv.DictReader(io.StringIO(run("--format", "csv"))))
    assert len(rows) == 30
    assert rows[0]["severity"] == "ERROR"


@pytest.mark.parametrize("arguments", [["--owner", "zoe"], ["--state", "odd"], ["--sort", "x"]])
def test_what_cannot_be_is_said_in_a_sentence(deployment: Deployment, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)


def test_it_reads_in_batches_with_few_queries(deployment: Deployment, scan: Scan) -> None:
    make_mixed_findings(scan, 5_000)
    with CaptureQueriesContext(connection) as queries:
        found = listed()
    assert len({document["id"] for document in found}) == 5_000
    assert len(queries) < 15
