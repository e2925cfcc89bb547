"""Follows the outline of one file as Python would run it, without running anything.

Whatever only running can tell is ``Unknown`` and says why; a test on it takes both branches. Work is bounded: by
steps, by nesting, and by the rounds of a loop.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import msgspec

from planner.scanner.dag_map.following import calls, conversions, dags, lookup, targets
from planner.scanner.dag_map.following.expressions import EXPRESSIONS
from planner.scanner.dag_map.following.statements import STATEMENTS
from planner.scanner.dag_map.names import names_factory
from planner.scanner.dag_map.outline import language as code
from planner.scanner.dag_map.outline.language import Block, Expression, Outline
from planner.scanner.dag_map.values import (
    MOST,
    Dag,
    DagFunction,
    Frame,
    Given,
    Items,
    Module,
    Outer,
    Pairs,
    Scope,
    Unknown,
    Value,
    given,
)

MOST_STEPS = 120_000
DEEPEST = 140
"""Expressions, blocks and calls within each other."""
MOST_DAGS = 5000
_ENTERED = (code.With, code.If, code.Try)
"""Statements whose parts are followed once: what is left of one that is being followed is left of its block."""


class OutOfSteps(Exception):
    """The file is more work than is done for one."""


class Tree(Protocol):
    """Where the other files of the tree are found."""

    def value_of(self, outer: Outer, depth: int) -> Value:
        """What a name of another module is; MISSING where no file of the tree has it."""

    def submodule(self, package: Module, name: str, depth: int) -> Module | None:
        """A module or package that lies in a package."""


class Follower:
    """One file being followed. ``dags``, ``awaits`` and ``visited`` are what it found out."""

    def __init__(self, path: str, tree: Tree | None = None, depth: int = 0) -> None:
        self.path = path
        self.dags: list[Dag] = []
        self.awaits: set[str] = set()
        """Full names of other modules that it came across."""
        self.visited: set[tuple[str, int]] = set()
        """File and line of every DAG call that was reached."""
        self.is_cut = False
        """There is more that may make DAGs than was followed."""
        self.ran_out = False
        """It was not followed to its end."""
        self.tree = tree
        self.depth = depth
        self.line = 1
        """Of the file's own call that is being followed."""
        self.frames: list[Frame] = []
        self.called: set[int] = set()
        """``@dag`` functions that were called, by identity."""
        self.why = "a condition"
        """What the last statement that may leave its block hangs on."""
        self._steps = MOST_STEPS
        self._conditions: list[str] = []
        self._serials = itertools.count(1)
        self._open_serials: list[int] = [0]
        self._places: list[tuple[Block, int]] = []
        """The statements that are being followed, the outermost first."""

    def follow(self, outline: Outline, scope: Scope) -> None:
        """Runs through a whole file; ``scope`` has its names afterwards."""
        self.is_cut = outline.is_cut
        try:
            self.block(outline.body, scope)
            self._call_the_uncalled(scope)
        except OutOfSteps:
            self.ran_out = True
            self.is_cut = self.is_cut or len(self.dags) >= MOST_DAGS

    def _call_the_uncalled(self, scope: Scope) -> None:
        """A ``@dag`` function of the file that nothing calls is taken for one that is meant to be called."""
        for value in list(scope.names.values()):
            is_own = isinstance(value, DagFunction) and value.path == self.path
            if is_own and id(value) not in self.called:
                self.line = value.line
                dags.call_dag_function(self, value, given(scope))

    # Statements and expressions

    def block(self, block: Block, scope: Scope) -> str:
        """Follows statements in turn. Tells how they leave, as each of them does:

        empty where they do not, ``break``, ``continue``, ``return``, ``raise``, ``maybe`` where they may leave the
        function, ``maybe-round`` where they may leave the round of a loop.
        """
        conditions = len(self._conditions)
        doubts: set[str] = set()
        self.depth += 1
        try:
            if self.depth > DEEPEST:
                return ""
            for place, statement in enumerate(block):
                self._places.append((block, place))
                self._step()
                left = STATEMENTS[type(statement)](self, statement, scope) or ""
                self._places.pop()
                if left.startswith("maybe"):
                    doubts.add(left)
                    self.doubt_what_follows()
                elif left:
                    return left
            return min(doubts, default="")
        finally:
            self.depth -= 1
            self._close(conditions)

    def value(self, expression: Expression, scope: Scope) -> Value:
        """What an expression stands for."""
        self._step()
        self.depth += 1
        try:
            if self.depth > DEEPEST:
                return Unknown("calls that are nested too deeply to follow")
            return EXPRESSIONS[type(expression)](self, expression, scope)
        finally:
            self.depth -= 1

    def _step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            self.cut(
                statement
                for block, place in self._places
                for statement in block[place + isinstance(block[place], _ENTERED) :]
            )
            raise OutOfSteps

    def cut(self, left_out: Any) -> None:
        """Notes that parts of the outline are not followed, which matters if they may make DAGs."""
        self.is_cut = self.is_cut or any(map(makes_dags, left_out))

    # Conditions

    @property
    def condition(self) -> str:
        """Why what is being followed may not run; empty where it surely does."""
        return self._conditions[-1] if self._conditions else ""

    @contextmanager
    def under(self, why: str) -> Iterator[None]:
        """What is followed within may not run."""
        with self.doubts_within():
            self._open(why)
            yield

    @contextmanager
    def doubts_within(self) -> Iterator[None]:
        """What is doubted within is doubted no longer than it lasts."""
        conditions = len(self._conditions)
        try:
            yield
        finally:
            self._close(conditions)

    def doubt_what_follows(self) -> None:
        """What comes after a statement that may have left its block may not run."""
        self._open(self.why)

    def _open(self, why: str) -> None:
        self._conditions.append(why)
        self._open_serials.append(next(self._serials))

    def _close(self, left: int) -> None:
        del self._conditions[left:]
        del self._open_serials[left + 1 :]

    # Lists, dicts and DAGs

    def items(self, values: Any = (), kind: str = "list", doubt: Unknown | None = None) -> Items:
        """A new list or set."""
        made = Items(values, kind, doubt)
        made.serial = self._open_serials[-1]
        return made

    def pairs(self, pairs: Any = (), doubt: Unknown | None = None) -> Pairs:
        """A new dict."""
        made = Pairs(pairs, doubt)
        made.serial = self._open_serials[-1]
        return made

    def extend(self, of: Items, more: Value) -> None:
        """Adds the values of a row to a list."""
        self.change(of)
        values = self.rows(more)
        if isinstance(values, Unknown):
            of.doubt = of.doubt or values
        else:
            of.extend(itertools.islice(values, MOST))

    def change(self, of: Items | Pairs) -> None:
        """Notes that a list or dict changes; under a condition nobody knows whether."""
        if self._conditions and of.serial != self._open_serials[-1]:
            of.doubt = of.doubt or Unknown(self._conditions[-1])

    def add(self, dag: Dag) -> None:
        """Takes down a DAG that is made."""
        self.visited.add(dag.made_at)
        if len(self.dags) >= MOST_DAGS:
            raise OutOfSteps
        self.dags.append(dag)

    # What the modules ask each other

    def call(self, function: Value, what: Given) -> Value:
        return calls.call(self, function, what)

    def escape(self, values: Sequence[Value], why: str, scope: Scope) -> None:
        calls.escape(self, values, why, scope)

    def look_up(self, name: str, scope: Scope) -> Value:
        return lookup.look_up(self, name, scope)

    def attribute(self, of: Value, name: str) -> Value:
        return lookup.attribute(self, of, name)

    def bind(self, target: Expression, value: Value, scope: Scope) -> None:
        targets.bind(self, target, value, scope)

    def text(self, value: Value) -> str | Unknown:
        return conversions.text(self, value)

    def truth(self, value: Value) -> bool | None:
        return conversions.truth(value)

    def rows(self, value: Value) -> Sequence[Value] | Unknown:
        return conversions.rows(value)


def makes_dags(part: Any) -> bool:
    """Whether a part of an outline calls what makes DAGs, told from the names alone."""
    waiting = [part]
    while waiting:
        each = waiting.pop()
        if isinstance(each, tuple):
            waiting += each
        elif isinstance(each, msgspec.Struct):
            if isinstance(each, code.Call) and names_factory(_last_word(each.function)):
                return True
            waiting += (getattr(each, name) for name in each.__struct_fields__)
    return False


def _last_word(expression: Expression) -> str:
    if isinstance(expression, code.Attribute):
        return expression.name
    return expression.id if isinstance(expression, code.Name) else ""
