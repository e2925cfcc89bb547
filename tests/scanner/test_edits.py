"""The common edits of checks leave code that reads as a person would have left it."""

from __future__ import annotations

import ast

import pytest

from planner.parsers.fix import Edit
from planner.scanner.code import edits
from planner.scanner.code.python_file import PythonFile
from planner.scanner.diff import applied


def first_call(file: PythonFile) -> ast.Call:
    return next(file.of(ast.Call))


def after(source: str, changes: list[Edit]) -> str:
    return applied(source, changes)


@pytest.mark.parametrize(
    ("source", "names", "expected"),
    [
        ("f(1, x=2)\n", ("x",), "f(1)\n"),
        ("f(x=2)\n", ("x",), "f()\n"),
        ("f(x=2, y=3)\n", ("x",), "f(y=3)\n"),
        ("f(x=2, y=3)\n", ("x", "y"), "f()\n"),
        ("f(1, x=2, y=3)\n", ("x", "y"), "f(1)\n"),
        ("f(1, x=2, z=4, y=3)\n", ("x", "y"), "f(1, z=4)\n"),
        ("f((1), x=(2), z=4)\n", ("x",), "f((1), z=4)\n"),
        ("f(\n    1,\n    x=2,  # gone too\n    y=3,\n)\n", ("x",), "f(\n    1,\n    y=3,\n)\n"),
        ("f(\n    1,\n    x=[\n        2,\n    ],\n)\n", ("x",), "f(\n    1,\n)\n"),
        ("f(1,  # one, two\n  x=2)\n", ("x",), "f(1,  # one, two\n  )\n"),
        ("f(1,\n  x=2)\n", ("x",), "f(1)\n"),
        ("f(1,\n  x=2, y=3)\n", ("x",), "f(1,\n  y=3)\n"),
        ("é(é='é,', x='é', y=3)\n", ("x",), "é(é='é,', y=3)\n"),
        ("f(1, x=2, **more)\n", ("x",), "f(1, **more)\n"),
        ("f(1, z=2)\n", ("x",), "f(1, z=2)\n"),
    ],
)
def test_a_dropped_argument(source: str, names: tuple[str, ...], expected: str) -> None:
    file = PythonFile("a.py", source)
    found = after(source, edits.drop_keyword(file, first_call(file), *names))
    assert found == expected
    ast.parse(found)


def test_a_renamed_argument_keeps_its_value() -> None:
    file = PythonFile("a.py", "f('é', old = g(old=1))\n")
    assert after(file.source, edits.rename_keyword(file, first_call(file), "old", "new")) == (
        "f('é', new = g(old=1))\n"
    )


def test_nothing_is_renamed_to_what_is_there() -> None:
    file = PythonFile("a.py", "f(old=1, new=2)\n")
    assert edits.rename_keyword(file, first_call(file), "old", "new") == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 'dummy'\n", "x = 'always'\n"),
        ('x = """dummy"""\n', 'x = """always"""\n'),
        ("x = r'dummy'\n", "x = r'always'\n"),
        ("x = 'dum' 'my'\n", "x = 'dum' 'my'\n"),
        ("x = 'dumm\\x79'\n", "x = 'dumm\\x79'\n"),
    ],
)
def test_a_renamed_string(source: str, expected: str) -> None:
    file = PythonFile("a.py", source)
    node = next(file.of(ast.Constant))
    assert after(source, edits.rename_string(file, node, "always")) == expected


def test_notebooks_get_no_edits() -> None:
    file = PythonFile("a.ipynb", "f(x=1)\n", cells=(1,))
    assert edits.drop_keyword(file, first_call(file), "x") == []
    assert edits.rename_keyword(file, first_call(file), "x", "y") == []
