"""Settings that let tasks pass pickled values."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.material import Hit, Setting

_FALSE = ("false", "f", "0")
"""In a file it says nothing: Airflow 1.10 wrote it into every one, and pickled only where told to."""


def _check(setting: Setting) -> Iterator[Hit]:
    value = (setting.value or "").strip().lower()
    place = setting.place
    if setting.key == "core.enable_xcom_pickling" and value in ("true", "t", "1"):
        message = "Airflow 3 has no pickling of XComs: tasks that return what is not JSON fail"
        yield Hit(line=place.line, column=place.column, message=message, symbol=setting.key)
    elif setting.key == "core.donot_pickle" and value in _FALSE and setting.origin != "cfg":
        message = "Airflow 3 never pickles DAGs for its workers; they read the DAG files"
        yield Hit(line=place.line, column=place.column, message=message, symbol=setting.key)


CHECK = Check("AF3-PICKLE", Setting, _check)
