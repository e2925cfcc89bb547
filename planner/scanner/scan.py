"""A source tree → what ruff's AIR rules see in it, with the lines, the diffs and the DAGs behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import msgspec

from planner.domain.facts import FactErrors, line_of
from planner.domain.rating import Rater
from planner.domain.report import Coverage, DagEntry, Observation
from planner.parsers.fix import Fix, fix_bytes
from planner.parsers.ruff import SYNTAX
from planner.rulebook.load import rulebook
from planner.scanner.dag_map import dags_in, owners_by_file
from planner.scanner.diff import LARGEST_DIFF, EditsRefused, lines_of, unified_diff
from planner.scanner.notebook import cells_of
from planner.scanner.result import ScanFailed, ScanResult
from planner.scanner.ruff_run import FLAGS, SECONDS, ruff_program, rules_of, run_ruff, version_of
from planner.scanner.tree import (
    TreeFile,
    codeowners_of,
    files_below,
    folder_within,
    read_source,
    tree_at,
)

_NOT_UTF8 = "The file is not UTF-8 text (or cannot be opened), so it was not checked."
_CRASHED = "ruff crashed on this file, so it was not checked."
_MAX_CONTENT = 300


@dataclass(slots=True)
class _Seen:
    """What reading the files told, before ruff ran."""

    by_place: dict[str, TreeFile] = field(default_factory=dict)
    flaws: dict[str, str] = field(default_factory=dict)
    dags: list[DagEntry] = field(default_factory=list)

    def observation_of(self, found: Observation) -> Observation:
        """ruff's observation with the path as the tree names it."""
        found.path = self.by_place[found.path].path
        return found


def scan_folder(path: Path | str, *, root: str = "", target: str = "") -> ScanResult:
    """Scans a folder, or the part of it below ``root``; paths stay relative to the folder.

    Raises ScanFailed with one sentence where the folder or ruff cannot be used at all.
    """
    return scan_tree(Path(path), target=target, paths=(root or ".",))


def scan_tree(
    root: Path,
    *,
    target: str = "",
    paths: Sequence[str] = (".",),
    ruff: str | None = None,
    seconds: float = SECONDS,
) -> ScanResult:
    """Checks every Python file and notebook below ``paths`` (relative to ``root``).

    Args:
        target: the Airflow version to rate severity for; empty: the newest supported line.
        ruff: another ruff program than the one installed with Flightplan.

    Raises:
        ScanFailed: nothing could be checked. A single bad file is an observation instead.
    """
    target_line = _target_line(target)
    tree = tree_at(root)
    program = ruff or ruff_program()
    rules = rules_of(program)
    files = files_below(tree, [folder_within(tree, path) for path in paths])
    seen = _read(files)
    checkable = [
        Path(place) for place, file in seen.by_place.items() if file.path not in seen.flaws
    ]
    answer = run_ruff(program, checkable, seconds=seconds)
    seen.flaws |= {seen.by_place[str(place)].path: _CRASHED for place in answer.crashed_on}
    observations = [
        *_detailed(map(seen.observation_of, answer.observations), seen),
        *(Observation(rule=SYNTAX, path=path, message=flaw) for path, flaw in seen.flaws.items()),
    ]
    coverage = Coverage(
        checker="ruff",
        tool_version=version_of(program),
        flags=FLAGS,
        files=frozenset(file.path for file in files),
        rules=rules,
        complete=True,
    )
    return ScanResult(
        observations=_finished(observations, seen.dags, coverage, target_line),
        coverage=coverage,
        dags=seen.dags,
        unscanned=sorted({found.path for found in observations if found.rule == SYNTAX}),
        codeowners=codeowners_of(tree),
    )


def _target_line(target: str) -> str:
    if not target:
        return rulebook().default_target
    try:
        return line_of(target)
    except (FactErrors, ValueError) as error:
        raise ScanFailed(f"{target!r} is not an Airflow version.") from error


def _read(files: Iterable[TreeFile]) -> _Seen:
    """Reads each file once: which can be checked, and which DAGs they make."""
    seen = _Seen()
    for file in files:
        seen.by_place[str(file.place)] = file
        source = None if file.flaw else read_source(file)
        if source is None:
            seen.flaws[file.path] = file.flaw or _NOT_UTF8
        elif file.path.endswith(".py"):
            seen.dags += dags_in(file.path, source)
    return seen


def _detailed(found: Iterable[Observation], seen: _Seen) -> Iterator[Observation]:
    """The observations with the text of their lines and the diffs of their fixes."""
    by_path = {file.path: file for file in seen.by_place.values()}
    for path, group in groupby(sorted(found, key=lambda one: one.path), key=lambda one: one.path):
        source = read_source(by_path[path]) or ""
        cells = cells_of(source) if path.endswith(".ipynb") else []
        lines = lines_of(source)
        for observation in group:
            if observation.cell is not None:
                inside = cells[observation.cell - 1] if observation.cell <= len(cells) else []
                observation.content = _line_text(inside, observation.line)
            else:
                observation.content = _line_text(lines, observation.line)
                observation.fix = _with_diff(observation, lines)
            yield observation


def _line_text(lines: Sequence[str], line: int | None) -> str:
    """The text of a 1-based line, white space folded."""
    if line is None or not 0 < line <= len(lines):
        return ""
    return " ".join(lines[line - 1].split())[:_MAX_CONTENT]


def _with_diff(observation: Observation, lines: Sequence[str]) -> bytes:
    """The fix with its unified diff; without one where the edits do not fit or the diff is too long."""
    if not observation.fix:
        return b""
    fix = msgspec.json.decode(observation.fix, type=Fix)
    try:
        diff = unified_diff(observation.path, lines, fix.edits)
    except EditsRefused:
        diff = ""
    fix.diff = diff if len(diff) <= LARGEST_DIFF else ""
    return fix_bytes(fix)


def _finished(
    observations: list[Observation], dags: list[DagEntry], coverage: Coverage, target_line: str
) -> list[Observation]:
    """In order of place, rated for the target, with the DAG and owner where a file has only one."""
    rater = Rater(rulebook(), target_line=target_line, tool_version=coverage.tool_version)
    owners = owners_by_file(dags)
    dag_ids: dict[str, list[str]] = {}
    for dag in dags:
        dag_ids.setdefault(dag.path, []).append(dag.dag_id)
    for observation in observations:
        observation.severity = rater(observation).severity.value
        observation.owner = owners.get(observation.path, "")
        ids = dag_ids.get(observation.path, [])
        observation.dag_id = ids[0] if len(ids) == 1 else ""
    return sorted(observations, key=_place)


def _place(found: Observation) -> tuple[str, int, int, int, str, str]:
    return (
        found.path,
        found.cell or 0,
        found.line or 0,
        found.column or 0,
        found.rule,
        found.message,
    )
