"""YAML as a tree with places, built from the parser's events: nothing is constructed, nothing is expanded.

An alias is the same node again, so a document of aliases of aliases costs no more than its bytes; whoever walks
visits each node once. A text that does not parse yields the documents before the flaw.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import zip_longest
from typing import Any

import msgspec
import yaml

from planner.scanner.around.shell import Snippet, snippet_at
from planner.scanner.material import Place

MOST_EVENTS = 400_000
DEEPEST = 200
_MERGE = "<<"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Scalar(msgspec.Struct, eq=False):
    """A text, a number, … as written. ``style`` is ``|`` or ``>`` for blocks, a quote, or nothing."""

    value: str
    line: int
    column: int
    end_line: int
    style: str

    @property
    def place(self) -> Place:
        return Place(self.line, self.column)

    @property
    def is_null(self) -> bool:
        return not self.style and self.value in ("", "~", "null", "Null", "NULL")


class Sequence(msgspec.Struct, eq=False):
    line: int
    column: int
    items: list[Node] = []

    @property
    def place(self) -> Place:
        return Place(self.line, self.column)


class Mapping(msgspec.Struct, eq=False, dict=True):
    """Ask it for keys once it is whole."""

    line: int
    column: int
    pairs: list[tuple[Node, Node]] = []

    @property
    def place(self) -> Place:
        return Place(self.line, self.column)

    @cached_property
    def values(self) -> dict[str, Node]:
        """The first value of each key that is a text; merged ones are not among them."""
        return {key: value for key, _, value in reversed(list(self.own()))}

    def get(self, key: str) -> Node | None:
        """The value of a key, or what a merge key (``<<``) brings in for it."""
        if key in self.values or _MERGE not in self.values:
            return self.values.get(key)
        return self._get(key, [DEEPEST])

    def _get(self, key: str, budget: list[int]) -> Node | None:
        if key in self.values:
            return self.values[key]
        merged = [
            one for name, _, value in self.own() if name == _MERGE for one in _mappings(value)
        ]
        for one in merged:
            budget[0] -= 1
            if budget[0] > 0 and (found := one._get(key, budget)) is not None:
                return found
        return None

    def own(self) -> Iterator[tuple[str, Scalar, Node]]:
        """The keys that are texts, with their nodes and values; merged ones are not among them."""
        for name, value in self.pairs:
            if isinstance(name, Scalar):
                yield name.value, name, value


Node = Scalar | Sequence | Mapping


def _mappings(node: Node) -> list[Mapping]:
    several = node.items if isinstance(node, Sequence) else [node]
    return [one for one in several if isinstance(one, Mapping)]


class YamlBroken(ValueError):
    """The text is not YAML, or more of it than a person would write."""


def documents(source: str) -> list[Node]:
    """The root node of each document.

    Raises:
        YamlBroken: with one sentence.
    """
    builder = _Builder()
    try:
        for count, event in enumerate(yaml.parse(source, Loader=_LOADER)):
            builder.take(event)
            if count > MOST_EVENTS:
                raise YamlBroken("The file holds more YAML than is looked at.")
    except (yaml.YAMLError, RecursionError, ValueError, AttributeError) as error:
        raise YamlBroken("The file is not YAML.") from error
    return builder.roots


class _Builder:
    def __init__(self) -> None:
        self.roots: list[Node] = []
        self.open: list[tuple[Sequence | Mapping, Node | None]] = []
        """Collections that are not closed yet; of a mapping, the key that waits for its value."""
        self.anchors: dict[str, Node] = {}

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._place(_scalar(event), event.anchor)
            case yaml.AliasEvent():
                if event.anchor in self.anchors:
                    self._place(self.anchors[event.anchor], None)
                else:
                    raise YamlBroken("The file uses an anchor that it does not set.")
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                line, column = _at(event.start_mark)
                kind = Sequence if isinstance(event, yaml.SequenceStartEvent) else Mapping
                node = kind(line, column)
                self._place(node, event.anchor)
                self.open.append((node, None))
                if len(self.open) > DEEPEST:
                    raise YamlBroken("The file is nested too deeply.")
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self.open.pop()
            case yaml.DocumentEndEvent():
                self.anchors = {}

    def _place(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self.anchors[anchor] = node
        if not self.open:
            self.roots.append(node)
            return
        above, key = self.open[-1]
        if isinstance(above, Sequence):
            above.items.append(node)
        elif key is None:
            self.open[-1] = (above, node)
        else:
            above.pairs.append((key, node))
            self.open[-1] = (above, None)


def _scalar(event: yaml.ScalarEvent) -> Scalar:
    line, column = _at(event.start_mark)
    end_line = event.end_mark.line + 1 if event.end_mark else 1
    return Scalar(event.value, line, column, end_line, event.style or "")


def _at(mark: Any) -> tuple[int, int]:
    """The 1-based line and column of a mark; the C parser and the other have marks of their own."""
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def snippet_of_scalar(node: Scalar, lines: list[str]) -> Snippet:
    """The text of a scalar with the places of its characters. ``lines`` are those of the whole file."""
    if node.style not in ("|", ">"):
        quote = 1 if node.style in ("'", '"') else 0
        return snippet_at(node.value, node.line, node.column + quote)
    rows = lines[node.line : max(node.end_line - 1, node.line + 1)]
    indent = min((len(row) - len(row.lstrip(" ")) for row in rows if row.strip()), default=0)
    body = [row[indent:] for row in rows]
    block = snippet_at("\n".join(body), node.line + 1, indent + 1, indent=indent)
    return block if node.style == "|" else Snippet(_folded(body), block.place)


def _folded(rows: list[str]) -> str:
    """Lines joined as YAML folds them, each still as long as it was."""
    pieces = []
    for row, follows in zip_longest(rows, rows[1:], fillvalue=""):
        runs_on = row.strip() and follows.strip() and not follows.startswith((" ", "\t"))
        pieces += [row, " " if runs_on else "\n"]
    return "".join(pieces)
