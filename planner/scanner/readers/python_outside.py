"""What Python code does to Airflow from outside of DAGs: variables that it sets, commands that it runs."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Sequence
from typing import Any

from planner.rulebook.load import rulebook
from planner.scanner.around.command_lines import AIRFLOW, airflow_command, material_in_shell
from planner.scanner.around.environment import NAME, setting_of, setting_of_variable
from planner.scanner.around.shell import snippet_at
from planner.scanner.code.glimpse import Glimpse
from planner.scanner.code.of_tests import is_unit_test
from planner.scanner.code.python_file import PythonFile, argument, text_of
from planner.scanner.material import Setting

_SETTERS = ("setenv", "setdefault", "putenv")
_RUNNERS = frozenset(
    [
        "Popen",
        "call",
        "check_call",
        "check_output",
        "exec_command",
        "exec_run",
        "execute",
        "getoutput",
        "getstatusoutput",
        "popen",
        "run",
        "run_command",
        "system",
    ]
)
"""Methods and functions whose first argument is a command."""
_COMMANDS = frozenset(
    ["args", "arguments", "bash_command", "cmd", "cmds", "command", "commands", "entrypoint"]
)
"""Arguments, names of variables and keys that hold commands."""


_RUN = {
    word: re.compile(word.encode() + rb"\s*\(\s*(?:[\[(]|[rbfuRBFU]{0,2}[\"'])")
    for word in _RUNNERS
}
_GIVEN = re.compile(
    rb"(?:arguments|args|cmds?|commands?)[ \t]*(?::[^=\n]{1,80})?=\s*(?:[\[(]|[rbfuRBFU]{0,2}[\"'])",
    re.IGNORECASE,
)
"""A literal that is run, or given to something that runs it."""
_SAID = re.compile(rb"airflow(?<!from airflow)(?<!import airflow)(?!\.[a-z])")
"""Airflow as a word of its own, neither the head of a module's name nor imported whole."""
_BETWEEN = (
    rb"""(?:[\s"'()+,\\]|(?<=\\)[nrt]|(?<!\\)[rbfuRBFU]{1,2}(?=["'])|\#[^\n]{0,200}\n){1,200}"""
)
"""What may stand between two words that end up in one command: blanks, quotes, line ends, comments."""
_OTHER_COMMANDS = ("curl", "install", "wget")
"""Words of other commands that tell of Airflow."""


@functools.cache
def _called() -> re.Pattern[bytes]:
    """Airflow with one of its commands behind it."""
    commands = "|".join(map(re.escape, sorted(rulebook().commands.words)))
    return re.compile(
        rb"airflow(?::[^\s\"']{1,200})?" + _BETWEEN + rb"(?:" + commands.encode() + rb")\b"
    )


def may_act_outside(glimpse: Glimpse) -> bool:
    """Whether a file's words can mean a setting or a command."""
    if glimpse.has(b"AIRFLOW__"):
        return True
    if glimpse.spells(["set"]) and glimpse.spells(["configuration"]) and glimpse.has(b".set("):
        return True
    is_called = _called().search(glimpse.content) is not None
    if is_called and glimpse.has(b'"airflow"', b"'airflow'"):
        return True
    form = _SAID if glimpse.spells(_OTHER_COMMANDS) else _called()
    if not form.search(glimpse.content):
        return False
    return any(_RUN[word].search(glimpse.content) for word in _RUNNERS & glimpse.words) or bool(
        _GIVEN.search(glimpse.content)
    )


def outside_of(file: PythonFile) -> Iterator[Any]:
    """Settings and commands in the code, in no order."""
    if "AIRFLOW__" in file.source:
        yield from _variables(file)
    if AIRFLOW in file.source:
        yield from _set_options(file)
        yield from _lists(file)
        yield from _texts(file)


def _variables(file: PythonFile) -> Iterator[Setting]:
    for assigned in file.of(ast.Assign):
        for target in assigned.targets:
            if isinstance(target, ast.Subscript):
                yield from _variable(file, target.slice, assigned.value)
    for table in file.of(ast.Dict):
        if _is_for_one_test(file.parent(table)) or _is_expected(file, table):
            continue
        for key, value in zip(table.keys, table.values, strict=True):
            yield from _variable(file, key, value)
    for call in file.of(ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr in _SETTERS:
            yield from _variable(file, argument(call, "name", 0), argument(call, "value", 1))
        elif (name := argument(call, "name")) is not None:
            yield from _variable(file, name, argument(call, "value"))


def _is_for_one_test(above: ast.AST | None) -> bool:
    """``@mock.patch.dict(os.environ, {…})``"""
    return isinstance(above, ast.Call) and ast.unparse(above.func).endswith("patch.dict")


def _is_expected(file: PythonFile, node: ast.AST) -> bool:
    """Whether something is compared with it: ``assert result == {…}``."""
    above = file.parent(node)
    while isinstance(above, ast.List | ast.Tuple | ast.Dict | ast.Starred):
        above = file.parent(above)
    return isinstance(above, ast.Compare)


def _variable(file: PythonFile, name: ast.expr | None, value: ast.expr | None) -> Iterator[Setting]:
    text = text_of(name)
    if name is not None and text is not None and NAME.fullmatch(text):
        yield from setting_of_variable(text, _literal(value), file.place(name))


def _set_options(file: PythonFile) -> Iterator[Setting]:
    """``conf.set("core", "executor", …)``."""
    for call, full in file.airflow_calls:
        if full in ("airflow.configuration.conf.set", "airflow.configuration.set"):
            section, option = (text_of(argument(call, "", position)) for position in (0, 1))
            if section and option:
                value = _literal(argument(call, "value", 2))
                yield setting_of(section, option, value, file.place(call), "python")


def _literal(node: ast.expr | None) -> str | None:
    return str(node.value) if isinstance(node, ast.Constant) and node.value is not None else None


def _lists(file: PythonFile) -> Iterator[Any]:
    """``["airflow", "dags", "list"]``, wherever it stands but in what is compared or listed under another name.

    Nor in lists of a unit test that it does not hand to anything: there they are what code under test must say.
    """
    in_unit_test = is_unit_test(file.path)
    nodes: list[ast.List | ast.Tuple] = [*file.of(ast.List), *file.of(ast.Tuple)]
    for node in nodes:
        if len(node.elts) < 2 or _words(node.elts[0]) != AIRFLOW:
            continue
        above = file.parent(node)
        if _is_expected(file, node) or _is_under_another_name(above, node):
            continue
        if in_unit_test and not isinstance(above, ast.Call | ast.keyword):
            continue
        texts = [_words(one) or "" for one in node.elts]
        if texts[1] in rulebook().commands.words:
            yield from airflow_command(texts, file.place(node))


def _is_under_another_name(above: ast.AST | None, node: ast.AST) -> bool:
    """Whether a list is the value of a dict whose key does not say that it is a command."""
    if not isinstance(above, ast.Dict):
        return False
    pairs = zip(above.keys, above.values, strict=True)
    key = next((text_of(key) for key, value in pairs if value is node), None)
    return key is not None and key.lower() not in _COMMANDS


def _texts(file: PythonFile) -> Iterator[Any]:
    for call in file.of(ast.Call):
        called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        called = called or (call.func.id if isinstance(call.func, ast.Name) else "")
        if called in _RUNNERS and call.args:
            yield from _commands(file, call.args[0])
        for keyword in call.keywords:
            if keyword.arg in _COMMANDS:
                yield from _commands(file, keyword.value)
    for assigned in file.of(ast.Assign):
        names = [target.id.lower() for target in assigned.targets if isinstance(target, ast.Name)]
        if any(name.endswith(("cmd", "command", "commands")) for name in names):
            yield from _commands(file, assigned.value)


def _commands(file: PythonFile, node: ast.expr) -> Iterator[Any]:
    """The commands of a text, or of the scripts in a list of words."""
    parts: Sequence[ast.expr] = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    for part in parts:
        text = _words(part)
        if text is not None and AIRFLOW in text and " " in text:
            place = file.place(part)
            if place.cell is None:
                yield from material_in_shell(snippet_at(text, place.line, place.column))


def _words(node: ast.expr) -> str | None:
    """A text; what is filled in at run time stands as ``_``."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "_" for part in node.values
        )
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return text_of(node.func.value) if node.func.attr == "format" else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return text_of(node.left)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return "".join(side if side is not None else "_" for side in map(_words, _summands(node)))
    return text_of(node)


def _summands(node: ast.expr) -> list[ast.expr]:
    """``a + b + c`` apart, however many there are."""
    found = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        found.append(node.right)
        node = node.left
    return [node, *reversed(found)]
