"""The Airflow that a tree runs on today, where everything in it that pins Airflow agrees."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.version import InvalidVersion, Version

from planner.scanner.around.admitted import exact
from planner.scanner.around.packages import AIRFLOW
from planner.scanner.material import Requirement
from planner.scanner.result import CurrentVersion

_NAMES = (AIRFLOW, f"{AIRFLOW}-core")
_MAJOR = 2
"""What an upgrade to 3 comes from."""


def current_version(requirements: Iterable[Requirement]) -> CurrentVersion:
    """The one release of Airflow 2 that a tree's requirements, lock files, images and charts pin.

    A line (``==2.9.*``, as images of other makers have it) agrees with every release of it. Bounds are no pins.
    """
    pins = [
        (version, one)
        for one in requirements
        if one.name in _NAMES and (version := _pinned(one.specifier)) is not None
    ]
    releases = {version for version, _ in pins if len(version.release) > 2}
    lines = {version.release[:2] for version, _ in pins}
    if len(lines) != 1 or len(releases) > 1 or min(lines)[0] != _MAJOR:
        return CurrentVersion()
    pins = [(version, one) for version, one in pins if version in releases or not releases]
    version, first = min(pins, key=lambda pin: _before_others(pin[1]))
    return CurrentVersion(version.public, f"{first.path}:{first.place.line}")


def _pinned(specifier: str) -> Version | None:
    """The release of ``==2.9.3``, or the line of ``==2.9.*``."""
    if specifier.startswith("==") and specifier.endswith(".*"):
        try:
            return Version(specifier.removeprefix("==").removesuffix(".*"))
        except InvalidVersion:
            return None
    return exact(specifier)


def _before_others(one: Requirement) -> tuple[bool, int, str, int]:
    """What people wrote before what was locked, and what lies on top before what lies below."""
    return one.locked, one.path.count("/"), one.path, one.place.line
