"""Code that builds on the sign-in of the 2.x webserver: webserver_config.py, API auth backends."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.glimpse import Glimpse
from planner.scanner.code.python_file import PythonFile
from planner.scanner.material import Hit

_GONE = (
    "airflow.www.security",
    "airflow.www.fab_security",
    "airflow.api.auth",
    "airflow.auth.managers.fab",
)


def _check(file: PythonFile) -> Iterator[Hit]:
    for imported in file.imports:
        name = imported.alias.name if imported.full == "airflow" else imported.full
        if name.startswith(_GONE) and not file.is_guarded(imported.node):
            message = (
                f"`{name}` cannot be imported since Airflow 3.0: its place is the FAB provider"
            )
            yield file.hit(imported.alias, message, symbol=name)


def _is_imported(glimpse: Glimpse) -> bool:
    return any(full.startswith(_GONE) for full in glimpse.imports)


CHECK = Check("AF3-AUTH", PythonFile, _check, spelled=("auth", "www"), worth=_is_imported)
