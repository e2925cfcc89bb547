"""Patches on real code, imported by real Airflows: ``python -m tests.bench.fixes [VERSION=PYTHON …]``.

Every tree is patched as its users would patch it: the ``--for now`` part, a second scan, the ``--for after`` part.
A patch must apply with git; the second scan must show exactly its findings gone and none new; every file that
imported on a 2.x before must import there after the first part; and a file whose every ERROR had an edit must import
on 3.x after both. Without arguments the environments are made below ``var/bench/airflow``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from planner.domain.finding import Category
from planner.domain.report import Observation
from planner.rulebook.load import rulebook
from planner.scanner.fixes import patch_of
from planner.scanner.fixes.patch import PatchResult
from planner.scanner.result import ScanResult
from planner.scanner.scan import scan_tree
from tests.bench import trees
from tests.bench.airflow_home import environment

TODAY = ("2.9.3", "2.11.2")
TARGET = "3.3.2"

_PROBE = """
import importlib.util, json, os, sys, warnings
warnings.simplefilter("ignore")
import airflow, airflow.models
try:
    import airflow.models.dag, airflow.decorators, airflow.operators.python
except ImportError:
    import airflow.sdk
answers = {}
for path in sys.stdin.read().split("\\n"):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.path.insert(0, os.path.dirname(path))
        try:
            spec = importlib.util.spec_from_file_location("a_dag_file", path)
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
            answer = ""
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"[:300] or "failed"
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        answers[path] = stream.read()
    os.waitpid(child, 0)
print("\\n" + json.dumps(answers))
"""


@dataclass
class Count:
    """What happened to the findings of one tree, or of all."""

    files: int = 0
    findings: int = 0
    now: int = 0
    after: int = 0
    without: int = 0
    errors: int = 0
    errors_without: int = 0
    imported: Counter[str] = field(default_factory=Counter)
    """By version: files that imported before and after the first part, or on 3.x after both."""
    wrong: list[str] = field(default_factory=list)

    def __iadd__(self, other: Count) -> Count:
        for name in ("files", "findings", "now", "after", "without", "errors", "errors_without"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.imported += other.imported
        self.wrong += other.wrong
        return self

    def __str__(self) -> str:
        share = self.findings or 1
        return (
            f"{self.files} files, {self.findings} findings: {self.now / share:.0%} with an edit for now, "
            f"{self.after / share:.0%} for after, {self.without / share:.0%} without; "
            f"of {self.errors} ERRORs {self.errors_without} without; imported: "
            f"{', '.join(f'{n} on {version}' for version, n in sorted(self.imported.items()))}; "
            f"{len(self.wrong)} wrong"
        )


def main(named: Sequence[str]) -> int:
    """Patch and import everything. Returns an exit status: 1 where something did not hold."""
    given = dict(one.split("=", 1) for one in named)
    pythons = {
        version: given.get(version) or str(environment(version) / "bin/python")
        for version in (*TODAY, TARGET)
    }
    total = Count()
    for name, source in sources():
        count = tried(name, source, pythons)
        print(f"{name}: {count}")
        for line in count.wrong:
            print(f"  {line}")
        total += count
    print(f"In all: {total}")
    return int(bool(total.wrong))


def sources() -> Iterator[tuple[str, Path]]:
    """Folders of DAG code: the examples inside three Airflows and in the providers' source releases."""
    for version in trees.AIRFLOWS:
        yield f"examples of Airflow {version}", trees.airflow(version) / "airflow/example_dags"
    contrib = trees.airflow("1.10.15") / "airflow/contrib/example_dags"
    yield "contributed examples of Airflow 1.10.15", contrib
    yield "legacy snippets", _legacy()


def _legacy() -> Path:
    """The short files in old habits, as files."""
    folder = trees.FOLDER / "legacy"
    folder.mkdir(parents=True, exist_ok=True)
    files = json.loads((Path(__file__).parents[1] / "reports/legacy/dags.json").read_text())
    for name, file in files.items():
        (folder / f"{name}.py").write_text(file["source"])
    return folder


def tried(name: str, source: Path, pythons: Mapping[str, str]) -> Count:
    """One tree patched for each version that may run today, and imported."""
    count = Count()
    for today in TODAY:
        with tempfile.TemporaryDirectory(prefix="fpf-") as place:
            folder = Path(place) / "dags"
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__", "*.json"))
            one = _tried_from(folder, today, pythons)
        if today == TODAY[0]:
            count += one
        else:
            count.imported += one.imported
            count.wrong += one.wrong
    return count


def _tried_from(folder: Path, today: str, pythons: Mapping[str, str]) -> Count:
    before = imports(pythons[today], folder)
    first = scan_tree(folder, target=TARGET, current=today)
    _, wrong = applied(folder, first, "now", today)
    again = imports(pythons[today], folder)
    wrong += [
        f"{path} imported on {today}, and does not any more: {again[path]}"
        for path, error in before.items()
        if not error and again[path]
    ]
    second = scan_tree(folder, target=TARGET, current=today)
    _, more = applied(folder, second, "after", today)
    count = _counted(first, wrong + more)
    count.imported[today] = sum(not error for error in again.values())
    on_target = imports(pythons[TARGET], folder)
    done = fully_edited(first)
    for path, error in on_target.items():
        if path in done and not before.get(path) and error:
            count.wrong.append(f"{path} should import on {TARGET}: {error}")
        elif not error:
            count.imported[TARGET] += 1
    return count


def _counted(result: ScanResult, wrong: list[str]) -> Count:
    sides = Counter(side_of(one) for one in result.observations)
    errors = [one for one in result.observations if one.severity == "ERROR"]
    return Count(
        files=len(result.coverage.files or ()),
        findings=len(result.observations),
        now=sides["now"],
        after=sides["after"],
        without=sides[""],
        errors=len(errors),
        errors_without=sum(not one.fix for one in errors),
        wrong=wrong,
    )


def side_of(one: Observation) -> str:
    """The side of a finding's edit, or nothing."""
    return json.loads(one.fix).get("side", "now") if one.fix else ""


def fully_edited(result: ScanResult) -> set[str]:
    """Files whose every ERROR has an edit."""
    bare = {one.path for one in result.observations if one.severity == "ERROR" and not one.fix}
    return {path for path in result.coverage.files or () if path not in bare}


def applied(
    folder: Path, result: ScanResult, side: str, today: str
) -> tuple[PatchResult, list[str]]:
    """The patch of one side with unsafe edits, applied by git, and what did not hold."""
    patch = patch_of(result, side=side, unsafe=True)
    wrong = []
    if patch.text:
        done = subprocess.run(
            ["git", "apply", "-"],
            input=patch.text.encode(),
            cwd=folder,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            wrong.append(f"git does not apply the patch for {side}: {done.stderr.decode()[:300]}")
    again = scan_tree(folder, target=TARGET, current=today)
    included = {id(one) for one in patch.included}
    wanted = Counter(_key(one) for one in result.observations if id(one) not in included)
    found = Counter(map(_key, again.observations))
    wrong += [
        f"new after the patch for {side}: {key}" for key in found - wanted if not _is_style(key)
    ]
    wrong += [f"gone without being said for {side}: {key}" for key in wanted - found]
    return patch, wrong


def _is_style(key: tuple[str, str, str]) -> bool:
    """ruff's rules of style know operators by their new modules only, so they may speak up once a name moved."""
    rule = rulebook().rules.get(key[1])
    return rule is not None and rule.category is Category.STYLE


def _key(one: Observation) -> tuple[str, str, str]:
    return one.path, one.rule, one.symbol


def imports(python: str, folder: Path) -> dict[str, str]:
    """Each Python file of a folder with the error of its import on one Airflow, or nothing."""
    files = sorted(str(path) for path in folder.rglob("*.py"))
    with tempfile.TemporaryDirectory(prefix="fph-") as home:
        done = subprocess.run(
            [python, "-c", _PROBE],
            input="\n".join(files),
            text=True,
            capture_output=True,
            env={**os.environ, "AIRFLOW_HOME": home, "AIRFLOW__CORE__UNIT_TEST_MODE": "False"},
            check=True,
        )
    answers = json.loads(done.stdout.rpartition("\n{")[2].join(["{", ""]))
    return {os.path.relpath(path, folder): error for path, error in answers.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
