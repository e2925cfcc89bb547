"""Functions of Python's library."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from planner.scanner.dag_map.known.builtins import Known, dict_of, rows_of
from planner.scanner.dag_map.known.paths import of_path
from planner.scanner.dag_map.values import (
    MISSING,
    Class,
    Given,
    Items,
    Pairs,
    Partial,
    PathText,
    Scope,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from planner.scanner.dag_map.following.follower import Follower

_DEEPEST_COPY = 5


def call_library(follow: Follower, full: str, what: Given) -> Value:
    """What a function of Python's library answers; MISSING where that is not known."""
    head, _, last = full.rpartition(".")
    if head in ("os.path", "posixpath") and last != "join" and len(what.row) == 1:
        return of_path(last, what.row[0])
    known = _KNOWN.get(full)
    return known(follow, what) if known else MISSING


def _path(follow: Follower, what: Given) -> Value:
    match what.row:
        case [PathText(parts=parts), *more] if all(isinstance(each, str) for each in more):
            return PathText((*parts, *more), is_object=True)
        case [str(text), *more] if all(isinstance(each, str) for each in more):
            return PathText((*text.split("/"), *more), is_object=True)
    return Unknown("a file that is read at run time (`pathlib.Path`)")


def _path_join(follow: Follower, what: Given) -> Value:
    made = _path(follow, what)
    return PathText(made.parts) if isinstance(made, PathText) else made


def _product(follow: Follower, what: Given) -> Value:
    if what.named:
        return Unknown("a product that is not followed")
    return rows_of(follow, what.row, lambda lists: itertools.product(*lists))


def _partial(follow: Follower, what: Given) -> Value:
    return Partial(what.row[0], what.row[1:], what.named) if what.row else Unknown("nothing")


def _copied(follow: Follower, what: Given) -> Value:
    return _copy(follow, what.row[0], 0) if what.row else Unknown("a copy of nothing")


def _copy(follow: Follower, value: Value, depth: int) -> Value:
    if depth > _DEEPEST_COPY:
        return value
    match value:
        case Pairs():
            pairs = ((key, _copy(follow, each, depth + 1)) for key, each in value.items())
            return follow.pairs(pairs, value.doubt)
        case Items():
            copies = [_copy(follow, each, depth + 1) for each in value]
            return follow.items(copies, value.kind, value.doubt)
    return value


def _namedtuple(follow: Follower, what: Given) -> Value:
    match what.row:
        case [str(name), str(text)]:
            fields: Sequence[Value] = text.replace(",", " ").split()
        case [str(name), Items() | tuple() as row]:
            fields = row
        case _:
            return Unknown("a named tuple that is not followed")
    scope = Scope({}, None, "", is_class=True)
    return Class(name, (), scope, kind="fields", fields={str(each): MISSING for each in fields})


def _default_dict(follow: Follower, what: Given) -> Value:
    return follow.pairs((), Unknown("a dict with a default"))


def _cast(follow: Follower, what: Given) -> Value:
    return what.row[1] if len(what.row) > 1 else None


_KNOWN: dict[str, Known] = {
    "os.path.join": _path_join,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "itertools.product": _product,
    "functools.partial": _partial,
    "copy.copy": _copied,
    "copy.deepcopy": _copied,
    "collections.namedtuple": _namedtuple,
    "collections.OrderedDict": dict_of,
    "collections.defaultdict": _default_dict,
    "typing.cast": _cast,
}
