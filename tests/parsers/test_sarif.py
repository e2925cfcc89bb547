"""SARIF 2.1.0 from ruff and from others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planner.domain.report import Observation, ReportRejected
from tests.parsers.reading import as_json, read, read_file

PLACE = {
    "physicalLocation": {
        "artifactLocation": {"uri": "file:///home/runner/work/my%20dags/a.py"},
        "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9},
    }
}


def sarif(*results: Any, tool: dict[str, Any] | None = None, **run: Any) -> bytes:
    driver = tool or {"name": "ruff", "version": "0.17.6"}
    return as_json(
        {
            "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "results": list(results), **run}],
        }
    )


def result(**changed: Any) -> dict[str, Any]:
    return {
        "ruleId": "AIR301",
        "level": "error",
        "message": {"text": "`schedule_interval` is removed in Airflow 3.0"},
        "locations": [PLACE],
        **changed,
    }


def keys(
    observations: list[Observation], codes: dict[str, str]
) -> list[tuple[str, int | None, str]]:
    """What must be the same in every format: path, line and rule by its code."""
    return sorted((seen.path, seen.line, codes.get(seen.rule, seen.rule)) for seen in observations)


def test_all_formats_of_one_scan_say_the_same(reports: Path) -> None:
    scanned = read_file(reports / "telemetry-airflow.ruff-absolute.json")[1]
    codes = {seen.rule_name: seen.rule for seen in scanned}
    preview = read_file(reports / "telemetry-airflow.ruff-preview.sarif")[1]
    stable = read_file(reports / "telemetry-airflow.ruff-stable.sarif")[1]
    lines = read_file(reports / "telemetry-airflow.ruff.jsonl")[1]
    assert keys(scanned, codes) == keys(lines, codes) == keys(preview, codes)
    only_preview = {"AIR003", "AIR201", "AIR304", "AIR321"}
    assert keys([seen for seen in scanned if seen.rule not in only_preview], codes) == keys(
        stable, codes
    )


def test_fixes_have_the_same_edits_as_in_json(reports: Path) -> None:
    scanned = read_file(reports / "telemetry-airflow.ruff-absolute.json")[1]
    sarifs = read_file(reports / "telemetry-airflow.ruff-preview.sarif")[1]

    def edits(observations: list[Observation]) -> list[Any]:
        fixes = [json.loads(seen.fix) for seen in observations if seen.fix]
        return sorted((fix["message"], json.dumps(fix["edits"], sort_keys=True)) for fix in fixes)

    assert edits(scanned) == edits(sarifs)
    assert len(edits(scanned)) > 100


def test_syntax_errors_are_one_a_file(reports: Path) -> None:
    report, observations = read_file(reports / "sandiego-docker-airflow.ruff-preview.sarif.gz")
    assert [seen.rule for seen in observations].count("invalid-syntax") == 1
    assert (report.received, len(observations)) == (743, 684)


def test_the_tool_version_comes_from_the_file_or_the_sender(reports: Path) -> None:
    path = reports / "telemetry-airflow.ruff-stable.sarif"
    assert read_file(path)[0].coverage.tool_version == "0.17.6"
    assert read_file(path, tool_version="0.16.0")[0].coverage.tool_version == "0.16.0"


def test_preview_shows_in_the_rule_ids(reports: Path) -> None:
    assert read_file(reports / "telemetry-airflow.ruff-stable.sarif")[0].coverage.flags == (
        "no-preview",
    )
    assert read_file(reports / "telemetry-airflow.ruff-preview.sarif")[0].coverage.flags == (
        "preview",
    )


def test_uris_are_percent_decoded() -> None:
    (seen,) = read(sarif(result()))[1]
    assert seen.path == "/home/runner/work/my dags/a.py"


def test_the_base_of_relative_uris_is_known() -> None:
    place = {
        "physicalLocation": {
            "artifactLocation": {"uri": "dags/a%20b.py", "uriBaseId": "SRC"},
            "region": {"startLine": 3},
        }
    }
    bases = {"SRC": {"uri": "sub/", "uriBaseId": "ROOT"}, "ROOT": {"uri": "file:///ci/"}}
    report, (seen,) = read(sarif(result(locations=[place]), originalUriBaseIds=bases))
    assert seen.path == "dags/a b.py"
    assert report.base == ""  # two bases, and none is the usual one
    report, _ = read(sarif(result(), originalUriBaseIds={"%SRCROOT%": {"uri": "file:///ci/repo/"}}))
    assert report.base == "/ci/repo/"


def test_bases_that_name_each_other_do_no_harm() -> None:
    bases = {"A": {"uri": "a/", "uriBaseId": "B"}, "B": {"uri": "b/", "uriBaseId": "A"}}
    assert read(sarif(result(), originalUriBaseIds=bases))[0].base == ""


def test_a_rule_may_be_named_by_index_only() -> None:
    tool = {
        "name": "ruff",
        "rules": [{"id": "AIR311", "properties": {"name": "airflow3-suggested-update"}}],
    }
    item = result(ruleIndex=0)
    del item["ruleId"]
    (seen,) = read(sarif(item, tool=tool))[1]
    assert (seen.rule, seen.rule_name) == ("AIR311", "airflow3-suggested-update")


def test_suppressions_are_kept() -> None:
    (seen,) = read(sarif(result(suppressions=[{"kind": "inSource"}])))[1]
    assert json.loads(seen.extra) == {"suppressions": [{"kind": "inSource"}]}


def test_results_that_are_no_failures_are_left_out() -> None:
    assert read(sarif(result(kind="pass"), result(kind="notApplicable")))[1] == []


def test_levels_of_another_tool_become_severities() -> None:
    items = [result(ruleId="X1", level=level) for level in ("error", "warning", "note")]
    report, observations = read(sarif(*items, tool={"name": "dagcheck"}))
    assert [seen.severity for seen in observations] == ["ERROR", "WARNING", "INFO"]
    assert report.coverage.checker == "upgradecheck"


def test_a_run_that_failed_is_not_called_a_success() -> None:
    report, _ = read(sarif(result(), invocations=[{"executionSuccessful": False}]))
    assert report.coverage.status == "partial"


def test_bad_results_are_named_and_the_rest_read() -> None:
    far = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 0}}}
    report, observations = read(
        sarif(result(), result(locations=[]), result(locations=[far]), result(message="x"))
    )
    assert len(observations) == 1
    assert [(problem.index, problem.field) for problem in report.problems] == [
        (1, "locations"),
        (2, "locations[0].physicalLocation.region.startLine"),
        (3, "message"),
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (as_json({"version": "2.1.0", "runs": []}), "no run"),
        (as_json({"version": "1.0.0", "runs": [{}]}), "version 1.0.0"),
        (as_json({"version": "2.1.0", "runs": [{}]}), "tool"),
        (as_json({"version": "2.1.0", "runs": 5}), "must be a list"),
        (as_json({"version": ["x"], "runs": []}), "2.1.0"),
    ],
)
def test_what_is_no_sarif_2_1_is_said(data: bytes, said: str) -> None:
    with pytest.raises(ReportRejected) as refused:
        read(data)
    assert said in str(refused.value)
