"""What a value is as a text, as a truth value, and as a row to loop over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from planner.scanner.dag_map.known.texts import shown
from planner.scanner.dag_map.values import (
    Class,
    Function,
    Instance,
    Items,
    Outer,
    Pairs,
    Unknown,
    Value,
    given,
)

if TYPE_CHECKING:
    from planner.scanner.dag_map.following.follower import Follower

_TEXT_BASES = frozenset(["str", "enum.StrEnum"])


def truth(value: Value) -> bool | None:
    """Whether a value counts as true; None where nobody knows."""
    match value:
        case Unknown():
            return None
        case Items() | Pairs() if value.doubt:
            return True if value else None
        case Outer(full=full):
            return False if full.endswith(".TYPE_CHECKING") else None
        case None | str() | int() | float() | tuple() | list() | dict():
            return bool(value)
    return True


def text(follow: Follower, value: Value) -> str | Unknown:
    """``str(value)``"""
    if isinstance(value, Instance):
        return _text_of_object(follow, value)
    return value.unknown if isinstance(value, Outer) else shown(value)


def _text_of_object(follow: Follower, instance: Instance) -> str | Unknown:
    own = instance.of.find("__str__")
    if isinstance(own, Function):
        made = follow.call(own, given(instance.of.scope, instance))
        return made if isinstance(made, str | Unknown) else Unknown("the text of an object")
    if instance.of.kind == "enum":
        names = {base.full for base in instance.of.bases if isinstance(base, Outer)}
        value = instance.names["value"]
        if "enum.StrEnum" in names and isinstance(value, str):
            return value
        if names == {"enum.Enum"} and len(instance.of.bases) == 1:
            return f"{instance.of.name}.{instance.names['name']}"
        return Unknown("the text of an enum, which depends on Python's version")
    return Unknown("the text of an object")


def plain_of_enum(value: Value) -> Value:
    """The text of an enum member that is a text itself."""
    if isinstance(value, Instance) and value.of.kind == "enum":
        bases = {getattr(base, "full", getattr(base, "name", "")) for base in value.of.bases}
        if bases & _TEXT_BASES:
            return value.names["value"]
    return value


def rows(value: Value) -> Sequence[Value] | Unknown:
    """What a loop over a value gives, or why nobody knows."""
    match value:
        case Unknown():
            return value
        case Items() | Pairs():
            return value.doubt or list(value)
        case tuple() | range():
            return value
        case str():
            return list(value)
        case Class(kind="enum", members=members):
            return list(members.values())
        case Outer():
            return value.unknown
        case Instance(of=Class(kind="fields")):
            return list(value.names.values())
    return Unknown("a loop over something that is not followed")
