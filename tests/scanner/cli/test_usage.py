"""Wrong usage of every kind: exit 2, one sentence that names the remedy, nothing else."""

import sys
from pathlib import Path

import pytest

from tests.scanner.cli.terminal import ROOT

BAD = {
    "no path": ([], "required: PATH"),
    "no such path": (["nowhere"], "'nowhere' cannot be checked: No such file"),
    "empty path": ([""], "A path is empty"),
    "unknown option": ([".", "--frmat", "json"], "--frmat"),
    "shortened option": ([".", "--form", "json"], "--form"),
    "unknown format": ([".", "--format", "xml"], "choose from"),
    "unknown half": ([".", "--for", "later", "--patch", "p"], "choose from"),
    "unknown fail-on": ([".", "--fail-on", "warnings"], "choose from"),
    "target no version": ([".", "--target", "three"], "'three' is not an Airflow version"),
    "target of the past": ([".", "--target", "2.11"], "3.0, 3.1"),
    "target that is not known": ([".", "--target", "4.0"], "take one of 3.0"),
    "target without a line": ([".", "--target", "3"], "take one of 3.0"),
    "current no version": ([".", "--current", "two"], "'two' is not an Airflow version"),
    "root is no folder": ([".", "--root", "dags/a.py"], "is no folder"),
    "root is not there": ([".", "--root", "nowhere"], "cannot be checked"),
    "path outside of the root": ([".", "--root", "dags"], "does not lie below"),
    "config is not there": ([".", "--config", "nowhere.cfg"], "cannot be checked"),
    "config is a folder": ([".", "--config", "dags"], "is no file"),
    "ignore file is not there": ([".", "--ignore-file", "nowhere.toml"], "cannot be read"),
    "ignore file is a folder": ([".", "--ignore-file", "dags"], "no file"),
    "baseline is not there": ([".", "--baseline", "nowhere.toml"], "cannot be read"),
    "baseline to begin without a reason": (
        [".", "--baseline", "new.toml", "--update-baseline"],
        "--allow-growth",
    ),
    "update without a baseline": ([".", "--update-baseline"], "--baseline FILE"),
    "growth without an update": ([".", "--allow-growth", "why"], "--update-baseline"),
    "growth without a reason": (
        [".", "--baseline", "b", "--update-baseline", "--allow-growth", "  "],
        "needs a reason",
    ),
    "output is a folder": ([".", "--output", "dags"], "is a folder"),
    "output in no folder": ([".", "--output", "no/where.json"], "does not exist"),
    "output without a name": ([".", "--output", ""], "must not be empty"),
    "patch is a folder": ([".", "--patch", "dags"], "is a folder"),
    "half without a patch": ([".", "--for", "after"], "--patch FILE"),
    "owner without a patch": ([".", "--owner", "bi"], "--patch FILE"),
    "unsafe fixes without a patch": ([".", "--unsafe-fixes"], "--patch FILE"),
    "output and patch in one file": ([".", "--output", "f", "--patch", "f"], "the same file"),
    "DAG folder without imports": ([".", "--dag-folder", "dags"], "--import-with"),
    "plugins without imports": ([".", "--plugins", "plugins"], "--plugins only goes with"),
    "an import path without imports": ([".", "--import-path", "x"], "--import-path only goes with"),
    "a timeout without imports": ([".", "--import-timeout", "60"], "--import-timeout only goes"),
    "memory without imports": ([".", "--import-memory", "900"], "--import-memory only goes with"),
    "a timeout that is no number": (
        [".", "--import-with", "p", "--import-timeout", "1h"],
        "--import-timeout: '1h' is no whole number from 10 to 86,400",
    ),
    "a timeout below zero": (
        [".", "--import-with", "p", "--import-timeout=-5"],
        "--import-timeout: '-5' is no whole number",
    ),
    "too little memory": (
        [".", "--import-with", "p", "--import-memory", "100"],
        "--import-memory: '100' is no whole number from 512 to",
    ),
    "too many digits": (
        [".", "--import-with", "p", "--import-memory", "9" * 5000],
        "--import-memory",
    ),
    "plugins without a name": (
        [".", "--import-with", "p", "--plugins", ""],
        "must not be empty",
    ),
    "plugins that are not there": (
        [".", "--import-with", "p", "--plugins", "nowhere"],
        "There is no folder 'nowhere' in the tree",
    ),
    "a Python that is not there": ([".", "--import-with", "nowhere/python"], "--import-with"),
    "a Python that is a folder": ([".", "--import-with", "dags"], "--import-with"),
    "a Python without Airflow": ([".", "--import-with", "/bin/true"], "--import-with"),
    "a database that is not there": (
        [".", "--metadata-db", "postgresql://u:secret@127.0.0.1:1/x"],
        "--metadata-db",
    ),
    "a variable that is not set": ([".", "--metadata-db", "env:NOT_SET"], "NOT_SET"),
}


@pytest.mark.parametrize("name", BAD)
def test_wrong_usage_is_one_sentence_and_exit_2(tree, name):
    arguments, sentence = BAD[name]
    tree.write("dags/a.py", "from airflow import DAG\nDAG('a', schedule=None)\n")
    answer = tree.start(*arguments)
    assert (answer.status, answer.out) == (2, b""), answer.err
    assert sentence in answer.err
    assert "Traceback" not in answer.err
    assert "secret" not in answer.err
    assert answer.err.startswith("upgradecheck: ") and answer.err.count("\n") == 1


def test_without_a_path_it_says_what_is_missing(tree):
    answer = tree.start()
    assert answer.status == 2
    assert "PATH" in answer.err and "--help" in answer.err


def test_a_folder_that_cannot_be_written_to_is_said_after_the_scan(tree):
    tree.write("a.py", "")
    answer = tree.start(".", "--output", "/proc/nothing")
    assert answer.status == 2
    assert "/proc/nothing" in answer.err and "Traceback" not in answer.err


def test_a_full_disk_is_a_sentence(tree):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    tree.write("a.py")
    answer = tree.start(".", "--output", "/dev/full")
    assert answer.status == 2
    assert "cannot be written" in answer.err


def test_help_names_every_exit_code(tree):
    answer = tree.start("--help")
    assert answer.status == 0
    for word in ("Exit 0", "1: new errors", "2: wrong usage", "3: not everything"):
        assert word in " ".join(answer.text.split())


def test_paths_are_shown_from_the_git_root(tree):
    tree.write("team/dags/a.py")
    answer = tree.run("dags", "--format", "json", folder=tree.root / "team")
    assert {found["file"] for found in answer.json} == {"team/dags/a.py"}


def test_without_git_paths_are_shown_from_the_folder_that_was_named(tree, tmp_path):
    (tree.root / ".git").rmdir()
    tree.write("dags/a.py")
    named = tree.run("dags", "--format", "json").json
    assert {found["file"] for found in named} == {"a.py"}
    file = tree.run("dags/a.py", "--format", "json").json
    assert {found["file"] for found in file} == {"a.py"}


def test_the_root_can_be_named(tree):
    tree.write("team/dags/a.py")
    answer = tree.run("team/dags", "--root", "team", "--format", "json")
    assert {found["file"] for found in answer.json} == {"dags/a.py"}


def test_a_link_to_the_tree_is_followed_where_it_is_named(tree, tmp_path):
    tree.write("dags/a.py")
    (tmp_path / "link").symlink_to(tree.root)
    answer = tree.run(tmp_path / "link", "--format", "json", folder=tmp_path)
    assert {found["file"] for found in answer.json} == {"dags/a.py"}


def test_one_file_alone_does_not_pass_for_the_whole_tree(tree):
    tree.write("dags/a.py")
    tree.write("dags/b.py")
    one = tree.run("dags/a.py", "--format", "report").json["coverage"]
    whole = tree.run(".", "--format", "report").json["coverage"]
    assert (one["complete"], whole["complete"]) == (False, True)


def test_settings_from_elsewhere_are_checked_too(tree, tmp_path):
    tree.write("dags/a.py", "")
    settings = tmp_path / "production.txt"
    settings.write_text("[core]\nexecutor = CeleryKubernetesExecutor\n")
    answer = tree.run(".", "--config", settings, "--format", "json")
    assert [found["file"] for found in answer.json] == ["production.txt.airflow.cfg"]


def test_settings_within_the_paths_are_not_checked_twice(tree):
    tree.write("airflow.cfg", "[core]\nexecutor = CeleryKubernetesExecutor\n")
    once = tree.run(".", "--format", "json").json
    assert once and tree.run(".", "--config", "airflow.cfg", "--format", "json").json == once


def test_manage_py_is_the_same_command(tree):
    tree.write("dags/a.py")
    django = {
        "command": (sys.executable, str(ROOT / "manage.py"), "upgradecheck"),
        "environ": {"DATA_DIR": str(tree.root.parent / "data"), "DATABASE_URL": ""},
    }
    for arguments in ([".", "--format", "json"], [".", "--nope"], ["--help"]):
        assert tree.start(*arguments, **django) == tree.start(*arguments)
