"""``+``, ``%``, ``==``, ``in`` and the like, on values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from planner.scanner.dag_map.following.conversions import plain_of_enum
from planner.scanner.dag_map.known.texts import LONGEST, joined, percent
from planner.scanner.dag_map.values import (
    MOST,
    Instance,
    Items,
    Outer,
    Pairs,
    PathText,
    Unknown,
    Value,
    is_key,
    unknown_in,
)

if TYPE_CHECKING:
    from planner.scanner.dag_map.following.follower import Follower

_LARGEST = 10**18
_CONDITION = Unknown("a condition")
_SUM = Unknown("a sum that is not followed")


def operation(follow: Follower, operator: str, left: Value, right: Value) -> Value:
    """``left operator right``"""
    left, right = plain_of_enum(left), plain_of_enum(right)
    for each in (left, right):
        if isinstance(each, Outer):
            return each.unknown
    match operator, left, right:
        case "+", (str() | Unknown()), (str() | Unknown()):
            return joined([left, right])
        case "%", str(), _:
            return percent(left, _plain_row(follow, right))
        case "/", PathText(is_object=True), str():
            return PathText((*left.parts, *right.split("/")), is_object=True)
        case "+", PathText(), _:
            return Unknown("the path of the file")
        case _, Unknown(), _:
            return left.bare
        case _, _, Unknown():
            return right.bare
        case "*", str(), int():
            return left * right if len(left) * right <= LONGEST else Unknown("a long text")
        case _, int(), int():
            return _number(operator, left, right)
        case "+", tuple(), tuple():
            return (*left, *right)[:MOST]
        case "|", Pairs(), Pairs():
            return follow.pairs(dict(left) | dict(right), left.doubt or right.doubt)
    return _of_rows(follow, operator, left, right)


def _of_rows(follow: Follower, operator: str, left: Value, right: Value) -> Value:
    """The same of lists and sets."""
    for each in (left, right):
        if isinstance(each, Items) and each.doubt:
            return each.doubt
    match operator, left, right:
        case "+", Items(), Items():
            return follow.items([*left, *right][:MOST])
        case "*", Items(), int() if len(left) * right <= MOST:
            return follow.items(list(left) * right)
        case "|", Items(), Items():
            return follow.items(dict.fromkeys(filter(is_key, (*left, *right))), "set")
    return _SUM


def _plain_row(follow: Follower, value: Value) -> Value:
    """What stands behind ``%``, with objects as the texts that it makes of them."""
    if isinstance(value, tuple):
        return tuple(_plain_row(follow, each) for each in value)
    if isinstance(value, Instance | Outer):
        return follow.text(value)
    return value.doubt or value if isinstance(value, Pairs) else value


def _number(operator: str, left: int, right: int) -> Value:
    if operator in ("/", "//", "%") and right == 0:
        return Unknown("a division by zero")
    answers: dict[str, Callable[[], int | float]] = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left / right,
        "//": lambda: left // right,
        "%": lambda: left % right,
        "|": lambda: left | right,
        "**": lambda: left**right if 0 <= right < 20 and abs(left) < 1000 else _LARGEST,
    }
    if operator not in answers:
        return _SUM
    answer = answers[operator]()
    return answer if abs(answer) < _LARGEST else Unknown("a number that is too large")


def compare(operator: str, left: Value, right: Value) -> Value:
    """The answer of a comparison, or why nobody knows it."""
    for each in (left, right):
        if isinstance(each, Unknown):
            return each
        if isinstance(each, Items | Pairs) and each.doubt:
            return each.doubt
        if isinstance(each, Outer):
            return each.unknown
        if isinstance(each, PathText):
            return Unknown("a path")
    left, right = plain_of_enum(left), plain_of_enum(right)
    if operator in ("in", "not in"):
        return _contains(operator, left, right)
    if operator in ("==", "!=", "is", "is not"):
        return _equals(operator, left, right)
    are_texts = isinstance(left, str) and isinstance(right, str)
    if are_texts or (isinstance(left, int | float) and isinstance(right, int | float)):
        answers = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
        return answers[operator]
    return _CONDITION


def _equals(operator: str, left: Value, right: Value) -> Value:
    wanted = operator in ("==", "is")
    objects = sum(isinstance(each, Instance) for each in (left, right))
    if operator in ("is", "is not") and (left is None or right is None):
        return (left is right) == wanted
    if objects:  # only members of an enum are compared with each other
        return (left is right) == wanted if objects == 2 else _CONDITION
    return (left == right) == wanted


def _contains(operator: str, left: Value, right: Value) -> Value:
    wanted = operator == "in"
    if isinstance(right, str) and isinstance(left, str):
        return (left in right) == wanted
    if isinstance(right, Items | Pairs | tuple) and is_key(left) and not unknown_in(right):
        return (left in list(right)) == wanted
    return _CONDITION
