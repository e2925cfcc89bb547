"""A setting that names an XCom backend of one's own."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.material import Hit, Setting

_OWN = ("airflow.models.xcom.BaseXCom", "airflow.sdk.execution_time.xcom.BaseXCom")
_KNOWN = "airflow.providers."


def _check(setting: Setting) -> Iterator[Hit]:
    value = (setting.value or "").strip()
    if setting.key == "core.xcom_backend" and value and value not in _OWN:
        if value.startswith(_KNOWN):
            return
        place = setting.place
        message = f"`{value}` must be importable on every component of Airflow 3, and have its new interface"
        yield Hit(line=place.line, column=place.column, message=message, symbol=setting.key)


CHECK = Check("AF3-XCOM-BACKEND", Setting, _check)
