"""The Airflow of today, told from what the tree pins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from planner.scanner.scan import scan_tree
from tests.scanner.cli.terminal import Tree
from tests.scanner.fixing import write

POETRY_LOCK = '[[package]]\nname = "apache-airflow"\nversion = "2.9.3"\n'
PINS = {
    "requirements": ({"requirements.txt": "pandas\napache-airflow[celery]==2.9.3\n"}, "2.9.3"),
    "constraints": ({"constraints.txt": "apache-airflow==2.8.1\n"}, "2.8.1"),
    "a link to constraints": (
        {
            "Dockerfile": "FROM python:3.11\nRUN pip install apache-airflow -c https://raw."
            "githubusercontent.com/apache/airflow/constraints-2.7.3/constraints-3.11.txt\n"
        },
        "2.7.3",
    ),
    "an image": ({"Dockerfile": "FROM apache/airflow:2.10.5-python3.11\n"}, "2.10.5"),
    "a chart": (
        {"chart/values.yaml": 'executor: CeleryExecutor\nairflowVersion: "2.9.2"\n'},
        "2.9.2",
    ),
    "pyproject": (
        {"pyproject.toml": '[project]\nname = "a"\ndependencies = ["apache-airflow==2.9.3"]\n'},
        "2.9.3",
    ),
    "a lock file": ({"poetry.lock": POETRY_LOCK}, "2.9.3"),
    "a line alone": ({"Dockerfile": "FROM quay.io/astronomer/astro-runtime:11.3.0\n"}, "2.9"),
    "several that agree": (
        {
            "Dockerfile": "FROM apache/airflow:2.9.3\n",
            "poetry.lock": POETRY_LOCK,
            "requirements.txt": "apache-airflow==2.9.3\n",
        },
        "2.9.3",
    ),
    "a line and a release of it": (
        {
            "Dockerfile": "FROM quay.io/astronomer/astro-runtime:11.3.0\n",
            "requirements.txt": "apache-airflow==2.9.3\n",
        },
        "2.9.3",
    ),
}
NONE = {
    "no pin": {"requirements.txt": "pandas==2.0\n"},
    "bounds": {"requirements.txt": "apache-airflow>=2.7,<3\n"},
    "two releases": {
        "Dockerfile": "FROM apache/airflow:2.9.3\n",
        "requirements.txt": "apache-airflow==2.9.2\n",
    },
    "two lines": {
        "Dockerfile": "FROM quay.io/astronomer/astro-runtime:11.3.0\n",
        "requirements.txt": "apache-airflow==2.10.5\n",
    },
    "Airflow 3": {"requirements.txt": "apache-airflow==3.1.0\n"},
    "both sides": {
        "2/requirements.txt": "apache-airflow==2.9.3\n",
        "3/requirements.txt": "apache-airflow-core==3.1.0\n",
    },
    "Airflow 1": {"requirements.txt": "apache-airflow==1.10.15\n"},
    "a package of another name": {"requirements.txt": "apache-airflow-client==2.9.0\n"},
    "a version filled in later": {"Dockerfile": "FROM apache/airflow:${VERSION}\n"},
}


@pytest.mark.parametrize("name", PINS)
def test_pins_that_agree_tell_it(name: str, tmp_path: Path) -> None:
    files, version = PINS[name]
    assert _told(tmp_path, files) == version


@pytest.mark.parametrize("name", NONE)
def test_it_is_not_guessed(name: str, tmp_path: Path) -> None:
    assert _told(tmp_path, NONE[name]) == ""


def _told(tree: Path, files: Mapping[str, str]) -> str:
    write(tree, files)
    return scan_tree(tree).current.version


def test_what_people_write_is_named_before_what_is_locked(tmp_path: Path) -> None:
    write(tmp_path, PINS["several that agree"][0])
    assert scan_tree(tmp_path).current.told_by == "Dockerfile:1"
    (tmp_path / "Dockerfile").unlink()
    assert scan_tree(tmp_path).current.told_by == "requirements.txt:1"


def test_the_answer_names_it_and_where_it_is_said(tree: Tree) -> None:
    tree.write("requirements.txt", "apache-airflow==2.7.3\n")
    tree.write("dags/a.py")
    answer = tree.run(".")
    sentence = (
        "Taken to run on Airflow 2.7.3 today, as requirements.txt:1 says; --current says otherwise."
    )
    assert sentence in " ".join(answer.text.split())
    report = tree.run(".", "--format", "report")
    assert sentence in report.err
    flags = report.json["coverage"]["flags"]
    assert {"current=2.7.3", "current-from=requirements.txt:1"} <= set(flags)


def test_the_caller_knows_better(tree: Tree) -> None:
    tree.write("requirements.txt", "apache-airflow==2.7.3\n")
    tree.write("dags/a.py")
    answer = tree.run(".", "--format", "report", "--current", "2.9.3")
    flags = answer.json["coverage"]["flags"]
    assert "current=2.9.3" in flags
    assert not [flag for flag in flags if flag.startswith("current-from")]
    assert "Taken to run" not in answer.err


def test_edits_are_those_for_the_pinned_release(tmp_path: Path) -> None:
    dag = "from airflow import DAG\nfrom airflow.operators.trigger_dagrun import TriggerDagRunOperator\n"
    dag += "TriggerDagRunOperator(task_id='a', trigger_dag_id='b', execution_date='c')\n"
    sides = {}
    for version in ("2.7.3", "2.9.3"):
        write(tmp_path, {"a.py": dag, "requirements.txt": f"apache-airflow=={version}\n"})
        told = scan_tree(tmp_path).observations
        said = scan_tree(tmp_path, current=version).observations
        assert [one.fix for one in told] == [one.fix for one in said]
        sides[version] = {
            json.loads(one.fix).get("side", "now") for one in told if one.symbol == "execution_date"
        }
    assert sides == {"2.7.3": {"after"}, "2.9.3": {"now"}}
