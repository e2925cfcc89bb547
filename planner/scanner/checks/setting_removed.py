"""Options that 3.x no longer has, set to something else than their default."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.around.changed_settings import change_of
from planner.scanner.checks import Check
from planner.scanner.material import Hit, Setting


def _check(setting: Setting) -> Iterator[Hit]:
    change = change_of(setting)
    if change is None or change.to:
        return
    place = setting.place
    message = (
        f"`[{setting.section}] {setting.option}` does nothing since Airflow {change.ignored_on[0]}"
    )
    hit = Hit(line=place.line, column=place.column, message=message, symbol=setting.key)
    if len(change.ignored_on) < len(change.on):
        hit.lines = change.ignored_on
    yield hit


CHECK = Check("AF3-CFG-REMOVED", Setting, _check)
