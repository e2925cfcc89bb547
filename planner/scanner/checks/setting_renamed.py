"""Options that are set elsewhere on 3.x, and whether the old place is still read."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.around.changed_settings import change_of, ignored_words
from planner.scanner.checks import Check
from planner.scanner.material import Hit, Setting


def _check(setting: Setting) -> Iterator[Hit]:
    change = change_of(setting)
    if change is None or not change.to:
        return
    section, _, option = change.to.partition(".")
    place = setting.place
    message = f"`[{setting.section}] {setting.option}` is now `[{section}] {option}`"
    if ignored := ignored_words(change):
        message += f": {ignored}"
    symbol = setting.key
    yield Hit(
        line=place.line,
        column=place.column,
        message=message,
        symbol=symbol,
        unless_set=change.to,
    )


CHECK = Check("AF3-CFG-RENAMED", Setting, _check)
