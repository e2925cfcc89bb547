"""Imports every DAG file with a real Airflow 3: what no reading of the code can show.

This runs the code of the tree, which a scan never does, so it happens only on request. Airflow's own
dag-processor makes one pass, since only there database access at parse time fails as it does in production.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import msgspec
from packaging.version import InvalidVersion, Version

from planner.domain.report import Coverage, DagEntry, Format, Observation, ReportRejected
from planner.parsers.airflow_import_errors import RULE
from planner.parsers.report import open_report
from planner.scanner.live.bounded_run import (
    USUAL_LIMITS,
    Ended,
    Limits,
    end_strays,
    run_bounded,
    tail_of,
)

CHECKER = "import-check"

_MOST_ANSWER = 64 * 1024 * 1024
_MOST_LOG = 8 * 1024 * 1024
_MOST_LINES = 16_000
_SHOWN = 300
_GRACE = 20
"""Seconds that a file's process has beyond its import before Airflow ends it."""
_BUNDLE = "folder-"
_LOGS = "dag-processor-logs"
_ASK_VERSION = (
    "import importlib.metadata as m\n"
    "for name in ('apache-airflow-core', 'apache-airflow'):\n"
    "    try:\n"
    "        print(m.version(name))\n"
    "        break\n"
    "    except m.PackageNotFoundError:\n"
    "        pass\n"
)
_KILLED = re.compile(
    r"Processor for DagFileInfo\(rel_path=\w{1,40}\('(?P<path>[^'\n]{1,1000})'\), "
    r"bundle_name='(?P<bundle>[\w-]{1,100})'[^\n]{1,2000}[Kk]illing it"
)
_EXCEPTION = re.compile(r"[\w.]{1,200}(?:Error|Exception)\b")
_DIED = re.compile(rb'"event": ?"(?:Process exited abnormally|Process terminated by signal)')
_NO_MODULE = re.compile(r"No module named '([\w.]{1,300})'")
_NESTED_PROVIDERS = ("apache", "atlassian", "cncf", "common", "dbt", "microsoft")
"""Folders of ``airflow.providers`` below which each package has one of its own."""
_MISSING_HERE = (
    (re.compile(r"VARIABLE_NOT_FOUND: \{'(?:key|message)': [\"'](.{1,200}?)[\"']\}"), "variable"),
    (re.compile(r"CONNECTION_NOT_FOUND: \{'\w{1,20}': [\"'](.{1,200}?)[\"']\}"), "connection"),
    (re.compile(r"[Vv]ariable (\S{1,200}) does not exist"), "variable"),
    (re.compile(r"The conn_id `([^`]{1,200})` isn't defined"), "connection"),
    (re.compile(r"Timetable class ['\"]([\w.]{1,200})['\"] is not registered"), "timetable plugin"),
)
_LIMITS_HIT = (
    (
        re.compile(r"DagBag import timeout for .{1,2000}? after ([\d.]{1,20})s"),
        "took longer than {} s",
    ),
    (re.compile(r"^(MemoryError)\b"), "took more memory than allowed"),
)


class ImportProofRefused(Exception):
    """The proof cannot be made as asked. The message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Unproved:
    """A file of which the proof says nothing, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportProof:
    """What a real Airflow 3 said of a tree."""

    observations: list[Observation]
    """One for each file that does not import, by path; rule ``airflow-import-error``."""
    coverage: Coverage
    """``files`` are those that Airflow imported or refused; ``unproved`` ones are not among them."""
    airflow_version: str
    unproved: list[Unproved] = field(default_factory=list)
    """Files that need what this environment lacks, took too long, or ended the process."""


def prove_imports(
    python: Path,
    tree: Path,
    dag_folders: Sequence[str],
    *,
    plugins: str = "",
    import_paths: Sequence[str] = (),
    limits: Limits = USUAL_LIMITS,
) -> ImportProof:
    """Imports the DAG files below ``dag_folders`` with the Airflow 3 of a Python environment.

    Args:
        python: the interpreter of an environment in which Airflow 3 and the DAGs' packages are installed.
        tree: the source tree; nothing is written into it.
        dag_folders: relative to the tree; see ``dag_folders_of``.
        plugins: the plugins folder, relative to the tree; by default ``plugins`` beside the first DAG folder,
            or at the top, where there is one.
        import_paths: folders of the tree to put on the path besides (PYTHONPATH).

    Raises:
        ImportProofRefused: no Airflow 3 there, a folder is missing, or Airflow itself does not start.
    """
    tree = tree.resolve()
    folders = [_folder(tree, folder) for folder in dag_folders]
    extra = [_folder(tree, path) for path in import_paths]
    with_plugins = _folder(tree, plugins) if plugins else _plugins_of(tree, folders[0])
    with _home() as home:
        run = _Run(
            python=_interpreter(python),
            home=home,
            limits=limits,
            environment=_environment(python, home),
            ends_at=time.monotonic() + limits.seconds,
        )
        version = _airflow_3(run)
        run.environment |= _settings(home, folders, limits, with_plugins, extra)
        return _proved(run, version, folders, tree)


def dag_folders_of(tree: Path, dags: Sequence[DagEntry]) -> list[str]:
    """The DAG folder of a tree, told from where its DAG files lie.

    It is ``dags`` at the top; else the only outermost folder called ``dags``; else the one folder that holds
    every DAG file. Raises ImportProofRefused where none of these is certain.
    """
    paths = sorted({PurePosixPath(dag.path) for dag in dags})
    if not paths:
        raise ImportProofRefused(
            "No file here makes a DAG, so the DAG folder cannot be told; name it with --dag-folder."
        )
    if (tree / "dags").is_dir() and any(path.parts[0] == "dags" for path in paths):
        return ["dags"]
    called = {found for path in paths if (found := _outermost_dags(path))}
    if len(called) == 1 and all(_outermost_dags(path) for path in paths):
        return [called.pop()]
    parents = {str(path.parent) for path in paths}
    if len(parents) == 1:
        return [parents.pop()]
    named = ", ".join(sorted(called or parents)[:5])
    raise ImportProofRefused(
        f"DAG files lie in several folders ({named}); name the DAG folder with --dag-folder."
    )


def _outermost_dags(path: PurePosixPath) -> str:
    parts = path.parts[:-1]
    return "/".join(parts[: parts.index("dags") + 1]) if "dags" in parts else ""


@dataclass(slots=True)
class _Run:
    """One temporary Airflow, and how its commands are run."""

    python: Path
    home: Path
    limits: Limits
    environment: dict[str, str]
    ends_at: float

    def __call__(self, name: str, *words: str) -> Ended:
        """Runs the environment's Python; raises ImportProofRefused where it does not start."""
        try:
            return run_bounded(
                [str(self.python), *words],
                environment=self.environment,
                folder=self.home,
                name=name,
                seconds=self.ends_at - time.monotonic(),
                limits=self.limits,
            )
        except OSError as error:
            raise ImportProofRefused(
                f"{self.python} cannot be run: {error.strerror or error}."
            ) from error


@contextmanager
def _home() -> Iterator[Path]:
    """A temporary AIRFLOW_HOME, gone afterwards with all that still runs in it."""
    home = Path(tempfile.mkdtemp(prefix="import-proof-"))
    try:
        yield home
    finally:
        end_strays(f"AIRFLOW_HOME={home}")
        shutil.rmtree(home, ignore_errors=True)


def _interpreter(python: Path) -> Path:
    place = python.expanduser().absolute()
    if place.is_dir():
        raise ImportProofRefused(
            f"{python} is a folder; name the environment's interpreter, like {python}/bin/python."
        )
    if not os.access(place, os.X_OK):
        raise ImportProofRefused(f"{python} is no program that can be run.")
    return place


def _folder(tree: Path, inside: str) -> Path:
    folder = (tree / inside).resolve()
    if not folder.is_relative_to(tree):
        raise ImportProofRefused(f"The folder {inside!r} leads out of the tree.")
    if not folder.is_dir():
        raise ImportProofRefused(f"There is no folder {inside!r} in the tree.")
    return folder


def _plugins_of(tree: Path, dag_folder: Path) -> Path | None:
    """The plugins folder as Airflow's home has it: beside the DAG folder."""
    beside = [tree / "plugins"]
    if dag_folder != tree:
        beside.insert(0, dag_folder.parent / "plugins")
    return next((place for place in beside if place.is_dir() and not place.is_symlink()), None)


def _environment(python: Path, home: Path) -> dict[str, str]:
    """Nothing of the caller's own environment: no secrets, no settings, no Python paths."""
    programs = python.expanduser().absolute().parent
    return {
        "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "AIRFLOW_HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "DO_NOT_TRACK": "true",
        "SCARF_ANALYTICS": "false",
    }


def _settings(
    home: Path,
    folders: Sequence[Path],
    limits: Limits,
    plugins: Path | None,
    import_paths: Sequence[Path],
) -> dict[str, str]:
    """Airflow's settings: its own database, the DAG folders as bundles, a limit for each file."""
    (home / "plugins").mkdir()
    bundles = [
        {
            "name": f"{_BUNDLE}{number}",
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(folder)},
        }
        for number, folder in enumerate(folders)
    ]
    return {
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(folders[0]),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins or home / "plugins"),
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": str(limits.file_seconds),
        # By default a traceback is cut to two frames, and the DAG file's own is often a third.
        "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH": "200",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
        "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": str(limits.file_seconds + _GRACE),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(home / _LOGS),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PYTHONPATH": os.pathsep.join(map(str, import_paths)),
    }


def _airflow_3(run: _Run) -> str:
    """The version of the environment's Airflow. Raises ImportProofRefused for anything but 3.x."""
    ended = run("version", "-c", _ASK_VERSION)
    if ended.status is None:
        raise ImportProofRefused(f"{run.python} did not say in time which Airflow it has.")
    words = tail_of(ended.output, _SHOWN).decode("utf-8", "replace").split()
    try:
        version = Version(words[-1] if words else "")
    except InvalidVersion:
        raise ImportProofRefused(
            f"{run.python} has no Airflow; name the Python of an environment with Airflow 3."
        ) from None
    if version.major != 3:
        raise ImportProofRefused(
            f"{run.python} has Airflow {version}; whether DAGs import on Airflow 3 shows only with one."
        )
    return str(version)


def _proved(run: _Run, version: str, folders: Sequence[Path], tree: Path) -> ImportProof:
    _must_start(run("migrate", "-m", "airflow", "db", "migrate"), "airflow db migrate")
    parsing = run("parse", "-m", "airflow", "dag-processor", "-n", "1")
    if parsing.status is not None:
        _must_start(parsing, "airflow dag-processor -n 1")
    listing_ends_at = time.monotonic() + run.limits.file_seconds
    run.ends_at = max(run.ends_at, listing_ends_at)
    answer = run("list", "-m", "airflow", "dags", "list-import-errors", "-o", "json")
    names = {f"{_BUNDLE}{number}": folder for number, folder in enumerate(folders)}
    roots = {
        name: PurePosixPath(folder.relative_to(tree).as_posix()) for name, folder in names.items()
    }
    told = [_placed(one, roots, tree) for one in _observations(answer, version)]
    looked_at, unproved = _looked_at(run, parsing, roots)
    findings, environment = _sorted_out(told)
    unproved |= environment
    if parsing.status is None:
        reason = f"the time was up after {run.limits.seconds:.0f} s, before every file was imported"
        unproved |= {str(root): reason for root in roots.values()}
    files = looked_at.union(one.path for one in findings).difference(unproved)
    return ImportProof(
        observations=sorted(findings, key=lambda one: (one.path, one.line or 0)),
        coverage=Coverage(
            checker=CHECKER,
            tool_version=version,
            flags=("airflow-3",),
            files=frozenset(files),
            rules=frozenset([RULE]),
            status="partial" if parsing.status is None else "success",
            complete=False,
        ),
        airflow_version=version,
        unproved=[Unproved(path, unproved[path]) for path in sorted(unproved)],
    )


def _must_start(ended: Ended, command: str) -> None:
    if ended.status == 0:
        return
    how = "did not end in time" if ended.status is None else f"ended with {ended.status}"
    said = tail_of(ended.messages, _MOST_LINES) or tail_of(ended.output, _MOST_LINES)
    lines = said.decode("utf-8", "replace").strip().splitlines() or ["it printed nothing"]
    last = next(filter(_EXCEPTION.match, reversed(lines)), lines[-1])
    raise ImportProofRefused(f"`{command}` {how}: {last[:_SHOWN]}")


def _observations(answer: Ended, version: str) -> list[Observation]:
    """Airflow's import errors. It ends with 1 where there are any, and logs before it answers."""
    if answer.status not in (0, 1):
        _must_start(answer, "airflow dags list-import-errors")
    try:
        report = open_report(
            _answer_line(answer.output), format=Format.AIRFLOW_IMPORT_ERRORS, tool_version=version
        )
        return list(report.observations)
    except ReportRejected as error:
        raise ImportProofRefused(
            f"The answer of `airflow dags list-import-errors` cannot be read: {error}"
        ) from error


def _answer_line(output: Path) -> bytes:
    """The last line that is a list; all of it where none is."""
    text = tail_of(output, _MOST_ANSWER)
    lines = [line for line in text.splitlines() if line.startswith((b"[{", b"[]"))]
    return lines[-1] if lines else text


def _placed(found: Observation, roots: Mapping[str, PurePosixPath], tree: Path) -> Observation:
    """With its path from the tree: 3.0 gives it from the root of the machine, later ones from the bundle."""
    extra = msgspec.json.decode(found.extra) if found.extra else {}
    path = PurePosixPath(found.path)
    if path.is_relative_to(tree):
        path = path.relative_to(tree)
    else:
        path = roots.get(extra.get("bundle_name", ""), PurePosixPath()) / path
    return msgspec.structs.replace(found, path=str(path), extra=b"")


def _looked_at(
    run: _Run, parsing: Ended, roots: Mapping[str, PurePosixPath]
) -> tuple[set[str], dict[str, str]]:
    """Files that the dag-processor opened, by their logs, and those among them that ended badly."""
    opened: set[str] = set()
    unproved: dict[str, str] = {}
    for name, root in roots.items():
        for log in (run.home / _LOGS).glob(f"*/{name}/**/*.log"):
            below = log.relative_to(run.home / _LOGS).parts[2:]
            path = str(root.joinpath(*below)).removesuffix(".log")
            opened.add(path)
            if _DIED.search(tail_of(log, _MOST_LOG)):
                unproved[path] = "the process that imported it was ended by the file itself"
    said = tail_of(parsing.output, _MOST_LOG) + b"\n" + tail_of(parsing.messages, _MOST_LOG)
    for killed in _KILLED.finditer(said.decode("utf-8", "replace")):
        path = str(roots.get(killed["bundle"], PurePosixPath()) / killed["path"])
        seconds = run.limits.file_seconds + _GRACE
        unproved[path] = f"its process had not ended after {seconds} s"
    return opened, unproved


def _sorted_out(told: Sequence[Observation]) -> tuple[list[Observation], dict[str, str]]:
    """Errors of the code, and files that fail only for what this environment lacks, with what that is."""
    findings: list[Observation] = []
    environment: dict[str, str] = {}
    for one in told:
        if reason := _lacking(one.message):
            environment[one.path] = reason
        else:
            findings.append(one)
    return findings, environment


def _lacking(message: str) -> str:
    """What the environment lacks, where that is why the file does not import; else nothing."""
    for pattern, words in _LIMITS_HIT:
        if found := pattern.search(message):
            return f"its import {words.format(found[1])}"
    if found := _NO_MODULE.search(message):
        return f"this environment has no module {found[1]}" if _is_foreign(found[1]) else ""
    for pattern, what in _MISSING_HERE:
        if found := pattern.search(message):
            return f"it asks for a {what} at import, which this environment lacks: {found[1]}"
    return ""


def _is_foreign(module: str) -> bool:
    """Whether a missing module is no part of Airflow itself: a package, or a provider that is not installed."""
    parts = module.split(".")
    if parts[0] != "airflow":
        return True
    if parts[1:2] != ["providers"]:
        return False
    return len(parts) == 3 or (len(parts) == 4 and parts[2] in _NESTED_PROVIDERS)
