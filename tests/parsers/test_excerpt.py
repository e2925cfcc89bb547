"""The lines shown around what cannot be read."""

from __future__ import annotations

import gzip
import json

import pytest

from planner.domain.report import Excerpt, Problem, ReportRejected
from planner.parsers.report import open_report, report_excerpt, report_excerpts

ITEM = {
    "rule_id": "SubDagOperatorRule",
    "severity": "ERROR",
    "dag_id": None,
    "file": "dags/a.py",
    "line": 3,
    "message": "m",
}
BAD = {**ITEM, "severity": "Eror"}


def excerpt_of(content: bytes) -> Excerpt:
    report = open_report(content, format=None)
    list(report.observations)
    (problem,) = report.problems
    assert problem.index is not None
    return report_excerpts(content, report.problems)[problem.index]


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, lambda text: text.decode().encode("utf-16")]
)
def test_lines_are_numbered_as_in_the_file(pack: object) -> None:
    text = json.dumps([ITEM, ITEM, BAD], indent=2)
    excerpt = excerpt_of(pack(text.encode()))  # type: ignore[operator]
    assert excerpt.bad is not None
    assert text.split("\n")[excerpt.first - 1 + excerpt.bad] == excerpt.lines[excerpt.bad]
    assert excerpt.lines[excerpt.bad].strip() == '"severity": "Eror",'


def test_an_item_on_one_line_is_laid_out() -> None:
    excerpt = excerpt_of(json.dumps([ITEM, BAD]).encode())
    assert (excerpt.is_laid_out, excerpt.first) == (True, 1)
    assert excerpt.bad is not None
    assert excerpt.lines[excerpt.bad].strip() == '"severity": "Eror",'


def test_json_lines_and_objects_count_their_items_too() -> None:
    result = {"filename": "a.py", "code": "AIR301", "message": "m", "location": None}
    lines = [result, {**result, "filename": ""}]
    excerpt = excerpt_of("\n".join(map(json.dumps, lines)).encode())
    assert excerpt.first == 2
    around = {"coverage": {"checker": "x"}, "findings": [ITEM, BAD]}
    assert excerpt_of(json.dumps(around).encode()).bad is not None
    place = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}}}
    good = {"ruleId": "AIR301", "message": {"text": "m"}, "locations": [place]}
    runs = [{"tool": {"driver": {"name": "ruff"}}, "results": [good, {**good, "locations": []}]}]
    sarif = excerpt_of(json.dumps({"version": "2.1.0", "runs": runs}).encode())
    assert any("locations" in line for line in sarif.lines)


def test_a_missing_field_and_bytes_that_are_no_text_still_show_the_item() -> None:
    missing = {key: value for key, value in ITEM.items() if key != "line"}
    assert excerpt_of(json.dumps([missing]).encode()).bad is None
    latin = json.dumps([ITEM]).replace("dags/a", "dags/\xe9").encode("latin-1")
    assert any("dags/" in line for line in excerpt_of(latin).lines)


def test_a_long_line_is_cut_around_the_place() -> None:
    content = json.dumps([ITEM] * 50)[:-40].encode()
    with pytest.raises(ReportRejected) as rejected:
        open_report(content, format=None)
    excerpt = report_excerpt(content, rejected.value)
    assert excerpt is not None
    assert len(excerpt.lines[0]) < 150
    assert content.decode().endswith(excerpt.lines[0].removeprefix("\u2026"))


def test_no_place_no_excerpt() -> None:
    assert report_excerpt(b"<html>", ReportRejected("no")) is None
    assert report_excerpts(json.dumps([ITEM]).encode(), [Problem(None, "", "x")]) == {}
