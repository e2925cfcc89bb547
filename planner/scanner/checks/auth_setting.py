"""Settings of 2.x for who may sign in."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.material import Hit, Setting

_UNTOUCHED = frozenset(
    ["", "airflow.api.auth.backend.session", "airflow.api.auth.backend.deny_all"]
)
_OLD_MANAGER = "airflow.auth.managers."


def _check(setting: Setting) -> Iterator[Hit]:
    match setting.key:
        case "api.auth_backend" | "api.auth_backends":
            if setting.value is None or setting.value.strip() not in _UNTOUCHED:
                message = (
                    f"`[api] {setting.option}` is not read by Airflow 3: callers sign in by the auth manager,"
                    " with a token or through `[fab] auth_backends`"
                )
                hit = _hit(setting, message, setting.key)
                hit.unless_set = "fab.auth_backends"
                yield hit
        case "core.auth_manager" if (setting.value or "").startswith(_OLD_MANAGER):
            message = f"`{setting.value}` cannot be loaded: the api-server does not start"
            yield _hit(setting, message, setting.key)
        case "fab.auth_backends" if "airflow.api.auth.backend" in (setting.value or ""):
            message = f"`{setting.value}` is gone; the backends are in the FAB provider"
            yield _hit(setting, message, setting.key)


def _hit(setting: Setting, message: str, symbol: str) -> Hit:
    place = setting.place
    return Hit(line=place.line, column=place.column, message=message, symbol=symbol)


CHECK = Check("AF3-AUTH", Setting, _check)
