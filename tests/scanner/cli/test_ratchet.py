"""Only what is new fails; the file of what may stay gets shorter, and longer only with a reason."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.scanner.cli.terminal import SUBDAG, Tree

FILE = "baseline.toml"
TWO = """\
from airflow.operators.dummy_operator import DummyOperator

first = DummyOperator(task_id="first")
second = DummyOperator(task_id="second")
"""


def begin(tree: Tree, reason: str = "before the upgrade") -> None:
    answer = tree.run(".", "--baseline", FILE, "--update-baseline", "--allow-growth", reason)
    assert answer.status == 0, answer.err


def listed(tree: Tree) -> dict:
    return tomllib.loads((tree.root / FILE).read_text())


def new(tree: Tree, *more: str) -> list[str]:
    """Place of every error that blocks, as GitHub is told."""
    text = tree.run(".", "--baseline", FILE, "--format", "github", *more).text
    return [line.partition("::`")[0] for line in text.splitlines() if line.startswith("::error")]


def test_errors_that_are_listed_do_not_fail_and_new_ones_do(tree):
    tree.write("dags/a.py", TWO)
    assert tree.run(".").status == 1
    begin(tree)
    assert tree.run(".", "--baseline", FILE).status == 0
    tree.write("dags/b.py")
    answer = tree.run(".", "--baseline", FILE)
    assert answer.status == 1
    assert "dags/b.py" in answer.text and "dags/a.py" not in answer.text
    assert "3 errors in 2 files" in answer.text and "2 of them in the baseline" in answer.text


def test_a_blocked_line_says_what_why_what_instead_and_whom_to_ask(tree):
    tree.write("CODEOWNERS", "dags/ @data-eng\n")
    begin(tree)
    tree.write("dags/b.py")
    lines = tree.run(".", "--baseline", FILE).text.splitlines()
    words = " ".join(" ".join(lines).split())
    assert "`airflow.operators.dummy_operator.DummyOperator` is moved" in words
    assert "why The file does not import on 3.x." in words
    assert "instead Use " in words
    assert "ask data-eng (CODEOWNERS line 1: dags/ @data-eng)" in words


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.write("dags/a.py", "# a\n# b\n\n" + TWO),
        lambda tree: tree.write("dags/a.py", TWO.replace("\nfirst", "\n\n\nfirst")),
        lambda tree: (tree.root / "dags/a.py").rename(tree.root / "a.py"),
        lambda tree: (tree.root / "dags").rename(tree.root / "jobs"),
        lambda tree: tree.write("dags/a.py", TWO.replace('"first"', '"start"')),
    ],
    ids=["lines above", "lines between", "another folder", "folder renamed", "line edited"],
)
def test_errors_are_known_again_when_code_moves(tree, change):
    tree.write("dags/a.py", TWO)
    begin(tree)
    change(tree)
    assert new(tree) == []


def test_one_more_of_the_same_is_new_and_it_is_that_one(tree):
    tree.write("dags/a.py", TWO)
    begin(tree)
    tree.write("dags/a.py", TWO.replace("first =", "zero = DummyOperator()\nfirst ="))
    (blocked,) = new(tree)
    assert "line=3" in blocked


def test_the_file_is_sorted_reviewable_and_the_same_each_time(tree):
    tree.write("dags/b.py", TWO)
    tree.write("dags/a.py", TWO)
    begin(tree)
    text = (tree.root / FILE).read_text()
    assert list(listed(tree)["findings"]) == ["dags/a.py", "dags/b.py"]
    assert sum('rule = "AIR302"' in line for line in text.splitlines()) == 4
    tree.run(".", "--baseline", FILE, "--update-baseline")
    assert (tree.root / FILE).read_text() == text


def test_growth_is_kept_with_its_reason_day_and_author(tree):
    subprocess.run(["git", "init", "--quiet", tree.root], check=True)
    subprocess.run(["git", "-C", tree.root, "config", "user.name", "Ada Lovelace"], check=True)
    tree.write("a.py", TWO)
    begin(tree, 'before\n the "upgrade"')
    tree.write("b.py")
    begin(tree, "a helper that goes in May")
    first, second = listed(tree)["growth"]
    assert (first["reason"], first["author"], first["added"]) == (
        'before the "upgrade"',
        "Ada Lovelace",
        2,
    )
    assert (second["reason"], second["added"]) == ("a helper that goes in May", 1)


def test_updating_only_takes_out(tree):
    tree.write("a.py", TWO)
    tree.write("b.py")
    begin(tree)
    tree.write("a.py", "x = 1\n")
    tree.write("c.py")
    answer = tree.run(".", "--baseline", FILE, "--update-baseline")
    assert answer.status == 1, "c.py is new, and stays new"
    assert "2 errors taken out" in answer.text
    assert list(listed(tree)["findings"]) == ["b.py"]
    assert len(listed(tree)["growth"]) == 1


def test_what_was_not_looked_at_stays_listed(tree):
    tree.write("one/a.py", TWO)
    tree.write("two/b.py")
    tree.write("two/c.py")
    begin(tree)
    tree.run("one", "--baseline", FILE, "--update-baseline")
    assert list(listed(tree)["findings"]) == ["one/a.py", "two/b.py", "two/c.py"]
    tree.write("two/b.py", "def broken(:\n")
    (tree.root / "two/c.py").unlink()
    tree.run(".", "--baseline", FILE, "--update-baseline")
    assert list(listed(tree)["findings"]) == ["one/a.py", "two/b.py"]


def test_a_lost_baseline_cannot_be_begun_again_without_a_reason(tree):
    tree.write("a.py")
    answer = tree.run(".", "--baseline", FILE, "--update-baseline")
    assert answer.status == 2
    assert "--allow-growth" in answer.err
    assert not (tree.root / FILE).exists()


def test_another_target_is_said(tree):
    tree.write("a.py")
    begin(tree)
    answer = tree.run(".", "--baseline", FILE, "--target", "3.1")
    assert "The baseline was made for Airflow 3.3, and this run is for 3.1" in " ".join(
        answer.text.split()
    )


def test_branches_that_mend_different_errors_merge_by_themselves(tree):
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments],
            cwd=tree.root, check=True, capture_output=True,
        )  # fmt: skip

    for name in "abcde":
        tree.write(f"{name}.py")
    begin(tree)
    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("commit", "--quiet", "--message=1")
    for branch, name in (("one", "b"), ("two", "d")):
        git("switch", "--quiet", "--create", branch, "main")
        tree.write(f"{name}.py", "x = 1\n")
        tree.run(".", "--baseline", FILE, "--update-baseline")
        git("commit", "--quiet", "--all", "--message=2")
    git("merge", "--quiet", "one")
    assert list(listed(tree)["findings"]) == ["a.py", "c.py", "e.py"]
    assert tree.run(".", "--baseline", FILE).status == 0


@pytest.mark.parametrize(
    ("fail_on", "known", "fresh"), [("new-errors", 0, 1), ("errors", 1, 1), ("never", 0, 0)]
)
def test_fail_on(tree, fail_on, known, fresh):
    tree.write("a.py")
    begin(tree)
    assert tree.run(".", "--baseline", FILE, "--fail-on", fail_on).status == known
    tree.write("b.py")
    assert tree.run(".", "--baseline", FILE, "--fail-on", fail_on).status == fresh


def test_warnings_never_fail(tree):
    tree.write("a.py", "from airflow import DAG\nDAG('a', schedule=None)\n")
    answer = tree.run(".", "--fail-on", "errors", "--format", "json")
    assert {found["severity"] for found in answer.json} == {"WARNING"}
    assert answer.status == 0


# ---------------------------------------------------------------- what cannot be read


def test_not_everything_checked_wins_over_new_errors(tree):
    tree.write("a.py")
    tree.write("b.py", "def broken(:\n")
    assert tree.run(".").status == 3
    assert tree.run(".", "--fail-on", "never").status == 3


def test_a_broken_file_that_the_baseline_lists_is_no_gap_even_if_it_breaks_otherwise(tree):
    tree.write("b.py", "def broken(:\n")
    first = tree.run(".", "--baseline", FILE, "--update-baseline", "--allow-growth", "generated")
    assert first.status == 0
    tree.write("b.py", "# more\nclass (\n")
    assert tree.run(".", "--baseline", FILE).status == 0
    tree.write("c.py", "def broken(:\n")
    assert tree.run(".", "--baseline", FILE).status == 3


# ---------------------------------------------------------------- a file that is none


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "not valid TOML"),
        ("<<<<<<< HEAD\nversion = 1\n", "merge conflict"),
        ("", "`version` must be 1"),
        ('version = 9\ntarget = "3.3"\n', "`version` must be 1"),
        ("version = 1\n", "`target`"),
        ('version = 1\ntarget = "3.3"\nextra = 1\n', "'extra'"),
        ('version = 1\ntarget = "3.3"\nfindings = 1\n', "`findings` must be a table"),
        ('version = 1\ntarget = "3.3"\n[findings]\n"a.py" = 1\n', "'a.py' must be a list"),
        ('version = 1\ntarget = "3.3"\n[findings]\n"a.py" = [1]\n', "'a.py'[0] must be a table"),
        ('version = 1\ntarget = "3.3"\n[findings]\n"a.py" = [{rule = 1}]\n', "'a.py'[0]: `rule`"),
        ('version = 1\ntarget = "3.3"\n[[growth]]\ndate = "x"\n', "growth[0]: `date`"),
        ("a = " + "[" * 5000, ""),
    ],
)
def test_a_file_that_is_no_baseline_is_one_sentence(tree, text, sentence):
    tree.write("a.py", "")
    tree.write(FILE, text)
    answer = tree.run(".", "--baseline", FILE)
    assert answer.status == 2, answer.err
    assert answer.err.startswith(f"upgradecheck: {FILE}") and sentence in answer.err
    assert "Traceback" not in answer.err


def test_bytes_that_are_no_text_are_one_sentence(tree):
    tree.write("a.py", "")
    tree.write(FILE, b"\xff\xfe\x00")
    answer = tree.run(".", "--baseline", FILE)
    assert (answer.status, answer.err) == (2, f"upgradecheck: {FILE}: is not UTF-8 text.\n")


def test_hostile_paths_and_lines_come_back_as_they_were(tree: Tree, tmp_path: Path):
    tree.write(
        'dags/a"b\\ü.py', SUBDAG.replace("DummyOperator()", "DummyOperator('\\\\ \"\" ü\x7f')")
    )
    begin(tree)
    assert new(tree) == []
    assert list(listed(tree)["findings"]) == ['dags/a"b\\ü.py']
