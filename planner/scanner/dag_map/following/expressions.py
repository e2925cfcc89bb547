"""What each expression of an outline stands for."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from planner.scanner.dag_map.following.branches import doubted
from planner.scanner.dag_map.following.lookup import part, slice_of
from planner.scanner.dag_map.following.operators import compare, operation
from planner.scanner.dag_map.known.texts import joined, with_spec
from planner.scanner.dag_map.outline import language as code
from planner.scanner.dag_map.values import (
    MOST,
    Dag,
    Function,
    Given,
    Instance,
    Names,
    Pairs,
    Scope,
    Unknown,
    Value,
    is_key,
    is_same,
    once_each,
)

if TYPE_CHECKING:
    from planner.scanner.dag_map.following.follower import Follower

_NO_FORMAT = Unknown("a text that is formatted in a way that is not followed")
_NO_KEY = Unknown("a key known only at run time")


def _literal(follow: Follower, expression: code.Literal, scope: Scope) -> Value:
    return expression.value


def _name(follow: Follower, expression: code.Name, scope: Scope) -> Value:
    return follow.look_up(expression.id, scope)


def _attribute(follow: Follower, expression: code.Attribute, scope: Scope) -> Value:
    return follow.attribute(follow.value(expression.of, scope), expression.name)


def _part(follow: Follower, expression: code.Part, scope: Scope) -> Value:
    of = follow.value(expression.of, scope)
    if not isinstance(expression.key, code.Span):
        return part(of, follow.value(expression.key, scope))
    span = expression.key
    bounds = [
        None if each is None else follow.value(each, scope)
        for each in (span.lower, span.upper, span.step)
    ]
    return slice_of(follow, of, bounds)


def _opaque(follow: Follower, expression: code.Expression, scope: Scope) -> Value:
    return Unknown("code that is not followed")


def _quoted(follow: Follower, expression: code.Quoted, scope: Scope) -> Value:
    value = follow.value(expression.value, scope)
    if isinstance(value, str) or value is None:
        return value
    return expression.text or Unknown("code that is not followed")


def _lambda(follow: Follower, expression: code.Lambda, scope: Scope) -> Value:
    return Function(expression, scope)


def _walrus(follow: Follower, expression: code.Walrus, scope: Scope) -> Value:
    value = follow.value(expression.value, scope)
    scope.names[expression.name] = value
    return value


def _yielded(follow: Follower, expression: code.Yielded, scope: Scope) -> Value:
    value = follow.value(expression.value, scope)
    if follow.frames:
        yielded = follow.frames[-1].yielded
        if follow.condition:
            yielded.doubt = yielded.doubt or Unknown(follow.condition)
        if expression.is_many:
            follow.extend(yielded, value)
        elif len(yielded) < MOST:
            yielded.append(value)
    return None


# Texts and operators


def _joined(follow: Follower, expression: code.Joined, scope: Scope) -> Value:
    return joined([follow.text(follow.value(each, scope)) for each in expression.parts])


def _shown(follow: Follower, expression: code.Shown, scope: Scope) -> Value:
    value = follow.value(expression.value, scope)
    if not expression.is_plain:
        return _NO_FORMAT
    if expression.spec is None:
        return follow.text(value)
    spec = follow.value(expression.spec, scope)
    if not isinstance(spec, str):
        return _NO_FORMAT
    return with_spec(follow.text(value) if isinstance(value, Instance) else value, spec)


def _binary(follow: Follower, expression: code.Binary, scope: Scope) -> Value:
    left = follow.value(expression.left, scope)
    return operation(follow, expression.operator, left, follow.value(expression.right, scope))


def _either(follow: Follower, expression: code.Either, scope: Scope) -> Value:
    doubt: Unknown | None = None
    value: Value = None
    for each in expression.values:
        value = follow.value(each, scope)
        truth = follow.truth(value)
        if truth is None:
            doubt = doubt or _doubt(value)
        elif truth != expression.is_and:
            # ``unknown or "x"`` is unknown, but ``unknown and False`` is surely false.
            return value if doubt is None or isinstance(value, bool) else Unknown(doubt.why)
    return doubt or value


def _doubt(test: Value) -> Unknown:
    return test if isinstance(test, Unknown) else Unknown("a condition")


def _not(follow: Follower, expression: code.Not, scope: Scope) -> Value:
    value = follow.value(expression.value, scope)
    truth = follow.truth(value)
    return _doubt(value) if truth is None else not truth


def _compared(follow: Follower, expression: code.Compared, scope: Scope) -> Value:
    left = follow.value(expression.left, scope)
    is_main = expression.left == code.Name("__name__") and expression.operators == ("==",)
    for operator, each in zip(expression.operators, expression.rights, strict=True):
        right = follow.value(each, scope)
        if is_main and right == "__main__":
            return False
        answer = compare(operator, left, right)
        if answer is not True:
            return answer
        left = right
    return True


def _chosen(follow: Follower, expression: code.Chosen, scope: Scope) -> Value:
    test = follow.value(expression.test, scope)
    truth = follow.truth(test)
    if truth is not None:
        return follow.value(expression.yes if truth else expression.no, scope)
    why = doubted(test)
    with follow.under(why):
        yes = follow.value(expression.yes, scope)
        no = follow.value(expression.no, scope)
    return yes if is_same(yes, no) else Unknown(why)


# Rows, tables, comprehensions, calls


def _star(follow: Follower, expression: code.Star, scope: Scope) -> Value:
    return follow.value(expression.value, scope)


def _spread(
    follow: Follower, expressions: tuple[code.Expression, ...], scope: Scope
) -> tuple[list[Value], Unknown | None]:
    """The values of expressions, those behind ``*`` in their places; why there may be others."""
    values: list[Value] = []
    doubt: Unknown | None = None
    for each in expressions:
        value = follow.value(each, scope)
        if not isinstance(each, code.Star):
            values.append(value)
            continue
        more = follow.rows(value)
        if isinstance(more, Unknown):
            doubt = doubt or more
        else:
            values += itertools.islice(more, MOST)
    return values, doubt


def _row(follow: Follower, expression: code.Row, scope: Scope) -> Value:
    values, doubt = _spread(follow, expression.values, scope)
    if expression.kind == "tuple":
        return doubt or tuple(values[:MOST])
    return _list_or_set(follow, expression.kind, values, doubt)


def _list_or_set(follow: Follower, kind: str, values: list[Value], doubt: Unknown | None) -> Value:
    return follow.items(once_each(values) if kind == "set" else values, kind, doubt)


def _table(follow: Follower, expression: code.Table, scope: Scope) -> Value:
    made = follow.pairs()
    for key, value in expression.pairs:
        if key is None:
            _add_all(made, follow.value(value, scope))
            continue
        found = follow.value(key, scope)
        answer = follow.value(value, scope)
        if is_key(found):
            made[found] = answer
        else:
            made.doubt = made.doubt or _NO_KEY
    return made


def _add_all(made: Pairs, more: Value) -> None:
    """``**more``"""
    match more:
        case Pairs():
            made.update(more)
            made.doubt = made.doubt or more.doubt
        case Names(scope=scope):
            made.update(scope.names)
        case Unknown():
            made.doubt = made.doubt or more.bare
        case _:
            made.doubt = made.doubt or Unknown("a dict that is not followed")


def _gathered(follow: Follower, expression: code.Gathered, scope: Scope) -> Value:
    found: list[tuple[Value, Value]] = []
    doubt = _rounds(follow, expression, 0, Scope({}, scope, scope.path), found)
    if expression.kind != "dict":
        return _list_or_set(follow, expression.kind, [value for _, value in found], doubt)
    known = [pair for pair in found if is_key(pair[0])]
    if len(known) < len(found):
        doubt = doubt or _NO_KEY
    return follow.pairs(known, doubt)


def _rounds(
    follow: Follower,
    expression: code.Gathered,
    place: int,
    scope: Scope,
    found: list[tuple[Value, Value]],
) -> Unknown | None:
    """Goes through one ``for`` of a comprehension and those in it; tells why what it finds is not sure."""
    if place == len(expression.rounds):
        if len(found) >= MOST:
            return Unknown("a list that is too long to follow")
        key = None if expression.key is None else follow.value(expression.key, scope)
        found.append((key, follow.value(expression.value, scope)))
        return None
    each = expression.rounds[place]
    values = follow.rows(follow.value(each.iterable, scope))
    if isinstance(values, Unknown):
        with follow.under(values.why):
            follow.bind(each.target, values, scope)
            _rounds(follow, expression, place + 1, scope, found)
        return values
    doubt: Unknown | None = None
    for value in itertools.islice(values, MOST):
        follow.bind(each.target, value, scope)
        tests = [follow.value(test, scope) for test in each.tests]
        truths = [follow.truth(test) for test in tests]
        if False in truths:
            continue
        if None in truths:
            doubt = doubt or _doubt(tests[truths.index(None)])
            with follow.under(doubt.why):
                _rounds(follow, expression, place + 1, scope, found)
            continue
        more = _rounds(follow, expression, place + 1, scope, found)
        doubt = doubt or more
    return doubt


def _call(follow: Follower, expression: code.Call, scope: Scope) -> Value:
    function = follow.value(expression.function, scope)
    row, doubt = _spread(follow, expression.arguments, scope)
    named = follow.pairs((), doubt)
    for name, each in expression.keywords:
        value = follow.value(each, scope)
        if name is None:
            _add_all(named, value)
            continue
        named[name] = value
        if name == "subdag" and isinstance(value, Dag):
            value.is_subdag = True
    before = follow.line
    if scope.path == follow.path:
        follow.line = expression.line
    try:
        made_at = (scope.path, expression.line)
        return follow.call(function, Given(row, named, scope, made_at))
    finally:
        follow.line = before


EXPRESSIONS: dict[type, Callable[[Follower, Any, Scope], Value]] = {
    code.Literal: _literal,
    code.Name: _name,
    code.Attribute: _attribute,
    code.Part: _part,
    code.Joined: _joined,
    code.Shown: _shown,
    code.Binary: _binary,
    code.Either: _either,
    code.Not: _not,
    code.Compared: _compared,
    code.Chosen: _chosen,
    code.Call: _call,
    code.Star: _star,
    code.Row: _row,
    code.Table: _table,
    code.Gathered: _gathered,
    code.Lambda: _lambda,
    code.Walrus: _walrus,
    code.Yielded: _yielded,
    code.Opaque: _opaque,
    code.Quoted: _quoted,
    code.Span: _opaque,
}
