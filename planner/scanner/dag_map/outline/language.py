"""What of a Python file matters to its DAGs: a small program of plain data that can be kept and followed later.

An outline depends on one file alone. It leaves out what cannot make a DAG or name one (tasks, long texts, deep
nesting) and says ``Opaque`` where something was left out. The package ``following`` gives the meaning.
"""

from __future__ import annotations

import functools
from typing import Union

import msgspec


class _Node(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Any part of an outline."""


class Literal(_Node, frozen=True, tag=0):
    value: str | int | float | bool | None


class Name(_Node, frozen=True, tag=1):
    id: str


class Attribute(_Node, frozen=True, tag=2):
    of: Expression
    name: str


class Part(_Node, frozen=True, tag=3):
    """``of[key]``"""

    of: Expression
    key: Expression


class Span(_Node, frozen=True, tag=4):
    """``lower:upper:step`` as a key."""

    lower: Expression | None
    upper: Expression | None
    step: Expression | None


class Joined(_Node, frozen=True, tag=5):
    """An f-string."""

    parts: tuple[Expression, ...]


class Shown(_Node, frozen=True, tag=6):
    """``{value!r:spec}`` of an f-string."""

    value: Expression
    is_plain: bool
    spec: Expression | None


class Binary(_Node, frozen=True, tag=7):
    operator: str
    left: Expression
    right: Expression


class Either(_Node, frozen=True, tag=8):
    """``and`` and ``or``."""

    is_and: bool
    values: tuple[Expression, ...]


class Not(_Node, frozen=True, tag=9):
    value: Expression


class Compared(_Node, frozen=True, tag=10):
    left: Expression
    operators: tuple[str, ...]
    rights: tuple[Expression, ...]


class Chosen(_Node, frozen=True, tag=11):
    """``yes if test else no``"""

    test: Expression
    yes: Expression
    no: Expression


class Call(_Node, frozen=True, tag=12):
    function: Expression
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str | None, Expression], ...]
    """None for ``**``."""
    line: int


class Star(_Node, frozen=True, tag=13):
    value: Expression


class Row(_Node, frozen=True, tag=14):
    """A list, tuple or set display."""

    kind: str
    values: tuple[Expression, ...]


class Table(_Node, frozen=True, tag=15):
    """A dict display; key None for ``**``."""

    pairs: tuple[tuple[Expression | None, Expression], ...]


class Round(_Node, frozen=True):
    """One ``for`` of a comprehension."""

    target: Expression
    iterable: Expression
    tests: tuple[Expression, ...]


class Gathered(_Node, frozen=True, tag=16):
    """A comprehension."""

    kind: str
    key: Expression | None
    value: Expression
    rounds: tuple[Round, ...]


class Parameters(_Node, frozen=True):
    positional: tuple[str, ...] = ()
    defaults: tuple[Expression, ...] = ()
    """Of the last positional ones."""
    rest: str = ""
    named: tuple[tuple[str, Expression | None], ...] = ()
    """Keyword-only ones with their defaults."""
    others: str = ""


class Lambda(_Node, frozen=True, tag=17):
    parameters: Parameters
    value: Expression


class Walrus(_Node, frozen=True, tag=18):
    name: str
    value: Expression


class Yielded(_Node, frozen=True, tag=19):
    value: Expression
    is_many: bool
    """``yield from``"""


class Opaque(_Node, frozen=True, tag=20):
    """Something that was left out: a task, or what is not followed."""


class Quoted(_Node, frozen=True, tag=21):
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


class Bind(_Node, frozen=True, tag=0):
    targets: tuple[Expression, ...]
    value: Expression


class Field(_Node, frozen=True, tag=1):
    """``name: type`` or ``name: type = value``"""

    name: str
    value: Expression | None


class Increase(_Node, frozen=True, tag=2):
    """``target += value``"""

    target: Expression
    operator: str
    value: Expression


class Do(_Node, frozen=True, tag=3):
    value: Expression


class For(_Node, frozen=True, tag=4):
    target: Expression
    iterable: Expression
    body: Block
    otherwise: Block


class While(_Node, frozen=True, tag=5):
    test: Expression
    body: Block


class If(_Node, frozen=True, tag=6):
    test: Expression
    body: Block
    otherwise: Block


class With(_Node, frozen=True, tag=7):
    contexts: tuple[tuple[Expression, Expression | None], ...]
    body: Block


class Try(_Node, frozen=True, tag=8):
    body: Block
    handlers: tuple[Block, ...]
    otherwise: Block
    finally_: Block


class Define(_Node, frozen=True, tag=9):
    name: str
    parameters: Parameters
    body: Block
    decorators: tuple[Expression, ...]
    is_generator: bool
    line: int


class DefineClass(_Node, frozen=True, tag=10):
    name: str
    bases: tuple[Expression, ...]
    body: Block
    decorators: tuple[Expression, ...]


class Import(_Node, frozen=True, tag=11):
    local: str
    full: str
    """``airflow.models.DAG``; the dots of a relative import stay in front."""


class ImportAll(_Node, frozen=True, tag=12):
    """``from module import *``"""

    module: str


class Return(_Node, frozen=True, tag=13):
    value: Expression | None


class Leave(_Node, frozen=True, tag=14):
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


class Factory(_Node, frozen=True):
    """A call that makes a DAG in a function that others are meant to call: it is returned or named by a parameter."""

    line: int
    function: str


class Outline(_Node, frozen=True):
    body: Block = ()
    factories: tuple[Factory, ...] = ()
    volatile: tuple[str, ...] = ()
    """Names that functions set by ``global``."""
    task_owners: tuple[str, ...] = ()
    """Literal ``owner=`` of tasks."""
    is_cut: bool = False
    """The file is too long to be followed to its end."""


@functools.cache
def _decoder() -> msgspec.msgpack.Decoder[Outline]:
    """Made where an outline is read: telling all of its shapes takes long, and most trees need none."""
    return msgspec.msgpack.Decoder(Outline)


def packed(outline: Outline) -> bytes:
    """The outline in the form in which it is kept."""
    return msgspec.msgpack.encode(outline)


def unpacked(kept: bytes) -> Outline:
    return _decoder().decode(kept)
