"""ruff's JSON array and JSON lines (any version since 0.9)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec

from planner.domain.report import Coverage, Format, Observation, Problem, Report
from planner.parsers.fix import Fix, Place, fix_bytes
from planner.parsers.items import DECODE_ERRORS, path_flaw, problem_with
from planner.parsers.symbol import symbol_of

SYNTAX = "invalid-syntax"
"""ruff's name for a file that does not parse; such a file could not be scanned."""

_SYNTAX_CODES = frozenset({"", "E999", "E902", SYNTAX, "syntax-error", "io-error"})
_PREVIEW_ONLY = re.compile(rb'"code" ?: ?"AIR(?:003|004|201|202|304|321)"')

Cell = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class _Item(msgspec.Struct, gc=False):
    filename: str
    message: str
    code: str | None
    location: Place | None = None
    end_location: Place | None = None
    name: str | None = None
    cell: Cell | None = None
    fix: Fix | None = None
    severity: str | None = None
    url: str | None = None


def parse(buffer: memoryview, items: Sequence[msgspec.Raw], *, tool_version: str) -> Report:
    """The report of a ruff run. Files seen and rules run are not in ruff's output, so both stay unknown."""
    flags = ("preview",) if _PREVIEW_ONLY.search(buffer) else ()
    report = Report(
        format=Format.RUFF,
        coverage=Coverage(checker="ruff", tool_version=tool_version, flags=flags),
        metadata={"unscanned": [], "ignored_by_rule": {}},
    )
    report.observations = _observations(items, report)
    return report


def _observations(items: Sequence[msgspec.Raw], report: Report) -> Iterator[Observation]:
    decode = msgspec.json.Decoder(_Item).decode
    keep = Keeper(report)
    for index, raw in enumerate(items):
        report.received += 1
        try:
            item = decode(raw)
        except DECODE_ERRORS as error:
            report.problems.append(problem_with(index, raw, error))
            continue
        if flaw := keep.flaw_of_path(item.filename):
            report.problems.append(Problem(index, "filename", flaw))
            continue
        if flaw := _flaw_of_place(item.location):
            report.problems.append(Problem(index, "location", flaw))
            continue
        rule = keep.rule(item.code or "", item.message, item.filename)
        if rule:
            yield _observation(item, rule, keep)


def _flaw_of_place(place: Place | None) -> str:
    if place is None or (0 < place.row < 2**31 and 0 <= place.column < 2**31):
        return ""
    return f"must be a row and column counted from 1, not {place.row}:{place.column}."


def _observation(item: _Item, rule: str, keep: Keeper) -> Observation:
    start, end = item.location, item.end_location
    message, symbol = keep.message(item.message, rule)
    return Observation(
        rule=rule,
        rule_name=keep.text(item.name or ""),
        severity=keep.text((item.severity or "").upper()),
        path=keep.text(item.filename),
        line=start.row if start else None,
        column=start.column if start else None,
        end_line=end.row if end else None,
        end_column=end.column if end else None,
        cell=item.cell,
        message=message,
        symbol=symbol,
        fix=fix_bytes(item.fix) if item.fix else b"",
        url=keep.text(item.url or ""),
    )


class Keeper:
    """Says which of ruff's rules matter here, and keeps one copy of every repeated text."""

    def __init__(self, report: Report) -> None:
        self._texts: dict[str, str] = {}
        self._messages: dict[str, tuple[str, str]] = {}
        self._path_flaws: dict[str, str] = {}
        self._unscanned: set[str] = set()
        self._report = report

    def text(self, value: str) -> str:
        return self._texts.setdefault(value, value)

    def message(self, message: str, rule: str) -> tuple[str, str]:
        """The message and the symbol in it."""
        if rule == SYNTAX:
            return self.text(message), ""
        known = self._messages.get(message)
        if known is None:
            known = self._messages[message] = (message, self.text(symbol_of(message)))
        return known

    def flaw_of_path(self, path: str) -> str:
        flaw = self._path_flaws.get(path)
        if flaw is None:
            flaw = self._path_flaws[path] = path_flaw(path)
        return flaw

    def rule(self, code: str, message: str, path: str) -> str:
        """The rule to report, or nothing: other rules are counted, and a file fails to parse only once."""
        if code.startswith(("AIR", "airflow")):
            return self.text(code)
        if code in _SYNTAX_CODES:
            return self._syntax_error(path)
        if code in ("F401", "unused-import") and message.startswith("`airflow."):
            return "F401"
        ignored = self._report.metadata["ignored_by_rule"]
        ignored[code] = ignored.get(code, 0) + 1
        return ""

    def _syntax_error(self, path: str) -> str:
        if path in self._unscanned:
            return ""
        self._unscanned.add(path)
        self._report.metadata["unscanned"].append(path)
        return SYNTAX
