"""Plugins that add to the old web server, which Airflow 3 does not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.python_file import PythonFile
from planner.scanner.material import Hit

# Not appbuilder_menu_items: every 3.x shows these links in its menu, without the fab provider too.
_FAILS_WITHOUT_FAB = ("appbuilder_views", "flask_blueprints")
_NEVER_READ = ("admin_views", "menu_links", "operators", "sensors", "hooks", "executors")
_ATTRIBUTES = (*_FAILS_WITHOUT_FAB, *_NEVER_READ)


def _check(file: PythonFile) -> Iterator[Hit]:
    for plugin in file.of(ast.ClassDef):
        if any(_is_plugin(file.name(base)) for base in plugin.bases):
            for statement in plugin.body:
                yield from _hits(file, statement)


def _is_plugin(full: str) -> bool:
    return full.startswith("airflow.") and full.endswith(".AirflowPlugin")


def _hits(file: PythonFile, statement: ast.stmt) -> Iterator[Hit]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name) as target], value=value) if name in _ATTRIBUTES:
            pass
        case ast.AnnAssign(target=ast.Name(id=name) as target, value=ast.expr() as value) if (
            name in _ATTRIBUTES
        ):
            pass
        case _:
            return
    if _is_empty(file.value(value)):
        return
    if name in _FAILS_WITHOUT_FAB:
        message = f"`{name}` is only served by the fab provider on Airflow 3"
    else:
        message = f"Airflow 3 ignores `{name}` of plugins"
    yield file.hit(target, message, symbol=name)


def _is_empty(value: ast.expr) -> bool:
    return isinstance(value, ast.List | ast.Tuple) and not value.elts


CHECK = Check("AF3-PLUGIN", PythonFile, _check, spelled=("AirflowPlugin",))
