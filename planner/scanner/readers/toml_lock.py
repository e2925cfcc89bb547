"""poetry.lock, uv.lock and pdm.lock: a list of packages, each with its name and version."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.around.packages import Pin, requirement_of
from planner.scanner.around.places import Places
from planner.scanner.material import Text
from planner.scanner.readers.pyproject import parsed_toml


def read(text: Text) -> Iterator[Pin]:
    """The material in such a file."""
    if "airflow" not in text.source:
        return
    packages = parsed_toml(text).get("package")
    places = Places(text)
    for package in packages if isinstance(packages, list) else ():
        name, version = package.get("name"), package.get("version")
        if isinstance(name, str) and isinstance(version, str):
            place = places.entry("name", name)
            yield from requirement_of(name, f"=={version}", place, locked=True)
