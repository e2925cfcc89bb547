"""pyproject.toml: PEP 621, dependency groups, poetry, pdm, hatch and uv."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import tomli

from planner.scanner.around.packages import (
    Pin,
    poetry_specifier,
    python_pin,
    requirement,
    requirement_of,
)
from planner.scanner.around.places import Places
from planner.scanner.material import PythonPin, Requirement, Text
from planner.scanner.readers import Unreadable

_LISTS = (
    ("tool", "uv", "dev-dependencies"),
    ("tool", "uv", "constraint-dependencies"),
    ("tool", "uv", "override-dependencies"),
)
_TABLES_OF_LISTS = (
    ("project", "optional-dependencies"),
    ("dependency-groups",),
    ("tool", "pdm", "dev-dependencies"),
)
_POETRY = (
    ("tool", "poetry", "dependencies"),
    ("tool", "poetry", "dev-dependencies"),
)


def read(text: Text) -> Iterator[Pin]:
    """The material in such a file."""
    table = parsed_toml(text)
    places = Places(text)
    project = _at(table, "project")
    if isinstance(asked := project.get("requires-python"), str):
        yield from python_pin(asked, places.key("requires-python"), "requires-python")
    yield from _listed(project.get("dependencies"), places)
    for path in _TABLES_OF_LISTS:
        for group in _at(table, *path).values():
            yield from _listed(group, places)
    for path in _LISTS:
        yield from _listed(_at(table, *path[:-1]).get(path[-1]), places)
    for environment in _at(table, "tool", "hatch", "envs").values():
        yield from _hatch(environment, places)
    for path in _POETRY:
        yield from _poetry(_at(table, *path), places)
    for group in _at(table, "tool", "poetry", "group").values():
        yield from _poetry(_at(group, "dependencies"), places)


def parsed_toml(text: Text) -> dict[str, Any]:
    """The tables of a TOML file. Raises Unreadable."""
    try:
        return tomli.loads(text.source)
    except (tomli.TOMLDecodeError, RecursionError) as error:
        raise Unreadable(f"The file is not TOML: {error}.") from error


def _at(table: Any, *path: str) -> Mapping[str, Any]:
    """The table at a path, empty where there is none."""
    for key in path:
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else {}


def _listed(group: Any, places: Places) -> Iterator[Requirement]:
    for one in group if isinstance(group, list) else ():
        if isinstance(one, str):
            yield from requirement(one, places.word(one))


def _hatch(environment: Any, places: Places) -> Iterator[Pin]:
    for key in ("dependencies", "extra-dependencies"):
        yield from _listed(_at(environment).get(key), places)
    if isinstance(python := _at(environment).get("python"), str):
        yield from python_pin(python, places.word(python), "ci")


def _poetry(dependencies: Mapping[str, Any], places: Places) -> Iterator[Pin]:
    for name, asked in dependencies.items():
        place = places.key(name)
        version = asked.get("version") if isinstance(asked, dict) else asked
        specifier = poetry_specifier(version) if isinstance(version, str) else ""
        if name == "python":
            yield from _python(specifier, place)
        else:
            yield from requirement_of(name, specifier, place)


def _python(specifier: str, place: Any) -> Iterator[PythonPin]:
    yield from python_pin(specifier.removeprefix("=="), place, "requires-python")
