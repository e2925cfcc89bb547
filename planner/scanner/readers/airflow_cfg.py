"""airflow.cfg, under whatever name: the options that it sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from planner.scanner.material import Setting, Text
from planner.scanner.readers import Reader
from planner.scanner.settings_file import settings_in
from planner.scanner.shell import snippet_of

_SHOWS = ("[core]", "[webserver]", "[scheduler]", "[database]", "[celery]", "[logging]")


def _read(text: Text) -> Iterator[Setting]:
    named = "airflow" in PurePosixPath(text.path).name.lower()
    if named or any(section in text.source for section in _SHOWS):
        yield from settings_in(snippet_of(text))


READER = Reader(
    kind="airflow.cfg",
    patterns=(
        "*.cfg",
        "*.cfg.j2",
        "*.cfg.tmpl",
        "*.cfg.template",
        "*.cfg.example",
        "*airflow*.ini",
    ),
    read=_read,
)
