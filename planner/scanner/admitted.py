"""Which versions a requirement admits, and whether it still holds on the target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from planner.rulebook.load import rulebook
from planner.scanner.material import Hit, Requirement

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
    """One hit for a package on a line; of locked ones only where nothing hand-written beside says the same.

    A lock file follows from the file that people edit, in the same folder or in the one above.
    """
    pairs = list(found)
    by_hand = {(hit.symbol, folder_of(one.path)) for one, hit in pairs if not one.locked}
    seen: set[tuple[str, int | None, str]] = set()
    for one, hit in pairs:
        key = (hit.path, hit.line, hit.symbol)
        folders = (folder_of(one.path), folder_of(folder_of(one.path)))
        follows = one.locked and any((hit.symbol, folder) in by_hand for folder in folders)
        if key not in seen and not follows:
            seen.add(key)
            yield hit


def folder_of(path: str) -> str:
    """The folder that a file of the tree lies in."""
    return str(PurePosixPath(path).parent)


def written(requirement: Requirement) -> str:
    """As people write it: ``apache-airflow==2.9.3``."""
    return f"{requirement.name}{requirement.specifier}"
