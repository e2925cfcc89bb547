"""Real Airflows to try things on: environments made once, homes that end with their trial, servers that leave nothing."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from planner.scanner.live.bounded_run import end_strays
from tests.bench.trees import FOLDER

OLD = "2.11.2"
NEW = ("3.0.6", "3.1.8", "3.2.2", "3.3.2")
PORT = 18793

_PROVIDERS = ("standard", "common-compat", "common-sql", "smtp")
_OF_THE_NEWEST = ("fab", "celery", "cncf-kubernetes")
"""Providers that rules point to; older releases of them take pip too long to find for older Airflows."""
_HELD_BACK = {"3.2.2": ["fastapi<0.137", "cadwyn<8"], "3.3.2": ["celery<5.7"]}
"""What a release does not run with though its metadata allows it: the api-server and the dag-processor of 3.2.2 do
not start, and the celery provider 3.26.0 does not import."""


def environment(version: str) -> Path:
    """The folder of a virtual environment with this Airflow. One that could not be finished is taken away again."""
    folder = FOLDER / "airflow" / version
    if (folder / "bin/airflow").exists():
        return folder
    print(f"Installing Airflow {version}", file=sys.stderr)
    packages = [f"apache-airflow=={version}"]
    providers = (*_PROVIDERS, *(_OF_THE_NEWEST if version == NEW[-1] else ()))
    packages += [f"apache-airflow-providers-{name}" for name in providers]
    packages += _HELD_BACK.get(version, [])
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run(
            [str(folder / "bin/pip"), "install", "--quiet", *packages],
            check=True,
            stdout=sys.stderr,
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


@dataclass(frozen=True)
class Home:
    """One Airflow with a home of its own."""

    version: str
    folder: Path

    @property
    def variables(self) -> dict[str, str]:
        bin_folder = environment(self.version) / "bin"
        return {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "200",
            "AIRFLOW__CORE__DAG_FILE_PROCESSOR_TIMEOUT": "300",
            "AIRFLOW__CORE__DEFAULT_TASK_RETRIES": "1",  # SQLite is locked now and then
            "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",
            "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "300",
            "AIRFLOW__WEBSERVER__WORKERS": "1",
            "AIRFLOW_CONN_AIRFLOW_READONLY": f"sqlite:///{self.folder / 'other.db'}",
            "AIRFLOW_VAR_REGION": "eu",
            "AIRFLOW__API__PORT": str(PORT),
            "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": str(PORT),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{PORT}/execution/",
        }

    @property
    def dags(self) -> Path:
        return self.folder / "dags"

    @property
    def database(self) -> Path:
        return self.folder / "airflow.db"

    def run(self, *words: str, seconds: float = 900) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            env=self.variables,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def airflow(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(environment(self.version) / "bin/airflow"), *words)

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(environment(self.version) / "bin/python"), *words)

    def migrate(self) -> None:
        migrated = self.airflow("db", "migrate")
        if migrated.returncode:
            raise SystemExit(f"{self.version}: db migrate: {migrated.stderr[-1000:]}")

    def rows(self, query: str) -> list[tuple[str, ...]]:
        """What the database answers now; nothing while it is busy."""
        try:
            address = f"file:{self.database}?mode=ro"
            with closing(sqlite3.connect(address, uri=True)) as connection:
                return connection.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []


@contextmanager
def home_of(version: str) -> Iterator[Home]:
    """A new home; whatever was started in it is ended with it."""
    with tempfile.TemporaryDirectory(prefix="fpa-", ignore_cleanup_errors=True) as folder:
        home = Home(version, Path(folder))
        try:
            yield home
        finally:
            end_strays(f"AIRFLOW_HOME={folder}")


@contextmanager
def served(home: Home) -> Iterator[None]:
    """A running Airflow: scheduler, dag-processor, workers and, on 3.x, the api-server."""
    command = "scheduler" if home.version == OLD else "standalone"
    with (home.folder / "standalone.log").open("wb") as log:
        server = subprocess.Popen(
            [str(environment(home.version) / "bin/airflow"), command],
            env=home.variables | {"AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT": "False"},
            cwd=home.folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
        finally:
            _end_session(server)


def _end_session(server: subprocess.Popen[bytes]) -> None:
    """Ends a server with all that it started: some of it leads groups of its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        listed = subprocess.run(
            ["ps", "-s", str(server.pid), "-o", "pid="], capture_output=True, text=True, check=False
        )
        for pid in map(int, listed.stdout.split()):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        with suppress(subprocess.TimeoutExpired):
            server.wait(20)
