"""A source tree → what ruff's AIR rules and Flightplan's own checks see in it, with the DAGs behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from planner.domain.lifecycle import CHECK_STOPPED, UNREAD
from planner.domain.rating import Rater
from planner.domain.report import Coverage, Observation
from planner.parsers.ruff import SYNTAX
from planner.rulebook.load import rulebook
from planner.scanner.checks import checks, rules_checked
from planner.scanner.dags import DagMap, dag_ids_by_file, owners_by_file
from planner.scanner.fixes.remedies import Terms
from planner.scanner.fixes.tree import give_fixes
from planner.scanner.joined import observation_of, place_of, together, told_apart
from planner.scanner.kept import Kept
from planner.scanner.kinds import is_code
from planner.scanner.mapping import known_map
from planner.scanner.project import Project, hits_of
from planner.scanner.reading import Reading, TreeReader, bytes_of, source_of
from planner.scanner.result import (
    WHOLE_TREE,
    CurrentVersion,
    Progress,
    ScanResult,
    Skipped,
    SkipReason,
)
from planner.scanner.ruff_here import Ruff
from planner.scanner.ruff_run import FLAGS, RuffAnswer
from planner.scanner.suppression import silenced_by_comments
from planner.scanner.tree import Listing, TreeFile, codeowners_of
from planner.scanner.version import VERSION

CHECKER = "upgradecheck"


class ScanRequest(NamedTuple):
    """One tree to check, and for which upgrade."""

    tree: Path
    listing: Listing
    target: str
    """The line that is aimed at."""
    current: str
    """What runs today, where somebody said it."""
    ruff: Ruff
    answer: Callable[[], RuffAnswer]
    """Waits for what ruff says of the files of which nothing is kept."""
    kept: Kept
    progress: Progress | None


def ready() -> None:
    """Loads all that checking takes."""
    checks()


def checked(request: ScanRequest) -> ScanResult:
    """Checks every file that was listed. Raises BrokenCache where what is kept of one cannot be read."""
    files, kept, target_line = request.listing.files, request.kept, request.target
    terms = Terms(target_line, request.current)
    reader = TreeReader(request.answer, kept, terms, progress=request.progress)
    reading = reader.read(files)
    read, above = bytes_of(files), request.tree.parts[1:]
    facts = {path: seen.facts for path, seen in reading.seen.items()}
    dags = known_map(facts, kept, read=read, above=above)
    today, terms = reading.today, reading.terms
    project = Project(
        files=facts, target=target_line, current=today.version, dag_map=dags, above=above
    )
    observations = [
        told_apart(found, seen.facts) for seen in reading.seen.values() for found in seen.ruffs
    ]
    failed: dict[str, str] = {}
    observations = together(observations, _own(project, files, failed))
    observations += _flawed(reading, {one.path for one in observations if one.rule == SYNTAX})
    coverage = Coverage(
        checker=CHECKER,
        tool_version=f"{VERSION}+ruff.{request.ruff.version}",
        flags=(*FLAGS, f"target={target_line}", *_flags_of(today)),
        files=frozenset(file.path for file in files),
        rules=(request.ruff.rules | rules_checked() | {CHECK_STOPPED}) - failed.keys(),
        status="success" if request.listing.is_whole and not failed else "partial",
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
            [
                *request.listing.skipped,
                *reading.skipped(unscanned | reading.flaws.keys()),
                *(Skipped(WHOLE_TREE, SkipReason.CRASHED, said) for said in failed.values()),
            ],
            key=lambda skipped: skipped.path,
        ),
        codeowners=codeowners_of(request.tree),
        current=today,
    )


def _flags_of(today: CurrentVersion) -> tuple[str, ...]:
    """From which Airflow the upgrade leads, and what of the tree says so."""
    version = f"current={today.version or 'unknown'}"
    return (version, f"current-from={today.told_by}") if today.told_by else (version,)


def _own(
    project: Project, files: Sequence[TreeFile], failed: dict[str, str]
) -> Iterator[Observation]:
    """What Flightplan's own checks see. Hits of the project's checks get the text of their lines here."""
    by_path = {file.path: file for file in files}
    for hit in hits_of(project, failed):
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
