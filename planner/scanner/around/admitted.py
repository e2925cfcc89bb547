"""Which versions a requirement admits, and whether it still holds on the target."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from planner.rulebook.load import rulebook
from planner.scanner.material import Hit, Requirement

_RELEASE = re.compile(r"airflow[-_.]?v?(\d{1,2}\.\d{1,3}(?:\.\d{1,3})?)", re.IGNORECASE)
"""A release in the name of a file: ``requirements-airflow-2.10-dbt-1.9.txt``."""
_MOST_LINES = 5
_PATCHES = range(40)
"""Patch releases of a Python line that a specifier may name."""


def exact(specifier: str) -> Version | None:
    """The one version of ``==2.9.3``; None where several are admitted."""
    try:
        (only,) = SpecifierSet(specifier)
        return Version(only.version) if only.operator in ("==", "===") else None
    except (ValueError, InvalidSpecifier, InvalidVersion):
        return None


def is_below(specifier: str, version: str) -> bool:
    """Whether a specifier admits only versions below one: ``==2.9.3``, ``~=2.7``, ``<3`` are below 3.3."""
    wanted = Version(version)
    try:
        return any(_ends_below(one, wanted) for one in SpecifierSet(specifier))
    except (InvalidSpecifier, InvalidVersion):
        return False


def _ends_below(one: Specifier, wanted: Version) -> bool:
    text = one.version
    match one.operator:
        case "<":
            return Version(text) <= wanted
        case "<=" | "===":
            return Version(text) < wanted
        case "==":
            return _after(text[:-2]) <= wanted if text.endswith(".*") else Version(text) < wanted
        case "~=":
            return _after(text.rpartition(".")[0]) <= wanted
    return False


def _after(prefix: str) -> Version:
    """The first version that no longer begins so: 2.10 after 2.9."""
    release = list(Version(prefix).release)
    release[-1] += 1
    return Version(".".join(map(str, release)))


def admits_python(specifier: str, lines: Iterable[str]) -> bool:
    """Whether one of the Python lines (``3.12``) fulfils what is asked: a line itself, or a specifier."""
    if specifier[0].isdigit():
        return specifier in lines
    asked = SpecifierSet(specifier)
    return any(asked.contains(f"{line}.{patch}") for line in lines for patch in _PATCHES)


def holds_on(requirement: Requirement, target: str) -> bool:
    """Whether a requirement's marker lets it hold on any Python that the target runs on."""
    if not requirement.marker or "extra" in requirement.marker:
        return True
    try:
        marker = Marker(requirement.marker)
        return any(
            marker.evaluate({"python_version": line, "python_full_version": f"{line}.0"})
            for line in release_line(target)["python"]
        )
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
        return True


def release_line(line: str) -> dict[str, Any]:
    """What the rulebook knows of a release line; empty for one that it does not know."""
    lines: dict[str, dict[str, Any]] = rulebook().support["lines"]
    return lines.get(line, {})


def hit_at(requirement: Requirement, message: str, symbol: str) -> Hit:
    place = requirement.place
    return Hit(
        line=place.line,
        column=place.column,
        cell=place.cell,
        message=message,
        symbol=symbol,
        path=requirement.path,
    )


def told_once(found: Iterable[tuple[Requirement, Hit]]) -> Iterator[Hit]:
    """One hit for what a file says of a package, however often it says it.

    Of locked ones only where nothing hand-written beside says the same: a lock file follows from the file
    that people edit, in the same folder or in the one above.
    """
    pairs = list(found)
    by_hand = {(hit.symbol, folder_of(one.path)) for one, hit in pairs if not one.locked}
    told: dict[tuple[str, str, str], list[Hit]] = {}
    for one, hit in pairs:
        folders = (folder_of(one.path), folder_of(folder_of(one.path)))
        if not (one.locked and any((hit.symbol, folder) in by_hand for folder in folders)):
            told.setdefault((hit.path, hit.symbol, one.specifier), []).append(hit)
    for first, *again in told.values():
        lines = sorted({hit.line for hit in again if hit.line is not None} - {first.line})
        if lines:
            named = ", ".join(map(str, lines[:_MOST_LINES])) + (", …" * (len(lines) > _MOST_LINES))
            first.message += f" (also on line {named})"
        yield first


def for_other_releases(requirements: Iterable[Requirement], target: str) -> frozenset[str]:
    """Files of a set with one for each Airflow release, as their names say, that are for one below the target."""
    by_folder: dict[str, dict[str, Version]] = {}
    for path in {one.path for one in requirements}:
        if match := _RELEASE.search(PurePosixPath(path).name):
            by_folder.setdefault(folder_of(path), {})[path] = Version(match[1])
    return frozenset(
        path
        for releases in by_folder.values()
        if len(set(releases.values())) > 1
        for path, release in releases.items()
        if release < Version(target)
    )


def folder_of(path: str) -> str:
    """The folder that a file of the tree lies in."""
    return str(PurePosixPath(path).parent)


def written(requirement: Requirement) -> str:
    """As people write it: ``apache-airflow==2.9.3``."""
    return f"{requirement.name}{requirement.specifier}"
