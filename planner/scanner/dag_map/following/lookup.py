"""What names, attributes and parts mean: ``name``, ``of.name``, ``of[key]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.scanner.dag_map.following.dags import attribute_of_dag, maker_in
from planner.scanner.dag_map.known.builtins import NAMES as BUILTINS
from planner.scanner.dag_map.known.paths import path_attribute
from planner.scanner.dag_map.names import may_be_ours
from planner.scanner.dag_map.values import (
    MISSING,
    Above,
    Builtin,
    Class,
    Dag,
    Descriptor,
    Function,
    Instance,
    Items,
    Method,
    Module,
    Outer,
    Pairs,
    Partial,
    PathText,
    Scope,
    Unknown,
    Value,
    given,
    is_key,
    unknown_in,
)

if TYPE_CHECKING:
    from planner.scanner.dag_map.following.follower import Follower

_NO_PART = Unknown("a part of something that is not followed")
_OTHER_LENGTH = Unknown("a row of another length")

# Names


def look_up(follow: Follower, name: str, scope: Scope) -> Value:
    """What a name means in a scope."""
    around: Scope | None = scope
    while around is not None:
        is_seen = around is scope or not around.is_class
        if is_seen and name in around.names:
            if name in around.volatile and around is not scope:
                return Unknown(f"`{name}`, which functions set")
            return found(follow, around.names[name])
        last, around = around, around.around
    return _of_module(follow, name, last)


def _of_module(follow: Follower, name: str, module: Scope) -> Value:
    """What a name means that a module does not bind itself."""
    for star in reversed(module.stars):
        dot = "" if star.endswith(".") else "."
        outer = Outer(f"{star}{dot}{name}", module.path)
        value = found(follow, outer)
        if value is not outer and not isinstance(value, Unknown):
            return value
        if star.startswith("airflow") and name in ("DAG", "dag"):
            return outer
    if name == "__file__":
        return PathText(tuple(module.path.split("/")))
    if name == "__name__":
        return Unknown("the name under which Airflow loads the file")
    return Builtin(name) if name in BUILTINS else Unknown(f"`{name}`, which the file does not bind")


def found(follow: Follower, value: Value) -> Value:
    """A value, or where it names another module of the tree what that module says."""
    if not isinstance(value, Outer) or not may_be_ours(value.full):
        return value
    follow.awaits.add(value.full)
    if follow.tree is None:
        return value
    told = follow.tree.value_of(value, follow.depth)
    return value if told is MISSING else told


# Attributes


def attribute(follow: Follower, of: Value, name: str) -> Value:
    """``of.name``"""
    match of:
        case Unknown():
            return Unknown(of.why, outside=of.outside and f"{of.outside}.{name}")
        case Outer():
            return found(follow, Outer(f"{of.full}.{name}", of.path))
        case Module():
            return _of_imported(follow, of, name)
        case Instance():
            return _of_object(follow, of, name)
        case Class():
            return _of_class(of, name)
        case Above():
            return _of_above(follow, of, name)
        case Dag():
            return attribute_of_dag(of, name)
        case PathText(is_object=True) if name in ("name", "stem", "parent", "suffix"):
            return path_attribute(of, name)
    return Method(of, name)


def _of_imported(follow: Follower, module: Module, name: str) -> Value:
    if name in module.scope.names:
        return found(follow, module.scope.names[name])
    if follow.tree is not None and module.path.endswith("__init__.py"):
        inner = follow.tree.submodule(module, name, follow.depth)
        if inner is not None:
            return inner
    value = _of_module(follow, name, module.scope)
    return Unknown(f"`{name}` of {module.path}") if isinstance(value, Builtin) else value


def _of_object(follow: Follower, instance: Instance, name: str) -> Value:
    if name in instance.names:
        return instance.names[name]
    inherited = instance.of.find(name)
    if inherited is not MISSING:
        return _bound(follow, inherited, instance, instance.of)
    return Unknown(f"`{name}` of an object")


def _bound(follow: Follower, inherited: Value, instance: Value, of: Class) -> Value:
    """What a class binds, as an object of it gives it."""
    match inherited:
        case Descriptor(kind="property", function=function):
            return follow.call(function, given(of.scope, instance))
        case Descriptor():
            return _of_descriptor(inherited, of)
        case Function():
            return inherited.bound_to(instance)
    return inherited


def _of_descriptor(descriptor: Descriptor, of: Class) -> Value:
    match descriptor:
        case Descriptor(kind="classmethod", function=Function() as function):
            return function.bound_to(of)
        case Descriptor(kind="staticmethod", function=function):
            return function
    return descriptor


def _of_class(of: Class, name: str) -> Value:
    if name in of.members:
        return of.members[name]
    if name == "__name__":
        return of.name
    inherited = of.find(name)
    if inherited is MISSING:
        return Unknown(f"`{of.name}.{name}`")
    return _of_descriptor(inherited, of) if isinstance(inherited, Descriptor) else inherited


def _of_above(follow: Follower, above: Above, name: str) -> Value:
    for base in above.of.bases:
        if isinstance(base, Class):
            inherited = base.find(name)
            if inherited is not MISSING:
                return _bound(follow, inherited, above.instance, base)
        if name == "__init__" and maker_in(base):
            return Partial(base, [], Pairs())
    return Builtin("object") if name == "__init__" else Unknown(f"`super().{name}`")


# Parts


def part(of: Value, key: Value) -> Value:
    """``of[key]``"""
    if isinstance(of, Unknown):
        return of
    if isinstance(of, Outer):
        return of.unknown
    if isinstance(key, Unknown):
        return key.bare
    match of:
        case Items() | Pairs() if of.doubt:
            return of.doubt
        case Pairs() if is_key(key):
            return of[key] if key in of else Unknown("a key that is not there")
        case Items() | tuple() | str() if isinstance(key, int):
            return of[key] if -len(of) <= key < len(of) else _OTHER_LENGTH
        case Class():
            return of
    return _NO_PART


def slice_of(follow: Follower, of: Value, bounds: list[Value]) -> Value:
    """``of[lower:upper:step]``, with None for bounds that are not given."""
    unknown = unknown_in((of, *bounds))
    if unknown is not None:
        return unknown.bare
    if bounds[2] == 0 or not all(each is None or isinstance(each, int) for each in bounds):
        return _NO_PART
    match of:
        case Items():
            return of.doubt or follow.items(list(of)[slice(*bounds)])
        case str() | tuple():
            return of[slice(*bounds)]
    return _NO_PART
