"""Python files: the parsed file, and what lies in its strings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from planner.scanner.around.setup_py import pins_of_setup
from planner.scanner.code.flaws import flaw_of
from planner.scanner.code.python_file import TOO_DEEP, PythonFile, python_file
from planner.scanner.material import Text
from planner.scanner.readers import Unreadable
from planner.scanner.readers.python_outside import outside_of
from planner.scanner.readers.python_templates import templates_of

IN_STRINGS: tuple[Callable[[PythonFile], Iterator[Any]], ...] = (
    pins_of_setup,
    templates_of,
    outside_of,
)
"""What yields the material in a file's strings: commands, settings, templates."""


def read(text: Text) -> Iterator[Any]:
    """The material in such a file."""
    try:
        file = python_file(text.path, text.source)
    except TOO_DEEP as error:
        raise Unreadable(*flaw_of(error, text.source)) from error
    yield file
    for inside in IN_STRINGS:
        yield from inside(file)
