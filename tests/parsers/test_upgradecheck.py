"""The interchange format."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.report import Format, ReportRejected
from tests.parsers.reading import as_json, finding, read


def test_the_six_keys_are_enough() -> None:
    report, (seen,) = read(as_json([finding()]))
    assert report.format is Format.UPGRADECHECK
    assert (seen.rule, seen.severity, seen.dag_id) == ("SubDagOperatorRule", "ERROR", "sales")
    assert (seen.path, seen.line) == ("dags/sales.py", 7)
    assert seen.symbol == "airflow.operators.subdag.SubDagOperator"
    assert seen.extra == b"" and seen.fix == b""
    assert report.coverage.checker == "upgradecheck" and report.coverage.files is None


def test_dag_and_line_may_be_null() -> None:
    (seen,) = read(as_json([finding(dag_id=None, line=None)]))[1]
    assert (seen.dag_id, seen.line) == ("", None)


def test_added_keys_are_read_and_unknown_ones_kept() -> None:
    item = finding(
        column=5,
        end_line=8,
        symbol="SubDagOperator",
        owner="data-eng",
        dag_ids=["sales", "sales_hourly"],
        fix={"safe": True, "diff": "--- a\n"},
        url="https://example.com/rule",
        team={"name": "BI"},
    )
    (seen,) = read(as_json([item]))[1]
    assert (seen.column, seen.end_line, seen.symbol, seen.owner) == (
        5,
        8,
        "SubDagOperator",
        "data-eng",
    )
    assert seen.url == "https://example.com/rule"
    assert json.loads(seen.extra) == {"dag_ids": ["sales", "sales_hourly"], "team": {"name": "BI"}}
    assert json.loads(seen.fix) == {
        "applicability": "safe",
        "message": "",
        "edits": [],
        "diff": "--- a\n",
    }


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"severity": "error"}, "severity", "must be ERROR, WARNING or INFO, not 'error'."),
        ({"severity": None}, "severity", "must be text, not null"),
        ({"line": 0}, "line", "must be a whole number >= 1"),
        ({"line": -4}, "line", "must be a whole number >= 1"),
        ({"line": "7"}, "line", "must be a whole number or null, not text (it is '7')."),
        ({"line": 1.5}, "line", "must be a whole number or null, not a number (it is 1.5)."),
        ({"line": True}, "line", "must be a whole number or null, not true or false."),
        ({"line": 10**20}, "line", "must be a whole number <="),
        ({"file": ""}, "file", "must name a file"),
        ({"file": " "}, "file", "must name a file"),
        ({"file": "x" * 1001}, "file", "is 1001 characters long; a path may have 1000."),
        ({"file": "a\0.py"}, "file", "NUL"),
        ({"rule_id": ""}, "rule_id", "must be text of length >= 1"),
        ({"dag_id": 5}, "dag_id", "must be text or null, not a whole number (it is 5)."),
        ({"message": ["a"]}, "message", "must be text, not a list."),
        ({"fix": "yes"}, "fix", "must be an object or null, not text (it is 'yes')."),
    ],
)
def test_a_bad_field_is_named_with_its_item(changed: dict[str, Any], field: str, said: str) -> None:
    report, observations = read(as_json([finding(), finding(**changed), finding()]))
    (problem,) = report.problems
    assert (problem.index, problem.field) == (1, field)
    assert said in problem.sentence
    assert (len(observations), report.received) == (2, 3)


@pytest.mark.parametrize("key", ["rule_id", "severity", "file", "message", "line", "dag_id"])
def test_none_of_the_six_keys_may_be_missing(key: str) -> None:
    item = finding()
    del item[key]
    report, observations = read(as_json([finding(), item]))
    assert str(report.problems[0]) == f"item 1, {key}: is missing."
    assert len(observations) == 1


def test_a_scanners_report_says_what_it_covered() -> None:
    report, (seen,) = read(
        as_json(
            {
                "coverage": {
                    "checker": "ruff",
                    "tool_version": "0.17.6",
                    "flags": ["preview"],
                    "files": ["dags/sales.py", "dags/b.py"],
                    "rules": ["AIR301"],
                    "complete": True,
                    "unscanned": ["dags/b.py"],
                },
                "dags": [{"dag_id": "sales", "path": "dags/sales.py", "owners": ["bi"]}],
                "renames": {"dags/old.py": "dags/sales.py"},
                "deleted": ["dags/older.py"],
                "codeowners": "* @bi\n",
                "commit": "abc",
                "findings": [finding(dag_ids=["sales"])],
            }
        )
    )
    assert report.coverage.complete and report.coverage.files == {"dags/sales.py", "dags/b.py"}
    assert report.coverage.rules == {"AIR301"} and report.coverage.checker == "ruff"
    assert report.metadata["unscanned"] == ["dags/b.py"]
    assert [(dag.dag_id, dag.owners) for dag in report.dags] == [("sales", ("bi",))]
    assert report.renames == {"dags/old.py": "dags/sales.py"}
    assert report.deleted == {"dags/older.py"}
    assert (report.codeowners, report.commit) == ("* @bi\n", "abc")
    assert seen.extra == b""


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"findings": 5}, "list"),
        ({"findings": [], "coverage": {"files": 3}}, "coverage.files"),
        ({"findings": [], "dags": [{"path": "x"}]}, "dag_id"),
        ({"findings": [], "renames": ["a"]}, "renames"),
    ],
)
def test_a_report_object_in_the_wrong_shape_is_refused(data: object, said: str) -> None:
    with pytest.raises(ReportRejected) as refused:
        read(as_json(data))
    assert said in str(refused.value)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "rule_id": st.text(min_size=1, max_size=20),
                "severity": st.sampled_from(["ERROR", "WARNING", "INFO"]),
                "dag_id": st.none() | st.text(max_size=10),
                "file": st.text(
                    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1
                ).filter(str.strip),
                "line": st.none() | st.integers(1, 2**31 - 1),
                "message": st.text(max_size=40),
            }
        ),
        min_size=1,
        max_size=5,
    )
)
def test_what_was_written_is_read_but_for_nul(items: list[dict[str, Any]]) -> None:
    def kept(text: str) -> str:
        return text.replace("\0", "\ufffd")

    report, observations = read(as_json(items))
    assert not report.problems
    assert [
        (seen.rule, seen.severity, seen.dag_id, seen.path, seen.line, seen.message)
        for seen in observations
    ] == [
        (
            kept(i["rule_id"]),
            i["severity"],
            kept(i["dag_id"] or ""),
            i["file"],
            i["line"],
            kept(i["message"]),
        )
        for i in items
    ]
