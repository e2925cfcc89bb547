"""The path of a file, of which only the last parts are known: ids are often made of the file's own name."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence

from planner.scanner.dag_map.values import Items, PathText, Unknown, Value

_FOLDER = Unknown("the folder that the file lies in")
_PATH = Unknown("the path of the file")
_OF_TEXT: dict[str, Callable[[str], Value]] = {
    "basename": posixpath.basename,
    "dirname": posixpath.dirname,
    "splitext": posixpath.splitext,
    "split": posixpath.split,
    "normpath": posixpath.normpath,
}


def path_method(path: PathText, name: str, row: Sequence[Value]) -> Value:
    """A method of the path of a file, as text or as a pathlib path."""
    last = path.parts[-1] if path.parts else ""
    match name, list(row):
        case "resolve" | "absolute" | "expanduser" | "as_posix", _:
            return PathText(path.parts, path.is_object and name != "as_posix")
        case "with_suffix", [str(suffix)] if last:
            return PathText((*path.parts[:-1], _stem(last) + suffix), path.is_object)
        case "joinpath", more if all(isinstance(each, str) for each in more):
            return PathText((*path.parts, *more), path.is_object)
        case "split" | "rsplit", ["/", *_more] if path.parts and not path.is_object:
            return Items([*[_FOLDER] * 50, *path.parts] if name == "split" else [_FOLDER, last])
    return Unknown("what lies beside the file") if path.is_object else _PATH


def path_attribute(path: PathText, name: str) -> Value:
    """An attribute of a pathlib path."""
    if name == "parent":
        return PathText(path.parts[:-1], is_object=True)
    if not path.parts:
        return _FOLDER
    last = path.parts[-1]
    stem = _stem(last)
    return {"name": last, "stem": stem, "suffix": last.removeprefix(stem)}.get(name, _PATH)


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def of_path(function: str, path: Value) -> Value:
    """A function of ``os.path``, by its last name."""
    if isinstance(path, Unknown):
        return path
    if isinstance(path, str) and function in _OF_TEXT:
        return _OF_TEXT[function](path)
    match function, path:
        case "basename", PathText(parts=parts):
            return parts[-1] if parts else _FOLDER
        case "dirname", PathText(parts=parts):
            return PathText(parts[:-1])
        case "abspath" | "realpath" | "normpath", PathText(parts=parts):
            return PathText(parts)
        case "splitext", PathText(parts=(*above, last)):
            stem = _stem(last)
            return (PathText((*above, stem)), last.removeprefix(stem))
    return Unknown(f"`os.path.{function}()`")
