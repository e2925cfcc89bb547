"""Tests, loops and ``try``: which way the code goes, and what is known where nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from planner.scanner.dag_map.outline import language as code
from planner.scanner.dag_map.outline.language import Block
from planner.scanner.dag_map.values import MISSING, MOST, PLAIN, Scope, Unknown, Value, is_same

if TYPE_CHECKING:
    from planner.scanner.dag_map.following.follower import Follower

_MOST_ROUNDS_OF_WHILE = 1000


def leaves(left: str) -> bool:
    """Whether statements surely leave their block."""
    return left in ("return", "raise", "break", "continue")


def doubted(test: Value) -> str:
    """Why nobody knows the answer of a test."""
    return test.why if isinstance(test, Unknown) else "a condition"


def follow_if(follow: Follower, statement: code.If, scope: Scope) -> str:
    test = follow.value(statement.test, scope)
    truth = follow.truth(test)
    if truth is not None:
        return follow.block(statement.body if truth else statement.otherwise, scope)
    why = doubted(test)
    before = dict(scope.names)
    with follow.under(why):
        first = follow.block(statement.body, scope)
        after_first = dict(scope.names)
        _set_names(scope, before)
        second = follow.block(statement.otherwise, scope)
    _join_names(scope, why, first, after_first, second)
    follow.why = why
    return _either(first, second)


def _either(first: str, second: str) -> str:
    """How a test leaves whose answer nobody knows."""
    if leaves(first) and leaves(second):
        return first if first == second else "return" if "return" in (first, second) else first
    ways = {first, second}
    if ways & {"return", "maybe"}:
        return "maybe"
    return "maybe-round" if ways & {"break", "continue", "maybe-round"} else ""


def _join_names(
    scope: Scope, why: str, first: str, after_first: dict[str, Value], second: str
) -> None:
    """Goes on with the names of the branches that go on."""
    if leaves(first):
        return
    if leaves(second):
        _set_names(scope, after_first)
        return
    for name, value in after_first.items():
        mine = scope.names.get(name, MISSING)
        if mine is MISSING:
            scope.names[name] = value
        elif not is_same(mine, value):
            scope.names[name] = Unknown(why)


def _set_names(scope: Scope, names: dict[str, Value]) -> None:
    scope.names.clear()
    scope.names.update(names)


def follow_for(follow: Follower, statement: code.For, scope: Scope) -> str:
    values = follow.rows(follow.value(statement.iterable, scope))
    if isinstance(values, Unknown):
        return _unknown_rounds(follow, statement.body, statement.target, values, scope)
    doubt = ""
    with follow.doubts_within():
        for rounds, value in enumerate(values):
            if rounds >= MOST:
                follow.cut([statement])
                break
            follow.bind(statement.target, value, scope)
            left = follow.block(statement.body, scope)
            if left == "break":
                return doubt
            if left in ("return", "raise"):
                return left
            if left.startswith("maybe"):
                doubt = "maybe" if left == "maybe" else doubt
                follow.doubt_what_follows()
        return follow.block(statement.otherwise, scope) or doubt


def follow_while(follow: Follower, statement: code.While, scope: Scope) -> str:
    for _round in range(_MOST_ROUNDS_OF_WHILE):
        test = follow.value(statement.test, scope)
        truth = follow.truth(test)
        if truth is None:
            why = Unknown(doubted(test))
            return _unknown_rounds(follow, statement.body, code.Name("_"), why, scope)
        if not truth:
            return ""
        left = follow.block(statement.body, scope)
        if left in ("break", "maybe-round"):
            return ""
        if left in ("return", "raise", "maybe"):
            return left
    follow.cut([statement])
    return ""


def _unknown_rounds(
    follow: Follower, body: Block, target: code.Expression, source: Unknown, scope: Scope
) -> str:
    """One round for any number of them: with what the rounds change unknown."""
    with follow.under(source.why):
        _forget(body, scope, source)
        follow.bind(target, source, scope)
        left = follow.block(body, scope)
        _forget(body, scope, source)
    follow.why = source.why
    return "maybe" if left in ("return", "maybe") else ""


def _forget(body: Block, scope: Scope, source: Unknown) -> None:
    """Names that a round sets anew from what they were."""
    for name in _names_increased(body):
        if name in scope.names:
            scope.names[name] = Unknown(source.why)


def _names_increased(block: Block) -> Iterator[str]:
    waiting = list(block)
    while waiting:
        match waiting.pop():
            case code.Increase(target=code.Name(id=name)):
                yield name
            case code.If(body=body, otherwise=otherwise) | code.For(body=body, otherwise=otherwise):
                waiting += [*body, *otherwise]
            case code.While(body=body) | code.With(body=body) | code.Try(body=body):
                waiting += body


def follow_try(follow: Follower, statement: code.Try, scope: Scope) -> str:
    before = dict(scope.names)
    left = follow.block(statement.body, scope)
    tried = dict(scope.names)
    for handler in statement.handlers:
        _handler(follow, handler, before, tried, scope)
    _set_names(scope, tried)
    if not left:
        left = follow.block(statement.otherwise, scope)
    return follow.block(statement.finally_, scope) or ("" if left == "raise" else left)


def _handler(
    follow: Follower,
    handler: Block,
    before: dict[str, Value],
    tried: dict[str, Value],
    scope: Scope,
) -> None:
    """What an except clause binds stands in for what the tried lines could not bind."""
    _set_names(scope, before)
    why = "whether something could be imported or read"
    with follow.under(why):
        left = follow.block(handler, scope)
    if leaves(left):
        return
    for name, value in scope.names.items():
        if value is before.get(name, MISSING):
            continue
        mine = tried.get(name, MISSING)
        if mine is MISSING:
            tried[name] = value
        elif isinstance(mine, PLAIN) and not is_same(mine, value):
            tried[name] = Unknown(why)
