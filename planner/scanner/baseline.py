"""The errors that were there when a team began: a file beside the code that may only get shorter.

TOML, one line for each error, in the order of paths, rules and names, so that two branches which mend different
errors merge by themselves. Which present error is which of the file is asked of ``domain.matching``, so lines may
shift and files may move.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import tomli

from planner.domain.identity import Trace, identity_text
from planner.domain.lifecycle import UNREAD
from planner.domain.matching import match
from planner.domain.report import Observation

VERSION = 1
LONGEST_TEXT = 100
"""Characters of a line's text: enough to tell two lines apart, and short enough to review."""

_HEAD = """\
# Errors that were known when this file was made; upgradecheck blocks only what is not listed here.
# Written by `upgradecheck --update-baseline`, which takes lines out. Putting lines in needs
# `--allow-growth "reason"`, and the reason is kept below.
"""
_FINDING_KEYS = {"rule": str, "symbol": str, "line": int, "column": int, "text": str}
_GROWTH_KEYS = {"date": dt.date, "author": str, "reason": str, "added": int}


class BadBaseline(ValueError):
    """The file is no baseline. The message names the place and the remedy."""


@dataclass(frozen=True, slots=True)
class Growth:
    """One time that errors were put in, on purpose."""

    date: dt.date
    author: str
    reason: str
    added: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the file holds."""

    target: str
    """The release line that the errors were rated for."""
    traces: tuple[Trace, ...] = ()
    growth: tuple[Growth, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """The present errors beside the baseline. Indices go into what was compared."""

    known: frozenset[int]
    """Errors that the baseline lists."""
    pairs: Mapping[int, int] = field(default_factory=dict)
    """Index in the baseline → index of the present error."""


def trace_of(found: Observation, rule: str) -> Trace:
    """What a finding is told by. A file that cannot be read is the same finding whatever is wrong in it."""
    symbol = found.rule if found.rule in UNREAD else identity_text(found.symbol, found.message)
    content = "" if found.rule in UNREAD else found.content[:LONGEST_TEXT]
    return Trace(found.path, rule, symbol, found.line or 0, found.column or 0, content)


def compare(baseline: Baseline, present: Sequence[Trace], seen: Collection[str]) -> Compared:
    """Which present errors the baseline lists.

    Args:
        seen: every file that was looked at, which therefore cannot have been renamed away.
    """
    matching = match(list(baseline.traces), present, {}, still_there=frozenset(seen))
    pairs = {old: new for old, new in enumerate(matching.new_of) if new >= 0}
    return Compared(known=frozenset(pairs.values()), pairs=pairs)


def updated(
    baseline: Baseline,
    compared: Compared,
    present: Sequence[Trace],
    *,
    is_gone: Callable[[str], bool],
    growth: Growth | None,
    target: str,
) -> Baseline:
    """The baseline without what is mended, and with what is new where growth is allowed.

    An error that is still there keeps its line as it was written, unless its file has moved, so that the
    file changes only where something happened.

    Args:
        is_gone: whether an error of this path would have been seen now.
        growth: why errors may be put in; None where they may not.
    """
    kept = []
    for index, trace in enumerate(baseline.traces):
        if index in compared.pairs:
            now = present[compared.pairs[index]]
            kept.append(trace._replace(path=now.path, rule=now.rule))
        elif not is_gone(trace.path):
            kept.append(trace)
    if growth is None:
        return replace(baseline, traces=tuple(kept))
    added = [trace for index, trace in enumerate(present) if index not in compared.known]
    entry = (replace(growth, added=len(added)),) if added else ()
    return Baseline(target, (*kept, *added), (*baseline.growth, *entry))


# ------------------------------------------------------------------ the file


def written(baseline: Baseline) -> str:
    """The file's text: sorted, a finding on a line."""
    lines = [_HEAD, f"version = {VERSION}", f"target = {_text(baseline.target)}"]
    by_path: dict[str, list[Trace]] = {}
    for trace in sorted(baseline.traces, key=_order):
        by_path.setdefault(trace.path, []).append(trace)
    for growth in baseline.growth:
        lines += [
            "\n[[growth]]",
            f"date = {growth.date.isoformat()}",
            f"author = {_text(growth.author)}",
            f"reason = {_text(growth.reason)}",
            f"added = {growth.added}",
        ]
    lines.append("\n[findings]")
    for path, traces in by_path.items():
        lines += [f"{_text(path)} = [", *map(_line, traces), "]"]
    return "\n".join(lines) + "\n"


def _order(trace: Trace) -> tuple[str, str, str, str, int, int]:
    return trace.path, trace.rule, trace.symbol, trace.content, trace.line, trace.column


def _line(trace: Trace) -> str:
    return (
        f"  {{rule = {_text(trace.rule)}, symbol = {_text(trace.symbol)}, line = {trace.line},"
        f" column = {trace.column}, text = {_text(trace.content)}}},"
    )


def _text(value: str) -> str:
    """A TOML basic string: JSON's, with what TOML forbids beyond it escaped."""
    quoted = json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=False)
    return "".join(char if char.isprintable() or char == " " else _escaped(char) for char in quoted)


def _escaped(char: str) -> str:
    return f"\\U{ord(char):08x}" if ord(char) > 0xFFFF else f"\\u{ord(char):04x}"


def read(text: str, *, name: str) -> Baseline:
    """The baseline in a file's text.

    Raises:
        BadBaseline: naming the file, the place and the remedy.
    """
    try:
        table = tomli.loads(text)
    except RecursionError as error:
        raise BadBaseline(f"{name}: this is nested too deeply.") from error
    except tomli.TOMLDecodeError as error:
        conflict = " It holds marks of a merge conflict." if "<<<<<<<" in text else ""
        raise BadBaseline(
            f"{name}: this is not valid TOML: {error}.{conflict} Take the last good version from git."
        ) from error
    if table.get("version") != VERSION:
        raise BadBaseline(f"{name}: `version` must be {VERSION}; was it made by --update-baseline?")
    unknown = table.keys() - {"version", "target", "growth", "findings"}
    if unknown:
        raise BadBaseline(f"{name}: {sorted(unknown)[0]!r} is not known in a baseline.")
    return Baseline(
        target=_typed(table, "target", str, name),
        traces=tuple(_traces(table.get("findings", {}), name)),
        growth=tuple(
            Growth(**_fields(entry, _GROWTH_KEYS, f"{name}: growth[{index}]"))
            for index, entry in enumerate(_listed(table.get("growth", []), f"{name}: growth"))
        ),
    )


def _traces(findings: Any, name: str) -> list[Trace]:
    if not isinstance(findings, dict):
        raise BadBaseline(f"{name}: `findings` must be a table.")
    found = []
    for path, entries in findings.items():
        for index, entry in enumerate(_listed(entries, f"{name}: findings.{path!r}")):
            fields = _fields(entry, _FINDING_KEYS, f"{name}: findings.{path!r}[{index}]")
            fields["content"] = fields.pop("text")
            found.append(Trace(path=path, **fields))
    return found


def _listed(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadBaseline(f"{place} must be a list.")
    return value


def _fields(entry: Any, wanted: Mapping[str, type], place: str) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise BadBaseline(f"{place} must be a table.")
    if unknown := entry.keys() - wanted.keys():
        raise BadBaseline(f"{place}: {sorted(unknown)[0]!r} is not known.")
    return {key: _typed(entry, key, kind, place) for key, kind in wanted.items()}


def _typed(entry: Mapping[str, Any], key: str, kind: type, place: str) -> Any:
    value = entry.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BadBaseline(f"{place}: `{key}` is missing or has the wrong type.")
    return value
