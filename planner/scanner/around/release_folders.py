"""Folders that hold one and the same thing once for each Airflow release: ``images/airflow/2.11.2``, ``…/3.3.1``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from packaging.version import Version

_RELEASE = re.compile(r"v?(\d{1,2}\.\d{1,3}(?:\.\d{1,3})?)")
_AIRFLOW = "airflow"
_IN_PATH = re.compile(rf"{_AIRFLOW}[^/]*/v?\d", re.IGNORECASE)
"""What a path with such a folder holds: most have none."""


def of_earlier_releases(paths: Iterable[str], target: str) -> frozenset[str]:
    """Files in the folder of a release below the target that has a folder of the target's line, or later, beside it.

    They are for the old release and stay as they are: what the target needs stands in the folder of its own.
    """
    releases: dict[str, dict[str, Version]] = defaultdict(dict)
    inside: dict[str, list[str]] = defaultdict(list)
    for path in filter(_IN_PATH.search, paths):
        for folder in PurePosixPath(path).parents:
            match = _RELEASE.fullmatch(folder.name)
            if match and _AIRFLOW in folder.parent.name.lower():
                releases[str(folder.parent)][str(folder)] = Version(match[1])
                inside[str(folder)].append(path)
    aim = Version(target)
    return frozenset(
        path
        for folders in releases.values()
        if any(release >= aim for release in folders.values())
        for folder, release in folders.items()
        if release < aim
        for path in inside[folder]
    )
