"""Why a Python file does not parse, told apart: Python 2, nested too deeply, or simply broken."""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

from planner.scanner.code.python_file import TOO_DEEP, parsed
from planner.scanner.result import SkipReason

PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"


class Flaw(NamedTuple):
    """A sentence for a person, the line where that is known, and its kind."""

    sentence: str
    line: int | None
    reason: SkipReason


_PYTHON_2_SAYS = re.compile(
    r"Missing parentheses in call to '(?:print|exec)'"
    r"|leading zeros in decimal integer literals"
    r"|invalid hexadecimal literal"
)
_PYTHON_2_LINE = re.compile(
    r"""^\s*(?:
        print\s+[^\s=(.\[] | print\s*>>
      | exec\s+['"\w]
      | except\s+[\w.]+\s*,\s*[a-z_]\w*\s*:
      | except\s*\([^()]*\)\s*,\s*[a-z_]\w*\s*:
      | raise\s+[\w.]+\s*,
    )
    | <> | \bur['"] | `[^`]+` | \b\d+[lL]\b | \b0[0-7]+\b
    """,
    re.VERBOSE,
)
_DEEP = re.compile(r"too many (?:nested|statically nested)|too many levels of indentation")


def flaw_of(error: BaseException, source: str) -> Flaw:
    """What one of ``TOO_DEEP`` says about the source that raised it."""
    if not isinstance(error, SyntaxError) or not error.msg or _DEEP.search(error.msg):
        return Flaw(
            "The file is nested too deeply, or holds characters that Python refuses.",
            getattr(error, "lineno", None),
            SkipReason.DEEP,
        )
    if _is_python_2(error, source):
        return Flaw(
            f"The file is Python 2, so it was not checked: {error.msg}.",
            error.lineno,
            SkipReason.PYTHON_2,
        )
    return Flaw(
        f"The file is no Python that can be parsed: {error.msg}.", error.lineno, SkipReason.SYNTAX
    )


def flaw_in(source: str) -> Flaw | None:
    """Why a source does not parse; None where it does."""
    try:
        parsed(source)
    except TOO_DEEP as error:
        return flaw_of(error, source)
    return None


def newer(sentence: str) -> str:
    """The sentence about a file that ruff could read and this Python could not."""
    said = sentence.removeprefix("The file is no Python that can be parsed: ")
    return (
        f"Flightplan runs on {PYTHON}, which cannot read this file though ruff can: {said} "
        "Only ruff's rules were checked in it; run Flightplan on a newer Python."
    )


def _is_python_2(error: SyntaxError, source: str) -> bool:
    if _PYTHON_2_SAYS.search(error.msg):
        return True
    lines = source.splitlines()
    line = lines[error.lineno - 1] if error.lineno and error.lineno <= len(lines) else ""
    return _PYTHON_2_LINE.search(line[:500]) is not None
