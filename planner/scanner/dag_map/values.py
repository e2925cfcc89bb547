"""What a name of DAG code may stand for while its outline is followed.

Texts, numbers, truth values, None and tuples stand for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from planner.scanner.dag_map.names import origin_of, outside_of
from planner.scanner.dag_map.outline.language import Define, Lambda, Outline

Value = Any
"""One of the classes below, or a plain value."""

PLAIN = (str, int, float, bool, type(None))
MOST = 10_000
"""Values of one list, rounds of one loop."""


class Unknown(msgspec.Struct, frozen=True):
    """Something that only running the code can tell."""

    why: str
    """A noun phrase: ``an environment variable``."""
    shape: str = ""
    """What is known of a text, with … for the rest."""
    outside: str = ""
    """The full name of what comes from a module that was not looked at."""

    @property
    def bare(self) -> Unknown:
        """The same for what is made of it and no longer has its shape."""
        return Unknown(self.why, outside=self.outside) if self.shape else self


class Outer(msgspec.Struct, frozen=True):
    """A name of a module that is not part of the tree, or not known to be."""

    full: str
    path: str
    """The file that imports it."""

    @property
    def unknown(self) -> Unknown:
        """What comes of it while nobody says what it is."""
        return Unknown(origin_of(self.full), outside=outside_of(self.full))


class Builtin(msgspec.Struct, frozen=True):
    """A built-in function of Python."""

    name: str


class Method(msgspec.Struct, frozen=True):
    """A method of a plain value."""

    of: Value
    name: str


class PathText(msgspec.Struct, frozen=True):
    """The path of a file, of which only the last parts are known."""

    parts: tuple[str, ...]
    is_object: bool = False
    """A pathlib path; else text."""


class Items(list[Value]):
    """A list or set."""

    def __init__(
        self, values: Iterable[Value] = (), kind: str = "list", doubt: Unknown | None = None
    ) -> None:
        super().__init__(values)
        self.kind = kind
        self.doubt = doubt
        """Why its content is not known for sure."""
        self.serial = 0
        """Under which condition it was made; 0 for none."""


class Pairs(dict[Value, Value]):
    """A dict, with the same of it."""

    def __init__(self, pairs: Any = (), doubt: Unknown | None = None) -> None:
        super().__init__(pairs)
        self.doubt = doubt
        self.serial = 0


class Scope(msgspec.Struct, eq=False):
    """The names of a module, function or class body."""

    names: dict[str, Value]
    around: Scope | None
    path: str
    is_class: bool = False
    stars: list[str] = []
    """Modules all of whose names were imported."""
    volatile: frozenset[str] = frozenset()
    """Names that functions set by ``global``."""
    fields: dict[str, Value] = {}
    """Annotated names of a class body with their defaults, or MISSING."""


def module_scope(path: str, outline: Outline) -> Scope:
    """The names of a file before its first line."""
    return Scope({}, None, path, volatile=frozenset(outline.volatile))


class Given(msgspec.Struct):
    """What a call hands over, and where it stands."""

    row: list[Value]
    named: Pairs
    scope: Scope
    """The names around the call."""
    made_at: tuple[str, int] | None = None
    """File and line of a call that the code spells out."""
    by_others: bool = False
    """Code that is not followed calls, so parameters are unknown."""

    @property
    def every(self) -> list[Value]:
        return [*self.row, *self.named.values()]


def given(scope: Scope, *row: Value) -> Given:
    """What a call hands over that the code does not spell out."""
    return Given(list(row), Pairs(), scope)


class Module(msgspec.Struct, eq=False):
    """A file of the tree that was imported."""

    path: str
    scope: Scope


class Function(msgspec.Struct, eq=False):
    """A function of the tree, perhaps bound to an instance or class."""

    code: Define | Lambda
    scope: Scope
    bound: Value = None
    owner: Class | None = None
    """The class whose body it stands in."""

    def bound_to(self, value: Value) -> Function:
        return Function(self.code, self.scope, value, self.owner)


class Descriptor(msgspec.Struct, eq=False):
    """A function of a class body under ``@property``, ``@staticmethod`` or ``@classmethod``."""

    kind: str
    function: Value


class DagFunction(msgspec.Struct, eq=False):
    """A function under ``@dag``: calling it makes a DAG."""

    function: Value
    arguments: Pairs
    line: int
    path: str


class Decorator(msgspec.Struct, eq=False):
    """``dag(…)`` before it was given its function."""

    arguments: Pairs
    line: int


class Class(msgspec.Struct, eq=False):
    """A class of the tree."""

    name: str
    bases: tuple[Value, ...]
    scope: Scope
    kind: str = "plain"
    """plain, fields (dataclass and the like), or enum."""
    fields: dict[str, Value] = {}
    members: dict[str, Instance] = {}

    def find(self, name: str, depth: int = 0) -> Value:
        """What the class or one above it binds; MISSING where none does."""
        if name in self.scope.names:
            return self.scope.names[name]
        for base in self.bases:
            if isinstance(base, Class) and depth < 20:
                found = base.find(name, depth + 1)
                if found is not MISSING:
                    return found
        return MISSING


class Instance(msgspec.Struct, eq=False):
    """An object of a class of the tree."""

    of: Class
    names: dict[str, Value] = {}


class Above(msgspec.Struct, eq=False):
    """``super()``"""

    instance: Value
    of: Class


class Partial(msgspec.Struct, eq=False):
    """``functools.partial``"""

    function: Value
    row: list[Value]
    named: Pairs


class Dag(msgspec.Struct, eq=False):
    """A DAG that was made."""

    dag_id: Value
    default_args: Value
    tags: Value
    schedule: str
    line: int
    made_at: tuple[str, int]
    """The file and line of the call itself."""
    condition: str = ""
    """Why it may not be made at all."""
    is_subdag: bool = False


class Frame(msgspec.Struct, eq=False):
    """One call of a function of the tree, while it lasts."""

    code: Define
    yielded: Items
    returned: list[Value] = []


class Names(msgspec.Struct, eq=False):
    """``globals()``, ``locals()`` or ``vars()``."""

    scope: Scope


class Missing:
    """No value: a parameter without a default, a name that is not bound."""


MISSING = Missing()

# Questions that need no following


def unknown_in(values: Iterable[Value]) -> Unknown | None:
    """The first of them that is unknown."""
    return next((each for each in values if isinstance(each, Unknown)), None)


def is_key(value: Value) -> bool:
    """Whether a value is a known key of a dict or member of a set."""
    if isinstance(value, tuple):
        return all(map(is_key, value))
    return isinstance(value, (*PLAIN, Instance, Class))


def once_each(values: Sequence[Value]) -> Sequence[Value]:
    """What a set holds of the values, in their order."""
    return list(dict.fromkeys(values)) if all(map(is_key, values)) else values


def is_same(one: Value, other: Value) -> bool:
    """Whether two ways of the code lead to the same value."""
    if one is other:
        return True
    if isinstance(one, Outer) and isinstance(other, Outer):
        return one.full.rpartition(".")[2] == other.full.rpartition(".")[2]
    if isinstance(one, PLAIN) and isinstance(other, PLAIN):
        return type(one) is type(other) and one == other
    kinds = (Outer, Class, Function, DagFunction, Module)
    return isinstance(one, kinds) and isinstance(other, kinds)
