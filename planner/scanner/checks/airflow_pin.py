"""What holds Airflow below the target: requirements, lock files, images; and pins of releases to avoid."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from planner.rulebook.load import rulebook
from planner.scanner.around.admitted import (
    exact,
    for_other_releases,
    hit_at,
    holds_on,
    is_below,
    release_line,
    told_once,
    written,
)
from planner.scanner.around.packages import AIRFLOW
from planner.scanner.checks import Check
from planner.scanner.material import Hit, Requirement
from planner.scanner.project import Project

_CORE = f"{AIRFLOW}-core"
"""What the other one installs: named as well in files that list everything."""
_NAMES = (AIRFLOW, _CORE)
_CHECKER = "apache-airflow-upgrade-check"


def _check(project: Project) -> Iterator[Hit]:
    found = []
    others = for_other_releases(project.requirements, project.target)
    for one in project.requirements:
        if one.path in others or not holds_on(one, project.target):
            continue
        if told := _told(one, project.target):
            symbol, message = told
            found.append((one, hit_at(one, message, symbol)))
    metas = {hit.path for one, hit in found if one.name == AIRFLOW}
    yield from told_once(
        (one, hit) for one, hit in found if one.name != _CORE or hit.path not in metas
    )


def _told(one: Requirement, target: str) -> tuple[str, str] | None:
    """What there is to say of a requirement, with what it is about; None where nothing."""
    if one.name == _CHECKER:
        return _CHECKER, f"`{_CHECKER}`: {rulebook().packages['retired'][_CHECKER]}"
    if one.name not in _NAMES:
        return None
    latest = release_line(target)["latest"]
    instead = f"for {target} it is `{one.name}=={latest}`"
    pinned = exact(one.specifier)
    if pinned is not None and (flaw := _flaw(pinned)):
        return "release", f"`{written(one)}`: {flaw}; {instead}"
    if is_below(one.specifier, target):
        return one.name, f"`{written(one)}` keeps Airflow below {target}; {instead}"
    return None


def _flaw(pinned: Version) -> str:
    """Why no one should run this very release."""
    line = release_line(f"{pinned.major}.{pinned.minor}")
    if not line:
        return ""
    if str(pinned) in line["yanked"]:
        return f"{pinned} was withdrawn from the package index, and {line['latest']} took its place"
    if line["status"] != "current stable" and pinned > Version(line["latest"]):
        return f"there is no {pinned}, this line ended with {line['latest']}"
    return ""


CHECK = Check("AF3-AIRFLOW-PIN", Project, _check)
