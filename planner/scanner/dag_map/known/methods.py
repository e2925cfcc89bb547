"""Methods of texts, lists, sets, dicts, paths and of the names of a module."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from planner.scanner.dag_map.known.builtins import dict_of
from planner.scanner.dag_map.known.paths import path_method
from planner.scanner.dag_map.known.texts import braces, joined, text_method
from planner.scanner.dag_map.values import (
    MOST,
    Given,
    Instance,
    Items,
    Method,
    Names,
    Pairs,
    PathText,
    Unknown,
    Value,
    is_key,
)

if TYPE_CHECKING:
    from planner.scanner.dag_map.following.follower import Follower

_UNCHANGING = re.compile(
    r"get|items|keys|values|copy|count|index|issubset|issuperset|union|difference|intersection"
)


def call_method(follow: Follower, method: Method, what: Given) -> Value:
    """What a method of a text, list, dict or path answers."""
    of, name = method.of, method.name
    match of:
        case str():
            return _of_text(follow, of, name, what)
        case Items():
            return _of_list(follow, of, name, what.row)
        case Pairs():
            return _of_dict(follow, of, name, what)
        case PathText():
            return path_method(of, name, what.row)
        case Names() if name == "update":
            return _update_names(of, what.row)
    return Unknown(f"`.{name}()`")


def _of_text(follow: Follower, text: str, name: str, what: Given) -> Value:
    if name == "join" and len(what.row) == 1:
        values = follow.rows(what.row[0])
        if isinstance(values, Unknown):
            return values
        parts: list[str | Unknown] = []
        for place, value in enumerate(values):
            parts += [text, follow.text(value)] if place else [follow.text(value)]
        return joined(parts)
    if name == "format":
        if what.named.doubt:
            return what.named.doubt
        row = [follow.text(each) if isinstance(each, Instance) else each for each in what.row]
        return braces(text, row, what.named)
    made = text_method(text, name, what.row)
    return follow.items(made) if isinstance(made, list) else made


def _of_list(follow: Follower, of: Items, name: str, row: list[Value]) -> Value:
    match name, row:
        case "append" | "add", [value]:
            follow.change(of)
            if len(of) < MOST and not (of.kind == "set" and value in list(of)):
                of.append(value)
            return None
        case "extend" | "update", _:
            for each in row:
                follow.extend(of, each)
            return None
        case "copy", []:
            return follow.items(of, of.kind, of.doubt)
        case "sort" | "reverse", _:
            if name == "sort" and all(isinstance(each, str) for each in of):
                of.sort()
            return None
    unknown = Unknown(f"`.{name}()` of a list")
    if not _UNCHANGING.fullmatch(name):
        of.doubt = of.doubt or unknown
    return unknown


def _of_dict(follow: Follower, of: Pairs, name: str, what: Given) -> Value:
    match name, what.row:
        case "items", []:
            return follow.items(of.items(), doubt=of.doubt)
        case "keys", []:
            return follow.items(of.keys(), doubt=of.doubt)
        case "values", []:
            return follow.items(of.values(), doubt=of.doubt)
        case "copy", []:
            return follow.pairs(of, of.doubt)
        case "get", [key, *default] if is_key(key):
            return of[key] if key in of and not of.doubt else of.doubt or (default or [None])[0]
        case "update", _:
            follow.change(of)
            more = dict_of(follow, what)
            of.update(more)
            of.doubt = of.doubt or more.doubt
            return None
        case "setdefault", [key, *default] if is_key(key) and not of.doubt:
            follow.change(of)
            return of.setdefault(key, (default or [None])[0])
        case "pop", [key, *default] if is_key(key):
            follow.change(of)
            return of.doubt or of.pop(key, (default or [Unknown("a missing key")])[0])
    unknown = Unknown(f"`.{name}()` of a dict")
    if not _UNCHANGING.fullmatch(name):
        of.doubt = of.doubt or unknown
    return unknown


def _update_names(of: Names, row: list[Value]) -> Value:
    match row:
        case [Pairs() as more]:
            of.scope.names.update({key: each for key, each in more.items() if isinstance(key, str)})
    return None
