"""Python files: the parsed file, and what lies in its strings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from planner.scanner.material import Text
from planner.scanner.python_file import TOO_DEEP, PythonFile
from planner.scanner.readers import Reader, Unreadable
from planner.scanner.setup_py import pins_of_setup

IN_STRINGS: tuple[Callable[[PythonFile], Iterator[Any]], ...] = (pins_of_setup,)
"""What yields the material in a file's strings: commands, settings, templates."""


def _read(text: Text) -> Iterator[Any]:
    try:
        file = PythonFile(text.path, text.source)
    except TOO_DEEP as error:
        raise Unreadable(_flaw(error), getattr(error, "lineno", None)) from error
    yield file
    for inside in IN_STRINGS:
        yield from inside(file)


def _flaw(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.msg:
        return f"The file is no Python that can be parsed: {error.msg}."
    return "The file is nested too deeply, or holds characters that Python refuses."


READER = Reader(kind="python", patterns=("*.py",), read=_read, is_code=True)
