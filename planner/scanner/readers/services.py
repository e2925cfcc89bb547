"""What keeps programs running: systemd units, supervisord, Procfiles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from planner.scanner.around.command_lines import material_in_shell
from planner.scanner.around.environment import settings_anywhere
from planner.scanner.around.shell import snippet_of, within
from planner.scanner.material import Text

_COMMAND = re.compile(
    r"^(?:Exec\w{4,14}[ \t]*=[ \t]*[-@:+!]{0,3}|command[ \t]*=[ \t]*|[\w-]{1,60}:[ \t]*)"
    r"(?=[^\n]{0,4000}airflow)((?:[^\n\\]|\\\r?\n|\\.){1,8000})",
    re.MULTILINE,
)


def read(text: Text) -> Iterator[Any]:
    """The material in such a file."""
    snippet = snippet_of(text)
    yield from settings_anywhere(snippet)
    for match in _COMMAND.finditer(text.source):
        yield from material_in_shell(within(snippet, match[1], match.start(1)))
