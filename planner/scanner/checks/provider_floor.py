"""Provider packages that are older than the target asks for, or that no 3.x installs."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from packaging.version import InvalidVersion, Version

from planner.rulebook.load import rulebook
from planner.scanner.admitted import hit_at, holds_on, is_below, release_line, told_once, written
from planner.scanner.checks import Check
from planner.scanner.material import Hit, Requirement
from planner.scanner.project import Project

_PREFIX = "apache-airflow-providers-"
_CHECKER = "apache-airflow-upgrade-check"
_OLDEST_STOP = "2.11"


def _check(project: Project) -> Iterator[Hit]:
    found = []
    for one in project.requirements:
        if one.name.startswith("apache-airflow-") and holds_on(one, project.target):
            if message := _retired(one):
                found.append((one, hit_at(one, message, f"retired.{one.name}")))
            elif message := _too_old(one, project):
                found.append((one, hit_at(one, message, one.name)))
    yield from told_once(found)


def _retired(one: Requirement) -> str:
    """Why the package itself cannot stay, whatever its version."""
    for pattern, sentence in rulebook().packages["retired"].items():
        if one.name != _CHECKER and fnmatchcase(one.name, pattern):
            return f"`{one.name}`: {sentence}"
    return ""


def _too_old(one: Requirement, project: Project) -> str:
    provider = rulebook().packages["providers"].get(one.name.removeprefix(_PREFIX), {})
    floor = provider.get("needs", {}).get(project.target, "")
    if not floor or not is_below(one.specifier, floor):
        return ""
    release = release_line(project.target)["latest"]
    advice = _advice(one.name, floor, provider, project.current)
    return f"`{written(one)}`: Airflow {release} asks for {floor} or later; {advice}"


def _advice(name: str, floor: str, provider: dict[str, Any], current: str) -> str:
    """What to pin now and what on the target, as far as the packages' own metadata was read."""
    line = _line(current)
    stuck = provider["last"].get(line, "")
    if stuck and Version(stuck) < Version(floor):
        return f"on {line} the newest is {stuck}, so go to {_OLDEST_STOP} first, then `{name}>={floor}`"
    if newest := provider["latest"]:
        version, airflow, python = newest
        return f"pin `{name}>={floor}` ({version} is the newest read: Airflow {airflow}, Python {python})"
    return f"pin `{name}>={floor}`"


def _line(current: str) -> str:
    try:
        release = Version(current).release
    except InvalidVersion:
        return ""
    return ".".join(map(str, release[:2]))


CHECK = Check("AF3-PROVIDER-FLOOR", Project, _check)
