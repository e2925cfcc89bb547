"""Pipfile and Pipfile.lock."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.around.packages import Pin, poetry_specifier, python_pin, requirement_of
from planner.scanner.around.places import Places
from planner.scanner.material import Text
from planner.scanner.readers.pyproject import parsed_toml

_NO_PACKAGES = frozenset(["source", "requires", "scripts", "pipenv", "build-system"])


def read(text: Text) -> Iterator[Pin]:
    """The material in such a file."""
    table = parsed_toml(text)
    places = Places(text)
    for section, packages in table.items():
        if section in _NO_PACKAGES or not isinstance(packages, dict):
            continue
        for name, asked in packages.items():
            version = asked.get("version") if isinstance(asked, dict) else asked
            specifier = poetry_specifier(version) if isinstance(version, str) else ""
            yield from requirement_of(name, specifier, places.key(name))
    requires = table.get("requires")
    for key in ("python_version", "python_full_version"):
        if isinstance(requires, dict) and isinstance(python := requires.get(key), str):
            yield from python_pin(python, places.key(key), "version-file")
