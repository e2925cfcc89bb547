"""What ``--import-with`` can be told besides, down to the settings and limits of the Airflow that imports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scanner.cli.terminal import Tree
from tests.scanner.test_import_proof import python

DAG = "from airflow import DAG\nDAG('a', schedule=None)\n"
TELL = (
    "import json, resource; told = dict(os.environ, memory=resource.getrlimit(resource.RLIMIT_AS)[0]);"
    " open({place!r}, 'w').write(json.dumps(told))"
)


@pytest.fixture
def told(tree: Tree, tmp_path: Path) -> Path:
    """Where the program in the place of Airflow's Python writes what it was given."""
    tree.write("dags/a.py", DAG)
    for folder in ("plugins", "our/plugins", "common", "libs/more"):
        tree.write(f"{folder}/x.py", "")
    place = tmp_path / "told.json"
    python(tmp_path, parse=TELL.format(place=str(place)))
    return place


def test_folders_and_limits_reach_airflow(tree: Tree, told: Path) -> None:
    answer = tree.run(
        *(".", "--import-with", told.parent / "python", "--plugins", "our/plugins"),
        *("--import-path", "common", "--import-path", "libs/more"),
        *("--import-timeout", "45", "--import-memory", "3000"),
    )
    assert "Imported dags with Airflow 3.3.2: 0 failed" in answer.text
    given = json.loads(told.read_text())
    assert given["AIRFLOW__CORE__PLUGINS_FOLDER"] == str(tree.root / "our/plugins")
    assert given["PYTHONPATH"] == f"{tree.root / 'common'}:{tree.root / 'libs/more'}"
    assert given["AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT"] == "45"
    assert given["memory"] == 3000 * 1024 * 1024


def test_what_is_not_said_is_as_usual(tree: Tree, told: Path) -> None:
    tree.run(".", "--import-with", told.parent / "python")
    given = json.loads(told.read_text())
    assert given["AIRFLOW__CORE__PLUGINS_FOLDER"] == str(tree.root / "plugins")
    assert given["PYTHONPATH"] == ""
    assert given["AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT"] == "60"
    assert given["memory"] == 4096 * 1024 * 1024
