"""Texts that code builds: formatting, and methods of texts that only make another plain value. Within bounds."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence

from planner.scanner.dag_map.values import PLAIN, PathText, Unknown, Value, unknown_in

LONGEST = 2000

_PERCENT = re.compile(r"%(?:\((?P<key>\w{1,80})\))?(?P<width>0?\d{0,2})(?P<kind>[sdi%])")
_SPEC = re.compile(r"0?\d{0,2}[sd]?")
_PADDING = frozenset(["center", "ljust", "rjust", "zfill"])
_WIDEST = 250
_METHODS = frozenset(
    [
        "capitalize",
        "casefold",
        "count",
        "endswith",
        "find",
        "index",
        "isalnum",
        "isalpha",
        "isdigit",
        "islower",
        "isnumeric",
        "isupper",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "replace",
        "rfind",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
    ]
)
_TOO_LONG = Unknown("a text that is too long to follow")
_NOT_FOLLOWED = Unknown("a text that is formatted in a way that is not followed")
_WRONG = Unknown("a text that is formatted wrongly")


def shown(value: Value) -> str | Unknown:
    """The text that an f-string or ``str()`` makes of a value."""
    match value:
        case str() | Unknown():
            return value
        case None | int() | float():
            return str(value)
        case PathText(parts=parts):
            return Unknown("the folder that the file lies in", shape="…/" + "/".join(parts))
    return Unknown("the text of an object")


def joined(parts: Sequence[str | Unknown]) -> str | Unknown:
    """Parts of a text put together; with the shape of it where one is unknown."""
    unknown = unknown_in(parts)
    if unknown is None:
        whole = "".join(map(str, parts))
        return whole if len(whole) <= LONGEST else _TOO_LONG
    shape = "".join((part.shape or "…") if isinstance(part, Unknown) else part for part in parts)
    return Unknown(unknown.why, shape if len(shape) <= LONGEST else "", unknown.outside)


def with_spec(value: Value, spec: str) -> str | Unknown:
    """``format(value, spec)`` for the plain specs that ids are made with."""
    if isinstance(value, Unknown):
        return value
    if not spec:
        return shown(value)
    if not isinstance(value, str | int) or not _SPEC.fullmatch(spec):
        return _NOT_FOLLOWED
    try:
        return format(value, spec)
    except ValueError:
        return _WRONG


def percent(template: str, given: Value) -> str | Unknown:
    """``template % given``"""
    waiting = list(given) if isinstance(given, tuple) else [given]
    parts: list[str | Unknown] = []
    end = 0
    for match in _PERCENT.finditer(template):
        parts.append(template[end : match.start()])
        if "%" in template[end : match.start()]:
            return _NOT_FOLLOWED
        parts.append(_percent_part(match, given, waiting))
        end = match.end()
    return _NOT_FOLLOWED if "%" in template[end:] else joined([*parts, template[end:]])


def _percent_part(match: re.Match[str], given: Value, waiting: list[Value]) -> str | Unknown:
    if match["kind"] == "%":
        return "%"
    if match["key"]:
        value = given.get(match["key"], _WRONG) if isinstance(given, dict) else given
    else:
        value = waiting.pop(0) if waiting else _WRONG
    if isinstance(value, Unknown) or (match["kind"] == "s" and not match["width"]):
        return shown(value)
    return with_spec(value, match["width"] + ("" if match["kind"] == "s" else "d"))


def braces(template: str, row: Sequence[Value], named: Mapping[str, Value]) -> str | Unknown:
    """``template.format(…)``"""
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError:
        return _WRONG
    parts: list[str | Unknown] = []
    number = 0
    for text, name, spec, conversion in fields:
        parts.append(text)
        if name is None:
            continue
        if name == "":
            name, number = str(number), number + 1
        if conversion not in (None, "s") or "." in name or "[" in name:
            parts.append(_NOT_FOLLOWED)
            continue
        if name.isdecimal() and len(name) < 4:
            value = row[int(name)] if int(name) < len(row) else _WRONG
        else:
            value = named.get(name, _WRONG)
        parts.append(with_spec(value, spec or ""))
    return joined(parts)


def text_method(text: str, name: str, row: Sequence[Value]) -> Value:
    """A method of a text, where it is one that only makes another plain value."""
    unknown = unknown_in(row)
    if unknown is not None:
        return unknown.bare
    unknown = Unknown(f"`.{name}()` of a text")
    if not (name in _METHODS or (name in _PADDING and _is_width(row))):
        return unknown
    if not all(isinstance(each, (*PLAIN, tuple)) for each in row):
        return unknown
    if name == "replace" and len(row) >= 2 and len(str(row[1])) * len(text) > LONGEST * 50:
        return _TOO_LONG
    try:
        made = getattr(text, name)(*row)
    except (TypeError, ValueError, IndexError):
        return unknown
    return _TOO_LONG if isinstance(made, str) and len(made) > LONGEST else made


def _is_width(row: Sequence[Value]) -> bool:
    return bool(row) and isinstance(row[0], int) and row[0] <= _WIDEST
