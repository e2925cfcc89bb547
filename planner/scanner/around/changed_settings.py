"""Settings that Airflow 3 reads otherwise, without those whose value says nothing that 3.x does not do anyway.

A file that Airflow 2 wrote by itself sets every option to its default. Such a line changes nothing where the
option is gone or has moved, so it is passed over.
"""

from __future__ import annotations

from planner.domain.rules import SettingChange
from planner.rulebook.load import rulebook
from planner.scanner.material import Setting

_HOME = "{AIRFLOW_HOME}"


def change_of(setting: Setting) -> SettingChange | None:
    """What became of the option; None where nothing did, or the value is a default of 2.x."""
    change = rulebook().settings.get(setting.key)
    if change is None or is_default(setting, change.defaults):
        return None
    return change


def is_default(setting: Setting, defaults: tuple[str, ...]) -> bool:
    """Whether the value is one that 2.x or 1.10 puts into an untouched file."""
    if setting.value is None:
        return False
    value = setting.value.strip()
    if not value:
        return True
    for default in defaults:
        if value.lower() == default.lower():
            return True
        if default.startswith(_HOME) and value.endswith(default.removeprefix(_HOME)):
            return True
        if default.endswith(f"/{_HOME}/airflow.db") and value.startswith("sqlite:"):
            return True
    return False


def ignored_words(change: SettingChange) -> str:
    """On which lines the option does nothing, in words; empty where every line reads it."""
    lines = change.ignored_on
    if not lines:
        return ""
    if len(lines) == len(change.on):
        return "Airflow 3 does not read the old name"
    *first, last = lines
    named = f"{', '.join(first)} and {last}" if first else last
    return f"the old name is not read on {named}"
