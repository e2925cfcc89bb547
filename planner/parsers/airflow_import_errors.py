"""Airflow's answer to ``airflow dags list-import-errors -o json``, of 2.x and 3.x.

Only a 3.x answer says how the code fares on 3.x: which major it came from stands in ``coverage.flags``
as ``airflow-2`` or ``airflow-3``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from planner.domain.report import Coverage, Format, Observation, Problem, Report
from planner.parsers.items import DECODE_ERRORS, path_flaw, problem_with
from planner.parsers.symbol import MAX_SYMBOL

RULE = "airflow-import-error"

_FRAME = re.compile(r'^\s*File "([^"\n]+)", line (\d+)[^\n]*\n?((?: {4,}[^\n]*\n?)?)', re.MULTILINE)
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")
_NO_NAME = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")
_NO_ARGUMENT = re.compile(r"unexpected keyword argument '(\w+)'")
_MAX_MESSAGE = 2000


class _Error(msgspec.Struct):
    filepath: str
    error: str
    bundle_name: str | msgspec.UnsetType | None = msgspec.UNSET


def parse(items: Sequence[msgspec.Raw], *, tool_version: str) -> Report:
    """One observation per file that does not import."""
    report = Report(
        format=Format.AIRFLOW_IMPORT_ERRORS,
        coverage=Coverage(
            checker="import-check", tool_version=tool_version, flags=_flags(items, tool_version)
        ),
    )
    report.observations = _observations(items, report)
    return report


def _flags(items: Sequence[msgspec.Raw], tool_version: str) -> tuple[str, ...]:
    """Which major answered: bundles exist since 3.0; an empty answer does not tell."""
    if major := re.match(r"v?([23])(?:\.|$)", tool_version):
        return (f"airflow-{major.group(1)}",)
    for raw in items:
        try:
            named = msgspec.json.decode(raw, type=_Error).bundle_name
        except DECODE_ERRORS:
            continue
        return ("airflow-2",) if named is msgspec.UNSET else ("airflow-3",)
    return ()


def _observations(items: Sequence[msgspec.Raw], report: Report) -> Iterator[Observation]:
    decode = msgspec.json.Decoder(_Error).decode
    for index, raw in enumerate(items):
        report.received += 1
        try:
            error = decode(raw)
        except DECODE_ERRORS as failure:
            report.problems.append(problem_with(index, raw, failure))
            continue
        if flaw := path_flaw(error.filepath):
            report.problems.append(Problem(index, "filepath", flaw))
            continue
        yield _observation(error)


def _observation(error: _Error) -> Observation:
    line, content = _place(error)
    message = _last_words(error.error)
    bundle = error.bundle_name
    return Observation(
        rule=RULE,
        severity="ERROR",
        path=error.filepath,
        line=line,
        message=message,
        symbol=_symbol(message),
        content=content,
        extra=msgspec.json.encode({"bundle_name": bundle}) if isinstance(bundle, str) else b"",
    )


def _place(error: _Error) -> tuple[int | None, str]:
    """Line and text of the traceback's innermost frame in the file itself."""
    place: tuple[int | None, str] = (None, "")
    below = "/" + error.filepath.lstrip("/")
    for frame in _FRAME.finditer(error.error):
        path, line = frame.group(1), int(frame.group(2)[:10])
        if (path == error.filepath or path.endswith(below)) and 0 < line < 2**31:
            place = line, " ".join(frame.group(3).split())[:300]
    return place


def _last_words(traceback: str) -> str:
    """The exception after the last frame; its own further lines joined."""
    lines = traceback.rstrip().splitlines()
    words: list[str] = []
    for line in reversed(lines):
        if line.startswith(("  ", "Traceback ")):
            break
        if line.strip():
            words.insert(0, line.strip())
    return " ".join(words or [line.strip() for line in lines[-1:]])[:_MAX_MESSAGE]


def _symbol(message: str) -> str:
    """The Airflow name that is missing."""
    if found := _NO_NAME.search(message):
        return f"{found.group(2)}.{found.group(1)}"[:MAX_SYMBOL]
    if found := _NO_MODULE.search(message) or _NO_ARGUMENT.search(message):
        return found.group(1)[:MAX_SYMBOL]
    return ""
