"""``Variable.get`` of the Task SDK with the argument's old name."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.parsers.fix import Edit, Place
from planner.scanner.checks import Check
from planner.scanner.code.python_file import PythonFile
from planner.scanner.material import Hit

_CLASSES = ("airflow.sdk.Variable", "airflow.sdk.definitions.variable.Variable")
_OLD = "default_var"


def _check(file: PythonFile) -> Iterator[Hit]:
    for call in file.of(ast.Call):
        if not _is_get_of_sdk(file, call.func):
            continue
        for keyword in call.keywords:
            if keyword.arg == _OLD:
                yield file.hit(
                    keyword,
                    f"`airflow.sdk.Variable.get` takes no `{_OLD}`",
                    symbol=_OLD,
                    edits=_positional(file, call, keyword),
                    is_safe=True,
                )


def _is_get_of_sdk(file: PythonFile, func: ast.expr) -> bool:
    """Whether this may be the Task SDK's own class on Airflow 3, whichever of two imports bound the name."""
    if not isinstance(func, ast.Attribute) or func.attr != "get":
        return False
    if file.name(func.value) in _CLASSES:
        return True
    return isinstance(func.value, ast.Name) and any(
        imported.local == func.value.id
        and imported.full in _CLASSES
        and not any(isinstance(above, ast.ExceptHandler) for above in file.ancestors(imported.node))
        for imported in file.imports
    )


def _positional(file: PythonFile, call: ast.Call, keyword: ast.keyword) -> list[Edit]:
    """Without the keyword's name the default is the second argument, on Airflow 2 and 3 alike."""
    if len(call.args) != 1 or call.keywords[0] is not keyword:
        return []
    start, end = file.place(keyword), file.place(keyword.value)
    if start.cell is not None or start.line != end.line:
        return []
    return [Edit("", Place(start.line, start.column), Place(end.line, end.column))]


CHECK = Check("AF3-VAR-DEFAULT-VAR", PythonFile, _check, spelled=("default_var",))
