"""Which files of a tree are tests, told from their paths: no scheduler runs what they make."""

from __future__ import annotations

import re

FOLDERS = frozenset(["test", "tests"])
_UNIT_TEST = re.compile(
    r"test_.*\.py|.*_test\.(?:py|go)|.*\.(?:test|spec)\.[cm]?[jt]sx?|.*(?:Test|Tests|Spec)\.(?:java|kt|scala)"
)
_AGAINST_SERVERS = re.compile(
    r"accept|e2e|end.?(?:to|2).?end|functional|integration|smoke|system", re.IGNORECASE
)
"""Words in the path of tests that ask something that really runs."""


def in_test_folder(path: str) -> bool:
    """Whether a file lies in a folder of tests; below a DAG folder only where its name says so too."""
    *folders, name = path.lower().split("/")
    tests = next((at for at, folder in enumerate(folders) if folder in FOLDERS), None)
    if tests is None:
        return False
    if any("dag" in folder for folder in folders[:tests]):
        return name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
    return True


def is_unit_test(path: str) -> bool:
    """Whether a file holds tests that talk to no server: what they ask for is made up."""
    name = path.rpartition("/")[2]
    return bool(_UNIT_TEST.fullmatch(name)) and not _AGAINST_SERVERS.search(path)
