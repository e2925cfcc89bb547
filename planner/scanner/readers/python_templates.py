"""Jinja in the strings of Python files that work with Airflow."""

from __future__ import annotations

import ast
import string
from collections.abc import Callable, Iterator

import msgspec

from planner.scanner.around.templates import looks_like_jinja
from planner.scanner.checks import checks
from planner.scanner.code.glimpse import Glimpse
from planner.scanner.code.python_file import PythonFile
from planner.scanner.material import Template

_RENDERERS = ("render", "render_template", "render_template_string", "from_string", "render_async")
_NOT_RENDERED = ("description", "doc", "doc_json", "doc_md", "doc_rst", "doc_yaml", "help")
"""Arguments whose text people read as it is."""
_LEFT_OUT = "_"
"""Stands for what is only known at run time: neutral in text, in strings and in names."""


def may_hold_templates(glimpse: Glimpse) -> bool:
    """Whether a file's strings may hold Jinja in which a check finds something."""
    return glimpse.has(b"{{", b"{%") and any(
        check.may_find(glimpse) for check in checks().get(Template, ())
    )


def templates_of(file: PythonFile) -> Iterator[Template]:
    """Every string that holds Jinja, docstrings left out, as Python would build it."""
    if "airflow" not in file.source or not ("{{" in file.source or "{%" in file.source):
        return
    provided = _provided(file)
    for template in texts_of(file, looks_like_jinja):
        yield msgspec.structs.replace(template, provided=provided)


def texts_of(file: PythonFile, is_wanted: Callable[[str], bool]) -> Iterator[Template]:
    """The wanted strings, docstrings and what nothing reads left out, as Python would build them.

    What f-strings and ``format`` fill in at run time is a ``_``. ``is_wanted`` is asked of a text as it is written,
    and of what it becomes.
    """
    nodes: list[ast.Constant | ast.JoinedStr] = [
        node for node in file.of(ast.Constant) if type(node.value) is str and is_wanted(node.value)
    ]
    for node in [*nodes, *file.of(ast.JoinedStr)]:
        text = _text(file, node)
        if text is not None and is_wanted(text) and not _is_left_unread(file, node):
            place = file.place(node)
            yield Template(text, place, written=_written(file, node, place.column))


def _is_left_unread(file: PythonFile, node: ast.expr) -> bool:
    """Whether a string is only for a name, within a function or a block, that nothing in the file reads."""
    for above in file.ancestors(node):
        match above:
            case ast.Assign(targets=[ast.Name(id=name)]):
                return (
                    not isinstance(file.parent(above), ast.Module)
                    and "locals(" not in file.source
                    and not any(
                        read.id == name and isinstance(read.ctx, ast.Load)
                        for read in file.of(ast.Name)
                    )
                )
            case ast.stmt() | ast.Call() | ast.Lambda():
                return False
    return False


def _written(file: PythonFile, node: ast.expr, column: int) -> str:
    """The source from a node's beginning to the end of its last line."""
    lines = file.lines[node.lineno - 1 : node.end_lineno]
    return "\n".join(lines)[column - 1 :]


def _text(file: PythonFile, node: ast.Constant | ast.JoinedStr) -> str | None:
    above = file.parent(node)
    if isinstance(above, ast.Expr | ast.JoinedStr | ast.FormattedValue):
        return None
    if isinstance(above, ast.keyword) and above.arg in _NOT_RENDERED:
        return None
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_part, node.values))
    assert isinstance(node.value, str)
    if isinstance(above, ast.Attribute) and above.attr == "format":
        return _formatted(node.value)
    if isinstance(above, ast.BinOp) and isinstance(above.op, ast.Mod) and above.left is node:
        return node.value.replace("%%", "%")
    return node.value


def _part(value: ast.expr) -> str:
    return str(value.value) if isinstance(value, ast.Constant) else _LEFT_OUT


def _formatted(text: str) -> str | None:
    """What ``text.format(…)`` leaves of the text, or None where that raises."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return None
    return "".join(literal + ("" if field is None else _LEFT_OUT) for literal, field, _, _ in parts)


def _provided(file: PythonFile) -> frozenset[str]:
    """Names that the code gives to templates: arguments of its own rendering, macros of its own."""
    names: set[str] = set()
    for call in file.of(ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr in _RENDERERS:
            names.update(keyword.arg for keyword in call.keywords if keyword.arg)
            for given in call.args:
                names.update(_keys(given))
        for keyword in call.keywords:
            if keyword.arg == "user_defined_macros":
                names.update(_keys(keyword.value))
    return frozenset(names)


def _keys(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Dict):
        for key in node.keys:
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value
    elif isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg:
                yield keyword.arg
