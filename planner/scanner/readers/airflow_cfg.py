"""airflow.cfg, under whatever name: the options that it sets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from planner.scanner.around.settings_file import settings_in
from planner.scanner.around.shell import snippet_of
from planner.scanner.material import Setting, Text

_SHOWS = ("[core]", "[webserver]", "[scheduler]", "[database]", "[celery]", "[logging]")


_OF_AIRFLOWS_TESTS = "unittests.cfg"
"""What Airflow writes for its own tests beside airflow.cfg: no deployment reads it."""

_OF_AIRFLOW_1 = re.compile(r"airflow[-_.]?v?1(?!\d)")
"""``airflow1.cfg``: a file for 1.10 alone, as its name says."""


def read(text: Text) -> Iterator[Setting]:
    """The material in such a file."""
    name = PurePosixPath(text.path).name.lower()
    if name == _OF_AIRFLOWS_TESTS or _OF_AIRFLOW_1.search(name):
        return
    named = "airflow" in name
    if named or any(section in text.source for section in _SHOWS):
        yield from settings_in(snippet_of(text))
