"""Which files of a tree are tests, told from their paths: no scheduler runs what they make."""

from __future__ import annotations

from pathlib import PurePosixPath

FOLDERS = frozenset(["test", "tests"])


def in_test_folder(path: str) -> bool:
    """Whether a file lies in a folder of tests, at any depth."""
    return not FOLDERS.isdisjoint(part.lower() for part in PurePosixPath(path).parts[:-1])
