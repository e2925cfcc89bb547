"""What each format says, read back by whoever reads it."""

import json
import re

import msgspec
import pytest

from planner.domain.report import Format
from planner.parsers.report import open_report
from tests.repository import SALES, Repository
from tests.scanner.cli import sarif_rules
from tests.scanner.cli.terminal import SUBDAG, Tree

HELPER = "from airflow.utils.dates import days_ago\n\n\ndef start():\n    return days_ago(2)\n"
DAG = """\
import pendulum
from airflow import DAG
from team.helper import start

with DAG(
    "daily",
    schedule_interval="@daily",
    start_date=start(),
    default_args={"owner": "bi"},
):
    pass
"""


@pytest.fixture
def project(tree: Tree) -> Tree:
    tree.write("dags/daily.py", DAG)
    tree.write("dags/team/helper.py", HELPER)
    tree.write("dags/team/__init__.py", "")
    tree.write("CODEOWNERS", "dags/team/ @platform\n")
    return tree


# ---------------------------------------------------------------- json and report


def test_json_is_the_interchange_list_with_the_added_keys(project):
    answer = project.run(".", "--format", "json")
    assert answer.status == 1
    for found in answer.json:
        assert {"rule_id", "severity", "dag_id", "file", "line", "message"} <= found.keys()
        assert {"column", "end_line", "symbol", "owner", "dag_ids", "fix", "url"} <= found.keys()
    by_rule = {found["rule_id"]: found for found in answer.json if found["severity"] == "ERROR"}
    gone = by_rule["AIR301"]
    assert {found["file"] for found in answer.json} == {"dags/daily.py", "dags/team/helper.py"}
    assert gone["fix"] is None or set(gone["fix"]) >= {"safe", "diff"}
    helper = [found for found in answer.json if found["file"] == "dags/team/helper.py"]
    assert {found["owner"] for found in helper} == {"platform"}
    assert all(found["dag_ids"] == ["daily"] for found in helper)


def test_json_of_a_clean_tree_is_an_empty_list(tree):
    tree.write("a.py", "x = 1\n")
    answer = tree.run(".", "--format", "json")
    assert (answer.status, answer.json) == (0, [])


def test_the_report_is_what_flightplan_reads(project, tmp_path):
    file = tmp_path / "report.json"
    project.run(".", "--format", "report", "--output", file)
    report = open_report(file.read_bytes(), format=None)
    found = list(report.observations)
    assert report.format == Format.UPGRADECHECK
    assert report.problems == []
    assert report.coverage.complete
    assert report.coverage.files == {
        "dags/daily.py",
        "dags/team/helper.py",
        "dags/team/__init__.py",
    }
    listed = project.run(".", "--format", "json").json
    assert [one.rule for one in found] == [one["rule_id"] for one in listed]


def test_the_report_of_a_checkout_says_who_changed_each_file_last(tree, tmp_path):
    repository = Repository(tmp_path / "checkout")
    repository.commit(dags__sales=SALES)
    answer = tree.run("dags", "--format", "report", folder=repository.folder)
    assert {path: one["email"] for path, one in answer.json["last_changes"].items()} == {
        "dags/sales.py": "test@example.com"
    }
    assert answer.json["history_gap"] == ""


def test_every_format_writes_the_same_to_a_file(project, tmp_path):
    for form in ("json", "report", "ruff", "sarif", "github"):
        file = tmp_path / form
        answer = project.run(".", "--format", form, "--output", file)
        assert answer.out == b""
        assert "Wrote" in answer.err
        assert file.read_bytes() == project.run(".", "--format", form).out


def test_machines_get_utf_8_whatever_the_locale(tree):
    tree.write("dags/a.py", SUBDAG.replace("DummyOperator()", "DummyOperator()  # für"))
    answer = tree.start(
        ".",
        "--format",
        "json",
        environ={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    )
    assert [found["content"] for found in answer.json] == ["start = DummyOperator() # für"]


def test_coverage_names_what_was_skipped_and_why(tree):
    tree.write("dags/a.py", SUBDAG)
    tree.write("dags/broken.py", "from airflow import\n")
    tree.write("dags/two.py", 'import airflow\nprint "hello"\n')
    tree.write("dags/latin.py", b"# caf\xe9\nimport airflow\n")
    tree.write("dags/large.py", "# " + "x" * 3_000_000)
    tree.write("data/large.json", "[" + "1," * 2_000_000 + "1]")
    (tree.root / "dags" / "out").symlink_to("/")
    (tree.root / "dags" / "around").symlink_to("..")
    report = tree.run(".", "--format", "report")
    skipped = {one["path"]: one["reason"] for one in report.json["coverage"]["skipped"]}
    assert skipped["dags/broken.py"] == "syntax error"
    assert skipped["dags/two.py"] == "Python 2"
    assert skipped["dags/latin.py"] == "not UTF-8"
    assert skipped["dags/large.py"] == "too large"
    assert "symbolic link" in skipped["dags/out"]
    assert "itself" in skipped["dags/around"]
    assert report.status == 3
    unread = [
        found["file"] for found in report.json["findings"] if found["rule_id"] == "invalid-syntax"
    ]
    assert unread == ["dags/broken.py", "dags/large.py", "dags/latin.py", "dags/two.py"]


# ---------------------------------------------------------------- ruff


def test_ruff_has_the_shape_of_ruffs_own_answer(project):
    (found,) = [
        one
        for one in project.run(".", "--format", "ruff").json
        if one["code"] == "AIR301" and "schedule" in one["message"]
    ]
    assert set(found) == {
        "cell", "code", "end_location", "filename", "fix", "location", "message", "name",
        "noqa_row", "severity", "url",
    }  # fmt: skip
    assert found["filename"] == str(project.root.resolve() / "dags/daily.py")
    assert found["location"] == {"row": 7, "column": 5}
    assert found["end_location"] == {"row": 7, "column": 22}
    assert found["name"] == "airflow3-removal"
    assert found["fix"]["applicability"] == "safe"
    assert found["fix"]["edits"][0]["content"] == "schedule"


def test_ruffs_answer_can_be_read_as_ruffs(project, tmp_path):
    file = tmp_path / "ruff.json"
    project.run(".", "--format", "ruff", "--output", file)
    report = open_report(file.read_bytes(), format=None)
    assert report.format == Format.RUFF
    assert "AIR301" in {one.rule for one in report.observations}


def test_a_file_that_does_not_parse_is_ruffs_syntax_error(tree):
    tree.write("a.py", "from airflow import\n")
    (found,) = tree.run(".", "--format", "ruff").json
    assert (found["code"], found["name"]) == (None, "invalid-syntax")


# ---------------------------------------------------------------- github


def test_github_escapes_what_would_end_the_command(tree):
    tree.write("dags/a,b:c%0Ad.py")
    lines = tree.run(".", "--format", "github").text.splitlines()
    assert lines[0].startswith("::error file=dags/a%2Cb%3Ac%250Ad.py,title=AIR302")
    assert "line=2" in lines[0]
    assert "%0AInstead: " in lines[0]
    assert len(lines) == 2


def test_github_says_who_to_ask_and_which_dags_stop(project):
    text = project.run(".", "--format", "github").text
    helper = next(line for line in text.splitlines() if "helper.py" in line)
    assert (
        "Ask: platform (CODEOWNERS line 1%3A" in helper
        or "Ask: platform (CODEOWNERS line 1:" in helper
    )
    assert "DAGs: daily" in helper


def test_github_shows_ten_of_a_severity_and_counts_the_rest(tree):
    uses = "".join(f"a{number} = DummyOperator()\n" for number in range(25))
    tree.write("a.py", "from airflow.operators.dummy_operator import DummyOperator\n" + uses)
    lines = tree.run(".", "--format", "github").text.splitlines()
    assert sum(line.startswith("::error ") for line in lines) == 10
    assert "15 more than GitHub shows" in lines[-1]
    assert not lines[-1].startswith("::")


def test_no_text_of_others_can_give_github_a_command(tree):
    tree.write("dags/x\n::error ::evil.py")
    tree.write(
        "dags/ok.py",
        "from airflow.utils.dates import days_ago  # \x1b]0;x\x07 ::stop-commands::x\n",
    )
    lines = tree.run(".", "--format", "github").out.splitlines()
    assert all(
        line.startswith((b"::error ", b"::warning ", b"::notice ", b"upgradecheck: "))
        for line in lines
    )
    assert b"\x1b" not in b"".join(lines)


# ---------------------------------------------------------------- sarif


@pytest.fixture
def everything(tree: Tree) -> Tree:
    """Fixes, a silenced finding, a notebook, files that cannot be read, hostile names."""
    tree.write("dags/daily.py", DAG)
    tree.write("dags/team/helper.py", HELPER)
    tree.write("dags/silent.py", SUBDAG.replace("DummyOperator()", "DummyOperator()  # noqa"))
    tree.write("dags/old.py", 'print "2"\n')
    tree.write("dags/ä b%#?.py")
    cell = {"cell_type": "code", "source": SUBDAG, "metadata": {}, "outputs": []}
    notebook = {"cells": [cell, cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    tree.write("dags/look.ipynb", json.dumps(notebook))
    tree.write(
        ".upgradecheck.toml",
        '[[ignore]]\nrule = "AIR301"\npath = "dags/team/"\nreason = "r"\nexpires = 2999-01-01\n',
    )
    return tree


def test_sarif_keeps_to_the_rules_of_2_1_0(everything):
    answer = everything.run(".", "--format", "sarif")
    log = msgspec.json.decode(answer.out, type=sarif_rules.Log)
    (run,) = log.runs
    rules = run.tool.driver.rules
    assert [rules[result.ruleIndex].id for result in run.results] == [
        result.ruleId for result in run.results
    ]
    assert len({rule.id for rule in rules}) == len(rules)
    assert all(rule.help.markdown for rule in rules)
    assert all(len(set(rule.properties["tags"])) == len(rule.properties["tags"]) for rule in rules)
    assert run.originalUriBaseIds["SRCROOT"].uri.endswith("/")
    assert run.invocations[0].executionSuccessful is False
    assert run.invocations[0].exitCode == answer.status == 3


def test_sarif_carries_fixes_and_who_silenced_what(everything):
    (run,) = everything.run(".", "--format", "sarif").json["runs"]
    kinds = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: [
            each["kind"] for each in result.get("suppressions", [])
        ]
        for result in run["results"]
    }
    assert kinds["dags/silent.py"] == ["inSource"]
    assert kinds["dags/team/helper.py"] == ["external"]
    assert kinds["dags/daily.py"] == []
    assert "dags/%C3%A4%20b%25%23%3F.py" in kinds
    assert any("fixes" in result for result in run["results"])


def test_sarif_is_read_by_flightplan(everything, tmp_path):
    file = tmp_path / "x.sarif"
    everything.run(".", "--format", "sarif", "--output", file)
    report = open_report(file.read_bytes(), format=None)
    found = list(report.observations)
    assert report.format == Format.SARIF
    assert report.problems == []
    assert "dags/ä b%#?.py" in {one.path for one in found}


def fingerprints(tree: Tree) -> dict[str, list[str]]:
    (run,) = tree.run(".", "--format", "sarif").json["runs"]
    found: dict[str, list[str]] = {}
    for result in run["results"]:
        found.setdefault(result["ruleId"], []).append(
            result["partialFingerprints"]["upgradecheck/v1"]
        )
    return found


def test_fingerprints_stay_when_lines_shift_and_tell_findings_apart(tree):
    uses = "a = DummyOperator()\nb = DummyOperator()\nb = DummyOperator()\n"
    tree.write("a.py", "from airflow.operators.dummy_operator import DummyOperator\n" + uses)
    before = fingerprints(tree)
    assert len(set(before["AIR302"])) == 3
    tree.write(
        "a.py", "from airflow.operators.dummy_operator import DummyOperator\n\n\n# more\n" + uses
    )
    assert fingerprints(tree) == before


def test_sarif_says_what_is_new_beside_a_baseline(tree):
    tree.write("a.py")
    tree.run(".", "--baseline", "b.toml", "--update-baseline", "--allow-growth", "start")
    tree.write("b.py")
    (run,) = tree.run(".", "--format", "sarif", "--baseline", "b.toml").json["runs"]
    assert [result["baselineState"] for result in run["results"]] == ["unchanged", "new"]


def test_nothing_in_any_format_moves_a_terminal(tree):
    tree.write(
        "dags/\x1b[31mred\u202e.py",
        "from airflow.utils.dates import days_ago # \x1b[2J\u202e\x07\r\n",
    )
    for form in ("text", "github"):
        out = tree.run(".", "--format", form).text
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out), form
