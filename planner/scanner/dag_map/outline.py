"""What of a Python file matters to its DAGs: a small program of plain data that can be kept and followed later.

An outline depends on one file alone. It leaves out what cannot make a DAG or name one (tasks, long texts, deep
nesting) and says ``Opaque`` where something was left out. ``following.py`` gives the meaning.
"""

from __future__ import annotations

from typing import Union

import msgspec


class Literal(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=0):
    value: str | int | float | bool | None


class Name(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=1):
    id: str


class Attribute(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=2):
    of: Expression
    name: str


class Part(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=3):
    """``of[key]``"""

    of: Expression
    key: Expression


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=4):
    """``lower:upper:step`` as a key."""

    lower: Expression | None
    upper: Expression | None
    step: Expression | None


class Joined(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=5):
    """An f-string."""

    parts: tuple[Expression, ...]


class Shown(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=6):
    """``{value!r:spec}`` of an f-string."""

    value: Expression
    is_plain: bool
    spec: Expression | None


class Binary(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=7):
    operator: str
    left: Expression
    right: Expression


class Either(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=8):
    """``and`` and ``or``."""

    is_and: bool
    values: tuple[Expression, ...]


class Not(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=9):
    value: Expression


class Compared(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=10):
    left: Expression
    operators: tuple[str, ...]
    rights: tuple[Expression, ...]


class Chosen(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=11):
    """``yes if test else no``"""

    test: Expression
    yes: Expression
    no: Expression


class Call(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=12):
    function: Expression
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str | None, Expression], ...]
    """None for ``**``."""
    line: int


class Star(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=13):
    value: Expression


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=14):
    """A list, tuple or set display."""

    kind: str
    values: tuple[Expression, ...]


class Table(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=15):
    """A dict display; key None for ``**``."""

    pairs: tuple[tuple[Expression | None, Expression], ...]


class Round(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One ``for`` of a comprehension."""

    target: Expression
    iterable: Expression
    tests: tuple[Expression, ...]


class Gathered(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=16):
    """A comprehension."""

    kind: str
    key: Expression | None
    value: Expression
    rounds: tuple[Round, ...]


class Parameters(msgspec.Struct, frozen=True, array_like=True, gc=False):
    positional: tuple[str, ...] = ()
    defaults: tuple[Expression, ...] = ()
    """Of the last positional ones."""
    rest: str = ""
    named: tuple[tuple[str, Expression | None], ...] = ()
    """Keyword-only ones with their defaults."""
    others: str = ""


class Lambda(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=17):
    parameters: Parameters
    value: Expression


class Walrus(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=18):
    name: str
    value: Expression


class Yielded(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=19):
    value: Expression
    is_many: bool
    """``yield from``"""


class Opaque(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=20):
    """Something that was left out: a task, or what is not followed."""


class Quoted(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=21):
    """An expression with its text as the code has it: a schedule."""

    value: Expression
    text: str


Expression = Union[  # noqa: UP007 - the names are not known yet
    Literal,
    Name,
    Attribute,
    Part,
    Span,
    Joined,
    Shown,
    Binary,
    Either,
    Not,
    Compared,
    Chosen,
    Call,
    Star,
    Row,
    Table,
    Gathered,
    Lambda,
    Walrus,
    Yielded,
    Opaque,
    Quoted,
]


class Bind(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=0):
    targets: tuple[Expression, ...]
    value: Expression


class Field(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=1):
    """``name: type`` or ``name: type = value``"""

    name: str
    value: Expression | None


class Increase(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=2):
    """``target += value``"""

    target: Expression
    operator: str
    value: Expression


class Do(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=3):
    value: Expression


class For(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=4):
    target: Expression
    iterable: Expression
    body: Block
    otherwise: Block


class While(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=5):
    test: Expression
    body: Block


class If(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=6):
    test: Expression
    body: Block
    otherwise: Block


class With(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=7):
    contexts: tuple[tuple[Expression, Expression | None], ...]
    body: Block


class Try(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=8):
    body: Block
    handlers: tuple[Block, ...]
    otherwise: Block
    finally_: Block


class Define(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=9):
    name: str
    parameters: Parameters
    body: Block
    decorators: tuple[Expression, ...]
    is_generator: bool
    line: int


class DefineClass(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=10):
    name: str
    bases: tuple[Expression, ...]
    body: Block
    decorators: tuple[Expression, ...]


class Import(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=11):
    local: str
    full: str
    """``airflow.models.DAG``; the dots of a relative import stay in front."""


class ImportAll(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=12):
    """``from module import *``"""

    module: str


class Return(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=13):
    value: Expression | None


class Leave(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=14):
    """break, continue or raise."""

    how: str


Statement = Union[  # noqa: UP007 - the names are not known yet
    Bind,
    Field,
    Increase,
    Do,
    For,
    While,
    If,
    With,
    Try,
    Define,
    DefineClass,
    Import,
    ImportAll,
    Return,
    Leave,
]
Block = tuple[Statement, ...]


class Site(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A call in a function that makes a DAG."""

    line: int
    function: str
    is_factory: bool
    """Others are meant to call the function: its DAG is returned or named by a parameter."""


class Outline(msgspec.Struct, frozen=True, array_like=True, gc=False):
    body: Block = ()
    sites: tuple[Site, ...] = ()
    volatile: tuple[str, ...] = ()
    """Names that functions set by ``global``."""
    task_owners: tuple[str, ...] = ()
    """Literal ``owner=`` of tasks."""
    is_cut: bool = False
    """The file is too long to be followed to its end."""


_decoder = msgspec.msgpack.Decoder(Outline)


def packed(outline: Outline) -> bytes:
    """The outline in the form in which it is kept."""
    return msgspec.msgpack.encode(outline)


def unpacked(kept: bytes) -> Outline:
    return _decoder.decode(kept)
