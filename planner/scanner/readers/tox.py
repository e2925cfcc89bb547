"""tox.ini: what its environments install, and the Pythons they run on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.scanner.around.packages import Pin, python_pin, requirement
from planner.scanner.around.places import Places
from planner.scanner.material import Text
from planner.scanner.readers.setup_cfg import parsed_ini

_ENVIRONMENT = re.compile(r"\bpy(\d)(\d{1,2})\b")
_FACTOR = re.compile(r"^[\w!,{}-]{1,60}:\s+")
"""``py38: apache-airflow==2.9.3``: the part before the requirement."""


def read(text: Text) -> Iterator[Pin]:
    """The material in such a file."""
    sections = parsed_ini(text)
    places = Places(text)
    for key in ("envlist", "env_list"):
        for found in _ENVIRONMENT.finditer(sections.get("tox", key, fallback="") or ""):
            yield from python_pin(f"{found[1]}.{found[2]}", places.word(found[0]), "ci")
    for section in sections.sections():
        if section.startswith("testenv"):
            yield from _environment(sections[section], places)


def _environment(section: object, places: Places) -> Iterator[Pin]:
    values: dict[str, str | None] = dict(section)  # type: ignore[call-overload]
    for line in (values.get("deps") or "").splitlines():
        wanted = _FACTOR.sub("", line.strip())
        if wanted and not wanted.startswith(("-", "#", "{")):
            yield from requirement(wanted, places.word(wanted))
    for key in ("basepython", "base_python"):
        if python := values.get(key):
            yield from python_pin(python, places.key(key), "ci")
