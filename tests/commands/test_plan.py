"""``plan``: for people, as the one JSON document, and as files; exit 2 with one sentence."""

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from icalendar import Calendar

from planner.services.ingest import apply_scan, receive_report, source_for

NOW = datetime(2026, 10, 19, 12, tzinfo=UTC)


def ingest(deployment, path, at=NOW):
    with path.open("rb") as stream:
        scan = receive_report(
            source=source_for(deployment=deployment, name="uploads"),
            stream=stream,
            file_name=path.name,
            options={"complete": True},
            cause="command",
            user=None,
            now=at,
        )
    return apply_scan(scan_id=scan.pk, now=at)


def run(*arguments):
    output = io.StringIO()
    call_command("plan", "--deployment", "production", *arguments, stdout=output)
    return output.getvalue()


def test_the_json_has_the_agreed_shape_and_the_numbers_of_a_real_report(deployment, reports):
    scan = ingest(deployment, reports / "telemetry-airflow.ruff.json")
    plan = json.loads(run("--json", "--start", "2026-10-05"))
    assert [phase["key"] for phase in plan["phases"]] == list("ABCDE")
    for phase in plan["phases"]:
        assert {"key", "name", "start", "end", "activities", "gates", "risk"} <= phase.keys()
        assert all({"text", "total", "done"} <= row.keys() for row in phase["activities"])
        assert all({"text", "state", "evidence"} <= row.keys() for row in phase["gates"])
        assert {row["state"] for row in phase["gates"]} <= {"pass", "fail", "waiting", "unknown"}
    by_key = {row["key"]: row for phase in plan["phases"] for row in phase["activities"]}
    assert by_key["B1"]["total"] == 6
    block_tier = sum(by_key[key]["total"] for key in ("B1", "B2", "B4"))
    assert block_tier == scan.totals["by_severity"]["ERROR"]


def test_numbers_move_with_the_next_scan(deployment, reports, tmp_path):
    report = reports / "telemetry-airflow.ruff.json"
    ingest(deployment, report)
    findings = json.loads(report.read_text())
    subdag = [row for row in findings if "subdag" in row["message"].lower()]
    fewer = tmp_path / "fewer.json"
    fewer.write_text(json.dumps([row for row in findings if row not in subdag[:2]]))
    ingest(deployment, fewer, NOW + timedelta(days=7))
    plan = json.loads(run("--json", "--start", "2026-10-05"))
    b1 = next(row for row in plan["phases"][1]["activities"] if row["key"] == "B1")
    assert (b1["total"], b1["done"]) == (6, 2)


@pytest.mark.parametrize(("template", "phases"), [("nine-weeks", 5), ("six-months", 6)])
def test_both_templates_start_where_asked(deployment, template, phases):
    plan = json.loads(run("--template", template, "--start", "2027-01-11", "--format", "json"))
    assert plan["template"] == template
    assert plan["start"] == plan["phases"][0]["start"] == "2027-01-11"
    assert len(plan["phases"]) == phases
    assert plan["start_proposed"] is False


def test_people_read_text_and_files_parse(deployment):
    assert run("--start", "2027-01-11").startswith("Nine weeks to Airflow 3.1: it starts on ")
    assert run("--format", "md").startswith("# Nine weeks for Production\n")
    rows = list(csv.DictReader(io.StringIO(run("--format", "csv"))))
    assert {row["kind"] for row in rows} == {"activity", "gate"}
    assert len(list(Calendar.from_ical(run("--format", "ics")).walk("VEVENT"))) == 10


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--template", "one-day"),
            '"one-day" is not a plan template; use one of nine-weeks, six-months.',
        ),
        (("--start", "monday"), '--start: "monday" is not a date; write one like 2027-01-11.'),
        (
            ("--start", "0001-01-01"),
            "A plan cannot start on 0001-01-01; use a date between 2015-01-01 and 2100-01-01.",
        ),
    ],
)
def test_what_cannot_be_planned_is_refused_in_one_sentence(deployment, arguments, sentence):
    with pytest.raises(CommandError) as refused:
        run(*arguments)
    assert (str(refused.value), refused.value.returncode) == (sentence, 2)


def test_an_unknown_deployment_is_refused(db):
    with pytest.raises(CommandError, match="There is no deployment “production”"):
        run()


def test_stdout_holds_the_json_document_and_nothing_else(deployment, process_environment):
    done = subprocess.run(
        [sys.executable, "manage.py", "plan", "--deployment", "production", "--json"],
        env=process_environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["deployment"] == "production"
