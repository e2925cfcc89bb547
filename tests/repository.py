"""A real git repository with DAGs that Airflow 3 breaks, for tests that scan and change it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SALES = """\
from airflow import DAG
from airflow.operators.bash_operator import BashOperator

with DAG("sales", schedule_interval="@daily", catchup=False, default_args={"owner": "bob"}):
    BashOperator(task_id="load", bash_command="true")
"""
BILLING = """\
from airflow import DAG
from airflow.operators.subdag import SubDagOperator

with DAG("billing", schedule="@daily", catchup=False):
    SubDagOperator(task_id="parts", subdag=None)
"""


_UNCONFIGURED = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
"""The machine's own git may sign, ask or run hooks."""


class Repository:
    """A folder that is a git repository; every change is one commit on main."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch", "main")

    def commit(self, **files: str) -> str:
        """Writes files (``dags__sales`` is dags/sales.py) and commits all that changed."""
        for name, text in files.items():
            self.write(f"{name.replace('__', '/')}.py", text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def write(self, path: str, text: str) -> None:
        """Puts a file of any name there; the next commit takes it."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def remove(self, path: str) -> None:
        self.git("rm", "--quiet", path)

    def rename(self, old: str, new: str) -> None:
        self.git("mv", old, new)

    def git(self, *arguments: str) -> str:
        """What git prints, whatever the machine's own configuration says."""
        who = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
        done = subprocess.run(
            ["git", *who, *arguments],
            cwd=self.folder,
            env=os.environ | _UNCONFIGURED,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()


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
