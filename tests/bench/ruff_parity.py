"""Everything that ruff's AIR rules say of a tree is in the upgrade check's answer: same file, line and rule.

ruff is asked in its own way, with the folder's name and one set of options, not through the scanner. Trees are every
release that can be had from the package index: whole Airflows with their example DAGs, and source releases of
providers.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from planner.scanner.result import ScanResult
from planner.scanner.ruff_here import ruff_program
from planner.scanner.scan import scan_tree
from tests.bench import trees

Place = tuple[str, int, str]
"""Path, line (within its cell in a notebook), rule."""

_ASKED = ["--isolated", "--preview", "--select", "AIR", "--no-cache", "--exit-zero", "--quiet"]
_ALL_FILES = ["--no-respect-gitignore", "--config", "exclude=[]", "--target-version", "py314"]


def ruffs(tree: Path) -> Counter[Place]:
    """What ruff says of a tree by itself."""
    done = subprocess.run(
        [ruff_program(), "check", *_ASKED, *_ALL_FILES, "--output-format", "json", str(tree)],
        capture_output=True,
        check=True,
        cwd="/",
    )
    return Counter(
        (Path(one["filename"]).relative_to(tree).as_posix(), one["location"]["row"], one["code"])
        for one in json.loads(done.stdout)
        if one["code"]
    )


def ours(result: ScanResult) -> Counter[Place]:
    """What the upgrade check says with ruff's rules, silenced or not."""
    every = [*result.observations, *(silenced.observation for silenced in result.suppressed)]
    return Counter(
        (one.path, one.line or 0, one.rule) for one in every if one.rule.startswith("AIR")
    )


def main() -> int:
    """Compare every tree. Returns an exit status: 1 where anything is missing."""
    print(f"\n{'ruff’s findings in the upgrade check':<44}{'ruff':>8}{'present':>9}{'more':>7}")
    missing_anywhere = False
    for name, tree in trees.every_release():
        wanted, found = ruffs(tree), ours(scan_tree(tree))
        missing, more = wanted - found, found - wanted
        present = wanted.total() - missing.total()
        print(f"{name:<44}{wanted.total():>8,}{present:>9,}{more.total():>7,}")
        for place in sorted(missing):
            print(f"  missing: {place}")
        missing_anywhere |= bool(missing)
    return int(missing_anywhere)


if __name__ == "__main__":
    sys.exit(main())
