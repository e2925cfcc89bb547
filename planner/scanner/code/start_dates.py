"""Start dates that are read off the clock, and so move on with every look at the file."""

from __future__ import annotations

import ast
from datetime import timedelta

from planner.scanner.code.dag_call import SCHEDULES, DagCall, entries
from planner.scanner.code.python_file import PythonFile, argument, text_of

_CLOCKS = ("now", "today", "utcnow")
_HOLDERS = ("airflow", "datetime", "pendulum")
"""Packages whose clocks are known."""
_UNITS = ("days", "hours", "minutes", "seconds", "weeks")
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_PERIODS = {
    "@hourly": _HOUR,
    "@daily": _DAY,
    "@midnight": _DAY,
    "@weekly": 7 * _DAY,
    "@monthly": 28 * _DAY,
    "@quarterly": 90 * _DAY,
    "@yearly": 365 * _DAY,
    "@annually": 365 * _DAY,
}


def keeps_up_with_the_clock(dag: DagCall) -> bool:
    """Whether the DAG starts one period of its schedule ago at most, whenever one looks.

    Then there is never more than the newest run to make, and whether a DAG catches up is all the same.
    """
    start, period = _start(dag), _period(dag)
    if start is None or period is None:
        return False
    back = _back(dag.file, start)
    if back is None or back > period:
        return False
    return period >= _DAY or not _is_of_a_day(dag.file, start)


def _start(dag: DagCall) -> ast.expr | None:
    found = dag.argument("start_date")
    if found is not None or dag.default_args is None:
        return found
    given = entries(dag.file, dag.default_args)
    return next((one.value for one in given if one.name == "start_date"), None)


def _period(dag: DagCall) -> timedelta | None:
    """The shortest time between two runs, or less."""
    said = next((found for name in SCHEDULES if (found := dag.argument(name)) is not None), None)
    if said is None:
        return None
    said = dag.file.value(said)
    if isinstance(said, ast.Call):
        return _length(dag.file, said)
    text = text_of(said)
    if text is None or text in _PERIODS:
        return _PERIODS.get(text or "")
    minute, hour = (*text.split(), "", "")[:2]
    if not minute.isdigit():
        return timedelta(minutes=1)
    return _DAY if hour.isdigit() else _HOUR


def _back(file: PythonFile, node: ast.expr) -> timedelta | None:
    """How far before now a time lies, whole days counted from midnight; None where it does not follow the clock."""
    node = file.value(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        return _sum(_back(file, node.left), _length(file, file.value(node.right)))
    if not isinstance(node, ast.Call):
        return None
    full = file.name(node.func)
    last = full.rpartition(".")[2] if full.startswith(_HOLDERS) else ""
    if last == "days_ago":
        days = _number(argument(node, "n", 0))
        return None if days is None else timedelta(days=days)
    if last in _CLOCKS:
        return timedelta()
    if last == "combine" and node.args:
        return _back(file, node.args[0])
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("subtract", "add"):
        length = _length(file, node)
        if length is not None and node.func.attr == "add":
            length = -length
        return _sum(_back(file, node.func.value), length)
    return None


def _is_of_a_day(file: PythonFile, node: ast.expr) -> bool:
    """Whether the time is some moment of a day rather than now: hours may have gone by since."""
    node = file.value(node)
    names = {file.name(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)}
    return any(name.endswith((".days_ago", ".combine", "pendulum.today")) for name in names)


def _length(file: PythonFile, call: ast.expr) -> timedelta | None:
    """What ``timedelta(days=1)`` or ``.subtract(days=1)`` spells out."""
    if not isinstance(call, ast.Call):
        return None
    plain = file.name(call.func).endswith("timedelta")
    given = [("days", one) for one in call.args[:1]] if plain else []
    given += [(word.arg or "", word.value) for word in call.keywords]
    found = {unit: _number(value) for unit, value in given}
    if not found or not set(found) <= set(_UNITS) or len(call.args) > len(call.args[:1]):
        return None
    numbers = {unit: number for unit, number in found.items() if number is not None}
    return timedelta(**numbers) if len(numbers) == len(found) else None


def _number(node: ast.expr | None) -> int | None:
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
            return -number
    return None


def _sum(left: timedelta | None, right: timedelta | None) -> timedelta | None:
    return None if left is None or right is None else left + right
