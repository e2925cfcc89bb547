"""One file, checked now: pasted or uploaded, answered in seconds, with nothing stored and no state changed.

The scanner runs as a process of its own, so that a hostile file can neither hold nor break the one that
answers pages.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from planner.domain.finding import SEVERITY_ORDER, Category, Severity
from planner.domain.fix_pack import Fixable, chosen_of
from planner.domain.paths import PathRefused, is_absolute, normalised
from planner.domain.rating import Rater, instead_of
from planner.domain.report import Observation
from planner.domain.silencing import Silencing, silencing_from
from planner.domain.suggestion import Suggestion, suggestion_from
from planner.models import Deployment, Finding
from planner.parsers.report import open_report
from planner.rulebook.load import rulebook
from planner.scanner.tree import is_read
from planner.selectors.deployment import facts_of, target_line_of
from planner.selectors.work import active

LARGEST = 1024 * 1024
"""Bytes; a DAG file of 1 MB is generated."""
SECONDS = 30
_ANSWERED = (0, 1, 3)
_LONGEST_NAME = 300


class FileCheckRefused(ValueError):
    """The file cannot be checked. The message is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class CheckedLine:
    """One problem in the file."""

    severity: Severity
    category: Category
    rule_id: str
    known: bool
    title: str
    line: int | None
    message: str
    instead: str
    suggestion: Suggestion | None
    silencing: Silencing | None


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What the check saw. ``lines`` hold no style; ``style`` counts it."""

    path: str
    target: str
    lines: list[CheckedLine]
    style: int
    open_now: int
    """Findings that the deployment holds open for a file of this path."""
    fixables: list[Fixable]
    """What the lines propose, those first that win over others."""

    @property
    def safe_edits(self) -> int:
        """Lines with an edit that can be taken now as it is."""
        return len(chosen_of(self.fixables, side="now", with_unsafe=False)[0])

    @property
    def unsafe_edits(self) -> int:
        """Lines with an edit that can be taken now once somebody has read it."""
        return len(chosen_of(self.fixables, side="now", with_unsafe=True)[0]) - self.safe_edits

    @property
    def by_severity(self) -> Counter[Severity]:
        return Counter(line.severity for line in self.lines)

    @property
    def errors(self) -> int:
        return self.by_severity[Severity.ERROR]

    @property
    def warnings(self) -> int:
        return self.by_severity[Severity.WARNING]


def file_check(*, deployment: Deployment, path: str, content: bytes) -> FileCheck:
    """Checks the bytes of one file as a scan would, for the deployment's own versions.

    Raises:
        FileCheckRefused: the name leads out of a folder or is of no kind that a scan reads, the file is too
            large, or the check did not finish.
    """
    path = _checked_path(path)
    if len(content) > LARGEST:
        raise FileCheckRefused(
            f"The file is larger than {LARGEST // 1024:,} KB. Scan its repository instead."
        )
    book = rulebook()
    target = target_line_of(deployment, book)
    observations = _scanned(path, content, target, facts_of(deployment).current_version)
    rater = Rater(book, target_line=target)
    read = sorted(((_line(rater, found), found) for found in observations), key=_order)
    counted = [(line, found) for line, found in read if line.category != Category.STYLE]
    return FileCheck(
        path=path,
        target=target,
        lines=[line for line, _ in counted],
        style=len(read) - len(counted),
        open_now=Finding.objects.filter(active(), deployment=deployment, path=path)
        .exclude(category=Category.STYLE)
        .count(),
        fixables=[
            Fixable(
                number, path, line.line, found.fix.decode(), is_silenced=line.silencing is not None
            )
            for number, (line, found) in enumerate(counted)
        ],
    )


def _checked_path(path: str) -> str:
    try:
        path = normalised(path.strip())
    except PathRefused as refusal:
        raise FileCheckRefused(str(refusal)) from refusal
    if not path or is_absolute(path) or not path.isprintable() or len(path) > _LONGEST_NAME:
        raise FileCheckRefused("Name the file by its path in the repository, like dags/sales.py.")
    if not is_read(path):
        raise FileCheckRefused(
            f"A scan does not read files like {PurePosixPath(path).name}. "
            "Name it as it is called in the repository, like dags/sales.py."
        )
    return path


def _scanned(path: str, content: bytes, target: str, current: str) -> list[Observation]:
    with tempfile.TemporaryDirectory(prefix="flightplan-check-") as folder:
        place = Path(folder, "tree", path)
        place.parent.mkdir(parents=True)
        place.write_bytes(content)
        report = Path(folder, "report.json")
        _run(Path(folder, "tree"), report, target, current)
        return list(open_report(report.read_bytes(), format=None).observations)


def _run(tree: Path, report: Path, target: str, current: str) -> None:
    command = [sys.executable, "-m", "planner.scanner.cli", str(tree), "--no-cache"]
    command += ["--format", "report", "--output", str(report), "--target", target]
    command += ["--current", current] if current else []
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            cwd=tree,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
    except subprocess.TimeoutExpired as error:
        raise FileCheckRefused(f"The check did not finish within {SECONDS} seconds.") from error
    if done.returncode not in _ANSWERED or not report.exists():
        raise FileCheckRefused("The check could not read this file.")


def _line(rater: Rater, found: Observation) -> CheckedLine:
    rating = rater(found)
    rule = rulebook().rules.get(rating.rule_id)
    return CheckedLine(
        severity=rating.severity,
        category=rating.category,
        rule_id=rating.rule_id,
        known=rating.known,
        title=rule.title if rule else found.message or rating.rule_id,
        line=found.line,
        message=found.message,
        instead=instead_of(rating.rule_id, found.symbol, rulebook()),
        suggestion=suggestion_from(found.fix.decode()),
        silencing=silencing_from(found.extra),
    )


def _order(pair: tuple[CheckedLine, Observation]) -> tuple[int, int, str]:
    line, _ = pair
    return SEVERITY_ORDER[line.severity], line.line or 0, line.rule_id
