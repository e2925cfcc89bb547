"""Values of settings that 3.x cannot use: classes and functions that are gone, forms that it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.gone import lines_without
from planner.scanner.material import Hit, Setting

_DOTTED = re.compile(r"airflow(?:\.[A-Za-z_]\w{0,80}){1,12}")
_IMPORTED = frozenset(
    [
        "celery.celery_config_options",
        "core.hostname_callable",
        "email.email_backend",
        "logging.logging_config_class",
        "metrics.stat_name_handler",
        "metrics.statsd_custom_client_path",
        "secrets.backend",
        "workers.secrets_backend",
    ]
)
"""Options whose value 3.x imports, but for those that other rules speak of."""


def _check(setting: Setting) -> Iterator[Hit]:
    if setting.value is None:
        return
    value = setting.value.strip()
    if setting.key == "core.parallelism" and value == "0":
        yield _hit(
            setting, "`parallelism = 0` is refused by Airflow 3: no executor starts", setting.key
        )
    elif setting.key == "core.hostname_callable" and ":" in value:
        yield _hit(setting, f"`{value}` must be written with a dot on Airflow 3", setting.key)
    elif setting.key in _IMPORTED and _DOTTED.fullmatch(value) and (gone := _gone(value)):
        yield _hit(setting, f"`{value}` cannot be imported since Airflow {gone[0]}", gone[1])


def _gone(value: str) -> tuple[str, str] | None:
    """The line since which a dotted name fails, and the part of it that is gone."""
    parts = value.split(".")
    for end in range(2, len(parts) + 1):
        name = ".".join(parts[:end])
        if lines := lines_without(name):
            return lines[0], name
    return None


def _hit(setting: Setting, message: str, symbol: str) -> Hit:
    place = setting.place
    return Hit(line=place.line, column=place.column, message=message, symbol=symbol)


CHECK = Check("AF3-CFG-VALUE", Setting, _check)
