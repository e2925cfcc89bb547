"""Pipfile.lock: what pipenv settled on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from planner.scanner.around.packages import Pin, requirement_of
from planner.scanner.around.places import Places
from planner.scanner.material import Text
from planner.scanner.readers import Unreadable


def read(text: Text) -> Iterator[Pin]:
    """The material in such a file."""
    if "airflow" not in text.source:
        return
    try:
        table: Any = json.loads(text.source)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"The file is not JSON: {error}.") from error
    places = Places(text)
    for section in ("default", "develop"):
        packages = table.get(section) if isinstance(table, dict) else None
        for name, entry in packages.items() if isinstance(packages, dict) else ():
            version = entry.get("version") if isinstance(entry, dict) else None
            specifier = version if isinstance(version, str) else ""
            yield from requirement_of(name, specifier, places.key(name), locked=True)
