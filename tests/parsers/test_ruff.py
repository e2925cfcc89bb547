"""ruff's own JSON."""

from __future__ import annotations

import json
import mmap
import time
from pathlib import Path
from typing import Any

import pytest

from planner.parsers.report import open_report
from planner.parsers.symbol import symbol_of
from tests.parsers.reading import as_json, read, read_file, ruff_item


def test_every_finding_of_a_real_report_is_read(reports: Path) -> None:
    path = reports / "telemetry-airflow.ruff.json"
    items = json.loads(path.read_bytes())
    report, observations = read_file(path)
    assert report.received == len(observations) == len(items) == 332
    assert not report.problems
    for seen, item in zip(observations, items, strict=True):
        assert (seen.rule, seen.rule_name) == (item["code"], item["name"])
        assert (seen.path, seen.message, seen.url) == (
            item["filename"],
            item["message"],
            item["url"],
        )
        assert (seen.line, seen.column) == (item["location"]["row"], item["location"]["column"])
        assert seen.end_line == item["end_location"]["row"]
        if item["fix"]:
            assert json.loads(seen.fix) == item["fix"]
        else:
            assert seen.fix == b""


def test_json_and_json_lines_say_the_same(reports: Path) -> None:
    whole = read_file(reports / "telemetry-airflow.ruff-absolute.json")[1]
    lines = read_file(reports / "telemetry-airflow.ruff.jsonl")[1]
    assert whole == lines


def test_preview_is_known_where_a_rule_shows_it(reports: Path) -> None:
    assert read_file(reports / "telemetry-airflow.ruff.json")[0].coverage.flags == ("preview",)
    assert read_file(reports / "legacy-snippets.ruff-stable.json")[0].coverage.flags == ()


def test_what_ruff_does_not_say_stays_unknown(reports: Path) -> None:
    coverage = read_file(reports / "telemetry-airflow.ruff.json", tool_version="0.17.6")[0].coverage
    assert (coverage.checker, coverage.tool_version) == ("ruff", "0.17.6")
    assert coverage.files is None and coverage.rules is None and not coverage.complete


def test_a_file_that_does_not_parse_is_one_finding(reports: Path) -> None:
    report, observations = read_file(reports / "sandiego-docker-airflow.ruff.json.gz")
    (broken,) = [seen for seen in observations if seen.rule == "invalid-syntax"]
    assert broken.path == "poseidon/dags/netfile/netfile2.py"
    assert broken.message == "Expected `(`, found `:`"
    assert broken.symbol == ""
    assert report.received == 743
    assert report.metadata["unscanned"] == ["poseidon/dags/netfile/netfile2.py"]


def test_an_unreadable_file_of_an_old_ruff_counts_the_same() -> None:
    item = ruff_item(code="E999", message="SyntaxError: unexpected token", name=None)
    assert [seen.rule for seen in read(as_json([item, item]))[1]] == ["invalid-syntax"]


def test_other_rules_are_counted_and_left_out() -> None:
    items = [
        ruff_item(code="E501", message="Line too long"),
        ruff_item(code="E501", message="Line too long"),
        ruff_item(code="F401", message="`os` imported but unused"),
        ruff_item(
            code="F401", message="`airflow.operators.dummy.DummyOperator` imported but unused"
        ),
        ruff_item(),
    ]
    report, observations = read(as_json(items))
    assert [seen.rule for seen in observations] == ["F401", "AIR301"]
    assert report.metadata["ignored_by_rule"] == {"E501": 2, "F401": 1}


def test_the_cell_of_a_notebook_is_kept() -> None:
    (seen,) = read(as_json([ruff_item(cell=4, filename="x.ipynb")]))[1]
    assert (seen.cell, seen.line) == (4, 3)


def test_reports_of_old_versions_are_read(reports: Path) -> None:
    report, observations = read_file(reports / "telemetry-airflow-ruff0.9.10.json.gz")
    assert observations and not report.problems
    assert observations[0].url.endswith("/airflow3-removal")


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"filename": ""}, "filename", "must name a file"),
        ({"filename": "a" * 1001}, "filename", "1001 characters"),
        ({"filename": "a\0b"}, "filename", "NUL"),
        ({"filename": 3}, "filename", "must be text, not a whole number (it is 3)"),
        ({"message": None}, "message", "must be text, not null"),
        ({"location": {"row": 0, "column": 1}}, "location", "counted from 1"),
        (
            {"location": {"row": "7", "column": 1}},
            "location.row",
            "must be a whole number, not text",
        ),
        ({"cell": -1}, "cell", "must be"),
    ],
)
def test_a_bad_item_is_named_and_the_rest_read(
    changed: dict[str, Any], field: str, said: str
) -> None:
    report, observations = read(as_json([ruff_item(), ruff_item(**changed), ruff_item()]))
    (problem,) = report.problems
    assert (problem.index, problem.field) == (1, field)
    assert said in problem.sentence
    assert len(observations) == 2 and report.received == 3


def test_a_missing_key_is_named() -> None:
    item = ruff_item()
    del item["message"]
    (problem,) = read(as_json([item, ruff_item()]))[0].problems
    assert str(problem) == "item 0, message: is missing."


def test_a_bad_line_of_json_lines_is_named() -> None:
    lines = as_json(ruff_item()) + b'\n{"filename": \n\n' + as_json(ruff_item())
    report, observations = read(lines)
    assert len(observations) == 2
    assert str(report.problems[0]) == "item 1: is not valid JSON."


@pytest.mark.parametrize(
    ("message", "symbol"),
    [
        ("`airflow.DAG` is removed in Airflow 3.0", "airflow.DAG"),
        ("`schedule_interval` is removed in Airflow 3.0", "schedule_interval"),
        ("`DAG` or `@dag` should have an explicit `schedule` argument", "schedule"),
        ("DAG should have an explicit `schedule` argument", "schedule"),
        ("`Variable.get()` outside of a task", "Variable.get"),
        ("`datetime.now()` produces a value that changes at runtime; using it", "datetime.now"),
        ("`@task`-decorated function relies on `multiple_outputs` inference", "multiple_outputs"),
        ("`@task.branch` can be replaced with `@task.short_circuit`", "task.branch"),
        ("Use the `.output` attribute … instead of `xcom_pull` in a template", "xcom_pull"),
        ('Task variable name should match the `task_id`: "print_date"', "task_id"),
        (
            "Import path `airflow.operators.bash` is moved into `standard` provider",
            "airflow.operators.bash",
        ),
        ("Expected a statement", ""),
        ("", ""),
    ],
)
def test_the_symbol_of_a_message(message: str, symbol: str) -> None:
    assert symbol_of(message) == symbol


def test_every_real_air_message_has_a_symbol(reports: Path) -> None:
    for name in ("telemetry-airflow.ruff.json", "pypi-airflow-2.10.5-examples.ruff.json.gz"):
        assert all(seen.symbol for seen in read_file(reports / name)[1])


def test_a_mapped_file_is_read_without_copying(reports: Path) -> None:
    with (reports / "telemetry-airflow.ruff.json").open("rb") as stream:
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        assert len(list(open_report(mapped, format=None).observations)) == 332


def test_a_hundred_thousand_findings_in_time(reports: Path) -> None:
    """1.5 s is the budget on the reference machine; this bound only catches a change of order."""
    items = json.loads((reports / "telemetry-airflow.ruff.json").read_bytes())
    line = b",".join(as_json(item) for item in items)
    data = b"[" + b",".join([line] * 302) + b"]"
    started = time.process_time()
    count = sum(1 for _ in open_report(data, format=None).observations)
    assert count == 302 * 332
    assert time.process_time() - started < 6
