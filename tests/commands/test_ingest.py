"""The command ``ingest``: every way in, and every way it can go wrong."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from planner.models import Deployment, Finding, Scan, Source

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ITEM = {
    "rule_id": "SubDagOperatorRule",
    "severity": "ERROR",
    "dag_id": "sales",
    "file": "dags/sales.py",
    "line": 3,
    "message": "SubDagOperator is removed in Airflow 3",
}


@pytest.fixture
def ingest(deployment: Deployment, process_environment: dict[str, str], tmp_path: Path) -> Run:
    """``manage.py ingest`` as a process of its own, with a report of these items on standard input."""
    root = Path(__file__).resolve().parents[2]

    def run(
        *arguments: str, items: object = None, file: str = "-"
    ) -> subprocess.CompletedProcess[str]:
        given = items if isinstance(items, str) else json.dumps(items)
        return subprocess.run(
            [sys.executable, "manage.py", "ingest", file, "--deployment", "production", *arguments],
            cwd=root,
            env=process_environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_one_json_document_and_nothing_else_on_standard_output(ingest: Run) -> None:
    done = ingest("--complete", "--json", "--source", "ci", "--commit", "abc", items=[ITEM])
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {key: answer[key] for key in ("status", "source", "format", "received", "new")} == {
        "status": "done",
        "source": "ci",
        "format": "upgradecheck",
        "received": 1,
        "new": 1,
    }
    assert answer["by_severity"] == {"ERROR": 1}
    assert "Reading standard input" in done.stderr
    scan = Scan.objects.get()
    assert (scan.cause, scan.commit, str(scan.public_id)) == ("command", "abc", answer["scan"])


def test_the_same_bytes_twice_are_a_duplicate(ingest: Run, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(json.dumps([ITEM]))
    first, again = (ingest("--json", file=str(file)) for _ in range(2))
    assert json.loads(first.stdout)["status"] == "done"
    assert (again.returncode, json.loads(again.stdout)["status"]) == (0, "duplicate")
    assert Finding.objects.get().events.count() == 1


def test_a_dry_run_tells_and_keeps_nothing(ingest: Run) -> None:
    done = ingest("--dry-run", items=[ITEM])
    assert done.returncode == 0, done.stderr
    assert "Would be done" in done.stdout
    assert "1 new" in done.stdout
    assert not Scan.objects.exists()
    assert not Source.objects.exists()


def test_a_dry_run_names_what_would_change_and_whom_it_touches(ingest: Run) -> None:
    many = [{**ITEM, "file": f"dags/d{number:02}.py"} for number in range(60)]
    ingest("--complete", items=many)
    asked = ("--complete", "--dry-run")
    told = ingest(*asked, items=[{**many[0], "line": 8}, ITEM])
    assert told.returncode == 0, told.stderr
    for words in (
        "Would be held: uploads, upgradecheck",
        "It would open 1, close 59, reopen 0, move 1, leave 0. Nothing was changed.",
        "This scan would close 59 of 60 live findings.",
        "Would open: 1\n  dags/sales.py:3 AF3-SUBDAG\n",
        "  and 39 more; --json names them\n",
        "Would follow to another place: 1\n  dags/d00.py:3 AF3-SUBDAG (line 3 → 8",
        "Nobody: 59 closed\n",
    ):
        assert words in told.stdout
    answer = json.loads(ingest(*asked, "--json", items=[{**many[0], "line": 8}, ITEM]).stdout)
    assert (answer["dry_run"], answer["status"]) == (True, "held")
    assert answer["would"] == "would open 1, close 59, reopen 0, move 1, leave 0"
    closing = answer["lists"]["fixed"]
    assert (closing["count"], closing["more"], len(closing["findings"])) == (59, 0, 59)
    assert answer["owners"] == [{"name": "", "closing": 59, "losing": 0, "gaining": 0}]
    assert Finding.objects.filter(state="open", line=3).count() == 60
    assert Scan.objects.count() == 1
    refused = ingest(*asked, items=[{**ITEM, "severity": "Eror"}])
    assert refused.returncode == 2 and "item 0, severity" in refused.stderr


def test_a_report_that_would_close_too_much_is_held_until_confirmed(ingest: Run) -> None:
    many = [{**ITEM, "file": f"dags/d{number}.py"} for number in range(60)]
    ingest("--complete", items=many)
    held = ingest("--complete", items=[ITEM])
    assert held.returncode == 0
    assert "--confirm" in held.stderr
    assert Finding.objects.filter(state="open").count() == 60
    confirmed = ingest("--complete", "--confirm", "--json", items=[ITEM])
    assert json.loads(confirmed.stdout)["status"] == "done"
    assert Scan.objects.count() == 2
    assert Finding.objects.filter(state="open").count() == 1


def test_a_bad_item_is_named_and_nothing_changes(ingest: Run) -> None:
    ingest("--complete", items=[ITEM])
    done = ingest("--complete", "--json", items=[ITEM, {**ITEM, "severity": "Eror"}])
    assert done.returncode == 2
    assert "item 1, severity" in done.stderr
    assert "Traceback" not in done.stderr
    answer = json.loads(done.stdout)
    assert answer["status"] == "rejected"
    assert [(problem["index"], problem["field"]) for problem in answer["problems"]] == [
        (1, "severity")
    ]
    assert Finding.objects.count() == 1


def test_the_good_items_are_taken_when_asked_for(ingest: Run) -> None:
    done = ingest("--take-good", items=[ITEM, {**ITEM, "severity": "Eror"}])
    assert done.returncode == 0, done.stderr
    assert "Left out: item 1, severity" in done.stdout
    assert Finding.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "items", "words"),
    [
        ((), "", "standard input: The report is empty"),
        ((), "not a report", "standard input"),
        (("--format", "sarif"), [ITEM], "standard input"),
        (("--format", "xml"), [ITEM], "invalid choice: 'xml'"),
        (("--colour",), [ITEM], "--colour"),
    ],
)
def test_what_cannot_be_read_ends_with_2_and_a_sentence(
    ingest: Run, arguments: tuple[str, ...], items: object, words: str
) -> None:
    done = ingest(*arguments, items=items)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not Finding.objects.exists()


def test_files_that_are_not_there_and_deployments_that_are_not(ingest: Run, tmp_path: Path) -> None:
    for file in (str(tmp_path / "none.json"), str(tmp_path)):
        done = ingest(file=file)
        assert done.returncode == 2
        assert file in done.stderr
    other = ingest("--deployment", "nowhere", items=[ITEM])
    assert other.returncode == 2
    assert "nowhere" in other.stderr


def test_real_reports_in_every_spelling_are_the_same_findings(ingest: Run, reports: Path) -> None:
    """The same repository as ruff's JSON with two kinds of paths, and as a packed file."""
    relative = reports / "telemetry-airflow.ruff.json"
    first = json.loads(ingest("--complete", "--json", file=str(relative)).stdout)
    assert (first["received"], first["new"]) == (332, 332)
    absolute = reports / "telemetry-airflow.ruff-absolute.json"
    again = json.loads(ingest("--complete", "--json", file=str(absolute)).stdout)
    assert (again["new"], again["fixed"], again["unchanged"] + again["moved"]) == (0, 0, 332)


def test_a_packed_report_is_read_and_kept_as_it_came(ingest: Run, tmp_path: Path) -> None:
    file = tmp_path / "report.json.gz"
    packed = gzip.compress(json.dumps([ITEM]).encode())
    file.write_bytes(packed)
    done = ingest("--json", file=str(file))
    assert json.loads(done.stdout)["new"] == 1
    with Scan.objects.get().raw.open() as raw:
        assert raw.read() == packed
