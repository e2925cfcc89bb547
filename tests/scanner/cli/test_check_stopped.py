"""A mistake in one of Flightplan's own checks is told as that, and costs nothing but what it would have found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from planner.scanner import checks as table
from tests.scanner.cli.terminal import SUBDAG, Tree

CHECK = """\
from planner.scanner.checks import Check
from planner.scanner.code.python_file import PythonFile


def _check(file):
    yield from file.of(int)
    yield file.tree.body[0].no_such_thing


CHECK = Check("AF3-SUBDAG", PythonFile, _check)
"""
DAG = f'{SUBDAG}from airflow import DAG\nDAG("a", schedule="@daily")\n'
IGNORED = """\
[[ignore]]
rule = "check-stopped"
path = "dags/**"
reason = "looked through by hand"
expires = "2999-12-31"
"""


@pytest.fixture(autouse=True)
def _failing_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One more check, found as all others are."""
    folder = tmp_path / "checks"
    folder.mkdir()
    (folder / "zz_failing.py").write_text(CHECK)
    monkeypatch.setattr(table, "__path__", [*table.__path__, str(folder)])
    table.checks.cache_clear()
    yield
    table.checks.cache_clear()


def test_the_finding_says_whose_mistake_it_is(tree: Tree) -> None:
    tree.write("dags/a.py", DAG)
    answer = tree.run(".", "--format", "report")
    assert answer.status == 3
    found = {one["rule_id"]: one for one in answer.json["findings"]}
    assert found.keys() >= {"AIR302", "AF3-CATCHUP-DEFAULT", "check-stopped"}
    assert "invalid-syntax" not in found
    assert found["check-stopped"]["message"] == (
        "upgradecheck itself stopped on this file in its check AF3-SUBDAG "
        "(AttributeError in zz_failing.py, line 7). Please report it. "
        "What ruff and the other checks found in the file is still here."
    )
    coverage = answer.json["coverage"]
    assert coverage["unscanned"] == ["dags/a.py"]
    assert "check-stopped" in coverage["rules"]
    (skipped,) = coverage["skipped"]
    assert (skipped["path"], skipped["reason"]) == ("dags/a.py", "a check stopped on it")
    assert answer.json["dags"], "the map is drawn all the same"


def test_the_text_says_so_too_and_the_file_can_be_listed(tree: Tree) -> None:
    tree.write("dags/a.py", "import airflow\n")
    answer = tree.run(".")
    assert answer.status == 3
    assert "upgradecheck itself stopped on this file" in answer.text
    assert "no DAG on Airflow 3" not in answer.text, "that is for files that do not parse"
    tree.write(".upgradecheck.toml", IGNORED)
    assert tree.run(".").status == 0
