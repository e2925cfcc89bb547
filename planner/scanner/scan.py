"""A source tree → what ruff's AIR rules and Flightplan's own checks see in it, with the DAGs behind it."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from planner.domain.facts import FactErrors, line_of
from planner.rulebook.load import rulebook
from planner.scanner.cache import Cache
from planner.scanner.ignore_file import under_ignore_file
from planner.scanner.kept import BrokenCache, Kept, answer_before, keep_answer, tree_key
from planner.scanner.result import Progress, ScanFailed, ScanResult, SkipReason
from planner.scanner.ruff_here import SECONDS, known_ruff, ruff_program
from planner.scanner.ruff_run import READ, ruff_over
from planner.scanner.tree import TreeFile, codeowners_of, files_below, folder_within, tree_at

_PASSING = (SkipReason.CRASHED, SkipReason.UNREADABLE)
"""What may go better next time."""
_ENGINE = "planner.scanner.engine"


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
    kept = Kept(cache, ruff_here, listing.files)
    key = tree_key(kept, listing, target_line, current, str(tree), codeowners_of(tree))
    known = answer_before(kept, key)
    if known is not None:
        return known
    files = [file.place for file in listing.files if _is_for_ruff(file, kept)]
    try:
        with ruff_over(ruff_here.program, files, seconds=seconds) as answer:
            # Loading the checks takes longer than all else that a tree needs in which nothing has changed, and
            # about as long as ruff takes.
            engine = importlib.import_module(_ENGINE)
            engine.ready()
            request = engine.ScanRequest(
                tree, listing, target_line, current, ruff_here, answer, kept, progress
            )
            result: ScanResult = engine.checked(request)
    except BrokenCache:
        return scan_tree(
            root,
            target=target,
            current=current,
            paths=paths,
            also=also,
            ruff=ruff,
            seconds=seconds,
            progress=progress,
        )
    if not any(one.reason in _PASSING for one in result.skipped):
        keep_answer(kept, key, listing, result)
    return result


def _is_for_ruff(file: TreeFile, kept: Kept) -> bool:
    """Whether ruff can read a file of which nothing is kept."""
    if file.flaw or not file.place.endswith(READ) or kept.seen(file.path) is not None:
        return False
    return os.access(file.place, os.R_OK)


def _target_line(target: str) -> str:
    if not target:
        return rulebook().default_target
    try:
        return line_of(target)
    except (FactErrors, ValueError) as error:
        raise ScanFailed(f"{target!r} is not an Airflow version.") from error
