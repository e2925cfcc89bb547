"""A source tree → what ruff's AIR rules and Flightplan's own checks see in it, with the DAGs behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from planner.domain.facts import FactErrors, line_of
from planner.domain.lifecycle import CHECK_STOPPED, UNREAD
from planner.domain.rating import Rater
from planner.domain.report import Coverage, Observation
from planner.parsers.ruff import SYNTAX
from planner.rulebook.load import rulebook
from planner.scanner.around.current_version import CurrentVersion, current_version
from planner.scanner.cache import Cache
from planner.scanner.checks import rules_checked
from planner.scanner.dag_map import DagMap, dag_ids_by_file, owners_by_file
from planner.scanner.fixes.remedies import Terms
from planner.scanner.fixes.tree import give_fixes
from planner.scanner.ignore_file import under_ignore_file
from planner.scanner.joined import observation_of, place_of, together, told_apart
from planner.scanner.mapping import known_map
from planner.scanner.project import Project, hits_of
from planner.scanner.readers import is_code
from planner.scanner.reading import (
    Progress,
    Reading,
    TreeReader,
    bytes_of,
    known_ruff,
    source_of,
)
from planner.scanner.result import ScanFailed, ScanResult, SkipReason
from planner.scanner.ruff_run import FLAGS, SECONDS, ruff_program
from planner.scanner.suppression import silenced_by_comments
from planner.scanner.tree import TreeFile, codeowners_of, files_below, folder_within, tree_at
from planner.scanner.version import VERSION

CHECKER = "upgradecheck"


def scan_folder(
    path: Path | str,
    *,
    root: str = "",
    target: str = "",
    current: str = "",
    cache: Cache | None = None,
    progress: Progress | None = None,
    today: date | None = None,
) -> ScanResult:
    """Scans a folder, or the part of it below ``root``; paths stay relative to the folder.

    ``today`` lets the folder's own ignore file count, as it holds on that day.
    Raises ScanFailed with one sentence where the folder or ruff cannot be used at all.
    """
    tree = tree_at(Path(path))
    result = scan_tree(
        tree,
        target=target,
        current=current,
        paths=(root or ".",),
        cache=cache,
        progress=progress,
    )
    return under_ignore_file(result, tree, today=today) if today else result


def scan_tree(
    root: Path,
    *,
    target: str = "",
    current: str = "",
    paths: Sequence[str] = (".",),
    also: Sequence[TreeFile] = (),
    ruff: str | None = None,
    seconds: float = SECONDS,
    cache: Cache | None = None,
    progress: Progress | None = None,
) -> ScanResult:
    """Checks every file that a check looks at below ``paths`` (relative to ``root``).

    Args:
        target: the Airflow version to rate severity for; empty: the newest supported line.
        current: the Airflow version that runs today; empty: the one that the tree itself pins, if it is one.
        also: files from elsewhere that are checked with the tree, under paths of their own.
        ruff: another ruff program than the one installed with Flightplan.
        cache: where answers about unchanged files come from and go to; None: nowhere.
        progress: is told how many files are read, and how many there are.

    Raises:
        ScanFailed: nothing could be checked. A single bad file is an observation instead.
    """
    target_line = _target_line(target)
    tree = tree_at(root)
    ruff_here = known_ruff(ruff or ruff_program(), cache)
    listing = files_below(tree, [folder_within(tree, path) for path in paths])
    listing.files += also
    terms = Terms(target_line, current)
    reader = TreeReader(
        ruff=ruff_here, terms=terms, seconds=seconds, cache=cache, progress=progress
    )
    reading = reader.read(listing.files)
    read, above = bytes_of(listing.files), tree.parts[1:]
    facts = {path: seen.facts for path, seen in reading.seen.items()}
    dags = known_map(reader, cache, read=read, above=above)
    project = Project(files=facts, target=target_line, current=current, dag_map=dags, above=above)
    today = CurrentVersion(current) if current else current_version(project.requirements)
    project, terms = replace(project, current=today.version), Terms(target_line, today.version)
    observations = [
        told_apart(found, seen.facts) for seen in reading.seen.values() for found in seen.ruffs
    ]
    observations = together(observations, _own(project, listing.files))
    observations += _flawed(reading, {one.path for one in observations if one.rule == SYNTAX})
    coverage = Coverage(
        checker=CHECKER,
        tool_version=f"{VERSION}+ruff.{ruff_here.version}",
        flags=(*FLAGS, f"target={target_line}", *_flags_of(today)),
        files=frozenset(file.path for file in listing.files),
        rules=ruff_here.rules | rules_checked() | {CHECK_STOPPED},
        status="success" if listing.is_whole else "partial",
        complete=True,
    )
    unscanned = {found.path for found in observations if found.rule in UNREAD}
    counted, silenced = silenced_by_comments(
        _finished(observations, dags, coverage, target_line), facts
    )
    give_fixes(counted, reader=reader, read=read, terms=terms, above=above)
    return ScanResult(
        observations=counted,
        suppressed=silenced,
        coverage=coverage,
        dags=dags.dags,
        used_by=dags.used_by,
        unscanned=sorted(unscanned),
        skipped=sorted(
            [*listing.skipped, *reading.skipped(unscanned | reading.flaws.keys())],
            key=lambda skipped: skipped.path,
        ),
        codeowners=codeowners_of(tree),
        current=today,
    )


def _flags_of(today: CurrentVersion) -> tuple[str, ...]:
    """From which Airflow the upgrade leads, and what of the tree says so."""
    version = f"current={today.version or 'unknown'}"
    return (version, f"current-from={today.told_by}") if today.told_by else (version,)


def _own(project: Project, files: Sequence[TreeFile]) -> Iterator[Observation]:
    """What Flightplan's own checks see. Hits of the project's checks get the text of their lines here."""
    by_path = {file.path: file for file in files}
    for hit in hits_of(project):
        if not hit.content and hit.path in by_path:
            source_of(by_path[hit.path]).detail_hits([hit])
        yield observation_of(hit)


def _flawed(reading: Reading, told: set[str]) -> Iterator[Observation]:
    """One observation for every file that could not be checked and that ruff has not named already."""
    for path, skipped in reading.flaws.items():
        if is_code(path):
            yield Observation(rule=_rule_of(skipped.reason), path=path, message=skipped.detail)
    for path, seen in reading.seen.items():
        facts = seen.facts
        if facts.flaw and path not in told and path not in reading.flaws:
            yield Observation(
                rule=_rule_of(facts.flaw_reason),
                path=path,
                line=facts.flaw_line,
                message=facts.flaw,
                content=facts.flaw_content,
            )


def _rule_of(reason: SkipReason | None) -> str:
    """What a file is reported as that was not checked: its own fault, or that of the checker."""
    return CHECK_STOPPED if reason == SkipReason.CRASHED else SYNTAX


def _target_line(target: str) -> str:
    if not target:
        return rulebook().default_target
    try:
        return line_of(target)
    except (FactErrors, ValueError) as error:
        raise ScanFailed(f"{target!r} is not an Airflow version.") from error


def _finished(
    observations: Iterable[Observation], told: DagMap, coverage: Coverage, target_line: str
) -> list[Observation]:
    """In order of place, rated for the target, with the DAG and owner where a file has only one."""
    rater = Rater(rulebook(), target_line=target_line, tool_version=coverage.tool_version)
    owners = owners_by_file(told.dags)
    dag_ids = dag_ids_by_file(told)
    observations = list(observations)
    for observation in observations:
        observation.severity = rater(observation).severity.value
        observation.owner = owners.get(observation.path, "")
        ids = dag_ids.get(observation.path, [])
        observation.dag_id = ids[0] if len(ids) == 1 else ""
    return sorted(observations, key=place_of)
