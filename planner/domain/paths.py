"""Paths as reports name them → paths relative to the root of a source."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from urllib.parse import unquote

_DRIVE = re.compile(r"[A-Za-z]:(?=/|$)")


class PathRefused(ValueError):
    """The path leads out of the source's root. The message is one sentence."""


@dataclass(frozen=True, slots=True)
class RootChoice:
    """The root that absolute paths of a report are relative to, and why it was chosen."""

    root: str
    """Without a trailing slash; empty where the report's paths are relative already."""
    because: str


def from_uri(uri: str) -> str:
    """The path of a ``file://`` URI or of a relative one, percent-decoded; Windows drives kept."""
    text = uri
    if text[:5].lower() == "file:":
        text = text[5:]
        if text.startswith("//"):
            host, slash, rest = text[2:].partition("/")
            text = slash + rest if host in ("", "localhost") else f"//{host}{slash}{rest}"
        if re.match(r"/[A-Za-z]:(?:/|$)", text):
            text = text[1:]
    return unquote(text) if "%" in text else text


def normalised(path: str) -> str:
    """Forward slashes, no ``./``, no doubled or trailing slashes; case kept. ``..`` is refused."""
    text = from_uri(path) if path[:5].lower() == "file:" else path
    if "\\" in text:
        text = text.replace("\\", "/")
    leading = "//" if text.startswith("//") else "/" if text.startswith("/") else ""
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise PathRefused(f"The path {path!r} leads out of its folder with '..'.")
    return leading + "/".join(parts)


def is_absolute(path: str) -> bool:
    """Whether a normalised path starts at a root, a share or a drive."""
    return path.startswith("/") or _DRIVE.match(path) is not None


def choose_root(
    paths: Iterable[str], *, named: str, base: str, known: Callable[[], Collection[str]]
) -> RootChoice:
    """The one root for all paths of a report.

    The root ``named`` by the sender wins; else the ``base`` the report itself names; else the folder under
    which most paths end in files the source already knows (``known``, relative, only asked for where it
    comes to that); else the common folder.
    Paths that lead out of their folder are left aside here: ``relative_to`` refuses them.

    Raises PathRefused for a named root with ``..``.
    """
    if named.strip():
        return RootChoice(_folder(named), "named by the sender")
    absolute = _absolute_paths(paths)
    if not absolute:
        return RootChoice("", "the report's paths are relative already")
    own = _own_base(base)
    if own and any(_under(own, path) for path in absolute):
        return RootChoice(own, "named in the report")
    return _root_of_known(absolute, known()) or _common_folder(absolute)


def relative_to(root: str, path: str) -> str:
    """The path below ``root``; a relative path and one outside the root stay as they are, normalised.

    Raises PathRefused for a path with ``..``.
    """
    text = normalised(path)
    folder = _folder(root)
    if folder and _under(folder, text):
        return text[len(folder) :].lstrip("/")
    return text


def _folder(root: str) -> str:
    return normalised(root).rstrip("/") if root.strip() else ""


def _own_base(base: str) -> str:
    """The base a report names, where it is a usable absolute folder."""
    try:
        folder = _folder(base)
    except PathRefused:
        return ""
    return folder if is_absolute(folder) else ""


def _under(folder: str, path: str) -> bool:
    return path.startswith(folder + "/")


def _absolute_paths(paths: Iterable[str]) -> list[str]:
    found = set()
    for path in set(paths):
        try:
            text = normalised(path)
        except PathRefused:
            continue
        if is_absolute(text):
            found.add(text)
    return sorted(found)


def _root_of_known(absolute: list[str], known: Collection[str]) -> RootChoice | None:
    """The root that turns most paths into known files; of equals the shortest.

    It must hold more than half of the paths: one ``__init__.py`` deep down proves nothing.
    """
    names = known if isinstance(known, (set, frozenset, dict)) else frozenset(known)
    votes: Counter[str] = Counter()
    for path in absolute if names else ():
        votes.update(_roots_ending_in(path, names))
    for root, count in sorted(votes.items(), key=lambda vote: (-vote[1], len(vote[0]), vote[0])):
        if 2 * _count_under(root, absolute) > len(absolute):
            because = f"{count} of {len(absolute)} files below it are known already"
            return RootChoice(root, because)
    return None


def _count_under(folder: str, ordered: list[str]) -> int:
    """How many of the sorted paths lie below the folder ('0' follows '/' in the alphabet)."""
    return bisect_left(ordered, folder + "0") - bisect_left(ordered, folder + "/")


def _roots_ending_in(path: str, names: Collection[str]) -> Iterable[str]:
    """Every root under which this path is a known file."""
    at = path.find("/")
    while at != -1:
        if path[at + 1 :] in names:
            yield path[:at]
        at = path.find("/", at + 1)


def _common_folder(absolute: list[str]) -> RootChoice:
    """The deepest folder that holds every path. The first and the last in order differ the most."""
    first, last = absolute[0].split("/")[:-1], absolute[-1].split("/")[:-1]
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    return RootChoice("/".join(first[:shared]), "the folder that all paths share")
