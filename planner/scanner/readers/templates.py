"""Files that Airflow renders with Jinja: SQL, Hive and plain templates."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.around.templates import templates_in
from planner.scanner.material import Template, Text
from planner.scanner.readers import Reader


def _read(text: Text) -> Iterator[Text | Template]:
    yield text
    yield from templates_in(text)


READER = Reader(
    kind="template",
    patterns=("*.sql", "*.hql", "*.j2", "*.jinja", "*.jinja2"),
    read=_read,
)
