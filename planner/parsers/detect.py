"""Which report format some bytes are in, told from their content and never from a file's name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from planner.domain.report import Format, ReportRejected
from planner.parsers.items import DECODE_ERRORS, array_items, line_items, object_members

SUPPORTED = (
    "Flightplan reads findings as interchange JSON, ruff JSON or JSON lines, and SARIF 2.1.0, and Airflow's "
    "answers to `airflow dags list -o json`, `airflow dags list-import-errors -o json` and "
    "`airflow config lint`"
)
NO_ROWS = "No data found"
"""What Airflow prints instead of an empty list."""

_HEAD = 4096
_LOOKED_AT = 20
"""Items looked at: one bad first item must not hide what the rest is."""

_ANSWER = re.compile(rb"^\[(?:\]|\{\").*$", re.MULTILINE)
"""A line of JSON that an Airflow command printed, as against a log line: ``[2026-11-22T…``."""

_LINT = re.compile(rb"(?:Found issues|No issues found) in your airflow\.cfg")
_CONCISE = re.compile(rb"\A\S[^\n]*?:\d+:\d+: \S")
_GITHUB = re.compile(rb"^::(?:error|warning|notice) ", re.MULTILINE)
_AIRFLOW_FAILED = re.compile(rb"^(airflow\.exceptions\.[^\n]{1,300})", re.MULTILINE)


_LINE_FORMATS = (Format.RUFF, Format.UPGRADECHECK)
"""Formats that also come as one object a line."""


class Shape(StrEnum):
    """How the items lie in the bytes."""

    ARRAY = "array"
    LINES = "lines"
    OBJECT = "object"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Look:
    """What a first look at the bytes showed. ``format`` is None where several formats fit."""

    shape: Shape
    format: Format | None
    items: Sequence[msgspec.Raw] = ()
    members: Mapping[str, msgspec.Raw] = field(default_factory=dict)


def look_at(buffer: memoryview) -> Look:
    """Tells shape and format. Raises ReportRejected with the remedy where no known format fits."""
    head = bytes(buffer[:_HEAD])
    start = head.lstrip()
    if not start and not bytes(buffer).strip():
        raise ReportRejected(
            "The file is empty: a check that wrote nothing proves nothing. "
            "ruff writes [] with --output-format json where it finds nothing; send that."
        )
    _refuse_foreign(head, start)
    if start.startswith(b"{"):
        return _look_at_object(buffer)
    if start.startswith(b"[") and not _is_log_line(start):
        return _look_at_array(buffer)
    return _look_at_text(buffer)


def _refuse_foreign(head: bytes, start: bytes) -> None:
    """Rejects what is certainly not a report, saying what it looks like."""
    lowered = start[:200].lower()
    if start.startswith((b"PK\x03\x04", b"%PDF")) or b"\x00" in head:
        raise ReportRejected(f"This is a binary file, not a report. {SUPPORTED}.")
    if lowered.startswith((b"<!doctype html", b"<html")):
        raise ReportRejected(
            "This is a web page, perhaps the sign-in page of the server it was fetched from; "
            "download the report itself."
        )
    if lowered.startswith(b"<"):
        raise ReportRejected(
            "This is XML (JUnit, perhaps), which carries no rule names; "
            "run ruff with --output-format json."
        )


def _is_log_line(start: bytes) -> bool:
    return re.match(rb"\[\d{4}-\d\d-\d\d[T ]", start) is not None


def _look_at_array(buffer: memoryview) -> Look:
    items = array_items(buffer)
    return Look(Shape.ARRAY, _format_of_items(items), items)


def _look_at_object(buffer: memoryview) -> Look:
    """One object (SARIF, a scanner's report), or one object a line."""
    first_line = re.match(rb"[ \t\r\n]*([^\r\n]+)", buffer)
    assert first_line is not None
    if _format_of_keys(_keys(msgspec.Raw(first_line.group(1)))) in _LINE_FORMATS:
        lines = line_items(buffer)
        return Look(Shape.LINES, _format_of_items(lines), lines)
    members = object_members(buffer)
    return Look(Shape.OBJECT, _format_of_members(members), members=members)


def _look_at_text(buffer: memoryview) -> Look:
    """What an Airflow command printed, after any log lines."""
    if _LINT.search(buffer):
        return Look(Shape.TEXT, Format.AIRFLOW_CONFIG_LINT)
    answers = list(_ANSWER.finditer(buffer))
    if answers:
        start, end = answers[-1].span()
        items = array_items(buffer[start:end])
        return Look(Shape.ARRAY, _format_of_items(items), items)
    text = bytes(buffer[-_HEAD:])
    if text.rstrip().endswith(NO_ROWS.encode()):
        return Look(Shape.TEXT, None)
    if failed := _AIRFLOW_FAILED.search(buffer):
        said = failed.group(1).decode("utf-8", "replace")
        raise ReportRejected(f"Airflow could not answer, so nothing was checked; it said: {said}")
    if _CONCISE.match(buffer) or _GITHUB.search(buffer):
        raise ReportRejected(
            "This is ruff's text output, which drops columns and fixes; "
            "run ruff with --output-format json."
        )
    raise ReportRejected(f"This is no report format that Flightplan knows. {SUPPORTED}.")


def _keys(raw: msgspec.Raw) -> frozenset[str]:
    """The keys of an item, or none where it is not an object."""
    try:
        return frozenset(msgspec.json.decode(raw, type=dict[str, msgspec.Raw]))
    except DECODE_ERRORS:
        return frozenset()


def _format_of_items(items: Sequence[msgspec.Raw]) -> Format | None:
    """The format that the first telling item is in; None for an empty list, which fits several."""
    if not items:
        return None
    for raw in items[:_LOOKED_AT]:
        if found := _format_of_keys(_keys(raw)):
            return found
    raise ReportRejected(
        "The items of this list are no findings: none of the first "
        f"{min(len(items), _LOOKED_AT)} has the keys of a known format. {SUPPORTED}."
    )


def _format_of_keys(keys: frozenset[str]) -> Format | None:
    if {"dag_id", "fileloc"} <= keys or {"dag_id", "filepath"} <= keys:
        return Format.AIRFLOW_DAGS
    if {"filepath", "error"} <= keys:
        return Format.AIRFLOW_IMPORT_ERRORS
    if {"filename", "message"} <= keys and keys & {"code", "location"}:
        return Format.RUFF
    if "rule_id" in keys or {"severity", "file"} <= keys:
        return Format.UPGRADECHECK
    if {"check_name", "fingerprint"} <= keys:
        raise ReportRejected(
            "This is GitLab's code quality format, which drops the fixes; "
            "run ruff with --output-format json."
        )
    if "package_name" in keys:
        raise ReportRejected(
            "This is the answer to `airflow providers list`, which names no findings; "
            "put the providers into the facts."
        )
    return None


def _format_of_members(members: Mapping[str, msgspec.Raw]) -> Format:
    if "runs" in members:
        return Format.SARIF
    if "findings" in members:
        return Format.UPGRADECHECK
    named = ", ".join(sorted(members)[:5]) or "nothing"
    raise ReportRejected(
        f"This JSON object holds {named}, and neither SARIF's `runs` nor `findings`. {SUPPORTED}."
    )
