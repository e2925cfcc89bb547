"""Functions and classes: what a definition binds, decorators included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from planner.scanner.dag_map.following.dags import maker_in
from planner.scanner.dag_map.outline import language as code
from planner.scanner.dag_map.outline.language import Expression
from planner.scanner.dag_map.values import (
    Builtin,
    Class,
    DagFunction,
    Decorator,
    Descriptor,
    Function,
    Instance,
    Outer,
    Pairs,
    Scope,
    Unknown,
    Value,
    given,
)

if TYPE_CHECKING:
    from planner.scanner.dag_map.following.follower import Follower

_ENUMS = frozenset(["Enum", "StrEnum", "IntEnum"])
_BASES_WITH_FIELDS = frozenset(["NamedTuple", "BaseModel", "TypedDict"])
_DECORATORS_WITH_FIELDS = frozenset(["dataclass", "define", "frozen", "attrs", "s"])


def define(follow: Follower, statement: code.Define, scope: Scope) -> None:
    value: Value = Function(statement, scope)
    for decorator in reversed(statement.decorators):
        value = _decorated(follow, _mark(follow, decorator, scope), value, statement, scope)
    scope.names[statement.name] = value


def _mark(follow: Follower, decorator: Expression, scope: Scope) -> Value:
    """A decorator. DAGs that stand in it, as in those of tests, are nobody's: Airflow never sees them."""
    before = len(follow.dags)
    value = follow.value(decorator, scope)
    del follow.dags[before:]
    return value


def _decorated(
    follow: Follower, decorator: Value, value: Value, statement: code.Define, scope: Scope
) -> Value:
    match decorator:
        case Outer() if maker_in(decorator) == "dag":
            return DagFunction(value, Pairs(), statement.line, scope.path)
        case Decorator():
            return DagFunction(value, decorator.arguments, decorator.line, scope.path)
        case Builtin(name="property" | "staticmethod" | "classmethod" as kind):
            return Descriptor(kind, value)
        case Outer(full="functools.cached_property"):
            return Descriptor("property", value)
        case Function():
            made = follow.call(decorator, given(scope, value))
            return value if isinstance(made, Unknown) or made is None else made
    return value


def define_class(follow: Follower, statement: code.DefineClass, scope: Scope) -> None:
    bases = tuple(follow.value(base, scope) for base in statement.bases)
    inner = Scope({}, scope, scope.path, is_class=True)
    made = Class(statement.name, bases, inner)
    follow.block(statement.body, inner)
    decorators = [
        _mark(follow, each.function if isinstance(each, code.Call) else each, scope)
        for each in statement.decorators
    ]
    made.kind = _kind(bases, decorators)
    for base in bases:
        if isinstance(base, Class):
            made.fields |= base.fields
            made.kind = base.kind if made.kind == "plain" else made.kind
    made.fields |= inner.fields
    _own_functions(made)
    if made.kind == "enum":
        _give_members(made)
    scope.names[statement.name] = made


def _kind(bases: Sequence[Value], decorators: Sequence[Value]) -> str:
    names, marks = _last_words(bases), _last_words(decorators)
    if names & _ENUMS:
        return "enum"
    return "fields" if names & _BASES_WITH_FIELDS or marks & _DECORATORS_WITH_FIELDS else "plain"


def _last_words(values: Sequence[Value]) -> set[str]:
    return {getattr(each, "full", "").rpartition(".")[2] for each in values}


def _own_functions(made: Class) -> None:
    for value in made.scope.names.values():
        target = value.function if isinstance(value, Descriptor) else value
        if isinstance(target, Function):
            target.owner = made


def _give_members(made: Class) -> None:
    for name, value in made.scope.names.items():
        if not name.startswith("_") and not isinstance(value, Function | Descriptor):
            made.members[name] = Instance(made, {"name": name, "value": value})
