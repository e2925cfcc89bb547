"""A source tree → what ruff's AIR rules and Flightplan's own checks see in it, with the DAGs behind it."""

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
from planner.scanner.checks import rules_checked
from planner.scanner.dag_map import owners_by_file
from planner.scanner.diff import LARGEST_DIFF, EditsRefused, lines_of, unified_diff
from planner.scanner.facts import FileFacts, facts_of
from planner.scanner.material import Hit
from planner.scanner.notebook import cells_of
from planner.scanner.project import Project, hits_of
from planner.scanner.readers import reader_of
from planner.scanner.result import ScanFailed, ScanResult
from planner.scanner.ruff_run import FLAGS, SECONDS, ruff_program, rules_of, run_ruff, version_of
from planner.scanner.tree import (
    TreeFile,
    codeowners_of,
    files_below,
    folder_within,
    read_bytes,
    read_source,
    tree_at,
)
from planner.scanner.version import VERSION

CHECKER = "upgradecheck"
_UNREADABLE = "The file cannot be opened, so it was not checked."
_CRASHED = "ruff crashed on this file, so it was not checked."
_MAX_CONTENT = 300
_RUFF_READS = (".py", ".ipynb")


@dataclass(slots=True)
class _Seen:
    """What reading the files told, before ruff ran."""

    by_place: dict[str, TreeFile] = field(default_factory=dict)
    facts: dict[str, FileFacts] = field(default_factory=dict)
    flaws: dict[str, str] = field(default_factory=dict)
    """Files that nothing could check, by path, with the reason."""

    def observation_of(self, found: Observation) -> Observation:
        """ruff's observation with the path as the tree names it."""
        found.path = self.by_place[found.path].path
        return found


def scan_folder(
    path: Path | str, *, root: str = "", target: str = "", current: str = ""
) -> ScanResult:
    """Scans a folder, or the part of it below ``root``; paths stay relative to the folder.

    Raises ScanFailed with one sentence where the folder or ruff cannot be used at all.
    """
    return scan_tree(Path(path), target=target, current=current, paths=(root or ".",))


def scan_tree(
    root: Path,
    *,
    target: str = "",
    current: str = "",
    paths: Sequence[str] = (".",),
    ruff: str | None = None,
    seconds: float = SECONDS,
) -> ScanResult:
    """Checks every file that a check looks at below ``paths`` (relative to ``root``).

    Args:
        target: the Airflow version to rate severity for; empty: the newest supported line.
        current: the Airflow version that runs today, where it is known.
        ruff: another ruff program than the one installed with Flightplan.

    Raises:
        ScanFailed: nothing could be checked. A single bad file is an observation instead.
    """
    target_line = _target_line(target)
    tree = tree_at(root)
    program = ruff or ruff_program()
    rules = rules_of(program) | rules_checked()
    files = files_below(tree, [folder_within(tree, path) for path in paths])
    seen = _read(files)
    answer = run_ruff(program, _for_ruff(seen), seconds=seconds)
    seen.flaws |= {seen.by_place[str(place)].path: _CRASHED for place in answer.crashed_on}
    project = Project(files=seen.facts, target=target_line, current=current)
    observations = list(map(seen.observation_of, answer.observations))
    observations += _untold(map(_observation, hits_of(project)), observations)
    observations += _flawed(seen, {one.path for one in observations if one.rule == SYNTAX})
    coverage = Coverage(
        checker=CHECKER,
        tool_version=f"{VERSION}+ruff.{version_of(program)}",
        flags=(*FLAGS, f"target={target_line}", f"current={current or 'unknown'}"),
        files=frozenset(file.path for file in files),
        rules=rules,
        complete=True,
    )
    dags = [dag for facts in seen.facts.values() for dag in facts.dags]
    return ScanResult(
        observations=_finished(_detailed(observations, seen), dags, coverage, target_line),
        coverage=coverage,
        dags=dags,
        unscanned=sorted({found.path for found in observations if found.rule == SYNTAX}),
        codeowners=codeowners_of(tree),
    )


def _for_ruff(seen: _Seen) -> list[Path]:
    return [
        Path(place)
        for place, file in seen.by_place.items()
        if file.path not in seen.flaws and place.endswith(_RUFF_READS)
    ]


def _observation(hit: Hit) -> Observation:
    fix = Fix("safe" if hit.is_safe else "unsafe", hit.message, hit.edits)
    return Observation(
        rule=hit.rule,
        path=hit.path,
        line=hit.line,
        column=hit.column,
        end_line=hit.end_line,
        cell=hit.cell,
        message=hit.message,
        symbol=hit.symbol,
        fix=fix_bytes(fix) if hit.edits else b"",
    )


def _untold(own: Iterable[Observation], ruffs: Sequence[Observation]) -> list[Observation]:
    """Our own observations without those that ruff made too: of a name in the file, or of a word on the line."""
    told = {_subject(found) for found in ruffs if found.symbol}
    return [found for found in own if not found.symbol or _subject(found) not in told]


def _subject(found: Observation) -> tuple[str, int | None, str]:
    is_name = found.symbol.startswith("airflow.")
    return found.path, None if is_name else found.line, found.symbol


def _flawed(seen: _Seen, told: set[str]) -> Iterator[Observation]:
    """One observation for every file that could not be checked and that ruff has not named already."""
    for path, flaw in seen.flaws.items():
        yield Observation(rule=SYNTAX, path=path, message=flaw)
    for path, facts in seen.facts.items():
        if facts.flaw and path not in told and path not in seen.flaws:
            yield Observation(rule=SYNTAX, path=path, line=facts.flaw_line, message=facts.flaw)


def _target_line(target: str) -> str:
    if not target:
        return rulebook().default_target
    try:
        return line_of(target)
    except (FactErrors, ValueError) as error:
        raise ScanFailed(f"{target!r} is not an Airflow version.") from error


def _read(files: Iterable[TreeFile]) -> _Seen:
    """Reads each file once: which can be checked, and what each yields."""
    seen = _Seen()
    for file in files:
        seen.by_place[str(file.place)] = file
        content = None if file.flaw else read_bytes(file)
        if content is None:
            seen.flaws[file.path] = file.flaw or _UNREADABLE
            continue
        reader = reader_of(file.path)
        seen.facts[file.path] = facts_of(file.path, content, reader) if reader else FileFacts()
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
    observations: Iterable[Observation], dags: list[DagEntry], coverage: Coverage, target_line: str
) -> list[Observation]:
    """In order of place, rated for the target, with the DAG and owner where a file has only one."""
    rater = Rater(rulebook(), target_line=target_line, tool_version=coverage.tool_version)
    owners = owners_by_file(dags)
    dag_ids: dict[str, list[str]] = {}
    for dag in dags:
        dag_ids.setdefault(dag.path, []).append(dag.dag_id)
    observations = list(observations)
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
