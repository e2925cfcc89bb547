"""Calls: which kind of value is called, and what functions and classes of the tree make of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from planner.scanner.dag_map.following.branches import leaves
from planner.scanner.dag_map.following.dags import (
    call_dag_function,
    decorate,
    make_dag,
    maker_in,
    may_make_dag,
)
from planner.scanner.dag_map.known.builtins import call_builtin
from planner.scanner.dag_map.known.library import call_library
from planner.scanner.dag_map.known.methods import call_method
from planner.scanner.dag_map.names import may_be_ours
from planner.scanner.dag_map.outline import language as code
from planner.scanner.dag_map.values import (
    MISSING,
    Builtin,
    Class,
    DagFunction,
    Decorator,
    Frame,
    Function,
    Given,
    Instance,
    Items,
    Method,
    Outer,
    Pairs,
    Partial,
    Scope,
    Unknown,
    Value,
    given,
    is_same,
)

if TYPE_CHECKING:
    from planner.scanner.dag_map.following.follower import Follower

_MOST_FRAMES = 40
"""Calls within each other."""
_MOST_OF_ONE = 3
"""Calls of one function within each other: more of them take all steps, and make nothing."""


def call(follow: Follower, function: Value, what: Given) -> Value:
    """``function(*row, **named)``"""
    maker = maker_in(function)
    if maker:
        return make_dag(follow, what) if maker == "DAG" else decorate(follow, what)
    match function:
        case Function():
            return _call_function(follow, function, what)
        case Class():
            return _call_class(follow, function, what)
        case DagFunction():
            return call_dag_function(follow, function, what)
        case Decorator() if what.row:
            return DagFunction(what.row[0], function.arguments, function.line, what.scope.path)
        case Partial():
            named = Pairs({**function.named, **what.named})
            row = [*function.row, *what.row]
            return follow.call(
                function.function, msgspec.structs.replace(what, row=row, named=named)
            )
        case Builtin():
            return call_builtin(follow, function.name, what)
        case Method():
            return call_method(follow, function, what)
        case Outer():
            return _call_outer(follow, function, what)
        case Unknown():
            may_make_dag(follow, function.outside, what)
            escape(follow, what.every, function.why, what.scope)
            return function.bare
    return Unknown("a call that is not followed")


def _call_outer(follow: Follower, outer: Outer, what: Given) -> Value:
    value = call_library(follow, outer.full, what)
    if value is not MISSING:
        return value
    unknown = outer.unknown
    if may_be_ours(outer.full):
        may_make_dag(follow, outer.full, what)
        escape(follow, what.every, unknown.why, what.scope)
    return unknown


def escape(follow: Follower, values: Sequence[Value], why: str, scope: Scope) -> None:
    """What code that is not followed may do with what it was given: change it, or call it."""
    for value in values:
        if isinstance(value, Items | Pairs):
            value.doubt = value.doubt or Unknown(why)
        elif isinstance(value, Function | Partial):
            with follow.under(why):
                follow.call(value, msgspec.structs.replace(given(scope), by_others=True))


# Functions


def _call_function(follow: Follower, function: Function, what: Given) -> Value:
    scope = Scope({}, function.scope, function.scope.path)
    if function.bound is not None:
        what = msgspec.structs.replace(what, row=[function.bound, *what.row])
    _bind_parameters(follow, function, what, scope)
    if isinstance(function.code, code.Lambda):
        return follow.value(function.code.value, scope)
    if function.owner is not None:
        scope.names["__class__"] = function.owner
    calls_of_it = sum(frame.code is function.code for frame in follow.frames)
    if len(follow.frames) > _MOST_FRAMES or calls_of_it >= _MOST_OF_ONE:
        return Unknown("calls that are nested too deeply to follow")
    frame = Frame(function.code, follow.items())
    follow.frames.append(frame)
    left = follow.block(function.code.body, scope)
    follow.frames.pop()
    if function.code.is_generator:
        return frame.yielded
    if not leaves(left):
        frame.returned.append(None)
    return _one_of(follow, frame.returned)


def _one_of(follow: Follower, values: list[Value]) -> Value:
    """The one value that a function returns, or that it returns one of several."""
    first = values[0] if values else None
    return first if all(is_same(first, other) for other in values) else Unknown(follow.why)


def _bind_parameters(follow: Follower, function: Function, what: Given, scope: Scope) -> None:
    takes, names = function.code.parameters, scope.names
    doubt = what.named.doubt
    left = dict(what.named)
    defaults = dict(zip(reversed(takes.positional), reversed(takes.defaults), strict=False))
    for place, name in enumerate(takes.positional):
        if place < len(what.row):
            names[name] = what.row[place]
        elif name in left:
            names[name] = left.pop(name)
        elif name in defaults and doubt is None and not what.by_others:
            names[name] = follow.value(defaults[name], function.scope)
        else:
            names[name] = doubt or Unknown(f"the parameter `{name}`")
    for name, default in takes.named:
        if name in left:
            names[name] = left.pop(name)
        elif default is not None and doubt is None:
            names[name] = follow.value(default, function.scope)
        else:
            names[name] = doubt or Unknown(f"the parameter `{name}`")
    if takes.rest:
        names[takes.rest] = follow.items(what.row[len(takes.positional) :], doubt=doubt)
    if takes.others:
        names[takes.others] = follow.pairs(left, doubt)


# Classes


def _call_class(follow: Follower, of: Class, what: Given) -> Value:
    if of.kind == "enum":
        return _member(of, what.row)
    instance = Instance(of)
    start = of.find("__init__")
    if isinstance(start, Function):
        follow.call(start.bound_to(instance), what)
    elif of.kind == "fields":
        _fill(instance, what)
        after = of.find("__post_init__")
        if isinstance(after, Function):
            follow.call(after.bound_to(instance), given(what.scope))
    elif any(isinstance(base, Outer) for base in of.bases) and (what.named or not what.row):
        instance.names.update(what.named)
    return instance


def _member(of: Class, row: list[Value]) -> Value:
    """``Color("red")``"""
    for member in of.members.values():
        if row and is_same(member.names["value"], row[0]):
            return member
    return Unknown(f"a member of `{of.name}`")


def _fill(instance: Instance, what: Given) -> None:
    """Gives a dataclass and the like its fields."""
    doubt = what.named.doubt
    for place, (name, default) in enumerate(instance.of.fields.items()):
        if place < len(what.row):
            value = what.row[place]
        elif name in what.named:
            value = what.named[name]
        elif doubt is not None or default is MISSING:
            value = doubt or Unknown(f"the field `{name}`")
        else:
            value = default
        instance.names[name] = value
