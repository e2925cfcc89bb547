"""Python's built-in functions."""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from planner.scanner.dag_map.values import (
    MOST,
    PLAIN,
    Above,
    Builtin,
    Class,
    Given,
    Instance,
    Items,
    Names,
    Pairs,
    PathText,
    Unknown,
    Value,
    given,
    is_key,
    once_each,
    unknown_in,
)

if TYPE_CHECKING:
    from planner.scanner.dag_map.following.follower import Follower

Known = Callable[["Follower", Given], Value]
NAMES = frozenset(dir(builtins))
_CONDITION = Unknown("a condition")


def call_builtin(follow: Follower, name: str, what: Given) -> Value:
    """What a built-in function of Python answers."""
    if name in _OF_ANYTHING:
        return _OF_ANYTHING[name](follow, what)
    if name in _OF_KNOWN:
        return unknown_in(what.row) or _OF_KNOWN[name](follow, what)
    return Unknown(f"Python's `{name}()`")


# What also takes something unknown


def _globals(follow: Follower, what: Given) -> Value:
    scope = what.scope
    while scope.around is not None:
        scope = scope.around
    return Names(scope)


def _locals(follow: Follower, what: Given) -> Value:
    if what.row:
        return Unknown("the names of an object")
    return Names(what.scope) if what.scope.around is None else Pairs(what.scope.names)


def _super(follow: Follower, what: Given) -> Value:
    names = what.scope.names
    of = names.get("__class__")
    instance = next(iter(names.values()), None)
    return Above(instance, of) if isinstance(of, Class) else Unknown("`super()`")


def _open(follow: Follower, what: Given) -> Value:
    return Unknown("a file that is read at run time (`open`)")


def _map(follow: Follower, what: Given) -> Value:
    function, *sources = what.row or [None]
    made = rows_of(
        follow,
        sources,
        lambda lists: (
            follow.call(function, given(what.scope, *row)) for row in zip(*lists, strict=False)
        ),
    )
    if isinstance(made, Unknown):
        follow.escape([function], made.why, what.scope)
    return made


def dict_of(follow: Follower, what: Given) -> Pairs:
    """``dict(…)``"""
    made = follow.pairs((), what.named.doubt)
    for each in what.row[:1]:
        if isinstance(each, Pairs):
            made.update(each)
            made.doubt = made.doubt or each.doubt
            continue
        rows = follow.rows(each)
        if isinstance(rows, Unknown):
            made.doubt = made.doubt or rows
            continue
        for row in rows:
            if isinstance(row, tuple | Items) and len(row) == 2 and isinstance(row[0], PLAIN):
                made[row[0]] = row[1]
            else:
                made.doubt = made.doubt or Unknown("a dict that is not followed")
    made.update(what.named)
    return made


def _str(follow: Follower, what: Given) -> Value:
    match what.row:
        case [PathText(parts=parts)]:
            return PathText(parts)
        case [value]:
            return follow.text(value)
    return Unknown("bytes")


def _len(follow: Follower, what: Given) -> Value:
    match what.row:
        case [str() | tuple() | range() as value]:
            return len(value)
        case [Items() | Pairs() as value]:
            return value.doubt or len(value)
    return Unknown("the length of something that is not followed")


def _isinstance(follow: Follower, what: Given) -> Value:
    match what.row:
        case [value, Builtin(name=name)] if name in _KINDS and isinstance(value, _TOLD_APART):
            return isinstance(value, _KINDS[name])
    return Unknown("the type of something that is not followed")


_TOLD_APART = (str, int, type(None), tuple, Items, Pairs)
_KINDS: dict[str, type] = {
    "str": str,
    "list": Items,
    "dict": Pairs,
    "tuple": tuple,
    "int": int,
    "bool": bool,
}


def _getattr(follow: Follower, what: Given) -> Value:
    match what.row:
        case [of, str(name), *default]:
            found = follow.attribute(of, name)
            if default and isinstance(found, Unknown) and isinstance(of, Instance):
                return default[0]
            return found
    return Unknown("an attribute known only at run time")


def _hasattr(follow: Follower, what: Given) -> Value:
    match what.row:
        case [Instance(names=names), str(name)] if name in names:
            return True
    return Unknown("whether an object has an attribute")


# What takes only what is known


def _nothing(follow: Follower, what: Given) -> Value:
    return None


def _int(follow: Follower, what: Given) -> Value:
    match what.row:
        case [bool() | int() as number]:
            return int(number)
        case [str() as text] if text.strip().isdecimal() and len(text) < 18:
            return int(text)
    return Unknown("a number")


def _bool(follow: Follower, what: Given) -> Value:
    truth = follow.truth(what.row[0]) if what.row else False
    return _CONDITION if truth is None else truth


def _range(follow: Follower, what: Given) -> Value:
    is_whole = 1 <= len(what.row) <= 3 and all(isinstance(each, int) for each in what.row)
    if is_whole and what.row[2:] != [0]:
        return range(*what.row)
    return Unknown("a range that is not followed")


def rows_of(
    follow: Follower, values: list[Value], make: Callable[[list[list[Value]]], Iterable[Any]]
) -> Items | Unknown:
    """The list that is made of several rows; why nobody knows it where one is unknown."""
    lists: list[list[Value]] = []
    for each in values:
        row = follow.rows(each)
        if isinstance(row, Unknown):
            return row
        lists.append(list(itertools.islice(row, MOST)))
    return follow.items(itertools.islice(make(lists), MOST))


def _enumerate(follow: Follower, what: Given) -> Value:
    start = what.named.get("start", what.row[1] if len(what.row) > 1 else 0)
    if not isinstance(start, int):
        return Unknown("where a count begins")
    return rows_of(follow, what.row[:1], lambda lists: enumerate(lists[0], start))


def _zip(follow: Follower, what: Given) -> Value:
    return rows_of(follow, what.row, lambda lists: zip(*lists, strict=False))


def _list(follow: Follower, what: Given) -> Items | Unknown:
    return rows_of(follow, what.row[:1], lambda lists: lists[0] if lists else [])


def _tuple(follow: Follower, what: Given) -> Value:
    made = _list(follow, what)
    return made if isinstance(made, Unknown) else tuple(made)


def _set(follow: Follower, what: Given) -> Value:
    made = _list(follow, what)
    if isinstance(made, Unknown) or not all(map(is_key, made)):
        return made
    return follow.items(once_each(made), "set")


def _sorted(follow: Follower, what: Given) -> Value:
    """The same values; in which order does not matter to what is made of them, save where it is cut."""
    made = _list(follow, what)
    if isinstance(made, Items) and not what.named and _are_of_one_kind(made):
        made.sort()
    return made


def _are_of_one_kind(values: list[Value]) -> bool:
    return any(all(isinstance(each, kind) for each in values) for kind in (str, int))


def _extreme(pick: Callable[..., Any]) -> Known:
    def call(follow: Follower, what: Given) -> Value:
        values = follow.rows(what.row[0]) if len(what.row) == 1 else what.row
        if isinstance(values, Unknown):
            return values
        if values and not what.named and all(isinstance(each, int) for each in values):
            return pick(values)
        return Unknown("the least or greatest of something")

    return call


def _every(wanted: bool) -> Known:
    def call(follow: Follower, what: Given) -> Value:
        values = follow.rows(what.row[0]) if what.row else ()
        if isinstance(values, Unknown):
            return values
        truths = [follow.truth(each) for each in itertools.islice(values, MOST)]
        if wanted in truths:
            return wanted
        return _CONDITION if None in truths else not wanted

    return call


_OF_ANYTHING: dict[str, Known] = {
    "dict": dict_of,
    "getattr": _getattr,
    "globals": _globals,
    "hasattr": _hasattr,
    "isinstance": _isinstance,
    "len": _len,
    "locals": _locals,
    "map": _map,
    "open": _open,
    "str": _str,
    "super": _super,
    "vars": _locals,
}
_OF_KNOWN: dict[str, Known] = {
    "all": _every(False),
    "any": _every(True),
    "bool": _bool,
    "enumerate": _enumerate,
    "frozenset": _set,
    "int": _int,
    "iter": _list,
    "list": _list,
    "max": _extreme(max),
    "min": _extreme(min),
    "object": _nothing,
    "print": _nothing,
    "range": _range,
    "set": _set,
    "sorted": _sorted,
    "tuple": _tuple,
    "zip": _zip,
}
