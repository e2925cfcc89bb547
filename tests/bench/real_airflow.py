"""Every rule's ``before`` and ``after``, tried on real Airflows: ``python -m tests.bench.real_airflow [RULE …]``.

The environments are made once, below ``var/bench/airflow``. Code is imported by a process of its own and, where it
has tasks, run by a real ``airflow standalone``: scheduler, dag-processor and workers as in production, so that what is
refused there is refused here. Settings are read by ``airflow config lint`` and by a command that starts with them;
commands are asked for their help; ``airflow_trials`` holds what is tried in a way of its own. What cannot be tried
stands in the table with the reason.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from planner.domain.finding import Severity
from planner.domain.rating import severity_on
from planner.domain.rules import Rule
from planner.rulebook.load import rulebook
from planner.scanner.scan import scan_tree
from tests.bench.airflow import import_proof
from tests.bench.airflow_home import NEW, OLD, Home, environment, home_of, served
from tests.bench.airflow_trials import PRELUDE, SIDES, TRIALS, Outcome, Sightings, name_of, text_of

_PROBE = Path(__file__).with_name("airflow_probe.py")
_SECONDS_TO_RUN = 420
_SECONDS_TO_CHANGE = 120
"""How long a DAG that should change from parse to parse is looked at."""

NOT_TRIED = {
    "AF3-AIRFLOW-PIN": "it is about what pip installs: tests compare the releases with the package index's",
    "AF3-METADATA-PICKLED-XCOM": "migrating SQLite from 2.11 loses every task instance, and with them all values",
    "AF3-PROVIDER-FLOOR": "it is about what pip installs: the floors were read from the providers' own metadata",
    "AF3-PYTHON": "it is about an image; the Pythons were read from each release's metadata",
    "AIR001": "a matter of style: both run",
    "AIR003": "a matter of style: both run",
    "AIR004": "a matter of style: both run",
    "AIR201": "a matter of style: both run",
    "AIR202": "a matter of style: both run",
    "check-stopped": "it is about the check itself",
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

_NEEDS_A_SETTING_ON_2 = {"AF3-IGNORE-GLOB"}
"""Rules whose new form 2.x takes only with a setting, as the rule itself says."""

_GIVEN = {
    "AIR303": "from airflow.lineage.hook import HookLineageCollector\ncollector = HookLineageCollector()\n"
}
"""What a rule's snippet takes as given besides the usual imports."""

_TRIED_WITH = {
    "AF3-LISTENER": """
import sys
from airflow.listeners.listener import get_listener_manager
get_listener_manager().add_listener(sys.modules[__name__])
""",
    "AF3-XCOM-BACKEND": """
from airflow.version import version
if not version.startswith("2."):
    BucketXCom.serialize_value(
        value=3, key="rows", task_id="load", dag_id="orders", run_id="r", map_index=-1
    )
""",
}
"""What Airflow itself does with such a module once it is imported."""

_ERROR = re.compile(
    r"\b\w+(?:Error|Exception|Undefined)\b(?::| \(|\",\"exc_value\":\")[^\n]{0,160}"
)

Outcomes = dict[tuple[str, str], Outcome]
"""By rule and side."""


def main(only: Sequence[str]) -> int:
    """Try all rules, or some. Returns an exit status: 1 where a claim did not hold."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers are ended then too
    unknown = set(only) - rulebook().rules.keys()
    if unknown:
        print(f"There is no rule {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
    began = time.monotonic()
    wanted = [rule for rule in rulebook().rules.values() if not only or rule.id in only]
    tried = [rule for rule in wanted if rule.id not in NOT_TRIED]
    symbols = _symbols(tried)
    outcomes = {version: _try_all(version, tried) for version in (OLD, *NEW)}
    unproved = [] if only else [version for version in NEW if not _proves_imports(version)]
    wrong = {rule.id: _wrong(rule, symbols.get(rule.id, ""), outcomes) for rule in tried}
    for rule in tried:
        _print(rule, outcomes, wrong[rule.id])
    _print_table(tried, outcomes, wrong)
    for rule in wanted:
        if rule.id in NOT_TRIED:
            print(f"{rule.id}: not tried: {NOT_TRIED[rule.id]}")
    missed = [rule for rule, sentences in wrong.items() if sentences]
    print(f"\n{len(tried) - len(missed)} of {len(tried)} rules tried are as claimed", end="")
    print(f", {len(wanted) - len(tried)} not tried, {time.monotonic() - began:.0f} s")
    for rule in missed:
        print(f"NOT AS CLAIMED {rule}: {'; '.join(wrong[rule])}")
    for version in unproved:
        print(f"NOT AS CLAIMED import proof with {version}")
    return int(bool(missed or unproved))


# ------------------------------------------------------------------ what is claimed


def _wrong(rule: Rule, symbol: str, outcomes: Mapping[str, Outcomes]) -> list[str]:
    """What is not as the rule says, in words."""
    shown = {version: _shows(rule, version, outcomes) for version in NEW}
    wrong = []
    for number, version in enumerate(NEW):
        severity = severity_on(rule, symbol, version.rpartition(".")[0], rulebook())
        later = NEW[number:] if severity is Severity.WARNING else (version,)
        if severity is not Severity.INFO and not any(shown[one] for one in later):
            wrong.append(f"{severity.value} on {version}, where the old form runs")
    failed = {version: outcomes[version][rule.id, "after"].error for version in NEW}
    if rule.when == "provider":  # it needs one where it is installed: with the newest
        failed = {NEW[-1]: failed[NEW[-1]]}
    wrong += [
        f"the new form fails on {version}"
        for version, error in failed.items()
        if error and (version == NEW[-1] or not _NO_PROVIDER.search(error))
    ]
    if not _works_on_2(rule, outcomes[OLD]):
        wrong.append(f"the new form fails on {OLD}, and the rule does not say that it waits")
    return wrong


_NO_PROVIDER = re.compile(r"No module named 'airflow\.providers\.")


def _shows(rule: Rule, version: str, outcomes: Mapping[str, Outcomes]) -> str:
    """What is wrong with the old form on a release; empty: nothing."""
    before, after = (outcomes[version][rule.id, side] for side in SIDES)
    if before.error:
        return "fails"
    if set(before.warnings) - set(after.warnings):
        return "warns"
    if _meaning(rule, before) != _meaning(rule, outcomes[OLD][rule.id, "before"]):
        return "means something else"
    return ""


def _meaning(rule: Rule, outcome: Outcome) -> list[object]:
    key = _CHANGES_MEANING.get(rule.id)
    return [dag[key] for dag in outcome.meaning] if key else []


def _works_on_2(rule: Rule, outcomes: Outcomes) -> bool:
    """Whether the new form can be written today, where the rule says so. What is only for 3.x fails on both sides."""
    before, after = (outcomes[rule.id, side].error for side in SIDES)
    if rule.when in ("after", "provider") or rule.id in _NEEDS_A_SETTING_ON_2:
        return True
    return not after or before == after


_PLACES = {
    "code": "dags/{}.py",
    "settings": "{}/airflow.cfg",
    "commands": "{}/start.sh",
    "processes": "{}/docker-compose.yml",
}


def _symbols(rules: Sequence[Rule]) -> dict[str, str]:
    """What each rule's own example is about, as the upgrade check names it: severity may depend on it."""
    with tempfile.TemporaryDirectory(prefix="fpa-") as folder:
        places = {}
        for rule in rules:
            place = _PLACES[_kind(rule.before)].format(rule.id)
            places[place] = rule.id
            (Path(folder) / place).parent.mkdir(exist_ok=True)
            whole = _dag_file(rule.id, "before", rule.before)
            (Path(folder) / place).write_text(whole if place.endswith(".py") else rule.before)
        found = scan_tree(Path(folder)).observations
    return {one.rule: one.symbol for one in found if places.get(one.path) == one.rule}


# ------------------------------------------------------------------ what is printed


def _print(rule: Rule, outcomes: Mapping[str, Outcomes], wrong: Sequence[str]) -> None:
    print(f"\n{rule.id} ({rule.severity.value}): {rule.title}")
    for side in SIDES:
        for version, of_version in outcomes.items():
            print(f"  {side:<7}{version:<8}{of_version[rule.id, side].words}")
    print(f"  {'; '.join(wrong) or 'as claimed'}")


def _print_table(
    rules: Sequence[Rule], outcomes: Mapping[str, Outcomes], wrong: Mapping[str, Sequence[str]]
) -> None:
    """One line for a rule, in a cell for each release: what the old form does, then what the new one does."""
    print(f"\n| rule | {' | '.join(outcomes)} | as claimed |")
    print("|---" * (len(outcomes) + 2) + "|")
    for rule in rules:
        cells = [_cell(rule, version, outcomes) for version in outcomes]
        print(f"| {rule.id} | {' | '.join(cells)} | {'NO' if wrong[rule.id] else 'yes'} |")
    print()


def _cell(rule: Rule, version: str, outcomes: Mapping[str, Outcomes]) -> str:
    before, after = (outcomes[version][rule.id, side] for side in SIDES)
    if not before.is_asked:
        return "not asked"
    return f"{_shows(rule, version, outcomes) or 'runs'} / {'fails' if after.error else 'runs'}"


# ------------------------------------------------------------------ what is tried


def _try_all(version: str, rules: Sequence[Rule]) -> Outcomes:
    environment(version)
    print(f"Trying Airflow {version}", file=sys.stderr)
    outcomes: Outcomes = {}
    with home_of(version) as home:
        _prepare(home)
        home.migrate()
        static = [one for one in _examples(rules) if one[0].id not in TRIALS]
        code = {
            (rule.id, side): _dag_file(rule.id, side, text)
            for rule, side, text in static
            if _kind(text) == "code"
        }
        outcomes |= _import_all(home, code)
        for rule, side, text in static:
            match _kind(text):
                case "settings":
                    outcomes[rule.id, side] = _start_with(home, text)
                case "commands" | "processes":
                    outcomes[rule.id, side] = _ask_for_help(home, text)
        others = [rule for rule in rules if rule.id in TRIALS]
        for rule in others:
            for side in SIDES:
                TRIALS[rule.id].prepare(home, rule, side)
        _run_all(home, outcomes, others)
    for (rule, side), outcome in outcomes.items():
        print(f"  {version} {rule} {side}: {outcome.words}", file=sys.stderr)
    return outcomes


def _proves_imports(version: str) -> bool:
    wrong = import_proof.run(environment(version) / "bin/python")
    print(f"Import proof with {version}: {'; '.join(wrong) or 'as claimed'}")
    return not wrong


def _examples(rules: Sequence[Rule]) -> Iterator[tuple[Rule, str, str]]:
    for rule in rules:
        for side in SIDES:
            yield rule, side, text_of(rule, side)


def _kind(text: str) -> str:
    if re.match(r"\s*\[", text):
        return "settings"
    if re.match(r"\s*airflow ", text):
        return "commands"
    if re.match(r"\s*services:", text):
        return "processes"
    return "code"


def _dag_file(rule: str, side: str, text: str) -> str:
    """The snippet with an id of its own for its DAG, and the imports that short ones take as given."""
    is_whole = re.search(r"^(?:from|import) ", text, re.MULTILINE)
    head = "" if is_whole and "datetime" in text.split("DAG(")[0] else PRELUDE
    named = re.sub(
        r'(\bDAG\(\s*)"(?:nightly_)?orders(\.\w+)?"', rf'\1"{name_of(rule, side)}\2"', text
    )
    return head + _GIVEN.get(rule, "") + named + _TRIED_WITH.get(rule, "")


def _prepare(home: Home) -> None:
    home.dags.mkdir()
    (home.folder / "bin").mkdir()
    load = home.folder / "bin/load"  # what the examples' shell lines call
    load.write_text("#!/bin/sh\nexit 0\n")
    load.chmod(0o755)


def _import_all(home: Home, code: Mapping[tuple[str, str], str]) -> Outcomes:
    for (rule, side), source in code.items():
        (home.dags / f"{name_of(rule, side)}.py").write_text(source)
    done = home.python("-P", str(_PROBE), str(home.dags))
    if done.returncode:
        raise SystemExit(f"{home.version}: {done.stderr[-2000:]}")
    answers = json.loads(done.stdout.splitlines()[-1])
    outcomes = {}
    for rule, side in code:
        answer = answers[name_of(rule, side)]
        meaning = [
            {key: value for key, value in dag.items() if key != "dag_id"}
            for dag in answer.get("dags", [])
        ]
        outcomes[rule, side] = Outcome(answer["error"], answer.get("warnings", []), meaning)
    return outcomes


_LOAD_EXECUTORS = """
from airflow.executors.executor_loader import ExecutorLoader
for name in ExecutorLoader.get_executor_names():
    ExecutorLoader.import_executor_cls(name)
"""
"""What the scheduler begins with."""


def _start_with(home: Home, text: str) -> Outcome:
    """Lets Airflow judge settings, and start with them."""
    with home_of(home.version) as other:
        (other.folder / "airflow.cfg").write_text(text)
        lint = other.airflow("config", "lint")
        options = re.findall(r"^(\w+) *=", text, re.MULTILINE)
        said = [
            " ".join(line.split())
            for line in lint.stdout.splitlines()
            if any(f"`{option}`" in line for option in options)
        ]
        starts = [other.airflow("jobs", "check")]
        if "executor" in options:
            starts.append(other.python("-c", _LOAD_EXECUTORS))
        printed = "".join(start.stdout + start.stderr for start in starts)
        errors = re.findall(r"^\S*(?:Error|Exception): .*", printed, re.MULTILINE)
        failing = [line for line in errors if "OperationalError" not in line]
        return Outcome(failing[0] if failing else "", [f"lint: {line}" for line in said])


def _ask_for_help(home: Home, text: str) -> Outcome:
    for line in re.findall(r"^(?:airflow|\s+command:) (.+)$", text, re.MULTILINE):
        done = home.airflow(*line.split(), "--help")
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            return Outcome(f"`airflow {line}`: {said[-1] if said else done.returncode}")
    return Outcome()


# ------------------------------------------------------------------ what is run


def _run_all(home: Home, outcomes: Outcomes, others: Sequence[Rule]) -> None:
    """Runs every example with tasks under a real Airflow, notes what its dag-processor refuses, and tries the rest."""
    waiting = {
        name_of(*key): outcome
        for key, outcome in outcomes.items()
        if not outcome.error
        and any(one["tasks"] for one in outcome.meaning)
        and not any(one["catchup"] for one in outcome.meaning)
    }
    parsed = {
        name_of(*key): outcome
        for key, outcome in outcomes.items()
        if (home.dags / f"{name_of(*key)}.py").exists() and not outcome.error
    }
    _drop_what_would_catch_up(home, parsed)
    seen = Sightings()
    with served(home):
        _watch(home, waiting, parsed, seen)
        for name, outcome in parsed.items():
            if len(seen.forms[name]) > 1:
                outcome.warnings.insert(0, "what is stored of the DAG changes from parse to parse")
        for rule in others:
            for side in SIDES:
                outcomes[rule.id, side] = TRIALS[rule.id].look(home, rule, side, seen)


def _drop_what_would_catch_up(home: Home, parsed: Mapping[str, Outcome]) -> None:
    """A DAG that 2.x runs for every day since 2024 was judged by its attributes; here it only costs time."""
    for name, outcome in parsed.items():
        if any(one["catchup"] for one in outcome.meaning):
            (home.dags / f"{name}.py").unlink()


def _watch(
    home: Home, waiting: Mapping[str, Outcome], parsed: Mapping[str, Outcome], seen: Sightings
) -> None:
    began = time.monotonic()
    triggered: set[str] = set()
    left = dict(waiting)
    while (passed := time.monotonic() - began) < _SECONDS_TO_RUN:
        if not left and (_has_changed(home, seen) or passed > _SECONDS_TO_CHANGE):
            break
        time.sleep(3)
        seen.look(home)
        _note_import_errors(home, parsed)
        states = dict(home.rows("SELECT dag_id, state FROM dag_run"))
        known = {dag_id for (dag_id,) in home.rows("SELECT dag_id FROM dag")}
        for name in list(left):
            if states.get(name) in ("success", "failed") or left[name].error:
                _note_run(home, name, left.pop(name), states.get(name, ""))
            elif name in known and name not in states and name not in triggered:
                triggered.add(name)
                if "schedule=None" in (home.dags / f"{name}.py").read_text():
                    home.airflow("dags", "trigger", name)
    for outcome in left.values():
        outcome.error = outcome.error or "its run did not end in time"


_CHANGE = {"AF3-FILELOC-UNIQUE": "files", "AF3-METADATA-DUPLICATE-DAG": "files", "AIR304": "forms"}
"""Rules whose old form makes a DAG that changes from parse to parse, and what of it does."""


def _has_changed(home: Home, seen: Sightings) -> bool:
    """Whether all that should change while Airflow runs has: on 2.x nobody waits for that."""
    laid_out = {file.name.partition("__")[0] for file in home.dags.glob("*__before*.py")}
    return home.version == OLD or all(
        len(getattr(seen, what)[name_of(rule, "before")]) > 1
        for rule, what in _CHANGE.items()
        if rule in laid_out
    )


def _note_run(home: Home, name: str, outcome: Outcome, state: str) -> None:
    outcome.ran = state
    if state == "failed" and not outcome.error:
        outcome.error = f"task: {_why(home, name)}"
    printed = _PRINTS.get(name.partition("__")[0])
    if printed and any(printed.search(text) for text in _logs(home, name)):
        outcome.warnings.insert(0, f"prints {printed.pattern[-6:-2]}")


def _note_import_errors(home: Home, parsed: Mapping[str, Outcome]) -> None:
    """What the dag-processor could not import though a plain import could: it has no database."""
    for file, trace in home.rows("SELECT filename, stacktrace FROM import_error"):
        outcome = parsed.get(Path(file).stem)
        if outcome is not None and not outcome.error:
            outcome.error = f"dag-processor: {trace.strip().splitlines()[-1]}"


def _logs(home: Home, name: str) -> list[str]:
    """What a DAG's tasks wrote down."""
    files = sorted((home.folder / f"logs/dag_id={name}").rglob("*.log"))
    return [file.read_text(errors="replace") for file in files]


def _why(home: Home, name: str) -> str:
    """The last error in the logs of a DAG's tasks."""
    said = "?"
    for text in _logs(home, name):
        found = _ERROR.findall(text)
        last = text.strip().splitlines()[-1:] or [said]
        said = found[-1] if found else last[0][-160:]
    return said


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("Stopped; nothing is left running.", file=sys.stderr)
        sys.exit(130)
