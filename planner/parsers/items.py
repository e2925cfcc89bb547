"""A JSON report taken apart into its items, without copying, and the sentences for what is wrong with one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from planner.domain.report import Problem, ReportRejected
from planner.parsers.text import place_of

MAX_PATH = 1000
"""Longest path that is stored."""

DECODE_ERRORS = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
"""What msgspec raises on a bad item. ``ValidationError`` is a ``DecodeError``."""

_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_anything = msgspec.json.Decoder()

_LINE = re.compile(rb"[^\r\n]*[^\r\n\t ][^\r\n]*")
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\],]', re.DOTALL)
_BYTE = re.compile(r"\(byte (\d+)\)")
_MISSING = re.compile(r"Object missing required field `([^`]+)`(?: - at `\$\.?([^`]*)`)?")
_EXPECTED = re.compile(r"Expected (.+?)(?: - at `\$\.?([^`]*)`)?$")
_TYPE_NAMES = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "null": "null",
    "object": "an object",
    "array": "a list",
}


def array_items(buffer: memoryview) -> list[msgspec.Raw]:
    """The items of a JSON array as views into the buffer. Raises ReportRejected naming the place."""
    try:
        return _raw_list.decode(buffer)
    except msgspec.ValidationError as error:
        raise ReportRejected("The findings must be a list of objects.") from error
    except DECODE_ERRORS as error:
        raise malformed(buffer, error) from error


def object_members(buffer: memoryview) -> dict[str, msgspec.Raw]:
    """The members of a JSON object as views into the buffer."""
    try:
        return _raw_object.decode(buffer)
    except DECODE_ERRORS as error:
        raise malformed(buffer, error) from error


def line_items(buffer: memoryview) -> list[msgspec.Raw]:
    """One item a line, blank lines skipped; whether a line is JSON shows when it is decoded."""
    return [msgspec.Raw(buffer[found.start() : found.end()]) for found in _LINE.finditer(buffer)]


def malformed(buffer: memoryview, error: Exception) -> ReportRejected:
    """The rejection of a JSON text that cannot be taken apart, naming line, column and item."""
    if isinstance(error, RecursionError):
        return ReportRejected(
            "The JSON is nested too deeply to be a report; send the tool's own output."
        )
    found = _BYTE.search(str(error))
    offset = int(found.group(1)) if found else len(buffer)
    line, column = place_of(buffer, offset)
    index = _index_at(buffer, offset)
    item = f" (item {index})" if index is not None else ""
    why = "it ends too early" if found is None else "this is not valid JSON"
    return ReportRejected(
        f"Line {line}, column {column}{item}: {why}; send the tool's output unchanged and whole.",
        offset=offset,
    )


def _index_at(buffer: memoryview, offset: int) -> int | None:
    """The 0-based index of the item of the outermost array that ``offset`` lies in."""
    if bytes(buffer[:offset]).lstrip()[:1] != b"[":
        return None
    depth = index = 0
    for token in _TOKEN.finditer(buffer[:offset]):
        mark = token.group()[:1]
        if mark in b"{[":
            depth += 1
        elif mark in b"}]":
            depth -= 1
        elif mark == b"," and depth == 1:
            index += 1
    return index


def problem_with(index: int, raw: msgspec.Raw, error: Exception) -> Problem:
    """What is wrong with one item, with the field and the value it has."""
    text = str(error)
    if isinstance(error, RecursionError):
        return Problem(index, "", "is nested too deeply.")
    if missing := _MISSING.search(text):
        field = ".".join(part for part in (missing.group(2), missing.group(1)) if part)
        return Problem(index, field, "is missing.")
    if isinstance(error, msgspec.ValidationError) and (expected := _EXPECTED.search(text)):
        field = expected.group(2) or ""
        return Problem(index, field, f"{_expectation(expected.group(1))}{_seen(raw, field)}.")
    if isinstance(error, UnicodeDecodeError) or "utf-8" in text.lower():
        return Problem(index, "", "is not valid UTF-8.")
    return Problem(index, "", "is not valid JSON.")


def _expectation(expected: str) -> str:
    """msgspec's "`int | null`, got `str`" in words."""
    wanted, _, got = expected.partition(", got ")
    names = [_TYPE_NAMES.get(name, name) for name in wanted.strip("`").split(" | ")]
    if wanted.startswith("`") and wanted.endswith("`"):
        kind = _TYPE_NAMES.get(got.strip("`"), got.strip("`"))
        return f"must be {' or '.join(names)}, not {kind}"
    return (
        f"must be {wanted.replace('`', '').replace('int', 'a whole number').replace('str', 'text')}"
    )


def _seen(raw: msgspec.Raw, field: str) -> str:
    """The offending value, shortened, where it is a plain one."""
    try:
        value: Any = _anything.decode(raw)
        for part in re.findall(r"[^.\[\]]+", field):
            value = value[int(part)] if isinstance(value, list) else value[part]
    except (*DECODE_ERRORS, LookupError, TypeError, ValueError):
        return ""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return f" (it is {shortened(value)})"
    return ""


def shortened(value: object, limit: int = 60) -> str:
    """A value as it may stand in a sentence."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def path_flaw(path: str) -> str:
    """What is wrong with a reported path, or nothing."""
    if not path.strip():
        return "must name a file, and is empty."
    if len(path) > MAX_PATH:
        return f"is {len(path)} characters long; a path may have {MAX_PATH}."
    if "\x00" in path:
        return "holds a NUL character, which no path can have."
    if ".." in path and ".." in path.replace("\\", "/").split("/"):
        return f"leads out of its folder with '..' (it is {shortened(path)})."
    return ""


def extra_bytes(members: Mapping[str, msgspec.Raw]) -> bytes:
    """Unknown members as one compact JSON object, or nothing."""
    if not members:
        return b""
    return msgspec.json.encode({key: _anything.decode(raw) for key, raw in members.items()})
