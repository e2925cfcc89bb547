"""Files that Airflow renders with Jinja: SQL, Hive and plain templates."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.around.templates import templates_in
from planner.scanner.material import Template, Text


def read(text: Text) -> Iterator[Text | Template]:
    """The material in such a file."""
    yield text
    yield from templates_in(text)
