"""``--patch``: what the command writes beside its answer, and what it says of it."""

from __future__ import annotations

import subprocess

import pytest

from tests.scanner.cli.terminal import Tree

DAG = """\
from airflow import DAG

with DAG("{0}", schedule_interval="@daily", default_args={{"owner": "{1}"}}):
    pass
"""


@pytest.fixture
def project(tree: Tree) -> Tree:
    tree.write("dags/a.py", DAG.format("a", "bi"))
    tree.write("dags/b.py", DAG.format("b", "ml"))
    return tree


def apply(tree: Tree, name: str) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tree.root, check=True)
    subprocess.run(["git", "apply", name], cwd=tree.root, check=True)


def test_the_patch_applies_and_the_errors_are_gone(project):
    answer = project.run(".", "--current", "2.9.3", "--patch", "fixes.patch")
    assert answer.status == 1
    text = " ".join(answer.text.split())
    assert "fixes.patch mends " in text and "apply it with `git apply`" in text
    apply(project, "fixes.patch")
    assert "schedule=" in (project.root / "dags/a.py").read_text()
    assert project.run(".", "--current", "2.9.3").status == 0


def test_one_owners_patch_leaves_the_others_alone(project):
    project.run(".", "--patch", "fixes.patch", "--owner", "@ML")
    apply(project, "fixes.patch")
    assert "schedule_interval" in (project.root / "dags/a.py").read_text()
    assert "schedule_interval" not in (project.root / "dags/b.py").read_text()


def test_an_owner_who_has_nothing_is_told_who_has(project):
    answer = project.run(".", "--patch", "fixes.patch", "--owner", "nobody")
    assert "fixes.patch: nobody has no findings; owners here are bi, ml." in answer.text
    assert (project.root / "fixes.patch").read_bytes() == b""


def test_what_is_silenced_is_not_changed(project):
    project.write("dags/a.py", "# ruff: noqa\n" + DAG.format("a", "bi"))
    project.run(".", "--patch", "fixes.patch")
    assert "dags/a.py" not in (project.root / "fixes.patch").read_text()


def test_formats_for_programs_say_it_beside_their_answer(project):
    answer = project.run(".", "--format", "json", "--patch", "fixes.patch")
    assert answer.json
    assert "fixes.patch mends " in answer.err
