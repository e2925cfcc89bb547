"""Texts that code builds: formatting and methods of plain values, within bounds."""

from __future__ import annotations

import posixpath
import re
import string
from collections.abc import Callable, Mapping, Sequence

from planner.scanner.dag_map.values import PLAIN, Items, PathText, Unknown, Value

LONGEST = 2000
MOST = 10_000
"""Values of one list, rounds of one loop."""

_PERCENT = re.compile(r"%(?:\((?P<key>\w{1,80})\))?(?P<width>0?\d{0,2})(?P<kind>[sdi%])")
_SPEC = re.compile(r"0?\d{0,2}[sd]?")
_TEXT_METHODS = frozenset(
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


def shown(value: Value) -> str | Unknown:
    """The text that an f-string or ``str()`` makes of a value."""
    if isinstance(value, str):
        return value
    if isinstance(value, PLAIN):
        return str(value)
    if isinstance(value, Unknown):
        return value
    if isinstance(value, PathText):
        return Unknown("the folder that the file lies in", shape="…/" + "/".join(value.parts))
    return Unknown("the text of an object")


def joined(parts: Sequence[str | Unknown]) -> str | Unknown:
    """Parts of a text put together; with the shape of it where one is unknown."""
    unknown = next((part for part in parts if isinstance(part, Unknown)), None)
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
        return Unknown("a text that is formatted in a way that is not followed")
    try:
        return format(value, spec)
    except ValueError:
        return Unknown("a text that is formatted wrongly")


def percent(template: str, given: Value) -> str | Unknown:
    """``template % given``"""
    waiting = list(given) if isinstance(given, tuple) else [given]
    parts: list[str | Unknown] = []
    end = 0
    for match in _PERCENT.finditer(template):
        between = template[end : match.start()]
        if "%" in between:
            return Unknown("a text that is formatted in a way that is not followed")
        parts.append(between)
        end = match.end()
        parts.append(_percent_part(match, given, waiting))
    if "%" in template[end:]:
        return Unknown("a text that is formatted in a way that is not followed")
    return joined([*parts, template[end:]])


def _percent_part(match: re.Match[str], given: Value, waiting: list[Value]) -> str | Unknown:
    if match["kind"] == "%":
        return "%"
    if match["key"]:
        value = given.get(match["key"], _NOT_GIVEN) if isinstance(given, dict) else given
    else:
        value = waiting.pop(0) if waiting else _NOT_GIVEN
    if isinstance(value, Unknown) or (match["kind"] == "s" and not match["width"]):
        return shown(value)
    return with_spec(value, match["width"] + ("" if match["kind"] == "s" else "d"))


_NOT_GIVEN = Unknown("a text that is formatted wrongly")


def braces(
    template: str,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    attribute: Callable[[Value, str], Value],
) -> str | Unknown:
    """``template.format(…)``"""
    parts: list[str | Unknown] = []
    number = 0
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError:
        return _NOT_GIVEN
    for text, name, spec, conversion in fields:
        parts.append(text)
        if name is None:
            continue
        head, *path = re.split(r"[.\[]", name.replace("]", ""))
        value: Value
        if head == "":
            head, number = str(number), number + 1
        if head.isdecimal() and len(head) < 4:
            value = arguments[int(head)] if int(head) < len(arguments) else _NOT_GIVEN
        else:
            value = keywords.get(head, _NOT_GIVEN)
        for step in path:
            value = (
                value[step] if isinstance(value, dict) and step in value else attribute(value, step)
            )
        if conversion not in (None, "s"):
            value = Unknown("a text that is formatted in a way that is not followed")
        parts.append(with_spec(value, spec or ""))
    return joined(parts)


def text_method(text: str, name: str, arguments: Sequence[Value]) -> Value:
    """A method of a text, where it is one that only makes another plain value."""
    unknown = next((each for each in arguments if isinstance(each, Unknown)), None)
    if unknown is not None:
        return Unknown(unknown.why, outside=unknown.outside)
    if name in ("zfill", "ljust", "rjust", "center"):
        width = arguments[0] if arguments else None
        if not isinstance(width, int) or width > 250:
            return Unknown("the width of a text")
    elif name not in _TEXT_METHODS:
        return Unknown(f"`.{name}()` of a text")
    if not all(isinstance(each, (*PLAIN, tuple)) for each in arguments):
        return Unknown(f"`.{name}()` of a text")
    if (
        name == "replace"
        and len(arguments) >= 2
        and len(str(arguments[1])) * len(text) > LONGEST * 50
    ):
        return _TOO_LONG
    try:
        result = getattr(text, name)(*arguments)
    except (TypeError, ValueError, IndexError):
        return Unknown(f"`.{name}()` of a text")
    if isinstance(result, str) and len(result) > LONGEST:
        return _TOO_LONG
    return Items(result) if isinstance(result, list) else result


def path_method(path: PathText, name: str, arguments: Sequence[Value]) -> Value:
    """A method of the path of a file, as text or as a pathlib path."""
    last = path.parts[-1] if path.parts else ""
    match name, list(arguments):
        case (("resolve" | "absolute" | "expanduser" | "as_posix" | "__str__"), _):
            return PathText(path.parts, path.is_object and name != "as_posix")
        case "with_suffix", [str(suffix)] if last:
            stem = last.rpartition(".")[0] or last
            return PathText((*path.parts[:-1], stem + suffix), path.is_object)
        case "joinpath", more if all(isinstance(each, str) for each in more):
            return PathText((*path.parts, *more), path.is_object)
        case "replace", [str(old), str(new)] if last and not path.is_object:
            if old and old in last and not any(old in part for part in path.parts[:-1]):
                return PathText((*path.parts[:-1], last.replace(old, new)))
        case (("split" | "rsplit"), ["/", *_more]) if path.parts and not path.is_object:
            head = Unknown("the folder that the file lies in")
            return Items([*[head] * 50, *path.parts] if name == "split" else [head, last])
        case "rpartition", ["/"] if path.parts and not path.is_object:
            return (Unknown("the folder that the file lies in"), "/", last)
        case (("removesuffix" | "rstrip"), [str(suffix)]) if name == "removesuffix" and last:
            return PathText((*path.parts[:-1], last.removesuffix(suffix)))
    return Unknown("what lies beside the file" if path.is_object else "the path of the file")


def path_attribute(path: PathText, name: str) -> Value:
    """An attribute of a pathlib path."""
    last = path.parts[-1] if path.parts else ""
    if name == "parent":
        return PathText(path.parts[:-1], is_object=True)
    if not last:
        return Unknown("the folder that the file lies in")
    stem, dot, suffix = last.rpartition(".")
    if name == "name":
        return last
    if name == "stem":
        return stem or last
    if name == "suffix":
        return dot + suffix if stem else ""
    return Unknown("the path of the file")


_OF_PATH: dict[str, Callable[[str], Value]] = {
    "basename": posixpath.basename,
    "dirname": posixpath.dirname,
    "splitext": posixpath.splitext,
    "split": posixpath.split,
    "normpath": posixpath.normpath,
    "fspath": str,
    "str": str,
}


def of_path(function: str, path: Value) -> Value:
    """A function of ``os.path``, by its last name."""
    if isinstance(path, str):
        plain = _OF_PATH.get(function)
        return plain(path) if plain else Unknown(f"`os.path.{function}()`")
    if not isinstance(path, PathText):
        return path if isinstance(path, Unknown) else Unknown(f"`os.path.{function}()`")
    last = path.parts[-1] if path.parts else ""
    folder = Unknown("the folder that the file lies in")
    stem, dot, suffix = last.rpartition(".")
    match function:
        case "basename":
            return last or folder
        case "dirname":
            return PathText(path.parts[:-1])
        case "abspath" | "realpath" | "normpath" | "fspath" | "str":
            return PathText(path.parts)
        case "splitext" if last and stem:
            return (PathText((*path.parts[:-1], stem)), dot + suffix)
        case "splitext" if last:
            return (PathText(path.parts), "")
        case "split":
            return (PathText(path.parts[:-1]), last or folder)
    return Unknown(f"`os.path.{function}()`")
