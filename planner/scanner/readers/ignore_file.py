""".airflowignore: which files Airflow leaves alone."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.material import Text


def read(text: Text) -> Iterator[Text]:
    """The material in such a file."""
    yield text
