"""What a name of DAG code may stand for while its outline is followed.

Texts, numbers, truth values, None and tuples stand for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from planner.scanner.dag_map.outline import Define, Lambda

Value = Any
"""One of the classes below, or a plain value."""

PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that only running the code can tell."""

    why: str
    """A noun phrase: ``an environment variable``."""
    shape: str = ""
    """What is known of a text, with … for the rest."""
    outside: str = ""
    """The full name of what comes from a module that was not looked at."""


@dataclass(frozen=True, slots=True)
class Outer:
    """A name of a module that is not part of the tree, or not known to be."""

    full: str
    path: str
    """The file that imports it."""


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in function of Python."""

    name: str


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a plain value."""

    of: Value
    name: str


@dataclass(frozen=True, slots=True)
class PathText:
    """The path of a file, of which only the last parts are known."""

    parts: tuple[str, ...]
    is_object: bool = False
    """A pathlib path; else text."""


class Items(list[Value]):
    """A list or set. ``doubt`` says why its content is not known for sure."""

    def __init__(self, values: Iterable[Value] = (), kind: str = "list") -> None:
        super().__init__(values)
        self.kind = kind
        self.doubt: Unknown | None = None
        self.serial = 0
        """Under which condition it was made; 0 for none."""


class Pairs(dict[Value, Value]):
    """A dict. ``doubt`` says why its content is not known for sure."""

    def __init__(self, pairs: Any = ()) -> None:
        super().__init__(pairs)
        self.doubt: Unknown | None = None
        self.serial = 0


@dataclass(eq=False, slots=True)
class Scope:
    """The names of a module, function or class body."""

    names: dict[str, Value]
    around: Scope | None
    path: str
    is_class: bool = False
    stars: list[str] = field(default_factory=list)
    """Modules all of whose names were imported."""
    volatile: frozenset[str] = frozenset()
    fields: dict[str, Value] = field(default_factory=dict)
    """Annotated names of a class body with their defaults, or MISSING."""


@dataclass(eq=False, slots=True)
class Module:
    """A file of the tree that was imported."""

    path: str
    scope: Scope


@dataclass(eq=False, slots=True)
class Function:
    """A function of the tree, perhaps bound to an instance or class."""

    code: Define | Lambda
    scope: Scope
    bound: Value = None
    owner: Class | None = None
    """The class whose body it stands in."""


@dataclass(eq=False, slots=True)
class Descriptor:
    """A function of a class body under ``@property``, ``@staticmethod`` or ``@classmethod``."""

    kind: str
    function: Value


@dataclass(eq=False, slots=True)
class DagFunction:
    """A function under ``@dag``: calling it makes a DAG."""

    function: Value
    arguments: dict[str, Value]
    line: int
    path: str


@dataclass(eq=False, slots=True)
class Decorator:
    """``dag(…)`` before it was given its function."""

    arguments: dict[str, Value]
    line: int


@dataclass(eq=False, slots=True)
class Class:
    """A class of the tree."""

    name: str
    bases: tuple[Value, ...]
    scope: Scope
    kind: str = "plain"
    """plain, fields (dataclass and the like), or enum."""
    fields: dict[str, Value] = field(default_factory=dict)
    members: dict[str, Instance] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Instance:
    """An object of a class of the tree."""

    of: Class
    names: dict[str, Value] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Above:
    """``super()``"""

    instance: Value
    of: Class


@dataclass(eq=False, slots=True)
class Partial:
    """``functools.partial``"""

    function: Value
    arguments: list[Value]
    keywords: dict[str, Value]


@dataclass(eq=False, slots=True)
class Dag:
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


@dataclass(eq=False, slots=True)
class Names:
    """``globals()``, ``locals()`` or ``vars()``."""

    scope: Scope


class Missing:
    """No value: a parameter without a default, a name that is not bound."""


MISSING = Missing()
