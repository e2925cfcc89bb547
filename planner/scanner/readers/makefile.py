"""Makefiles: the command lines of their recipes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from planner.scanner.around.command_lines import material_in_shell
from planner.scanner.around.environment import settings_anywhere
from planner.scanner.around.shell import snippet_of, within
from planner.scanner.material import Text
from planner.scanner.readers.shell_script import WORTH

_RECIPE = re.compile(
    r"^(?:\t| {4,8})[ \t]*[@+-]{0,3}((?:[^\n\\]|\\\r?\n|\\.){1,8000})", re.MULTILINE
)
_RULE = re.compile(
    r"^[\w./-]{1,80}:[^\n=]*;|^(export[ \t]+AIRFLOW__[^\n]*|AIRFLOW__[^\n]*)$", re.MULTILINE
)


def read(text: Text) -> Iterator[Any]:
    """The material in such a file."""
    yield text
    if not WORTH.search(text.source):
        return
    snippet = snippet_of(text)
    for match in _RECIPE.finditer(text.source):
        yield from material_in_shell(within(snippet, match[1].replace("$$", " $"), match.start(1)))
    for match in _RULE.finditer(text.source):
        yield from settings_anywhere(within(snippet, match[0], match.start()))
