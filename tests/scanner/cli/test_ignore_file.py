"""``.upgradecheck.toml``: what is ignored, until when and why; nothing silently and nothing for ever."""

from __future__ import annotations

import pytest

from planner.scanner.suppression import glob
from tests.scanner.cli.terminal import SUBDAG

ENTRY = """
[[ignore]]
rule = "AIR302"
path = "dags/old/**"
reason = "Goes with the warehouse"
expires = 2999-12-31
"""


def test_an_entry_ignores_and_is_listed_with_reason_and_day(tree):
    tree.write("dags/old/a.py")
    tree.write(".upgradecheck.toml", ENTRY)
    answer = tree.run(".")
    assert answer.status == 0
    text = " ".join(answer.text.split())
    assert "Silenced: 1 finding" in text
    assert (
        "dags/old/a.py:2 AIR302 by .upgradecheck.toml:2 until 2999-12-31: Goes with the warehouse"
        in text
    )


def test_the_report_still_holds_what_is_silenced(tree):
    tree.write("dags/old/a.py")
    tree.write(
        "dags/b.py", SUBDAG.replace("DummyOperator()", "DummyOperator()  # noqa: AIR302 later")
    )
    tree.write(".upgradecheck.toml", ENTRY)
    silenced = {found["file"]: found["suppressed"] for found in tree.findings()}
    assert silenced == {
        "dags/old/a.py": {
            "kind": "ignore-file",
            "reason": "Goes with the warehouse",
            "expires": "2999-12-31",
            "where": ".upgradecheck.toml:2",
        },
        "dags/b.py": {
            "kind": "noqa",
            "reason": "# noqa: AIR302 later",
            "expires": None,
            "where": "dags/b.py:2",
        },
    }
    answer = tree.run(".", "--format", "json")
    assert answer.json == []
    assert "2 findings silenced" in answer.err


def test_an_expired_entry_ignores_nothing_and_is_said(tree):
    tree.write("dags/old/a.py")
    tree.write(".upgradecheck.toml", ENTRY.replace("2999-12-31", "2026-01-31"))
    answer = tree.run(".")
    assert answer.status == 1
    assert ".upgradecheck.toml:2: expired on 2026-01-31, so AIR302 counts again" in answer.text


def test_an_entry_that_meets_nothing_is_said(tree):
    tree.write("dags/a.py", "x = 1\n")
    tree.write(".upgradecheck.toml", ENTRY)
    assert ".upgradecheck.toml:2: AIR302 is not found there any more" in tree.run(".").text
    assert "not found there" in tree.run(".", "--format", "json").err
    assert "not found there" not in tree.run("dags/a.py").text, "it was not looked for"


def test_a_dag_is_ignored_by_its_id_but_not_where_others_suffer_too(tree):
    dag = "from airflow import DAG\nDAG('{}', schedule_interval='@daily')\n"
    tree.write("dags/a.py", dag.format("old_a"))
    tree.write("dags/b.py", dag.format("old_b") + "DAG('fresh', schedule=None)\n")
    tree.write(
        ".upgradecheck.toml",
        ENTRY.replace('path = "dags/old/**"', 'dag = "old_*"').replace("AIR302", "AIR301"),
    )
    errors = [
        found for found in tree.run(".", "--format", "json").json if found["rule_id"] == "AIR301"
    ]
    assert [found["file"] for found in errors] == ["dags/b.py"]


def test_a_file_that_cannot_be_read_can_be_listed(tree):
    tree.write("dags/old/a.py", "def broken(:\n")
    assert tree.run(".").status == 3
    tree.write(".upgradecheck.toml", ENTRY.replace("AIR302", "invalid-syntax"))
    assert tree.run(".").status == 0


def test_a_rule_may_be_named_by_its_name_too(tree):
    tree.write("dags/old/a.py")
    tree.write(".upgradecheck.toml", ENTRY.replace("AIR302", "airflow3-moved-to-provider"))
    assert tree.run(".").status == 0


def test_another_file_can_be_named(tree, tmp_path):
    tree.write("dags/old/a.py")
    elsewhere = tmp_path / "ignored.toml"
    elsewhere.write_text(ENTRY)
    answer = tree.run(".", "--ignore-file", elsewhere)
    assert answer.status == 0


BAD = {
    "no TOML": ("[[ignore", "not valid TOML"),
    "unknown table": ("[settings]\nx = 1\n", "'settings' is not known"),
    "no list": ("ignore = 1\n", "must be a list of tables"),
    "list of words": ('ignore = ["a"]\n', "must be a list of tables"),
    "unknown key": (ENTRY + 'file = "x"\n', ":2: 'file' is not known; known are rule, path"),
    "no rule": (ENTRY.replace('rule = "AIR302"', ""), ":2: `rule` is missing"),
    "unknown rule": (ENTRY.replace("AIR302", "AIR392"), ":2: `rule`: there is no rule 'AIR392'; did you mean"),
    "no reason": (ENTRY.replace("Goes with the warehouse", "  "), ":2: `reason` is missing or empty"),
    "no path and no dag": (ENTRY.replace('path = "dags/old/**"', ""), ":2: say what is ignored"),
    "path is a number": (ENTRY.replace('"dags/old/**"', "1"), ":2: `path` must be text"),
    "no day": (ENTRY.replace("expires = 2999-12-31", ""), ":2: `expires` is missing"),
    "bad day": (ENTRY.replace("2999-12-31", '"soon"'), ":2: `expires`: 'soon' is not a day"),
    "a moment": (ENTRY.replace("2999-12-31", "2999-12-31T00:00:00"), "is not a day"),
    "the second entry": (ENTRY + ENTRY.replace("expires = 2999-12-31", ""), ":8: `expires` is missing"),
    "no text": (b"\xff\xfe", "is not UTF-8"),
    "too deep": ("a = " + "[" * 5000, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_exit_2_with_its_place(tree, name):
    text, sentence = BAD[name]
    tree.write("dags/old/a.py")
    tree.write(".upgradecheck.toml", text)
    answer = tree.run(".")
    assert (answer.status, answer.out) == (2, b""), answer.err
    assert answer.err.startswith("upgradecheck: .upgradecheck.toml") and sentence in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("dags/a.py", "dags/a.py", True),
        ("./dags/a.py", "dags/a.py", True),
        ("dags/a.py", "x/dags/a.py", False),
        ("dags", "dags/x/a.py", True),
        ("dags/", "dags/x/a.py", True),
        ("dags", "dagster/a.py", False),
        ("dags/*.py", "dags/a.py", True),
        ("dags/*.py", "dags/x/a.py", False),
        ("dags/**", "dags/x/y/a.py", True),
        ("**/old/*.py", "old/a.py", True),
        ("**/old/*.py", "dags/x/old/a.py", True),
        ("dags/**/a.py", "dags/a.py", True),
        ("dags/?.py", "dags/a.py", True),
        ("dags/?.py", "dags/ab.py", False),
        ("dags/[a].py", "dags/[a].py", True),
        ("dags/[a].py", "dags/a.py", False),
        ("dags/a.py", "dags/axpy", False),
    ],
)
def test_globs(pattern, path, matches):
    assert bool(glob(pattern).fullmatch(path)) is matches
