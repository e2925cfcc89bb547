"""A real git repository with DAGs that Airflow 3 breaks, for tests that scan and change it."""

from __future__ import annotations

import subprocess
from pathlib import Path

SALES = """\
from airflow import DAG
from airflow.operators.bash_operator import BashOperator

with DAG("sales", schedule_interval="@daily", default_args={"owner": "bob"}):
    BashOperator(task_id="load", bash_command="true")
"""
BILLING = """\
from airflow import DAG
from airflow.operators.subdag import SubDagOperator

with DAG("billing", schedule="@daily"):
    SubDagOperator(task_id="parts", subdag=None)
"""


class Repository:
    """A folder that is a git repository; every change is one commit on main."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._git("init", "--quiet", "--initial-branch", "main")

    def commit(self, **files: str) -> str:
        """Writes files (``dags__sales`` is dags/sales.py) and commits all that changed."""
        for name, text in files.items():
            self.write(f"{name.replace('__', '/')}.py", text)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", "change")
        return self._git("rev-parse", "HEAD").strip()

    def write(self, path: str, text: str) -> None:
        """Puts a file of any name there; the next commit takes it."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def remove(self, path: str) -> None:
        self._git("rm", "--quiet", path)

    def rename(self, old: str, new: str) -> None:
        self._git("mv", old, new)

    def _git(self, *arguments: str) -> str:
        who = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout


def first_state(folder: Path) -> Repository:
    """Two DAG files with five findings."""
    repository = Repository(folder)
    repository.commit(dags__sales=SALES, dags__billing=BILLING)
    return repository


def changed_state(repository: Repository) -> None:
    """One finding fixed, one new, one moved to another line, and one file renamed."""
    repository.rename("dags/billing.py", "dags/invoices.py")
    fixed = SALES.replace("schedule_interval", "schedule")
    moved = "# The sales team's nightly load.\n" + fixed
    new = moved + "\nfrom airflow import Dataset\n\norders = Dataset('s3://orders')\n"
    repository.commit(dags__sales=new)
