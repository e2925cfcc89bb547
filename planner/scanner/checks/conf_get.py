"""Options that code asks for and the target does not have."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from planner.rulebook.load import rulebook
from planner.scanner.checks import Check
from planner.scanner.code.glimpse import Glimpse, Spelled
from planner.scanner.code.gone import lines_without, on_lines
from planner.scanner.code.python_file import PythonFile, argument, text_of
from planner.scanner.material import Hit

_CONF = "airflow.configuration.conf."
_GETTERS = ("get", "getboolean", "getint", "getfloat", "getjson", "getlist", "get_mandatory_value")
_CAUGHT = ("AirflowConfigException", "AirflowException", "Exception", "BaseException")


def _check(file: PythonFile) -> Iterator[Hit]:
    for call, full in file.airflow_calls:
        if not full.startswith(_CONF) or full.removeprefix(_CONF) not in _GETTERS:
            continue
        section, option = text_of(argument(call, "section", 0)), text_of(argument(call, "key", 1))
        if section is None or option is None or _has_way_out(file, call):
            continue
        key = f"{section}.{option}".lower()
        yield from _hits(file, call, f"[{section}] {option}", key)


def _hits(file: PythonFile, call: ast.Call, shown: str, key: str) -> Iterator[Hit]:
    change = rulebook().settings.get(key)
    ignored = change.ignored_on if change else ()
    lines = lines_without(_CONF + key)
    by_new_name = [line for line in lines if change and change.to and line not in ignored]
    without = [line for line in lines if line not in by_new_name]
    if without:
        hit = file.hit(call, "", symbol=_CONF + key, unless_set=key)
        yield on_lines(hit, f"Airflow has no `{shown}` on {{lines}}: this raises", without)
    if by_new_name and change:
        section, _, option = change.to.partition(".")
        message = (
            f"`{shown}` is `[{section}] {option}` on {{lines}}, which has no default: "
            "this raises where nobody sets it"
        )
        hit = file.hit(call, "", symbol=_CONF + key, unless_set=f"{key} {change.to}")
        on_lines(hit, message, by_new_name).lines = by_new_name
        yield hit


def _has_way_out(file: PythonFile, call: ast.Call) -> bool:
    """Whether the call gives a fallback, or stands where its exception is caught."""
    if any(word.arg in ("fallback", None) for word in call.keywords) or file.is_guarded(call):
        return True
    below: ast.AST = call
    for above in file.ancestors(call):
        if isinstance(above, ast.Try) and below in above.body:
            return any(_catches(handler) for handler in above.handlers)
        below = above
    return False


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = [node for node in ast.walk(handler.type) if isinstance(node, ast.Name | ast.Attribute)]
    return any((node.id if isinstance(node, ast.Name) else node.attr) in _CAUGHT for node in names)


@functools.cache
def _gone_options() -> Spelled:
    options = (name for name in rulebook().symbols if name.startswith(_CONF))
    return Spelled([name.removeprefix(_CONF) for name in options if lines_without(name)])


def _may_ask_for_gone(glimpse: Glimpse) -> bool:
    return glimpse.spells(_GETTERS) and _gone_options().may_be_in(glimpse.in_lower_case)


CHECK = Check(
    "AF3-CONF-GET", PythonFile, _check, spelled=("configuration",), worth=_may_ask_for_gone
)
