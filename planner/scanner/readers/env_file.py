"""Files of variables: .env, env files of compose and systemd."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.scanner.around.environment import setting_of_variable
from planner.scanner.around.packages import Pin, pins_of_image
from planner.scanner.material import Setting, Text

_LINE = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.]{0,200})=(.*)$", re.MULTILINE)


def read(text: Text) -> Iterator[Setting | Pin]:
    """The material in such a file."""
    for match in _LINE.finditer(text.source):
        place = text.place(match.start(1))
        value = match[2].strip().strip("\"'")
        yield from setting_of_variable(match[1], value, place)
        if match[1].endswith("IMAGE_NAME") or match[1].endswith("IMAGE"):
            yield from pins_of_image(value, place)
