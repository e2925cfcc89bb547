"""What a Jinja text asks of the context it is rendered with. It is parsed by Jinja itself and never rendered."""

from __future__ import annotations

import bisect
import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from jinja2 import Environment, TemplateError, nodes

_PARSER = Environment(
    extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], keep_trailing_newline=True
)
_REFUSED = (TemplateError, RecursionError, ValueError, OverflowError)
"""What parsing a broken or hostile template raises."""
_OPENING = re.compile(r"\{[{%]")
_LINE_END = re.compile(r"\r\n|\r|\n")
_FORGIVING = ("default", "d")


class Use(NamedTuple):
    """One name that a template reads, with the attributes and constant keys after it."""

    path: tuple[str, ...]
    """``("ti", "execution_date")``."""
    offsets: tuple[int, ...]
    """Where each part stands in the text, 0-based."""
    asked: bool
    """The template asks somewhere whether the name is defined."""
    forgiven: bool
    """The whole goes through ``default``."""
    under: frozenset[str]
    """Names that the conditions around it read."""

    def excused(self, depth: int) -> bool:
        """Whether it does no harm that the first ``depth`` parts name nothing."""
        return self.asked or (self.forgiven and len(self.path) == depth)


class PulledXCom(NamedTuple):
    """One call of ``xcom_pull``."""

    offset: int
    names_tasks: bool


class Reading(NamedTuple):
    """What one template reads."""

    uses: tuple[Use, ...] = ()
    pulls: tuple[PulledXCom, ...] = ()

    def moved(self, by: int) -> Reading:
        """The same, further down in a longer text."""
        return Reading(
            tuple(use._replace(offsets=tuple(by + at for at in use.offsets)) for use in self.uses),
            tuple(pull._replace(offset=by + pull.offset) for pull in self.pulls),
        )


def may_read(text: str, names: frozenset[str]) -> set[str]:
    """Which of these names a template may read, told from its words: parsing takes long, and most read none."""
    if not any(name in text for name in names):
        return set()
    return set(_beginning_with(names).findall(text))


@functools.lru_cache(maxsize=32)
def _beginning_with(names: frozenset[str]) -> re.Pattern[str]:
    forms = (rf"{name}(?<![\w.]{name})(?!\w)" for name in map(re.escape, sorted(names)))
    return re.compile("|".join(forms))  # which begins with letters: looking for them is cheap


@functools.lru_cache(maxsize=64)
def reading_of(text: str, *, in_pieces: bool = False) -> Reading:
    """What a template reads. Names that it sets itself are left out.

    Args:
        in_pieces: where the whole does not parse, each ``{{ … }}`` is read by itself: strings of code are
            often halves that the code joins.
    """
    found = _reading(text)
    if found is not None:
        return found
    if not in_pieces:
        return Reading()
    pieces = [
        piece.moved(start)
        for start, end in spans_of(text)
        if text.startswith("{{", start) and (piece := _reading(text[start:end]))
    ]
    return Reading(
        tuple(use for piece in pieces for use in piece.uses),
        tuple(pull for piece in pieces for pull in piece.pulls),
    )


def _reading(text: str) -> Reading | None:
    try:
        tree = _PARSER.parse(text)
    except _REFUSED:
        return None
    every = list(_every_node(tree))
    own = frozenset(name for node in every for name in _bound(node))
    asked = frozenset(
        node.node.name
        for node in every
        if isinstance(node, nodes.Test)
        and node.name in ("defined", "undefined")
        and isinstance(node.node, nodes.Name)
    )
    places = _Places(text)
    uses = tuple(
        Use(
            path=chain.path,
            offsets=tuple(places.of(chain.line, word) for word in chain.path),
            asked=chain.path[0] in asked,
            forgiven=chain.forgiven,
            under=chain.under,
        )
        for chain in _chains(tree)
        if chain.path[0] not in own
    )
    places = _Places(text)
    pulls = tuple(
        PulledXCom(places.of(call.lineno, "xcom_pull"), _names_tasks(call))
        for call in every
        if isinstance(call, nodes.Call)
        and isinstance(call.node, nodes.Getattr)
        and call.node.attr == "xcom_pull"
    )
    return Reading(uses, pulls)


def _every_node(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Every node in the order of the source, without recursion: templates may be nested to do harm."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(list(node.iter_child_nodes()))


def _bound(node: nodes.Node) -> Iterator[str]:
    """The names that one node binds: set, loops, macros, imports."""
    match node:
        case nodes.Name(name=name, ctx=("store" | "param")):
            yield name
        case nodes.Macro(name=name) | nodes.Import(target=name):
            yield name
        case nodes.FromImport(names=names):
            yield from (name if isinstance(name, str) else name[1] for name in names)


class _Chain(NamedTuple):
    """One chain as the tree has it: see ``Use``."""

    path: tuple[str, ...]
    line: int
    forgiven: bool
    under: frozenset[str]


def _chains(tree: nodes.Node) -> Iterator[_Chain]:
    """Every chain that starts at a name being read."""
    waiting: list[tuple[nodes.Node, bool, frozenset[str]]] = [(tree, False, frozenset())]
    while waiting:
        node, forgiven, under = waiting.pop()
        if path := _path(node):
            yield _Chain(path, node.lineno, forgiven, under)
            continue
        forgives = isinstance(node, nodes.Filter) and node.name in _FORGIVING
        inside = under
        test = None
        if isinstance(node, nodes.If | nodes.CondExpr):
            test = node.test
            inside |= _names_read(test)
        waiting += [
            (child, forgives, under if child is test else inside)
            for child in reversed(list(node.iter_child_nodes()))
        ]


def _names_read(test: nodes.Node) -> frozenset[str]:
    return frozenset(node.name for node in _every_node(test) if isinstance(node, nodes.Name))


def _path(node: nodes.Node) -> tuple[str, ...]:
    """A name being read with what is taken of it, or nothing for any other expression."""
    parts: list[str] = []
    while True:
        match node:
            case nodes.Getattr(node=below, attr=attr):
                parts.append(attr)
                node = below
            case nodes.Getitem(node=below, arg=nodes.Const(value=str(key))):
                parts.append(key)
                node = below
            case nodes.Name(name=name, ctx="load"):
                return (name, *reversed(parts))
            case _:
                return ()


def _names_tasks(call: nodes.Call) -> bool:
    """Whether a call says whose value it wants, or may say so at run time."""
    if call.dyn_args is not None or call.dyn_kwargs is not None:
        return True
    given = list(call.args[:1])
    given += [word.value for word in call.kwargs if word.key == "task_ids"]
    return any(not (isinstance(value, nodes.Const) and value.value is None) for value in given)


class _Places:
    """Hands out the offsets of words, one after the other, line by line, inside Jinja's own brackets only."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        self._spans = spans_of(text)
        self._waiting: dict[tuple[int, str], list[int]] = {}

    def of(self, line: int, word: str) -> int:
        """The offset of the next occurrence of a word in a 1-based line; else where the line begins."""
        key = (line, word)
        if key not in self._waiting:
            self._waiting[key] = list(self._found(line, word))
        offsets = self._waiting[key]
        return offsets.pop() if len(offsets) > 1 else offsets[0]

    def _found(self, line: int, word: str) -> Iterator[int]:
        """The offsets from the last one down; at least one."""
        start = self._starts[min(line, len(self._starts)) - 1]
        end = self._starts[line] if line < len(self._starts) else len(self._text)
        words = re.finditer(rf"\b{re.escape(word)}\b", self._text[start:end])
        offsets = [start + match.start() for match in words]
        yield from reversed([at for at in offsets if self._is_inside(at)] or [start])

    def _is_inside(self, offset: int) -> bool:
        before = bisect.bisect_right(self._spans, (offset, len(self._text))) - 1
        return before >= 0 and offset < self._spans[before][1]


def spans_of(text: str) -> list[tuple[int, int]]:
    """Where Jinja's brackets open and close, in order. One that never closes ends the search."""
    found: list[tuple[int, int]] = []
    for match in _OPENING.finditer(text):
        if found and match.start() < found[-1][1]:
            continue
        end = text.find("}}" if match[0] == "{{" else "%}", match.end())
        if end < 0:
            break
        found.append((match.start(), end + 2))
    return found
