"""What setup.py and noxfile.py install, read from their syntax trees: literals, and names bound once to them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.scanner.around.packages import Pin, python_pin, requirement
from planner.scanner.code.python_file import PythonFile, argument, text_of
from planner.scanner.material import Place

_LISTS = ("install_requires", "extras_require")
_DEEPEST = 5


def may_hold_pins(path: str) -> bool:
    """Whether a Python file of this path may say what is installed."""
    return path.rpartition("/")[2] in ("setup.py", "noxfile.py")


def pins_of_setup(file: PythonFile) -> Iterator[Pin]:
    """The requirements and Pythons of a setup.py or noxfile.py; nothing for any other file."""
    name = file.path.rpartition("/")[2]
    if name == "setup.py":
        yield from _setup(file)
    elif name == "noxfile.py":
        yield from _nox(file)


def _setup(file: PythonFile) -> Iterator[Pin]:
    for call in file.of(ast.Call):
        if file.name(call.func).rpartition(".")[2] != "setup":
            continue
        for key in _LISTS:
            for text, place in _texts(file, argument(call, key), _DEEPEST):
                yield from requirement(text, place)
        for text, place in _texts(file, argument(call, "python_requires"), _DEEPEST):
            yield from python_pin(text, place, "requires-python")


def _nox(file: PythonFile) -> Iterator[Pin]:
    for call in file.of(ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "install":
            for given in call.args:
                if (text := text_of(given)) and not text.startswith("-"):
                    yield from requirement(text, file.place(given))
        elif file.name(call.func) == "nox.session":
            for text, place in _texts(file, argument(call, "python", 1), _DEEPEST):
                yield from python_pin(text, place, "ci")


def _texts(file: PythonFile, node: ast.AST | None, steps: int) -> Iterator[tuple[str, Place]]:
    """Every text of a literal, of lists and dicts of them, and of names that the file binds to one."""
    if node is None or steps == 0:
        return
    if (text := text_of(node)) is not None:
        for line in text.splitlines():
            if line.strip():
                yield line.strip(), file.place(node)
        return
    for inside in _inside(file, node):
        yield from _texts(file, inside, steps - 1)


def _inside(file: PythonFile, node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return list(parts)
        case ast.Dict(values=values):
            return list(values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [left, right]
        case ast.Name(id=name):
            bound = [
                assigned.value
                for assigned in file.of(ast.Assign)
                if [target.id for target in assigned.targets if isinstance(target, ast.Name)]
                == [name]
            ]
            return bound if len(bound) == 1 else []
    return []
