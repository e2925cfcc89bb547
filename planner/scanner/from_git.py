"""Scans a branch of a git repository."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from planner.scanner.cache import Cache
from planner.scanner.git import Credentials, fetch, files_gone, laid_out, locked, repository_at
from planner.scanner.git_history import commits_since
from planner.scanner.last_change import with_last_changes_of
from planner.scanner.result import Progress, ScanResult
from planner.scanner.scan import scan_folder


def scan_git(
    location: str,
    *,
    branch: str = "",
    root: str = "",
    target: str = "",
    current: str = "",
    since_commit: str = "",
    cache_dir: Path | str,
    credentials: Credentials | None = None,
    cache: Cache | None = None,
    progress: Progress | None = None,
    today: date | None = None,
) -> ScanResult:
    """Fetches the branch and scans what lies below ``root``; paths stay relative to the repository.

    ``since_commit`` is the commit of the last scan: the result then knows git's renames and commits
    since. ``cache_dir`` holds the copy of the repository, ``cache`` what unchanged files yielded. ``today`` lets
    the repository's own ignore file count, as it holds on that day.
    Raises ScanFailed with one sentence that holds no secret.
    """
    repository = repository_at(location, cache_dir=Path(cache_dir), credentials=credentials)
    with locked(repository):
        commit = fetch(repository, branch)
        gone = files_gone(repository, since_commit, commit)
        commits = commits_since(repository, since_commit, commit)
        with laid_out(repository, commit) as tree:
            result = scan_folder(
                tree,
                root=root,
                target=target,
                current=current,
                cache=cache,
                progress=progress,
                today=today,
            )
        result = replace(
            result, commit=commit, renames=gone.renames, deleted=gone.deleted, commits=commits
        )
        return with_last_changes_of(result, repository, branch=branch, cache=cache)
