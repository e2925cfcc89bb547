"""History series: one repository month after month, with git's own line mapping as the truth.

A series is a folder of ruff reports, ``DATE-COMMIT.json.gz``, and a ``truth.json.gz`` which names, for each step
between two reports, the pairs that are the same finding. What git cannot tell either (moved to another file,
rewritten in place, another rule at the same place) is left out of the score on both sides.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from planner.domain.finding import Category, Severity
from planner.domain.identity import Trace, identity_text, line_in_cell, line_in_file
from planner.domain.matching import match, told_twice
from planner.domain.rating import Rater
from planner.parsers.report import open_report
from planner.rulebook import load
from planner.scanner.detail import Source

FOLDER = Path(__file__).parent / "reports/series"
CERTAIN = frozenset({"same_line", "same_edited_line", "moved_in_file"})
TARGET = "3.3"
READ = ("*.py", "*.ipynb")
SOURCES = "SERIES_SOURCES"
"""Environment variable: clones of the series' repositories, or folders that hold such clones, with ``:`` between."""

RUFFS = ("0.9.10", "0.11.13", "0.13.0", "0.14.14", "0.15.8", "0.17.6")
"""Versions of ruff that read the same commit of telemetry-airflow."""


@dataclass(frozen=True, slots=True)
class Step:
    """Two scans of one repository, one after the other, and what is the same in truth."""

    name: str
    old: list[Trace]
    new: list[Trace]
    truth: list[tuple[int, int, str]]
    renames: Mapping[str, str] = field(default_factory=dict)
    """git's rename map, where the sources are at hand."""
    deleted: frozenset[str] = frozenset()
    """What git says was deleted, likewise."""

    @property
    def sure(self) -> set[tuple[int, int]]:
        return {(i, j) for i, j, kind in self.truth if kind in CERTAIN}

    @property
    def loose(self) -> set[tuple[int, int]]:
        return {(i, j) for i, j, kind in self.truth if kind not in CERTAIN}


@dataclass(slots=True)
class Score:
    """Pairs that are right, pairs that were made, pairs that there are."""

    right: int = 0
    made: int = 0
    there: int = 0

    @property
    def precision(self) -> float:
        return self.right / self.made if self.made else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.there if self.there else 1.0


Matcher = Callable[[Step], list[int]]
"""For each old finding of a step, the index of the new one that it became, or -1."""


def series_in(folder: Path = FOLDER) -> list[Path]:
    """The folders of all series, by name."""
    return sorted(truth.parent for truth in folder.glob("*/truth.json.gz"))


def reports_of(series: Path) -> list[Path]:
    """The reports of a series, the oldest first."""
    return sorted(series.glob("2*.json.gz"))


def ruff_upgrades() -> Iterator[tuple[tuple[str, list[Trace]], tuple[str, list[Trace]]]]:
    """One commit as each version of ruff sees it and as the next one does."""
    seen = []
    for version in RUFFS:
        traces = traces_of(FOLDER.parent / f"telemetry-airflow-ruff{version}.json.gz", version)
        repeated = told_twice(traces)
        seen.append((version, [one for index, one in enumerate(traces) if index not in repeated]))
    return pairwise(seen)


def clone_of(series: Path) -> Path | None:
    """The git directory that holds the first commit of a series, among those that SERIES_SOURCES names."""
    truth = json.loads(gzip.decompress((series / "truth.json.gz").read_bytes()))
    commit = truth["pairs"][0]["from_"]["sha"]
    for folder in _git_folders():
        asked = ["git", f"--git-dir={folder}", "cat-file", "-e", f"{commit}^{{commit}}"]
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return folder
    return None


def _git_folders() -> Iterator[Path]:
    for named in filter(None, os.environ.get(SOURCES, "").split(os.pathsep)):
        place = Path(named)
        for folder in (place, *sorted(place.glob("*")), *sorted(place.glob("*/*"))):
            if (folder / "HEAD").is_file() and (folder / "objects").is_dir():
                yield folder


def counts_of(series: Path) -> dict[str, tuple[int, list[int], list[int]]]:
    """By severity what the first scan saw, and what arrived and closed with each scan after it; style left out."""
    truth = json.loads(gzip.decompress((series / "truth.json.gz").read_bytes()))
    reports = [step["from_"]["file"] for step in truth["pairs"][:1]]
    reports += [step["to"]["file"] for step in truth["pairs"]]
    scans = [_severities(series / f"{report}.gz") for report in reports]
    counts = {severity.value: (scans[0].count(severity), [], []) for severity in Severity}
    for step, (before, after) in zip(truth["pairs"], pairwise(scans), strict=True):
        stay = [(i, j) for i, j, _kind in step["pairs"] if before[i] is after[j]]
        kept = Counter(before[i] for i, _j in stay)
        for severity in Severity:
            _first, arrived, closed = counts[severity.value]
            arrived.append(after.count(severity) - kept[severity])
            closed.append(before.count(severity) - kept[severity])
    return counts


def _severities(report: Path) -> list[Severity | None]:
    """The severity of each finding of a report, None for style."""
    read = open_report(gzip.decompress(report.read_bytes()), format=None, tool_version="")
    rater = Rater(load.rulebook(), target_line=TARGET, tool_version="")
    rated = [rater(seen) for seen in read.observations]
    return [None if row.category is Category.STYLE else row.severity for row in rated]


def steps_of(series: Path, clone: Path | None = None) -> Iterator[Step]:
    """The steps of a series; with a clone of its repository, with lines of text and renames."""
    truth = json.loads(gzip.decompress((series / "truth.json.gz").read_bytes()))
    for step in truth["pairs"]:
        before, after = step["from_"], step["to"]
        old = traces_of(series / f"{before['file']}.gz")
        new = traces_of(series / f"{after['file']}.gz")
        renames: dict[str, str] = {}
        deleted: frozenset[str] = frozenset()
        if clone is not None:
            old = with_text(clone, before["sha"], old)
            new = with_text(clone, after["sha"], new)
            renames, deleted = _gone(clone, before["sha"], after["sha"])
        yield Step(
            f"{before['date']} → {after['date']}",
            old,
            new,
            [(i, j, kind) for i, j, kind in step["pairs"]],
            renames,
            deleted,
        )


def traces_of(report: Path, tool_version: str = "") -> list[Trace]:
    """What identity sees of a report, in the report's order."""
    content = report.read_bytes()
    read = open_report(
        gzip.decompress(content) if report.suffix == ".gz" else content,
        format=None,
        tool_version=tool_version,
    )
    rater = Rater(load.rulebook(), target_line=TARGET, tool_version=tool_version)
    return [
        Trace(
            seen.path,
            rater(seen).rule_id,
            identity_text(seen.symbol, seen.message),
            line_in_file(seen.line, seen.cell),
            seen.column or 0,
            seen.content,
        )
        for seen in read.observations
    ]


def with_text(clone: Path, commit: str, traces: Sequence[Trace]) -> list[Trace]:
    """The traces with the text of their lines, as the scanner takes it from the source."""
    sources = {
        path: Source(path, _git(clone, "show", f"{commit}:{path}"))
        for path in {trace.path for trace in traces}
    }
    contents = []
    for trace in traces:
        cell, line = line_in_cell(trace.line)
        contents.append(sources[trace.path].telling(line, cell or None))
    return [trace._replace(content=text) for trace, text in zip(traces, contents, strict=True)]


def _gone(clone: Path, old: str, new: str) -> tuple[dict[str, str], frozenset[str]]:
    """Files that git sees as renamed, and those that it sees as deleted."""
    options = ("--name-status", "-z", "--find-renames", "--diff-filter=RD")
    renames, deleted = {}, set()
    parts = iter(_git(clone, "diff", *options, old, new, "--", *READ).split("\x00"))
    for status in filter(None, parts):
        path = next(parts)
        if status == "D":
            deleted.add(path)
        else:
            renames[path] = next(parts)
    return renames, frozenset(deleted)


@cache
def _git(clone: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", f"--git-dir={clone}", *arguments], capture_output=True, check=True
    ).stdout.decode(errors="replace")


def matched(step: Step) -> list[int]:
    """What Flightplan says of a step."""
    return match(step.old, step.new, step.renames, deleted=step.deleted).new_of


def score(steps: Sequence[Step], matcher: Matcher) -> Score:
    """How good a matching is, with what the truth leaves open left out on both sides."""
    total = Score()
    for step in steps:
        sure, loose = step.sure, step.loose
        open_old, open_new = {i for i, _ in loose}, {j for _, j in loose}
        counted = {
            (i, j)
            for i, j in enumerate(matcher(step))
            if j >= 0 and i not in open_old and j not in open_new
        }
        total.right += len(counted & sure)
        total.made += len(counted)
        total.there += len(sure)
    return total


def misses(steps: Sequence[Step], matcher: Matcher) -> Iterator[str]:
    """Every pair that is wrong or was not made, a line each."""
    for step in steps:
        loose, heir = step.loose, dict(step.sure)
        left_open = {i for i, _ in loose}, {j for _, j in loose}
        made = {i: j for i, j in enumerate(matcher(step)) if j >= 0}
        for i in sorted({*made, *heir}):
            j, right = made.get(i), heir.get(i)
            if j == right or (right is None and (i in left_open[0] or j in left_open[1])):
                continue
            said = "new" if j is None else _place(step, i, j)
            true = "fixed" if right is None else _place(step, i, right)
            yield f"{step.name}: {step.old[i].path} {step.old[i].symbol} {said}, not {true}"


def _place(step: Step, old: int, new: int) -> str:
    before, after = step.old[old], step.new[new]
    path = f" of {after.path}" if after.path != before.path else ""
    return f"{before.line}:{before.column} → {after.line}:{after.column}{path}"


def in_order(key: Callable[[Trace], Any]) -> Matcher:
    """A naive identity: findings with the same key are the same, in the order of the report."""

    def matcher(step: Step) -> list[int]:
        places: dict[Any, list[int]] = defaultdict(list)
        for index in range(len(step.new) - 1, -1, -1):
            places[key(step.new[index])].append(index)
        return [places[key(trace)].pop() if places.get(key(trace)) else -1 for trace in step.old]

    return matcher


NAIVE: dict[str, Callable[[Trace], Any]] = {
    "file, line, rule": lambda trace: (trace.path, trace.line, trace.rule),
    "file, place, rule, symbol": lambda trace: trace[:5],
    "file, rule, symbol": lambda trace: trace[:3],
    "file, rule, text of the line": lambda trace: (trace.path, trace.rule, trace.content),
}
"""What others take for the same finding."""
