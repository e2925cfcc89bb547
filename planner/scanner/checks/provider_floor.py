"""Provider packages that are older than the target asks for, or that no 3.x installs."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from packaging.version import InvalidVersion, Version

from planner.rulebook.load import rulebook
from planner.scanner.around.admitted import (
    folder_of,
    for_other_releases,
    hit_at,
    holds_on,
    is_below,
    release_line,
    told_once,
    written,
)
from planner.scanner.checks import Check
from planner.scanner.material import Hit, Requirement
from planner.scanner.project import Project

_PREFIX = "apache-airflow-providers-"
_CHECKER = "apache-airflow-upgrade-check"
_STOP = "2.11"
_MOST_NAMED = 5


def _check(project: Project) -> Iterator[Hit]:
    by_hand: list[tuple[Requirement, Hit]] = []
    locked: dict[str, list[Requirement]] = {}
    others = for_other_releases(project.requirements, project.target)
    for one in project.requirements:
        if not one.name.startswith("apache-airflow-") or not holds_on(one, project.target):
            continue
        if one.path in others:
            continue
        if message := _retired(one):
            by_hand.append((one, hit_at(one, message, f"retired.{one.name}")))
        elif not (floor := _floor(one, project.target)):
            continue
        elif one.locked:
            locked.setdefault(one.path, []).append(one)
        else:
            message = _too_old(one, floor, project)
            by_hand.append((one, hit_at(one, message, one.name)))
    yield from told_once(by_hand)
    told = {(one.name, folder_of(one.path)) for one, _ in by_hand}
    for group in locked.values():
        if not all(told & set(_as_locked(one)) for one in group):
            yield hit_at(group[0], _locked(group, project.target), "locked")


def _as_locked(one: Requirement) -> Iterator[tuple[str, str]]:
    """Where the requirement that a locked one follows from would be told: its folder, or the one above."""
    folder = folder_of(one.path)
    yield one.name, folder
    yield one.name, folder_of(folder)


def _locked(group: list[Requirement], target: str) -> str:
    """One sentence for a file that is made by a program, whose lines nobody edits one by one."""
    release = release_line(target)["latest"]
    named = [f"{one.name.removeprefix(_PREFIX)} {_floor(one, target)}" for one in group]
    listed = ", ".join(named[:_MOST_NAMED]) + ("" if len(named) <= _MOST_NAMED else ", …")
    count = f"{len(group)} providers" if len(group) > 1 else "1 provider"
    return (
        f"This file holds {count} below what Airflow {release} asks for ({listed} or later); "
        f"make it again with the constraints of {release}"
    )


def _retired(one: Requirement) -> str:
    """Why the package itself cannot stay, whatever its version."""
    for pattern, sentence in rulebook().packages["retired"].items():
        if one.name != _CHECKER and fnmatchcase(one.name, pattern):
            return f"`{one.name}`: {sentence}"
    return ""


def _floor(one: Requirement, target: str) -> str:
    """The lowest version that the target asks for, where the requirement admits only lower ones; else nothing."""
    provider = rulebook().packages["providers"].get(one.name.removeprefix(_PREFIX), {})
    floor = str(provider.get("needs", {}).get(target, ""))
    return floor if floor and is_below(one.specifier, floor) else ""


def _too_old(one: Requirement, floor: str, project: Project) -> str:
    provider = rulebook().packages["providers"][one.name.removeprefix(_PREFIX)]
    release = release_line(project.target)["latest"]
    advice = _advice(one.name, floor, provider, project.current)
    return f"`{written(one)}`: Airflow {release} asks for {floor} or later; {advice}"


def _advice(name: str, floor: str, provider: dict[str, Any], current: str) -> str:
    """What to pin now and what on the target, as far as the packages' own metadata was read."""
    line = _line(current)
    stuck = provider["last"].get(line, "")
    if stuck and Version(stuck) < Version(floor):
        return f"on {line} the newest is {stuck}, so go to {_STOP} first, then `{name}>={floor}`"
    if not provider["latest"]:
        return f"pin `{name}>={floor}`"
    newest, airflow, python = provider["latest"]
    return (
        f"pin `{name}>={floor}` ({newest}, the newest, needs Airflow {airflow} and Python {python})"
    )


def _line(current: str) -> str:
    try:
        release = Version(current).release
    except InvalidVersion:
        return ""
    return ".".join(map(str, release[:2]))


CHECK = Check("AF3-PROVIDER-FLOOR", Project, _check)
