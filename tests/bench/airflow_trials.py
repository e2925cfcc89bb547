"""Rules whose example is no DAG file to import and run: how each is tried on a real Airflow."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from planner.domain.rules import Rule
from tests.bench.airflow_home import OLD, PORT, Home, home_of

PRELUDE = """\
from datetime import datetime, timedelta
from airflow import DAG
"""
"""What snippets of a few lines take as given."""
SIDES = ("before", "after")


@dataclass
class Outcome:
    """What one side of a rule did on one Airflow."""

    error: str = ""
    """Of the import, the run, the command or the start."""
    warnings: list[str] = field(default_factory=list)
    meaning: list[dict[str, object]] = field(default_factory=list)
    """Attributes of its DAGs whose defaults differ between releases."""
    ran: str = ""
    """The state of its run; empty where there is none to run."""
    is_asked: bool = True
    """False where this release cannot be asked with what the bench starts of it."""

    @property
    def words(self) -> str:
        if not self.is_asked:
            return "not asked: no webserver of 2.x is started"
        if self.error:
            return f"FAILS {' '.join(self.error[:110].split())}"
        ran = f", run {self.ran}" if self.ran else ""
        return f"warns{ran}: {self.warnings[0][:90]}" if self.warnings else f"ok{ran}"


@dataclass
class Sightings:
    """What changed in the database while Airflow ran, by DAG id."""

    files: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    forms: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def look(self, home: Home) -> None:
        for dag_id, file in home.rows("SELECT dag_id, fileloc FROM dag"):
            self.files[dag_id].add(file)
        for dag_id, form in home.rows("SELECT dag_id, dag_hash FROM serialized_dag"):
            self.forms[dag_id].add(form)


@dataclass(frozen=True)
class Trial:
    """Of one rule, on both sides."""

    look: Callable[[Home, Rule, str, Sightings], Outcome]
    """Asks while Airflow runs, once all else has run."""
    prepare: Callable[[Home, Rule, str], None] = lambda home, rule, side: None
    """Lays out files before it starts."""


def name_of(rule: str, side: str) -> str:
    """Of a side's file, DAG and so on."""
    return f"{rule}__{side}"


def text_of(rule: Rule, side: str) -> str:
    return rule.before if side == "before" else rule.after


# ------------------------------------------------------------------ files beside each other


def _lay_out_ignored(home: Home, rule: Rule, side: str) -> None:
    folder = home.dags / name_of(rule.id, side)
    folder.mkdir()
    (folder / ".airflowignore").write_text(text_of(rule, side).lstrip())
    (folder / "orders_test.py").write_text('raise RuntimeError("this is parsed")\n')


def _is_parsed(home: Home, rule: Rule, side: str, _: Sightings) -> Outcome:
    file = f"{name_of(rule.id, side)}/orders_test.py"
    parsed = any(file in path for (path,) in home.rows("SELECT filename FROM import_error"))
    return Outcome("dag-processor: it parses orders_test.py" if parsed else "")


def _lay_out_twice(home: Home, rule: Rule, side: str) -> None:
    """The file that both sides have, and the one that the side is about."""
    found = re.search(r'DAG\("(\w+)"', rule.before)
    for number, text in enumerate((rule.before, text_of(rule, side))):
        dag_id = found[1] if found else ""
        code = text.replace(f'DAG("{dag_id}', f'DAG("{name_of(rule.id, side)}')
        slow = f"import time\ntime.sleep({6 * number})\n"  # or both are read within one look
        (home.dags / f"{name_of(rule.id, side)}_{number}.py").write_text(slow + PRELUDE + code)


def _takes_turns(_: Home, rule: Rule, side: str, seen: Sightings) -> Outcome:
    files = seen.files[name_of(rule.id, side)]
    if not files:
        return Outcome("dag-processor: there is no such DAG")
    return Outcome(warnings=["the DAG is now of the one file, now of the other"] * (len(files) > 1))


# ------------------------------------------------------------------ the web server


_OPEN = """
from airflow.api_fastapi.app import create_app
from fastapi.testclient import TestClient

app = create_app()
print(TestClient(app).get("/reports/").text)
"""


def _keep_database(home: Home, rule: Rule, side: str) -> None:
    shutil.copy(home.database, _kept(home))


def _kept(home: Home) -> Path:
    return home.folder / "migrated.db"


def _page_is_there(home: Home, rule: Rule, side: str, _: Sightings) -> Outcome:
    """Opens a plugin's page in an api-server of its own: one plugin may keep it from starting."""
    if home.version == OLD:
        return Outcome(is_asked=False)
    with home_of(home.version) as other:
        shutil.copy(_kept(home), other.database)
        (other.folder / "plugins").mkdir()
        (other.folder / "plugins/reports.py").write_text(text_of(rule, side))
        opened = other.python("-c", _OPEN)
    if opened.returncode:
        return Outcome(f"api-server: {opened.stderr.strip().splitlines()[-1]}")
    wanted = "The reports of the night"
    return Outcome("" if wanted in opened.stdout else f"/reports/ does not say {wanted!r}")


_CALL = """
import requests

AIRFLOW, user, password = {given!r}
real_post = requests.post

def post(address, **words):
    answer = real_post(address, **words)
    if not answer.ok:
        raise SystemExit(f"POST {{address.removeprefix(AIRFLOW)}} gives {{answer.status_code}}")
    return answer

requests.post = post
exec({code!r})
"""


def _lay_out_called(home: Home, rule: Rule, side: str) -> None:
    code = 'dag = DAG("nightly_orders", start_date=datetime(2024, 1, 1), schedule=None)\n'
    (home.dags / "nightly_orders.py").write_text(PRELUDE + code)


def _call(home: Home, rule: Rule, side: str, _: Sightings) -> Outcome:
    if home.version == OLD:
        return Outcome(is_asked=False)
    passwords = home.folder / "simple_auth_manager_passwords.json.generated"
    user, password = next(iter(json.loads(passwords.read_text()).items()))
    given = (f"http://localhost:{PORT}", user, password)
    done = home.python("-c", _CALL.format(given=given, code=text_of(rule, side)))
    return Outcome(done.stderr.strip().splitlines()[-1] if done.returncode else "")


# ------------------------------------------------------------------ the database


def _ask(home: Home, rule: Rule, side: str, _: Sightings) -> Outcome:
    given: dict[str, str] = {}
    exec(text_of(rule, side), given)
    with closing(sqlite3.connect(home.database, timeout=60)) as connection:
        try:
            connection.execute(given["query"]).fetchall()
        except sqlite3.OperationalError as refused:
            return Outcome(f"SQL: {refused}")
    return Outcome()


TRIALS: Mapping[str, Trial] = {
    "AF3-IGNORE-GLOB": Trial(_is_parsed, _lay_out_ignored),
    "AF3-FILELOC-UNIQUE": Trial(_takes_turns, _lay_out_twice),
    "AF3-METADATA-DUPLICATE-DAG": Trial(_takes_turns, _lay_out_twice),
    "AF3-PLUGIN": Trial(_page_is_there, _keep_database),
    "AF3-REST-V1": Trial(_call, _lay_out_called),
    "AF3-METADATA-SQL": Trial(_ask),
}
