"""Reports taken in: what they open, keep, move and close, and what a bad one leaves alone."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from planner.domain.finding import State
from planner.domain.report import ReportRejected
from planner.models import Dag, Deployment, Event, Finding, ForeseenChange, Owner, Scan
from planner.scanner.scan import scan_folder
from planner.scanner.write import write_report
from planner.selectors.checks import checks_of
from planner.selectors.finding import finding_detail
from planner.selectors.scan import receipt
from planner.services.deployment import facts_store
from planner.services.finding import finding_assign, finding_claim
from planner.services.ingest import (
    apply_scan,
    receive_report,
    report_preview,
    source_for,
)
from planner.services.rerate import findings_rerate
from planner.services.sightings import Sightings, read_sightings
from tests.factories import NOW, make_folder_rule, make_owner, make_user

pytestmark = pytest.mark.django_db

Ingest = Callable[..., dict[str, Any]]


@pytest.fixture
def ingest(deployment: Deployment) -> Ingest:
    """Send a report (bytes, or items to be written as JSON), a minute after the one before."""
    clock = iter(NOW + timedelta(minutes=minute) for minute in range(1000))

    def send(report: Any, *, source: str = "", **options: Any) -> dict[str, Any]:
        content = report if isinstance(report, bytes) else json.dumps(report).encode()
        now = next(clock)
        scan = receive_report(
            source=source_for(deployment=deployment, name=source),
            stream=io.BytesIO(content),
            file_name="report.json",
            options=options,
            cause="command",
            user=None,
            now=now,
        )
        return receipt(apply_scan(scan_id=scan.pk, now=now))

    return send


def ruff(
    path: str, line: int, *, symbol: str = "airflow.DAG", code: str = "AIR311"
) -> dict[str, Any]:
    return {
        "cell": None,
        "code": code,
        "name": "airflow3-suggested-update",
        "message": f"`{symbol}` is removed in Airflow 3.0",
        "filename": path,
        "location": {"row": line, "column": 1},
        "end_location": {"row": line, "column": 9},
        "fix": None,
        "url": "https://docs.astral.sh/ruff/rules/airflow3-suggested-update",
    }


def interchange(path: str = "dags/a.py", line: int | None = 3, **fields: Any) -> dict[str, Any]:
    return {
        "rule_id": "SubDagOperatorRule",
        "severity": "ERROR",
        "dag_id": "a",
        "file": path,
        "line": line,
        "message": "SubDagOperator is removed in Airflow 3",
        **fields,
    }


FORMATS = (
    "telemetry-airflow.ruff.json",
    "telemetry-airflow.ruff-absolute.json",
    "telemetry-airflow.ruff.jsonl",
    "telemetry-airflow.ruff-preview.sarif",
)


def read_report(reports: Path, name: str) -> bytes:
    plain, packed = reports / name, reports / f"{name}.gz"
    return plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_of_one_real_scan_opens_the_same_findings(
    ingest: Ingest, reports: Path, name: str
) -> None:
    answer = ingest(read_report(reports, name))
    assert answer["status"] == "done"
    assert (answer["received"], answer["new"]) == (332, 332)
    assert answer["by_severity"] == {"ERROR": 79, "WARNING": 233, "INFO": 20}
    assert answer["by_category"] == {"block": 79, "migrate": 233, "adopt": 3, "style": 17}
    paths = set(Finding.objects.values_list("path", flat=True))
    assert {"dags/adm_dma_export.py", "utils/dataproc.py"} <= paths


def test_the_formats_recognise_each_others_findings(ingest: Ingest, reports: Path) -> None:
    for name in FORMATS:
        answer = ingest(read_report(reports, name))
        assert answer["status"] == "done"
    assert Finding.objects.count() == 332
    assert set(Event.objects.values_list("kind", flat=True)) == {"opened"}
    assert answer["root"] == "/home/runner/work/dags/dags"


def test_a_report_without_preview_rules_is_silent_about_them(ingest: Ingest, reports: Path) -> None:
    ingest(read_report(reports, "telemetry-airflow.ruff-preview.sarif"))
    answer = ingest(read_report(reports, "telemetry-airflow.ruff-stable.sarif"), complete=True)
    assert answer["fixed"] == 0
    assert set(answer["not_covered_because"]) == {"rule not run"}
    assert not Finding.objects.exclude(state=State.OPEN).exists()


@pytest.mark.parametrize("says_version", [True, False])
def test_a_newer_ruff_closes_nothing_that_it_still_sees(
    ingest: Ingest, reports: Path, says_version: bool
) -> None:
    versions = ("0.9.10", "0.11.13", "0.13.0", "0.14.14", "0.15.8", "0.17.6")
    for version in versions:
        report = read_report(reports, f"telemetry-airflow-ruff{version}.json")
        options = {"tool_version": version} if says_version else {}
        answer = ingest(report, complete=True, **options)
        assert (answer["status"], answer["fixed"], answer["removed"]) == ("done", 0, 0), version
        assert answer["told_twice"] == (45 if version == "0.9.10" else 0)
        assert (
            answer["received"]
            == answer["told_twice"] + answer["new"] + answer["unchanged"] + (answer["moved"])
        )
    assert Finding.objects.count() == 332
    assert Finding.objects.get(path="dags/backfill.py", line=137, column=21).symbol == (
        "airflow.operators.bash.BashOperator"
    )


def test_the_same_bytes_twice_change_nothing_and_say_so(ingest: Ingest) -> None:
    first = ingest([ruff("dags/a.py", 3)])
    again = ingest([ruff("dags/a.py", 3)])
    assert (first["status"], again["status"]) == ("done", "duplicate")
    assert (again["new"], again["unchanged"]) == (0, 1)
    assert Event.objects.count() == 1


def test_an_older_report_sent_again_is_a_new_scan(ingest: Ingest) -> None:
    both, one = [ruff("a.py", 3), ruff("b.py", 3)], [ruff("a.py", 3)]
    ingest(both, complete=True)
    ingest(one, complete=True)
    assert ingest(both, complete=True)["status"] == "done"


def test_a_reordered_report_writes_no_event(ingest: Ingest, reports: Path) -> None:
    items = json.loads(read_report(reports, "telemetry-airflow.ruff.json"))
    ingest(items, complete=True)
    random.Random(4).shuffle(items)
    answer = ingest(items, complete=True)
    assert (answer["status"], answer["unchanged"], answer["new"]) == ("done", 332, 0)
    assert Event.objects.count() == 332


def test_a_bare_report_opens_and_confirms_but_closes_nothing(ingest: Ingest) -> None:
    ingest([ruff("a.py", 3), ruff("b.py", 3)])
    answer = ingest([ruff("a.py", 3)])
    assert (answer["fixed"], answer["not_covered"]) == (0, 1)
    assert answer["not_covered_because"] == {"file not scanned": 1}
    assert Finding.objects.filter(state=State.OPEN).count() == 2


def test_a_complete_report_closes_what_is_gone_and_says_why(ingest: Ingest) -> None:
    ingest([ruff("a.py", 3), ruff("b.py", 3)])
    answer = ingest([ruff("a.py", 3)], complete=True)
    assert answer["fixed"] == 1
    closed = Finding.objects.get(path="b.py")
    assert (closed.state, closed.closed_at is not None) == (State.FIXED, True)
    event = closed.events.get(kind="fixed")
    assert event.why == "the file was scanned, the rule was run, and it is not there"


def test_a_moved_line_keeps_owner_and_history(ingest: Ingest, deployment: Deployment) -> None:
    ingest([ruff("a.py", 3)])
    carol = make_owner(deployment, "carol")
    Finding.objects.update(owner=carol, owner_picked=True, note="ask the bank first")
    answer = ingest([ruff("a.py", 30)])
    moved = Finding.objects.get()
    assert answer["moved"] == 1
    assert (moved.line, moved.owner, moved.note) == (30, carol, "ask the bank first")
    assert [event.kind for event in moved.events.all()] == ["opened", "moved"]
    assert moved.events.last().why == "line 3 → 30, same order in the file"  # type: ignore[union-attr]


def test_a_finding_that_comes_back_is_the_old_one_and_regressed(ingest: Ingest) -> None:
    ingest([ruff("a.py", 3), ruff("b.py", 3)])
    ingest([ruff("a.py", 3)], complete=True)
    answer = ingest([ruff("a.py", 3), ruff("b.py", 3)], complete=True)
    assert (answer["regressed"], answer["new"]) == (1, 0)
    back = Finding.objects.get(path="b.py")
    assert (back.state, back.regressed, back.closed_at) == (State.OPEN, True, None)
    assert [event.kind for event in back.events.all()] == ["opened", "fixed", "reopened"]


def test_a_finding_that_comes_back_after_its_file_was_renamed_is_the_old_one(
    ingest: Ingest,
) -> None:
    before, after = interchange("dags/a.py"), interchange("flows/b.py")
    other = interchange("dags/other.py")
    ingest(scanned(before, other))
    ingest(scanned(other))
    ingest(scanned(other, renames={"dags/a.py": "flows/b.py"}))
    answer = ingest(scanned(other, after))
    assert (answer["regressed"], answer["new"]) == (1, 0)
    back = Finding.objects.get(path="flows/b.py")
    assert back.state == State.OPEN
    kinds = [event.kind for event in back.events.all()]
    assert kinds == ["opened", "removed", "moved", "reopened"]


def test_a_cell_put_in_front_of_a_notebook_moves_every_finding(ingest: Ingest) -> None:
    def notebook(*cells: int) -> list[dict[str, Any]]:
        return [{**ruff("a.ipynb", 2), "cell": cell} for cell in cells]

    ingest(notebook(1, 2, 3))
    answer = ingest(notebook(2, 3, 4))
    assert (answer["moved"], answer["new"]) == (3, 0)
    assert list(Finding.objects.order_by("pk").values_list("cell", flat=True)) == [2, 3, 4]
    last = Finding.objects.latest("pk").events.latest("pk")
    assert last.why == "cell 3, line 2 → cell 4, line 2, same order in the file"


def test_a_claim_that_the_next_scan_contradicts_goes_back_to_open(
    ingest: Ingest, deployment: Deployment
) -> None:
    ingest([ruff("a.py", 3)])
    finding = Finding.objects.get()
    finding_claim(deployment=deployment, finding_ids=[finding.pk], user=make_user(), now=NOW)
    answer = ingest([ruff("a.py", 4)])
    finding.refresh_from_db()
    assert (answer["contradicted"], finding.state, finding.line) == (1, State.OPEN, 4)


def test_the_claimed_one_is_closed_by_the_scan_that_proves_it(
    ingest: Ingest, deployment: Deployment
) -> None:
    ingest([ruff("a.py", 3), ruff("b.py", 3)])
    finding_claim(
        deployment=deployment,
        finding_ids=[Finding.objects.get(path="b.py").pk],
        user=make_user(),
        now=NOW,
    )
    ingest([ruff("a.py", 3)], complete=True)
    assert Finding.objects.get(path="b.py").state == State.FIXED


def test_a_bad_item_refuses_the_whole_report_and_names_it(ingest: Ingest) -> None:
    ingest([interchange()])
    answer = ingest([interchange("dags/b.py"), interchange(severity="Eror")])
    assert answer["status"] == "rejected"
    assert answer["problems"][0]["index"] == 1
    assert answer["problems"][0]["field"] == "severity"
    assert "Eror" in answer["problems"][0]["sentence"]
    assert Finding.objects.count() == 1


def test_the_good_ones_are_taken_only_when_a_person_chooses_so(ingest: Ingest) -> None:
    answer = ingest([interchange("dags/b.py"), interchange(severity="Eror")], take_good=True)
    assert (answer["status"], answer["new"], answer["left_out"]) == ("done", 1, 1)
    assert answer["problems"][0]["index"] == 1


def test_what_could_not_be_read_proves_nothing_about_what_is_absent(ingest: Ingest) -> None:
    ingest([interchange("dags/a.py"), interchange("dags/b.py")])
    bad = interchange("dags/a.py", severity="Eror")
    answer = ingest([bad, interchange("dags/b.py")], take_good=True, complete=True)
    assert (answer["fixed"], answer["unchanged"]) == (0, 1)
    assert answer["not_covered_because"] == {"some items of the report could not be read": 1}


def test_a_report_without_one_good_item_is_never_taken(ingest: Ingest) -> None:
    answer = ingest([interchange(severity="Eror")], take_good=True, complete=True)
    assert answer["status"] == "rejected"
    assert "take the good ones" not in answer["error"]


def test_a_path_that_leads_out_is_named_by_its_item(ingest: Ingest) -> None:
    answer = ingest([interchange(), interchange("../../etc/passwd")])
    assert (answer["problems"][0]["index"], answer["problems"][0]["field"]) == (1, "file")
    assert "leads out of its folder" in answer["problems"][0]["sentence"]


def test_a_rejection_shows_the_lines_around_the_bad_item(ingest: Ingest) -> None:
    laid_out = json.dumps([interchange(), interchange(severity="Eror")], indent=2).encode()
    (problem,) = ingest(laid_out)["problems"]
    excerpt = problem["excerpt"]
    lines = laid_out.decode().split("\n")
    bad = excerpt["first"] - 1 + excerpt["bad"]
    assert excerpt["lines"][excerpt["bad"]] == lines[bad] == '    "severity": "Eror",'
    assert not excerpt["is_laid_out"]


def test_a_rejection_shows_where_the_text_stops_making_sense(ingest: Ingest) -> None:
    answer = ingest(json.dumps([interchange(), interchange()], indent=2).encode()[:-30])
    (problem,) = answer["problems"]
    assert (answer["status"], answer["left_out"]) == ("rejected", 0)
    assert problem["excerpt"]["bad"] == len(problem["excerpt"]["lines"]) - 1


def test_a_held_report_names_what_it_would_close(ingest: Ingest) -> None:
    ingest([interchange(f"dags/{number}.py") for number in range(40)])
    answer = ingest([interchange("dags/0.py")], complete=True)
    assert answer["status"] == "held"
    assert len(answer["would_close"]) == answer["fixed"] == 39
    first = answer["would_close"][0]
    assert (first["file"], first["rule_id"], first["as"]) == (
        "dags/1.py",
        "AF3-SUBDAG",
        "fixed",
    )
    assert first["id"] == Finding.objects.get(path="dags/1.py").pk


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"{", b"\x00\x01", b"[1, 2]", b'{"runs": 3}', b"null"]
)
def test_bytes_that_are_no_report_change_nothing(ingest: Ingest, content: bytes) -> None:
    try:
        answer = ingest(content)
    except ReportRejected as rejection:
        assert str(rejection)
    else:
        assert answer["status"] == "rejected"
        assert answer["error"]
    assert not Finding.objects.exists()


def test_a_path_that_leads_out_of_the_tree_is_refused(ingest: Ingest) -> None:
    answer = ingest([interchange("../../etc/passwd")])
    assert answer["status"] == "rejected"
    assert not Finding.objects.exists()


def test_a_scan_that_would_close_most_is_held_until_it_is_sent_with_confirm(
    ingest: Ingest,
) -> None:
    many = [ruff(f"dags/{number}.py", 3) for number in range(40)]
    ingest(many)
    held = ingest(many[:5], complete=True)
    assert held["status"] == "held"
    assert held["fixed"] == 35
    assert Finding.objects.filter(state=State.OPEN).count() == 40
    confirmed = ingest(many[:5], complete=True, confirm=True)
    assert (confirmed["status"], confirmed["scan"]) == ("done", held["scan"])
    assert confirmed["error"] == ""
    assert Finding.objects.filter(state=State.OPEN).count() == 5


def test_a_scan_that_would_take_most_findings_from_their_owners_is_held(
    ingest: Ingest, deployment: Deployment
) -> None:
    findings = [interchange(f"dags/{number}.py") for number in range(40)]
    ingest(scanned(*findings, codeowners="* @one\n"))
    revision = Deployment.objects.get().revision
    taken = scanned(*findings, codeowners="* @two\ndags/39.py @one\n")
    held = ingest(taken)
    assert (held["status"], held["handed_over"], held["fixed"]) == ("held", 39, 0)
    assert "would take 39 of 40 live findings from their owners." in held["error"]
    assert set(Finding.objects.values_list("owner__key", flat=True)) == {"one"}
    assert set(Owner.objects.values_list("key", flat=True)) == {"one"}
    assert source_for(deployment=deployment).codeowners == "* @one\n"
    assert not Event.objects.filter(kind="assigned").exists()
    assert Deployment.objects.get().revision == revision
    line = ForeseenChange.objects.filter(kind="assigned").first()
    assert line is not None
    assert (line.owner_before, line.owner_after, line.path) == ("one", "two", "dags/0.py")
    confirmed = ingest(taken, confirm=True)
    assert (confirmed["status"], confirmed["scan"]) == ("done", held["scan"])
    assert Finding.objects.filter(owner__key="two").count() == 39
    assert not ForeseenChange.objects.exists()
    event = Event.objects.filter(kind="assigned").first()
    assert event is not None and event.scan is not None
    assert str(event.scan.public_id) == held["scan"]


def test_what_nobody_owned_is_taken_from_nobody(ingest: Ingest) -> None:
    findings = [interchange(f"dags/{number}.py") for number in range(40)]
    ingest(scanned(*findings, codeowners=""))
    answer = ingest(scanned(*findings, codeowners="* @one\n"))
    assert (answer["status"], answer["handed_over"]) == ("done", 40)
    again = ingest(scanned(*findings, codeowners="* @one\n"))
    assert (again["status"], again["handed_over"]) == ("duplicate", 0)


def test_a_person_picked_owner_is_no_reason_to_wait(ingest: Ingest, deployment: Deployment) -> None:
    findings = [interchange(f"dags/{number}.py") for number in range(40)]
    ingest(scanned(*findings, codeowners="* @one\n"))
    Finding.objects.update(owner_picked=True)
    assert ingest(scanned(*findings, codeowners="* @two\n"))["status"] == "done"
    assert Finding.objects.filter(owner__key="one").count() == 40


def test_nothing_after_many_is_held_even_where_nothing_could_be_closed(ingest: Ingest) -> None:
    ingest([ruff(f"dags/{number}.py", 3) for number in range(5)])
    for complete in (False, True):
        answer = ingest([], format="ruff", complete=complete)
        assert answer["status"] == "held"
        assert "found nothing at all, and the one before it found 5" in answer["error"]
    assert Finding.objects.filter(state=State.OPEN).count() == 5
    ingest([], format="ruff", complete=True, confirm=True)
    assert Finding.objects.filter(state=State.FIXED).count() == 5
    assert ingest([], format="ruff", complete=True)["status"] == "duplicate"


def test_a_first_scan_is_never_held(ingest: Ingest) -> None:
    assert ingest([], format="ruff", complete=True)["status"] == "done"
    assert ingest([ruff(f"{number}.py", 3) for number in range(90)])["status"] == "done"


def test_a_scan_of_an_empty_folder_is_no_success(ingest: Ingest) -> None:
    ingest([interchange()])
    answer = ingest(scanned())
    assert answer["status"] == "rejected"
    assert "looked at no file at all" in answer["error"]
    assert Finding.objects.get().state == State.OPEN


def test_a_deleted_dag_is_not_a_fixed_one(ingest: Ingest) -> None:
    def of(*dag_ids: str) -> list[dict[str, Any]]:
        paths = {"sales": "dags/a.py", "stays": "dags/b.py"}
        return [{"dag_id": dag_id, "path": paths[dag_id]} for dag_id in dag_ids]

    files = {"files": ["dags/a.py", "dags/b.py"]}
    first = [interchange("dags/a.py"), interchange("dags/b.py")]
    ingest(scanned(*first, coverage=files, dags=of("sales", "stays")))
    answer = ingest(scanned(coverage=files, dags=of("stays")))
    assert (answer["fixed"], answer["removed"], answer["dags_deleted"]) == (1, 1, 1)
    gone = Finding.objects.get(path="dags/a.py")
    assert gone.state == State.REMOVED
    assert gone.events.get(kind="removed").why == (
        "the file is there, but its DAG is no longer in the code"
    )
    assert Finding.objects.get(path="dags/b.py").state == State.FIXED


def test_a_dag_that_moved_to_another_file_was_not_deleted(ingest: Ingest) -> None:
    files = {"files": ["dags/a.py", "dags/b.py"]}
    ingest(scanned(interchange(), coverage=files, dags=[{"dag_id": "a", "path": "dags/a.py"}]))
    answer = ingest(scanned(coverage=files, dags=[{"dag_id": "a", "path": "dags/b.py"}]))
    assert (answer["fixed"], answer["removed"]) == (1, 0)


def test_a_finding_says_why_the_newest_scan_did_not_look_for_it(ingest: Ingest) -> None:
    both = [interchange("dags/a.py"), interchange("dags/b.py")]
    ingest(scanned(*both))

    def told() -> dict[str, str]:
        return dict(Finding.objects.values_list("path", "unseen_because"))

    ingest(scanned(both[0], coverage={"complete": False}))
    assert told() == {"dags/a.py": "", "dags/b.py": "file not scanned"}
    ingest(scanned(both[0], coverage={"rules": ["AIR301"]}))
    assert told() == {"dags/a.py": "", "dags/b.py": "rule not run"}
    ingest(scanned(*both))
    assert told() == {"dags/a.py": "", "dags/b.py": ""}


def test_a_preview_shows_the_changes_and_leaves_nothing_behind(
    ingest: Ingest, deployment: Deployment, settings: Any
) -> None:
    ingest([ruff("a.py", 3)])
    preview = report_preview(
        source=source_for(deployment=deployment),
        stream=io.BytesIO(json.dumps([ruff("b.py", 3)]).encode()),
        file_name="next.json",
        options={"complete": True},
        now=NOW + timedelta(days=1),
    )
    scan, answer = preview.scan, receipt(preview.scan)
    assert (answer["status"], answer["new"], answer["fixed"]) == ("done", 1, 1)
    assert [(one.kind, one.count, one.lines[0].path) for one in preview.changes.lists] == [
        ("opened", 1, "b.py"),
        ("fixed", 1, "a.py"),
    ]
    assert not ForeseenChange.objects.exists()
    assert Finding.objects.get().state == State.OPEN
    assert Scan.objects.count() == 1
    kept = [path for path in (Path(settings.MEDIA_ROOT) / "reports").rglob("*") if path.is_file()]
    assert scan.sha256 not in {path.name for path in kept}


def test_a_failure_half_way_leaves_the_old_findings_as_they_were(ingest: Ingest) -> None:
    ingest([ruff("a.py", 3)])
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
            CREATE TRIGGER refuse BEFORE UPDATE ON planner_scan
                FOR EACH ROW WHEN (NEW.state = 'done') EXECUTE FUNCTION refuse();
            """
        )
    with pytest.raises(DatabaseError, match="disk"):
        ingest([ruff("a.py", 9), ruff("b.py", 1)])
    assert list(Finding.objects.values_list("path", "line")) == [("a.py", 3)]


def test_a_source_closes_only_its_own_findings(ingest: Ingest) -> None:
    ingest([ruff("a.py", 3)], source="backend", complete=True)
    ingest([ruff("b.py", 3)], source="reports", complete=True)
    assert Finding.objects.filter(state=State.OPEN).count() == 2


def test_one_tool_does_not_close_what_another_found(ingest: Ingest) -> None:
    ingest([interchange("a.py")])
    answer = ingest([ruff("a.py", 3)], complete=True)
    assert answer["fixed"] == 0
    assert answer["not_covered_because"] == {"rule not run": 1}


def test_a_scan_of_the_code_carries_on_with_what_ruff_reported(
    ingest: Ingest, tmp_path: Path
) -> None:
    (tmp_path / "dags").mkdir()
    dag = tmp_path / "dags/sales.py"
    dag.write_text("from airflow import DAG\nDAG('sales', schedule_interval='@daily')\n")
    reported = [
        ruff("dags/sales.py", 2, symbol="schedule_interval", code="AIR301")
        | {"name": "airflow3-removal", "url": None},
        ruff("dags/sales.py", 2),
    ]
    assert ingest(reported)["new"] == 2

    def scanned() -> bytes:
        stream = io.BytesIO()
        write_report(scan_folder(tmp_path), stream)
        return stream.getvalue()

    seen = ingest(scanned())
    assert (seen["fixed"], seen["removed"]) == (0, 0)
    assert Finding.objects.filter(rule_id__startswith="AIR").count() == 2
    dag.write_text("from airflow import DAG\nDAG('sales', schedule='@daily', catchup=False)\n")
    ingest(scanned())
    assert Finding.objects.get(rule_id="AIR301").state == State.FIXED
    assert Finding.objects.get(rule_id="AIR311").state == State.OPEN


def test_files_that_do_not_parse_count_once_and_prove_nothing(
    ingest: Ingest, reports: Path
) -> None:
    ingest([ruff("a.py", 3), ruff("b.py", 3)])
    broken = {
        **ruff("b.py", 7),
        "code": None,
        "name": "invalid-syntax",
        "message": "Expected an expression",
        "url": None,
    }
    answer = ingest([ruff("a.py", 3), broken, {**broken, "message": "Expected ')'"}], complete=True)
    assert (answer["received"], answer["new"], answer["fixed"]) == (3, 1, 0)
    syntax = Finding.objects.get(rule_id="invalid-syntax")
    assert (syntax.severity, syntax.path) == ("ERROR", "b.py")


def test_an_unknown_rule_is_kept_with_its_reported_severity(ingest: Ingest) -> None:
    answer = ingest([interchange(rule_id="OurOwnRule", severity="WARNING")])
    finding = Finding.objects.get()
    assert (finding.rule_id, finding.severity, finding.known) == ("OurOwnRule", "WARNING", False)
    assert answer["by_rule"] == {"OurOwnRule": 1}


def test_severity_comes_from_the_rulebook_and_follows_the_target(
    ingest: Ingest, deployment: Deployment
) -> None:
    dataset = {**ruff("a.py", 3, symbol="airflow.datasets.Dataset"), "severity": "error"}
    ingest([dataset])
    assert Finding.objects.get().severity == "WARNING"
    deployment.facts = {**deployment.facts, "target_version": "3.2"}
    deployment.save()
    assert findings_rerate(deployment=deployment, now=NOW) == 1
    finding = Finding.objects.get()
    assert (finding.severity, finding.category) == ("ERROR", "block")
    assert finding.events.get(kind="rerated").why == (
        "WARNING → ERROR, as the rulebook says for the target release"
    )


def test_a_target_chosen_while_a_report_is_read_counts(
    ingest: Ingest, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_slowly(*arguments: Any, **options: Any) -> Sightings:
        found = read_sightings(*arguments, **options)
        facts_store(slug=deployment.slug, values={"target_version": "3.2"}, origin="page", now=NOW)
        return found

    monkeypatch.setattr("planner.services.ingest.read_sightings", read_slowly)
    ingest([{**ruff("a.py", 3, symbol="airflow.datasets.Dataset"), "severity": "error"}])
    assert Finding.objects.get().severity == "ERROR"


def test_of_two_workers_on_one_scan_the_slower_one_writes_nothing(
    ingest: Ingest, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    faster: list[Scan] = []

    def read_slowly(*arguments: Any, **options: Any) -> Sightings:
        found = read_sightings(*arguments, **options)
        if not faster:
            faster.append(Scan.objects.get())
            apply_scan(scan_id=faster[0].pk, now=NOW)
        return found

    monkeypatch.setattr("planner.services.ingest.read_sightings", read_slowly)
    ingest([ruff("a.py", 3)])
    assert Finding.objects.get().events.count() == 1
    assert Scan.objects.get().counts["new"] == 1


def test_the_report_that_was_applied_last_counts_whichever_began_first(
    ingest: Ingest, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older one is read slowly; the newer one is applied meanwhile, and then undone by the older one."""
    ingest([ruff("a.py", 3), ruff("b.py", 3)])
    overtaken: list[dict[str, Any]] = []

    def read_slowly(*arguments: Any, **options: Any) -> Sightings:
        found = read_sightings(*arguments, **options)
        if not overtaken:
            overtaken.append({})
            overtaken[0] = ingest([ruff("a.py", 3)], complete=True)
        return found

    monkeypatch.setattr("planner.services.ingest.read_sightings", read_slowly)
    both = [ruff("a.py", 3), ruff("b.py", 3)]
    assert ingest(both, complete=True)["regressed"] == 1
    assert overtaken[0]["fixed"] == 1
    assert ingest(both, complete=True)["status"] == "duplicate"
    again = ingest([ruff("a.py", 3)], complete=True)
    assert (again["status"], again["fixed"]) == ("done", 1)


def test_the_same_bytes_below_another_root_are_another_report(ingest: Ingest) -> None:
    report = [ruff("/ci/repo/dags/a.py", 3)]
    assert ingest(report, root="/ci")["status"] == "done"
    assert ingest(report, root="/ci/repo")["status"] == "done"
    assert ingest(report, root="/ci/repo")["status"] == "duplicate"
    assert Finding.objects.get().path == "dags/a.py"


def test_the_root_is_chosen_once_and_kept_with_the_scan(ingest: Ingest) -> None:
    ingest([ruff("dags/a.py", 3), ruff("dags/sub/b.py", 3)])
    answer = ingest([ruff("/builds/42/repo/dags/a.py", 3)])
    assert answer["root"] == "/builds/42/repo"
    assert (answer["unchanged"], answer["new"]) == (1, 0)
    named = ingest([ruff("/other/dags/a.py", 3)], root="/other")
    assert (named["root"], named["unchanged"]) == ("/other", 1)


def test_owners_follow_codeowners_dags_and_folders(ingest: Ingest, deployment: Deployment) -> None:
    source = source_for(deployment=deployment)
    source.codeowners = "/dags/finance/ @fin-team\n"
    source.save()
    make_folder_rule(make_owner(deployment, "bi"), "dags/bi/")
    Dag.objects.create(
        deployment=deployment, source=source, dag_id="x", path="dags/x.py", owners=["Dora"]
    )
    ingest([ruff(f"dags/{path}", 3) for path in ("finance/a.py", "x.py", "bi/b.py", "y.py")])
    owners = dict(Finding.objects.values_list("path", "owner__key"))
    assert owners == {
        "dags/finance/a.py": "fin-team",
        "dags/x.py": "dora",
        "dags/bi/b.py": "bi",
        "dags/y.py": None,
    }
    assert Finding.objects.get(path="dags/x.py").dag_ids == "x"
    assert "CODEOWNERS line 1" in Finding.objects.get(path="dags/finance/a.py").owner_because


def test_the_files_of_another_source_tell_the_root_and_are_not_called_ones_own(
    ingest: Ingest,
) -> None:
    ingest([ruff("dags/a.py", 3)])
    answer = ingest([ruff("/builds/42/repo/dags/a.py", 3)], source="second")
    assert answer["root"] == "/builds/42/repo"
    assert answer["root_because"] == "1 of 1 files below it are known already"


def scanned(*findings: dict[str, Any], **around: Any) -> bytes:
    """What a scan of the whole tree writes."""
    files = sorted({finding["file"] for finding in findings})
    coverage = {"checker": "upgradecheck", "files": files, "complete": True}
    coverage |= around.pop("coverage", {})
    return json.dumps({"findings": findings, "coverage": coverage, **around}).encode()


def owned() -> dict[str, tuple[str | None, int]]:
    """Owner, and how often it was assigned, of every file's finding."""
    rows = Finding.objects.values_list("path", "owner__key", "pk")
    return {
        path: (owner, Event.objects.filter(finding=key, kind="assigned").count())
        for path, owner, key in rows
    }


def test_a_changed_codeowners_hands_out_findings_that_stayed_in_place(
    ingest: Ingest, deployment: Deployment
) -> None:
    findings = [interchange(f"dags/{name}.py") for name in "abc"]
    ingest(scanned(*findings, codeowners="/dags/ @team-one\n"))
    alice = make_user("alice")
    finding_assign(
        deployment=deployment,
        finding_ids=[Finding.objects.get(path="dags/b.py").pk],
        owner=make_owner(deployment, "bea"),
        now=NOW,
        user=alice,
    )
    ingest(scanned(*findings, codeowners="# moved\n/dags/ @team-one\n/dags/a.py @Team-Two\n"))
    assert owned() == {
        "dags/a.py": ("team-two", 1),
        "dags/b.py": ("bea", 1),
        "dags/c.py": ("team-one", 0),
    }
    assert Owner.objects.get(key="team-two").name == "Team-Two"
    stayed = Finding.objects.get(path="dags/c.py")
    assert stayed.owner_because == "CODEOWNERS line 2: /dags/ @team-one"

    ingest([*findings, interchange("dags/d.py")])
    assert owned()["dags/d.py"] == ("team-one", 0), (
        "a report that does not look keeps what is known"
    )
    ingest(scanned(*findings, codeowners=""))
    assert owned()["dags/a.py"] == (None, 2), "the tree has no CODEOWNERS any more"


def test_another_owner_of_a_dag_takes_its_findings(ingest: Ingest) -> None:
    def tree(owner: str) -> bytes:
        dag = {"dag_id": "a", "path": "dags/a.py", "owners": [owner]}
        return scanned(interchange(), dags=[dag])

    ingest(tree("dora"))
    ingest(tree("emil"))
    assert owned() == {"dags/a.py": ("emil", 1)}


def test_a_moved_file_is_assigned_anew_only_where_its_owner_changes(ingest: Ingest) -> None:
    rules = "/dags/sales/ @sales\n/dags/bi/ @bi\n"
    before = [interchange("dags/sales/a.py"), interchange("dags/sales/b.py")]
    after = [interchange("dags/bi/a.py"), interchange("dags/sales/renamed.py")]
    renames = {old["file"]: new["file"] for old, new in zip(before, after, strict=True)}
    ingest(scanned(*before, codeowners=rules))
    assert ingest(scanned(*after, codeowners=rules, renames=renames))["moved"] == 2
    assert owned() == {"dags/bi/a.py": ("bi", 1), "dags/sales/renamed.py": ("sales", 0)}
    change = Event.objects.get(kind="assigned").change
    assert json.loads(change) == {"owner": ["sales", "bi"]}


def test_handing_out_again_costs_the_same_whatever_the_number_of_findings(ingest: Ingest) -> None:
    def queries(count: int) -> int:
        findings = [interchange(f"dags/{number}.py") for number in range(count)]
        ingest(scanned(*findings, codeowners="* @one\n"), source=f"{count}")
        with CaptureQueriesContext(connection) as captured:
            ingest(scanned(*findings, codeowners="* @two\n"), source=f"{count}", confirm=True)
        return len(captured)

    few = queries(10)
    assert queries(300) <= few
    assert set(Finding.objects.values_list("owner__key", flat=True)) == {"two"}


def test_an_inventory_of_airflow_names_dags_and_owners(
    ingest: Ingest, deployment: Deployment
) -> None:
    ingest([ruff("dags/sales_etl.py", 3), ruff("dags/consumer.py", 3)])
    inventory = [
        {
            "dag_id": "sales_etl",
            "fileloc": "/opt/airflow/dags/sales_etl.py",
            "owners": ["data-eng"],
            "is_paused": "False",
        }
    ]
    answer = ingest(inventory)
    assert (answer["format"], answer["status"]) == ("airflow-dags", "done")
    finding = Finding.objects.get(path="dags/sales_etl.py")
    assert finding.dag_ids == "sales_etl"
    assert finding.owner == Owner.objects.get(key="data-eng")
    assert answer["totals"]["dags"] == {"clean": 0, "warnings": 1, "blocked": 0, "known": 1}
    assert Finding.objects.filter(state=State.OPEN).count() == 2


def test_only_a_3x_import_check_counts_as_one(ingest: Ingest, deployment: Deployment) -> None:
    def imports_checked() -> bool:
        return next(check for check in checks_of(deployment) if check.key == "imports").done

    trace = "Traceback (most recent call last):\nModuleNotFoundError: No module named 'x'\n"
    ingest([{"filepath": "/opt/airflow/dags/a.py", "error": trace}])
    assert not imports_checked()
    ingest([{"bundle_name": "dags-folder", "filepath": "a.py", "error": trace}])
    assert imports_checked()
    empty = ingest(b"[]", format="airflow-import-errors", tool_version="3.1.8")
    assert (empty["status"], empty["fixed"]) == ("done", 1)


def test_writing_a_report_takes_a_fixed_number_of_queries(
    ingest: Ingest, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(66) as few:
        ingest([ruff(f"dags/{number}.py", 3) for number in range(20)])
    with django_assert_max_num_queries(len(few)):
        ingest([ruff(f"dags/{number}.py", 4) for number in range(2000)], source="other")


def test_a_root_that_leads_out_of_the_tree_is_refused(ingest: Ingest) -> None:
    answer = ingest([ruff("/a/b/c.py", 3)], root="/a/../..")
    assert (answer["status"], ".." in answer["error"]) == ("rejected", True)


def test_last_seen_is_the_newest_scan_of_the_same_tool(ingest: Ingest) -> None:
    """An unchanged finding is not written, and its page still knows which scan saw it last."""
    scans = [
        ingest([ruff("a.py", 3), ruff("b.py", 3)]),
        ingest([ruff("a.py", 3), ruff("b.py", 3), ruff("c.py", 3)]),
        ingest([ruff("a.py", 3)]),
        ingest([interchange("z.py")]),
    ]
    seen = {}
    for finding in Finding.objects.exclude(path="z.py"):
        detail = finding_detail(finding.deployment, finding.pk)
        assert detail is not None and detail.last_scan is not None
        seen[finding.path] = str(detail.last_scan.public_id)
    assert seen == {
        "a.py": scans[2]["scan"],
        "b.py": scans[1]["scan"],
        "c.py": scans[1]["scan"],
    }


def test_a_duplicate_of_a_scan_that_was_let_through_closes_nothing(ingest: Ingest) -> None:
    ingest([interchange(f"dags/{number}.py") for number in range(40)])
    few = [interchange("dags/0.py")]
    assert ingest(few, complete=True)["status"] == "held"
    assert ingest(few, complete=True, confirm=True)["fixed"] == 39
    again = ingest(few, complete=True)
    assert (again["status"], again["would_close"]) == ("duplicate", [])


NUL = "a\0b"


@pytest.mark.parametrize(
    "report",
    [
        [interchange(message=f"`airflow.{NUL}` is removed"), interchange(content=NUL)],
        scanned(interchange(owner=NUL), codeowners=f"* @{NUL}\n"),
        scanned(interchange(), commit=NUL),
        [interchange(rule_id=NUL, dag_id=NUL, symbol=NUL, note=NUL)],
        [{**ruff("dags/a.py", 3), "message": f"`airflow.{NUL}` is removed", "name": NUL}],
        json.dumps(
            {
                "findings": [interchange()],
                "coverage": {"checker": NUL, "tool_version": NUL, "flags": [NUL]},
            }
        ).encode(),
        scanned(interchange(), dags=[{"dag_id": NUL, "path": "dags/a.py", "owners": [NUL]}]),
    ],
)
def test_nul_characters_which_no_database_keeps_are_replaced(ingest: Ingest, report: Any) -> None:
    answer = ingest(report)
    assert answer["status"] == "done"
    assert answer["new"] == answer["received"]


def test_nul_characters_in_airflows_answers_are_replaced_too(ingest: Ingest) -> None:
    rows = [{"dag_id": NUL, "fileloc": "/dags/a.py", "owners": [NUL]}]
    assert ingest(rows)["status"] == "done"
    assert Dag.objects.get().owners == ["a\ufffdb"]


def _dag(dag_id: str, path: str, **fields: Any) -> dict[str, Any]:
    return {"dag_id": dag_id, "path": path, "owners": []} | fields


def _blocked() -> dict[str, list[str]]:
    rows = Finding.objects.order_by("path").values_list("path", "dag_ids")
    return {path: dag_ids.split("\n") if dag_ids else [] for path, dag_ids in rows}


def test_a_finding_in_a_helper_module_names_the_dags_that_import_it(
    ingest: Ingest, deployment: Deployment
) -> None:
    findings = [interchange(f"dags/{name}.py", dag_id=None) for name in ("a", "common", "other")]
    dags = [_dag("b", "dags/b.py"), _dag("a", "dags/a.py"), _dag("a2", "dags/a.py")]
    answer = ingest(scanned(*findings, dags=dags, used_by={"dags/common.py": [0, 1, 2]}))
    assert _blocked() == {
        "dags/a.py": ["a", "a2"],
        "dags/common.py": ["a", "a2", "b"],
        "dags/other.py": [],
    }
    assert answer["totals"]["dags"]["blocked"] == 3

    dags.append(_dag("c", "dags/c.py"))
    used_by = {"dags/common.py": [0, 1, 2, 3], "dags/other.py": [3]}
    ingest(scanned(*findings, dags=dags, used_by=used_by))
    assert _blocked()["dags/common.py"] == ["a", "a2", "b", "c"], "nothing else of it has changed"
    assert _blocked()["dags/other.py"] == ["c"]

    ingest(scanned(*findings, dags=dags[:1], used_by={}))
    assert _blocked() == {"dags/a.py": [], "dags/common.py": [], "dags/other.py": []}


def test_airflows_own_list_names_the_dags_behind_a_helper_module(ingest: Ingest) -> None:
    """Ids that are made at run time go by their place until Airflow names them."""
    made = [_dag("dags/a.py:3", "dags/a.py", resolved=False, because="The id hangs on a file.")]
    finding = interchange("dags/common.py", dag_id=None)
    answer = ingest(scanned(finding, dags=made, used_by={"dags/common.py": [0]}))
    assert _blocked() == {"dags/common.py": ["dags/a.py:3"]}
    assert answer["totals"]["dags"]["blocked"] == 1
    inventory = [
        {"dag_id": name, "fileloc": "dags/a.py", "owners": [], "is_paused": "False"}
        for name in ("one", "two")
    ]
    answer = ingest(inventory)
    assert _blocked() == {"dags/common.py": ["one", "two"]}
    assert answer["totals"]["dags"] == {"clean": 0, "warnings": 0, "blocked": 2, "known": 2}


@pytest.mark.parametrize("used_by", [{"dags/common.py": [0, 7, -1]}, {"../x.py": [0], "": [0]}])
def test_what_a_report_says_of_helper_modules_may_be_wrong(
    ingest: Ingest, used_by: dict[str, list[int]]
) -> None:
    finding = interchange("dags/common.py", dag_id=None)
    answer = ingest(scanned(finding, dags=[_dag("a", "dags/a.py")], used_by=used_by))
    assert answer["status"] == "done"
    assert _blocked()["dags/common.py"] in ([], ["a"])


def test_helper_modules_take_a_fixed_number_of_queries(
    ingest: Ingest, django_assert_max_num_queries: Any
) -> None:
    def report(number: int, more: int) -> bytes:
        dags = [_dag(f"d{place}", f"dags/d{place}.py") for place in range(number + more)]
        helpers = [f"dags/h{place}.py" for place in range(number)]
        findings = [interchange(path, dag_id=None) for path in helpers]
        used_by = {path: list(range(len(dags))) for path in helpers}
        return scanned(*findings, dags=dags, used_by=used_by)

    ingest(report(3, 0), source="few")
    with django_assert_max_num_queries(90) as few:
        ingest(report(3, 1), source="few")
    ingest(report(300, 0), source="many")
    with django_assert_max_num_queries(len(few)):
        ingest(report(300, 1), source="many")
    assert len(_blocked()["dags/h299.py"]) == 301
