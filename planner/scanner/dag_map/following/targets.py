"""What an assignment binds: ``name = …``, ``of.name = …``, ``of[key] = …``, ``one, *rest = …``."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from planner.scanner.dag_map.outline import language as code
from planner.scanner.dag_map.outline.language import Expression
from planner.scanner.dag_map.values import (
    MISSING,
    MOST,
    Class,
    Dag,
    Instance,
    Items,
    Names,
    Pairs,
    Scope,
    Unknown,
    Value,
    is_key,
    is_same,
)

if TYPE_CHECKING:
    from planner.scanner.dag_map.following.follower import Follower


def bind(follow: Follower, target: Expression, value: Value, scope: Scope) -> None:
    """``target = value``"""
    match target:
        case code.Name(id=name):
            scope.names[name] = value
        case code.Row(values=targets):
            _unpack(follow, targets, value, scope)
        case code.Attribute(of=of, name=name):
            _set_attribute(follow, follow.value(of, scope), name, value)
        case code.Part(of=of, key=key):
            _set_part(follow, follow.value(of, scope), follow.value(key, scope), value)


def _set_attribute(follow: Follower, of: Value, name: str, value: Value) -> None:
    match of:
        case Instance(names=names) | Class(scope=Scope(names=names)):
            names[name] = _perhaps(follow, names.get(name, MISSING), value)
        case Dag() if name == "dag_id":
            of.dag_id = value


def _perhaps(follow: Follower, before: Value, value: Value) -> Value:
    """A value that is set, perhaps only under a condition, where another may stay."""
    if before is MISSING or not follow.condition or is_same(before, value):
        return value
    return Unknown(follow.condition)


def _set_part(follow: Follower, of: Value, key: Value, value: Value) -> None:
    match of:
        case Pairs():
            follow.change(of)
            if is_key(key):
                of[key] = value
            else:
                of.doubt = of.doubt or Unknown("a key known only at run time")
        case Items():
            follow.change(of)
            if isinstance(key, int) and -len(of) <= key < len(of):
                of[key] = value
            else:
                of.doubt = of.doubt or Unknown("a place known only at run time")
        case Names() if isinstance(key, str):
            of.scope.names[key] = value


def _unpack(follow: Follower, targets: Sequence[Expression], value: Value, scope: Scope) -> None:
    values = follow.rows(value)
    if isinstance(values, Unknown):
        parts: list[Value] = [values] * len(targets)
    else:
        parts = _gathered(follow, targets, list(itertools.islice(values, MOST)))
    for place, target in enumerate(targets):
        part = parts[place] if place < len(parts) else Unknown("a row of another length")
        follow.bind(target.value if isinstance(target, code.Star) else target, part, scope)


def _gathered(follow: Follower, targets: Sequence[Expression], parts: list[Value]) -> list[Value]:
    """The parts, with those that go to a starred target in one list."""
    for place, each in enumerate(targets):
        if isinstance(each, code.Star):
            end = place + max(len(parts) - len(targets) + 1, 0)
            return [*parts[:place], follow.items(parts[place:end]), *parts[end:]]
    return parts
