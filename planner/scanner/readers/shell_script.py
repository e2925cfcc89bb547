"""Shell scripts, and entrypoints without a suffix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from planner.scanner.around.command_lines import material_in_shell
from planner.scanner.around.shell import snippet_of
from planner.scanner.around.templates import templates_in
from planner.scanner.material import Text

WORTH = re.compile(r"airflow|\bpip|\buv\b", re.IGNORECASE)
"""Scripts without one of these words tell nothing."""


def read(text: Text) -> Iterator[Any]:
    """The material in such a file."""
    yield text
    yield from templates_in(text)
    if WORTH.search(text.source) and not text.source.startswith("#!/usr/bin/env python"):
        yield from material_in_shell(snippet_of(text))
