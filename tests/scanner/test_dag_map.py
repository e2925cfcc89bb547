"""Which DAGs a file makes, read without running it."""

from __future__ import annotations

import pytest

from planner.domain.report import DagEntry
from planner.scanner.dag_map import dags_in


def ids(source: str) -> list[str]:
    return [dag.dag_id for dag in dags_in("dags/sales.py", source)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from airflow import DAG\nDAG('a')", ["a"]),
        ("from airflow import DAG\nwith DAG(dag_id='a') as dag: pass", ["a"]),
        ("from airflow.models.dag import DAG as D\nD('a')", ["a"]),
        ("import airflow\nairflow.DAG('a')", ["a"]),
        ("import airflow.models as m\nm.DAG('a')", ["a"]),
        ("from airflow import models\nmodels.DAG('a')", ["a"]),
        (
            "try:\n from airflow.sdk import DAG\nexcept ImportError:\n from airflow import DAG\nDAG('a')",
            ["a"],
        ),
        ("from our.dags import DAG\nDAG('a')", ["a"]),
        ("from airflow.decorators import dag\n@dag\ndef nightly(): ...", ["nightly"]),
        ("from airflow.sdk import dag\n@dag(schedule=None)\ndef nightly(): ...", ["nightly"]),
        ("from airflow.decorators import dag\n@dag(dag_id='a')\ndef nightly(): ...", ["a"]),
        ("from airflow import decorators\n@decorators.dag('a')\nasync def x(): ...", ["a"]),
        ("from airflow import DAG\nNAME = 'a'\nDAG(NAME)", ["a"]),
        (
            "from airflow import DAG\nTEAM: str = 'bi'\nNAME = f'{TEAM}_daily_v{2}'\nDAG(NAME)",
            ["bi_daily_v2"],
        ),
        ("from airflow import DAG\nDAG('a' + '_' + 'b')", ["a_b"]),
        ("from pathlib import Path\nfrom airflow import DAG\nDAG(Path(__file__).stem)", ["sales"]),
        (
            "import os\nfrom airflow import DAG\nDAG(os.path.basename(__file__).replace('.py', ''))",
            ["sales"],
        ),
        ("from airflow import DAG\nDAG('b'); DAG('a')", ["b", "a"]),
        ("from airflow import DAG\nDAG('a'); DAG('a')", ["a"]),
        ("def dag(): ...\n@dag\ndef x(): ...", []),
        ("DAG = 1  # of airflow", []),
        ("from airflow import DAG\ndef broken(:", []),
        ("# a dag of airflow", []),
    ],
)
def test_ids(source: str, found: list[str]) -> None:
    assert ids(source) == found


@pytest.mark.parametrize(
    "source",
    [
        "from airflow import DAG\nfor x in y:\n DAG(x)",
        "from airflow import DAG\nfor x in y:\n DAG(f'load_{x}')",
        "from airflow import DAG\ndef make(name):\n return DAG(name)",
        "from airflow import DAG\nn = 'a'\nn = 'b'\nDAG(n)",
        "from airflow import DAG\nn = 'a'\nn += 'b'\nDAG(n)",
        "from airflow import DAG\n\nDAG(**settings)",
        "from airflow import DAG\nn = n\nDAG(n)",
    ],
)
def test_ids_made_at_run_time_are_named_by_their_place(source: str) -> None:
    (dag,) = dags_in("dags/sales.py", source)
    assert not dag.resolved
    assert dag.dag_id.startswith("dags/sales.py:")


@pytest.mark.parametrize(
    ("arguments", "owners"),
    [
        ("default_args={'owner': 'bi'}", ("bi",)),
        ("default_args=dict(owner='bi, ops')", ("bi", "ops")),
        ("default_args=ARGS", ("data-eng",)),
        ("default_args={**ARGS, 'retries': 1}", ("data-eng",)),
        ("default_args={**ARGS, 'owner': 'bi'}", ("bi",)),
        ("default_args={'owner': OWNER}", ("ops",)),
        ("default_args=load()", ()),
        ("", ()),
    ],
)
def test_literal_owners(arguments: str, owners: tuple[str, ...]) -> None:
    source = (
        "from airflow import DAG\nOWNER = 'ops'\nARGS = {'owner': 'data-eng'}\n"
        f"dag = DAG('a', {arguments})"
    )
    assert dags_in("a.py", source) == [DagEntry("a", "a.py", owners)]


def test_owners_of_tasks_count_where_the_file_has_one_dag() -> None:
    source = "from airflow import DAG\nwith DAG('a'):\n Op(task_id='x', owner='bi')\n"
    assert dags_in("a.py", source)[0].owners == ("bi",)
    assert dags_in("a.py", source + "DAG('b')")[0].owners == ()


@pytest.mark.parametrize(
    "hostile",
    [
        "x = " + "(" * 50_000 + "1" + ")" * 50_000,
        "x = " + "-" * 100_000 + "1",
        "x = a" + ".b" * 100_000,
        "x = 1" + "+1" * 100_000,
        "x = '\\ud800'\nDAG(x)",
        "DAG('" + "a" * 10_000 + "')",
        "x = 1\x00",
    ],
)
def test_hostile_files_do_no_harm(hostile: str) -> None:
    for dag in dags_in("a.py", f"from airflow import DAG\n{hostile}\n"):
        assert len(dag.dag_id) <= 250
        dag.dag_id.encode()
