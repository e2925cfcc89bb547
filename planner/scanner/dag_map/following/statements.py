"""What each statement of an outline does. See ``Follower.block`` for what they answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from planner.scanner.dag_map.following.branches import (
    follow_for,
    follow_if,
    follow_try,
    follow_while,
)
from planner.scanner.dag_map.following.definitions import define, define_class
from planner.scanner.dag_map.following.operators import operation
from planner.scanner.dag_map.outline import language as code
from planner.scanner.dag_map.values import MISSING, Items, Outer, Scope

if TYPE_CHECKING:
    from planner.scanner.dag_map.following.follower import Follower


def _bind(follow: Follower, statement: code.Bind, scope: Scope) -> None:
    value = follow.value(statement.value, scope)
    for target in statement.targets:
        follow.bind(target, value, scope)


def _field(follow: Follower, statement: code.Field, scope: Scope) -> None:
    value = MISSING if statement.value is None else follow.value(statement.value, scope)
    if scope.is_class:
        scope.fields[statement.name] = value
    if value is not MISSING:
        scope.names[statement.name] = value


def _increase(follow: Follower, statement: code.Increase, scope: Scope) -> None:
    before = follow.value(statement.target, scope)
    more = follow.value(statement.value, scope)
    if isinstance(before, Items) and statement.operator == "+" and before.kind == "list":
        follow.extend(before, more)
    else:
        made = operation(follow, statement.operator, before, more)
        follow.bind(statement.target, made, scope)


def _do(follow: Follower, statement: code.Do, scope: Scope) -> None:
    follow.value(statement.value, scope)


def _with(follow: Follower, statement: code.With, scope: Scope) -> str:
    for context, target in statement.contexts:
        value = follow.value(context, scope)
        if target is not None:
            follow.bind(target, value, scope)
    return follow.block(statement.body, scope)


def _import(follow: Follower, statement: code.Import, scope: Scope) -> None:
    scope.names[statement.local] = Outer(statement.full, scope.path)


def _import_all(follow: Follower, statement: code.ImportAll, scope: Scope) -> None:
    scope.stars.append(statement.module)


def _return(follow: Follower, statement: code.Return, scope: Scope) -> str:
    value = None if statement.value is None else follow.value(statement.value, scope)
    if follow.frames:
        follow.frames[-1].returned.append(value)
    return "return"


def _leave(follow: Follower, statement: code.Leave, scope: Scope) -> str:
    return statement.how


STATEMENTS: dict[type, Callable[[Follower, Any, Scope], str | None]] = {
    code.Bind: _bind,
    code.Field: _field,
    code.Increase: _increase,
    code.Do: _do,
    code.For: follow_for,
    code.While: follow_while,
    code.If: follow_if,
    code.With: _with,
    code.Try: follow_try,
    code.Define: define,
    code.DefineClass: define_class,
    code.Import: _import,
    code.ImportAll: _import_all,
    code.Return: _return,
    code.Leave: _leave,
}
