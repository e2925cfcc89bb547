"""The import proof against a real Airflow 3: what it finds, what it leaves open, that it ends and leaves nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

from planner.scanner.live.bounded_run import Limits
from planner.scanner.live.import_proof import ImportProof, prove_imports

SDK = "from airflow.sdk import DAG\n"
FILES = {
    "good.py": f"{SDK}DAG('good', schedule=None)\n",
    "team/good.py": f"{SDK}import helper\nDAG('team', schedule=None)\n",
    "helper.py": "# for a dag of airflow\n",
    "no_dag.py": "# a dag of airflow, or none\n",
    "gone.py": "from airflow import DAG\nfrom airflow.operators.dummy import DummyOperator\n",
    "removed_argument.py": "from airflow import DAG\n\nDAG('x', schedule_interval='@daily')\n",
    "syntax.py": f"{SDK}def f(:\n",
    "orm.py": f"{SDK}from airflow.settings import Session\nsession = Session()\n",
    "leaves.py": f"{SDK}import sys\nsys.exit(3)\n",
    "package.py": f"{SDK}import a_package_that_no_one_has\n",
    "provider.py": f"{SDK}from airflow.providers.amazon.aws.hooks.s3 import S3Hook\n",
    "variable.py": "from airflow.sdk import DAG, Variable\nVariable.get('not-here')\n",
    "connection.py": (
        f"{SDK}from airflow.hooks.base import BaseHook\nBaseHook.get_connection('not-here')\n"
    ),
    "hangs.py": f"{SDK}import time\ntime.sleep(1000)\n",
    "greedy.py": f"{SDK}x = bytearray(64 * 2**30)\n",
    "dies.py": f"{SDK}import os\nos._exit(3)\n",
    "killed.py": f"{SDK}import os\nos.kill(os.getpid(), 9)\n",
}
FOUND = {
    "gone.py": 2,
    "removed_argument.py": 3,
    "syntax.py": 2,
    "orm.py": 3,
    "leaves.py": 3,
}
"""Errors of the code, with their lines."""
OPEN = {
    "package.py": "a_package_that_no_one_has",
    "provider.py": "airflow.providers.amazon",
    "variable.py": "variable",
    "connection.py": "connection",
    "hangs.py": "longer than",
    "greedy.py": "more memory",
    "dies.py": "ended by the file itself",
    "killed.py": "ended by the file itself",
}
"""Files that the environment or the limits stop, with a word of the reason."""
COVERED = {"good.py", "team/good.py", "helper.py", "no_dag.py", *FOUND}


def run(python: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name, source in FILES.items():
            place = tree / "dags" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(source)
        before = sorted(tree.rglob("*"))
        proof = prove_imports(
            python, tree, ["dags"], limits=Limits(seconds=300, file_seconds=20, memory_mb=4096)
        )
        wrong = _compared(proof)
        if sorted(tree.rglob("*")) != before:
            wrong.append("something was written into the tree")
        return wrong


def _compared(proof: ImportProof) -> list[str]:
    wrong = []
    found = {one.path.removeprefix("dags/"): one.line for one in proof.observations}
    if found != FOUND:
        wrong.append(f"found {found}, wanted {FOUND}")
    reasons = {one.path.removeprefix("dags/"): one.reason for one in proof.unproved}
    if reasons.keys() != OPEN.keys():
        wrong.append(f"left open {sorted(reasons)}, wanted {sorted(OPEN)}")
    wrong += [
        f"{name} is left open because {reasons[name]!r}, wanted a word of {word!r}"
        for name, word in OPEN.items()
        if name in reasons and word not in reasons[name]
    ]
    covered = {path.removeprefix("dags/") for path in proof.coverage.files or ()}
    if covered != COVERED:
        wrong.append(f"covered {sorted(covered)}, wanted {sorted(COVERED)}")
    return wrong
