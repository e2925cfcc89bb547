"""Every rule's ``before`` and ``after``, tried on real Airflows: ``python -m tests.bench.real_airflow [RULE …]``.

The environments are made once, below ``var/bench/airflow``. Code is imported by a process of its own and, where it
has tasks, run by a real ``airflow standalone``: scheduler, dag-processor and workers as in production, so that what is
refused there is refused here. Settings are read by ``airflow config lint`` and by a command that starts with them;
commands are asked for their help. What cannot be tried so stands in the table with the reason.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from planner.domain.rules import Rule
from planner.rulebook.load import rulebook
from tests.bench.trees import FOLDER

OLD = "2.11.2"
NEW = ("3.0.6", "3.1.8", "3.2.2", "3.3.2")
_PROVIDERS = ("standard", "common-compat", "common-sql", "smtp")
_OF_THE_NEWEST = ("fab", "celery", "cncf-kubernetes")
"""Providers that rules point to; older releases of them take pip too long to find for older Airflows."""
_HELD_BACK = {"3.2.2": ["fastapi<0.137", "cadwyn<8"]}
"""What a release does not run with though its metadata allows it: its api-server and dag-processor do not start."""
_PROBE = Path(__file__).with_name("airflow_probe.py")
_SECONDS_TO_RUN = 420
_SIDES = ("before", "after")

NOT_TRIED = {
    "AF3-AIRFLOW-PIN": "it is about what pip installs: tests compare the releases with the package index's",
    "AF3-PROVIDER-FLOOR": "it is about what pip installs: the floors were read from the providers' own metadata",
    "AF3-PYTHON": "it is about an image; the Pythons were read from each release's metadata",
    "AF3-COMPONENTS": "it is about which processes a deployment starts; AF3-CLI tries the commands",
    "AF3-REST-V1": "the snippet needs a server with users; both answers of real servers are recorded with the rule",
    "AF3-METADATA-SQL": "it is about a query of one's own; the columns were read from migrated databases",
    "AF3-FILELOC-UNIQUE": "it is about two files at once",
    "AF3-IGNORE-GLOB": "it is about a file beside the DAGs",
    "AF3-PLUGIN": "what is lost is a page of the web server: the class loads on both",
    "AF3-METADATA-DUPLICATE-DAG": "it is about rows of a database",
    "AF3-METADATA-PICKLED-XCOM": "it is about rows of a database",
    "AIR001": "a matter of style: both run",
    "AIR003": "a matter of style: both run",
    "AIR004": "a matter of style: both run",
    "AIR201": "a matter of style: both run",
    "AIR202": "a matter of style: both run",
    "AF3-SLA": "nothing fails or warns, which is the point: both sides run on 3.x, and nobody looks at the time",
    "AIR304": "it is about the versions of a DAG after many parses",
    "AIR303": "the collector of assets that it is about exists inside a running api-server only",
    "invalid-syntax": "no Airflow runs on Python 2 any more",
}
"""Rules whose examples are not run here, and why."""

_CHANGES_MEANING = {
    "AF3-CATCHUP-DEFAULT": "catchup",
    "AF3-CRON-INTERVAL": "timetable",
    "AF3-DELTA-INTERVAL": "timetable",
    "AIR002": "timetable",
}
"""Rules whose old form runs on both sides, and the attribute of the DAG that then differs."""

_PRINTS = {"AF3-XCOM-PULL-NOIDS": re.compile(r"(?:event\":\s*\"|INFO - )None\b")}
"""Rules whose old form runs without an error, and what its task then prints."""

_TRIED_WITH = {
    "AF3-LISTENER": """
import sys
from airflow.listeners.listener import get_listener_manager
get_listener_manager().add_listener(sys.modules[__name__])
""",
}
"""What Airflow itself does with such a module once it is imported."""

_PRELUDE = """\
from datetime import datetime, timedelta
from airflow import DAG
"""
"""What snippets of a few lines take as given."""


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

    @property
    def words(self) -> str:
        if self.error:
            return f"FAILS {self.error[:110]}"
        ran = f", run {self.ran}" if self.ran else ""
        return f"warns{ran}: {self.warnings[0][:90]}" if self.warnings else f"ok{ran}"


_ERROR = re.compile(
    r"\b\w+(?:Error|Exception|Undefined)\b(?::| \(|\",\"exc_value\":\")[^\n]{0,160}"
)

Outcomes = dict[tuple[str, str], Outcome]
"""By rule and side."""


def main(only: Sequence[str]) -> int:
    """Try all rules, or some. Returns an exit status: 1 where a claim did not hold."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers are ended then too
    wanted = [rule for rule in rulebook().rules.values() if not only or rule.id in only]
    tried = [rule for rule in wanted if rule.id not in NOT_TRIED]
    outcomes = {version: _try_all(version, tried) for version in (OLD, *NEW)}
    missed = [rule.id for rule in tried if not _print(rule, outcomes)]
    for rule in wanted:
        if rule.id in NOT_TRIED:
            print(f"\n{rule.id}: not tried here: {NOT_TRIED[rule.id]}")
    print(f"\n{len(tried) - len(missed)} of {len(tried)} rules hold; not shown: {missed or 'none'}")
    return int(bool(missed))


def _print(rule: Rule, outcomes: Mapping[str, Outcomes]) -> bool:
    print(f"\n{rule.id} ({rule.severity.value}): {rule.title}")
    for side in _SIDES:
        for version, of_version in outcomes.items():
            print(f"  {side:<7}{version:<8}{of_version[rule.id, side].words}")
    holds = _before_shows(rule, outcomes) and _after_holds(rule, outcomes)
    print(f"  {'holds' if holds else 'NOT SHOWN'}")
    return holds


def _before_shows(rule: Rule, outcomes: Mapping[str, Outcomes]) -> bool:
    """On some 3.x the old form fails, or warns of what the new form does not, or means something else."""
    for version in NEW:
        before, after = (outcomes[version][rule.id, side] for side in _SIDES)
        if before.error or set(before.warnings) - set(after.warnings):
            return True
        if _meaning(rule, before) != _meaning(rule, outcomes[OLD][rule.id, "before"]):
            return True
    return False


def _meaning(rule: Rule, outcome: Outcome) -> list[object]:
    key = _CHANGES_MEANING.get(rule.id)
    return [dag[key] for dag in outcome.meaning] if key else []


def _after_holds(rule: Rule, outcomes: Mapping[str, Outcomes]) -> bool:
    """The new form works on every 3.x, and on 2.x too where the rule says that it can be written today.

    What needs a provider needs it where it is installed, with the newest release; and what is only for 3.x fails on
    2.x before and after.
    """
    if rule.when == "provider":
        return not outcomes[NEW[-1]][rule.id, "after"].error
    on_old = [outcomes[OLD][rule.id, side] for side in _SIDES]
    works_on_old = rule.when == "after" or not on_old[1].error or on_old[0].error == on_old[1].error
    failed = {version: outcomes[version][rule.id, "after"].error for version in NEW}
    return works_on_old and not any(
        error and (version == NEW[-1] or not _NO_PROVIDER.search(error))
        for version, error in failed.items()
    )


_NO_PROVIDER = re.compile(r"No module named 'airflow\.providers\.")


# ------------------------------------------------------------------ environments


def environment(version: str) -> Path:
    """The folder of a virtual environment with this Airflow."""
    folder = FOLDER / "airflow" / version
    if not (folder / "bin/airflow").exists():
        print(f"Installing Airflow {version}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        packages = [f"apache-airflow=={version}"]
        providers = (*_PROVIDERS, *(_OF_THE_NEWEST if version == NEW[-1] else ()))
        packages += [f"apache-airflow-providers-{name}" for name in providers]
        packages += _HELD_BACK.get(version, [])
        subprocess.run(
            [str(folder / "bin/pip"), "install", "--quiet", *packages],
            check=True,
            stdout=sys.stderr,
        )
    return folder


@dataclass(frozen=True)
class _Home:
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
            "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "300",
            "AIRFLOW__WEBSERVER__WORKERS": "1",
            "AIRFLOW_CONN_AIRFLOW_READONLY": f"sqlite:///{self.folder / 'other.db'}",
            "AIRFLOW_VAR_REGION": "eu",
            "AIRFLOW__API__PORT": "18793",
            "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": "18793",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://localhost:18793/execution/",
        }

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


# ------------------------------------------------------------------ what is tried


def _try_all(version: str, rules: Sequence[Rule]) -> Outcomes:
    print(f"Trying Airflow {version}", file=sys.stderr)
    outcomes: Outcomes = {}
    with tempfile.TemporaryDirectory(prefix="fpa-") as folder:
        home = _Home(version, Path(folder))
        _prepare(home)
        migrated = home.airflow("db", "migrate")
        if migrated.returncode:
            raise SystemExit(f"{version}: db migrate: {migrated.stderr[-1000:]}")
        code = {
            (rule.id, side): _dag_file(rule.id, side, text)
            for rule, side, text in _examples(rules)
            if _kind(text) == "code"
        }
        outcomes |= _import_all(home, code)
        for rule, side, text in _examples(rules):
            match _kind(text):
                case "settings":
                    outcomes[rule.id, side] = _start_with(home, text)
                case "commands":
                    outcomes[rule.id, side] = _ask_for_help(home, text)
        _run_all(home, outcomes)
    return outcomes


def _examples(rules: Sequence[Rule]) -> Iterator[tuple[Rule, str, str]]:
    for rule in rules:
        yield rule, "before", rule.before
        yield rule, "after", rule.after


def _kind(text: str) -> str:
    if re.match(r"\s*\[", text):
        return "settings"
    if re.match(r"\s*airflow ", text):
        return "commands"
    return "code"


def _dag_file(rule: str, side: str, text: str) -> str:
    """The snippet with an id of its own for its DAG, and the imports that short ones take as given."""
    tree = ast.parse(text)
    is_whole = any(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body)
    head = "" if is_whole and "datetime" in text.split("DAG(")[0] else _PRELUDE
    named = re.sub(
        r'(\bDAG\(\s*)"(?:nightly_)?orders(\.\w+)?"', rf'\1"{_name(rule, side)}\2"', text
    )
    return head + named + _TRIED_WITH.get(rule, "")


def _name(rule: str, side: str) -> str:
    return f"{rule}__{side}"


def _prepare(home: _Home) -> None:
    (home.folder / "dags").mkdir()
    (home.folder / "bin").mkdir()
    load = home.folder / "bin/load"  # what the examples' shell lines call
    load.write_text("#!/bin/sh\nexit 0\n")
    load.chmod(0o755)


def _import_all(home: _Home, code: Mapping[tuple[str, str], str]) -> Outcomes:
    for (rule, side), source in code.items():
        (home.folder / f"dags/{_name(rule, side)}.py").write_text(source)
    python = str(environment(home.version) / "bin/python")
    done = home.run(python, "-P", str(_PROBE), str(home.folder / "dags"), seconds=600)
    if done.returncode:
        raise SystemExit(f"{home.version}: {done.stderr[-2000:]}")
    answers = json.loads(done.stdout.splitlines()[-1])
    outcomes = {}
    for rule, side in code:
        answer = answers[_name(rule, side)]
        meaning = [
            {key: value for key, value in dag.items() if key != "dag_id"}
            for dag in answer.get("dags", [])
        ]
        outcomes[rule, side] = Outcome(answer["error"], answer.get("warnings", []), meaning)
    return outcomes


def _start_with(home: _Home, text: str) -> Outcome:
    """Lets Airflow judge settings, and start a command with them."""
    with tempfile.TemporaryDirectory(prefix="fpa-") as folder:
        other = _Home(home.version, Path(folder))
        (other.folder / "airflow.cfg").write_text(text)
        lint = other.airflow("config", "lint")
        sections = re.findall(r"^(\w+) *=", text, re.MULTILINE)
        said = [
            " ".join(line.split())
            for line in lint.stdout.splitlines()
            if any(f"`{option}`" in line for option in sections)
        ]
        start = other.airflow("jobs", "check")
        errors = re.findall(
            r"^\S*(?:Error|Exception): .*", start.stdout + start.stderr, re.MULTILINE
        )
        failing = [line for line in errors if "OperationalError" not in line]
        return Outcome(failing[0] if failing else "", [f"lint: {line}" for line in said])


def _ask_for_help(home: _Home, text: str) -> Outcome:
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["airflow"]:
            done = home.airflow(*words[1:], "--help")
            if done.returncode:
                said = (done.stderr or done.stdout).strip().splitlines()
                return Outcome(f"`{line}`: {said[-1] if said else done.returncode}")
    return Outcome()


# ------------------------------------------------------------------ what is run


def _run_all(home: _Home, outcomes: Outcomes) -> None:
    """Runs every example with tasks under a real Airflow, and notes what its dag-processor refuses."""
    waiting = {
        _name(*key): outcome
        for key, outcome in outcomes.items()
        if not outcome.error
        and any(one["tasks"] for one in outcome.meaning)
        and not any(one["catchup"] for one in outcome.meaning)
    }
    parsed = {
        _name(*key): outcome
        for key, outcome in outcomes.items()
        if (home.folder / f"dags/{_name(*key)}.py").exists() and not outcome.error
    }
    _drop_what_would_catch_up(home, parsed)
    log = (home.folder / "standalone.log").open("wb")
    command = "scheduler" if home.version == OLD else "standalone"
    server = subprocess.Popen(
        [str(environment(home.version) / "bin/airflow"), command],
        env=home.variables | {"AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT": "False"},
        cwd=home.folder,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        _watch(home, waiting, parsed)
    finally:
        _end_session(server)
        log.close()


def _end_session(server: subprocess.Popen[bytes]) -> None:
    """Ends a server with all that it started: some of it leads groups of its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        listed = subprocess.run(
            ["ps", "-s", str(server.pid), "-o", "pid="], capture_output=True, text=True, check=False
        )
        for pid in map(int, listed.stdout.split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(20)


def _drop_what_would_catch_up(home: _Home, parsed: Mapping[str, Outcome]) -> None:
    """A DAG that 2.x runs for every day since 2024 was judged by its attributes; here it only costs time."""
    for name, outcome in parsed.items():
        if any(one["catchup"] for one in outcome.meaning):
            (home.folder / f"dags/{name}.py").unlink()


def _watch(home: _Home, waiting: dict[str, Outcome], parsed: Mapping[str, Outcome]) -> None:
    deadline = time.monotonic() + _SECONDS_TO_RUN
    triggered: set[str] = set()
    left = dict(waiting)
    while left and time.monotonic() < deadline:
        time.sleep(5)
        _note_import_errors(home, parsed)
        states = dict(_rows(home, "SELECT dag_id, state FROM dag_run"))
        known = {dag_id for (dag_id,) in _rows(home, "SELECT dag_id FROM dag")}
        for name in list(left):
            if states.get(name) in ("success", "failed") or left[name].error:
                outcome = left.pop(name)
                outcome.ran = states.get(name, "")
                if outcome.ran == "failed":
                    outcome.error = f"task: {_why(home, name)}"
                printed = _PRINTS.get(name.partition("__")[0])
                if printed and any(printed.search(text) for text in _logs(home, name)):
                    outcome.warnings.insert(0, f"prints {printed.pattern[-6:-2]}")
            elif name in known and name not in states and name not in triggered:
                triggered.add(name)
                if "schedule=None" in (home.folder / f"dags/{name}.py").read_text():
                    home.airflow("dags", "trigger", name)
    for outcome in left.values():
        outcome.ran = "not finished in time"


def _note_import_errors(home: _Home, parsed: Mapping[str, Outcome]) -> None:
    """What the dag-processor could not import though a plain import could: it has no database."""
    for file, trace in _rows(home, "SELECT filename, stacktrace FROM import_error"):
        outcome = parsed.get(Path(file).stem)
        if outcome is not None and not outcome.error:
            outcome.error = f"dag-processor: {trace.strip().splitlines()[-1]}"


def _rows(home: _Home, query: str) -> list[tuple[str, ...]]:
    try:
        with sqlite3.connect(f"file:{home.folder / 'airflow.db'}?mode=ro", uri=True) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.OperationalError:  # busy: asked again soon
        return []


def _logs(home: _Home, name: str) -> list[str]:
    """What a DAG's tasks wrote down."""
    files = sorted((home.folder / f"logs/dag_id={name}").rglob("*.log"))
    return [file.read_text(errors="replace") for file in files]


def _why(home: _Home, name: str) -> str:
    """The last error in the logs of a DAG's tasks."""
    said = "?"
    for text in _logs(home, name):
        found = _ERROR.findall(text)
        last = text.strip().splitlines()[-1:] or [said]
        said = found[-1] if found else last[0][-160:]
    return said


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
