""".airflowignore: which files Airflow leaves alone."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.material import Text
from planner.scanner.readers import Reader


def _read(text: Text) -> Iterator[Text]:
    yield text


READER = Reader(kind="airflowignore", patterns=(".airflowignore",), read=_read)
