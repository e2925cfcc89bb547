"""Follows the outline of a file as Python would run it, without running anything: which DAGs it makes.

Whatever only running can tell is ``Unknown`` and says why; a test on it takes both branches. Work is bounded: by
steps, by nesting, and by the rounds of a loop.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from planner.scanner.dag_map import outline as code
from planner.scanner.dag_map.answers import (
    class_kind,
    compare,
    dag_attribute,
    has_outside_base,
    hashable,
    is_same,
    leaves,
    maker_of,
    makes_dags,
    names_factory,
    names_increased,
    number,
    outside_of,
    path_slice,
    plain_of_enum,
    schedule_of,
    unique,
)
from planner.scanner.dag_map.known import (
    call_builtin,
    call_method,
    call_outer,
    is_elsewhere,
    is_of_tasks,
    origin_of,
)
from planner.scanner.dag_map.outline import Block, Expression, Outline, Statement
from planner.scanner.dag_map.texts import (
    LONGEST,
    MOST,
    joined,
    path_attribute,
    percent,
    shown,
    with_spec,
)
from planner.scanner.dag_map.values import (
    MISSING,
    PLAIN,
    Above,
    Builtin,
    Class,
    Dag,
    DagFunction,
    Decorator,
    Descriptor,
    Function,
    Instance,
    Items,
    Method,
    Module,
    Names,
    Outer,
    Pairs,
    Partial,
    PathText,
    Scope,
    Unknown,
    Value,
)

_MOST_STEPS = 120_000
_DEEPEST = 140
"""Expressions, blocks and calls within each other."""
MOST_DAGS = 5000
_BUILTINS = frozenset(
    [
        "all",
        "any",
        "bool",
        "dict",
        "enumerate",
        "filter",
        "float",
        "format",
        "getattr",
        "globals",
        "hasattr",
        "int",
        "isinstance",
        "len",
        "list",
        "locals",
        "map",
        "max",
        "min",
        "next",
        "iter",
        "open",
        "print",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "frozenset",
        "setattr",
        "sorted",
        "str",
        "sum",
        "super",
        "tuple",
        "type",
        "vars",
        "zip",
        "property",
        "staticmethod",
        "classmethod",
        "callable",
        "id",
        "hash",
        "input",
        "exec",
        "eval",
        "abs",
        "divmod",
        "object",
        "Exception",
        "ValueError",
        "RuntimeError",
        "NotImplementedError",
        "KeyError",
        "FileNotFoundError",
        "ImportError",
        "ModuleNotFoundError",
        "AttributeError",
    ]
)
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


@dataclass
class _Frame:
    """One call of a function."""

    returned: list[Value] = field(default_factory=list)
    given: Items = field(default_factory=Items)
    """What it yields."""


class Follower:
    """Follows one file. ``dags`` and ``awaits`` are what it found out."""

    def __init__(self, path: str, tree: Tree | None = None, depth: int = 0) -> None:
        self.path = path
        self.dags: list[Dag] = []
        self.awaits: set[str] = set()
        """Full names of other modules that it came across."""
        self.visited: set[tuple[str, int]] = set()
        """File and line of every DAG call that was reached."""
        self.is_cut = False
        self._tree = tree
        self._depth = depth
        self._steps = _MOST_STEPS
        self._line = 1
        self._conditions: list[str] = []
        self._serials = itertools.count(1)
        self._open_serials: list[int] = [0]
        self._frames: list[_Frame] = []
        self._places: list[tuple[Block, int]] = []
        """The statements that are being followed, the outermost first."""
        self._called: set[int] = set()

    # Files

    def follow(self, outline: Outline, scope: Scope) -> None:
        """Runs through a whole file; ``scope`` has its names afterwards."""
        self.is_cut = outline.is_cut
        try:
            self._block(outline.body, scope)
            self._call_the_uncalled(scope)
        except OutOfSteps:
            self.is_cut = self.is_cut or len(self.dags) >= MOST_DAGS

    def _call_the_uncalled(self, scope: Scope) -> None:
        """A ``@dag`` function of the file that nothing calls is taken for one that is meant to be called."""
        for value in list(scope.names.values()):
            is_own = isinstance(value, DagFunction) and value.path == self.path
            if is_own and id(value) not in self._called:
                self._line = value.line
                self._call_dag_function(value, scope)

    # Blocks. A statement answers how it leaves: "", "break", "continue", "return", "raise", "maybe" where it may
    # leave the function, "maybe-round" where it may leave the round of a loop.

    def _block(self, block: Block, scope: Scope) -> str:
        conditions = len(self._conditions)
        doubts: set[str] = set()
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                return ""
            for place, statement in enumerate(block):
                self._places.append((block, place))
                left = self._statement(statement, scope)
                self._places.pop()
                if left.startswith("maybe"):
                    doubts.add(left)
                    self._open(self._why)
                elif left:
                    return left
            return min(doubts, default="")
        finally:
            self._depth -= 1
            while len(self._conditions) > conditions:
                self._close()

    def _open(self, why: str) -> None:
        self._conditions.append(why)
        self._open_serials.append(next(self._serials))

    def _close(self) -> None:
        self._conditions.pop()
        self._open_serials.pop()

    _why = ""

    def _statement(self, statement: Statement, scope: Scope) -> str:
        self._step()
        return _STATEMENTS[type(statement)](self, statement, scope) or ""

    def _step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            self.is_cut = self.is_cut or any(
                makes_dags(statement)
                for block, place in self._places
                for statement in block[place + isinstance(block[place], _ENTERED) :]
            )
            raise OutOfSteps

    def _bind(self, statement: code.Bind, scope: Scope) -> None:
        value = self._value(statement.value, scope)
        for target in statement.targets:
            self._set(target, value, scope)

    def _field(self, statement: code.Field, scope: Scope) -> None:
        value = MISSING if statement.value is None else self._value(statement.value, scope)
        if scope.is_class:
            scope.fields[statement.name] = value
        if value is not MISSING:
            scope.names[statement.name] = value

    def _increase(self, statement: code.Increase, scope: Scope) -> None:
        before = self._value(statement.target, scope)
        more = self._value(statement.value, scope)
        if isinstance(before, Items) and statement.operator == "+" and before.kind == "list":
            self.change(before)
            before.extend(itertools.islice(self.each(more, before), MOST))
            return
        self._set(statement.target, self._operation(statement.operator, before, more), scope)

    def _do(self, statement: code.Do, scope: Scope) -> None:
        self._value(statement.value, scope)

    def _if(self, statement: code.If, scope: Scope) -> str:
        test = self._value(statement.test, scope)
        truth = self.truth(test)
        if truth is not None:
            return self._block(statement.body if truth else statement.otherwise, scope)
        why = self._doubted(test)
        before = dict(scope.names)
        self._open(why)
        first = self._block(statement.body, scope)
        after_first = dict(scope.names)
        scope.names.clear()
        scope.names.update(before)
        second = self._block(statement.otherwise, scope)
        self._close()
        return self._either_way(why, (first, after_first), second, scope)

    def _either_way(
        self, why: str, first: tuple[str, dict[str, Value]], second: str, scope: Scope
    ) -> str:
        """Goes on after a test that nobody knows the answer of: with the names of the branches that go on."""
        left, names = first
        if leaves(left) and leaves(second):
            return left if left == second else "return" if "return" in (left, second) else left
        if leaves(second):
            scope.names.clear()
            scope.names.update(names)
        elif not leaves(left):
            self._merge(scope, names, why)
        self._why = why
        ways = {left, second}
        if "return" in ways or "maybe" in ways:
            return "maybe"
        if ways & {"break", "continue", "maybe-round"}:
            return "maybe-round"
        return ""

    def _merge(self, scope: Scope, other: dict[str, Value], why: str) -> None:
        """Makes unknown what the two branches bound differently; what only one bound stays."""
        for name, value in other.items():
            mine = scope.names.get(name, MISSING)
            if mine is MISSING:
                scope.names[name] = value
            elif mine is not value and not is_same(mine, value):
                scope.names[name] = Unknown(why)

    def _doubted(self, test: Value) -> str:
        return test.why if isinstance(test, Unknown) else "a condition"

    def _for(self, statement: code.For, scope: Scope) -> str:
        source = self._value(statement.iterable, scope)
        values = self.values_of(source)
        if isinstance(values, Unknown):
            return self._unknown_rounds(statement, values, scope)
        opened = len(self._conditions)
        doubt = ""
        try:
            for rounds, value in enumerate(values):
                if rounds >= MOST:
                    self.is_cut = self.is_cut or makes_dags(statement)
                    break
                self._set(statement.target, value, scope)
                left = self._block(statement.body, scope)
                if left == "break":
                    return doubt
                if left in ("return", "raise"):
                    return left
                if left.startswith("maybe"):
                    doubt = "maybe" if left == "maybe" else doubt
                    self._open(self._why)
            return self._block(statement.otherwise, scope) or doubt
        finally:
            while len(self._conditions) > opened:
                self._close()

    def _unknown_rounds(self, statement: code.For, source: Unknown, scope: Scope) -> str:
        """One round for any number of them: with what the rounds change unknown."""
        self._open(source.why)
        self._forget(statement.body, scope, source)
        self._set(statement.target, source, scope)
        left = self._block(statement.body, scope)
        self._forget(statement.body, scope, source)
        self._close()
        self._why = source.why
        return "maybe" if left in ("return", "maybe") else ""

    def _forget(self, block: Block, scope: Scope, source: Unknown) -> None:
        """Names that a round of an unknown loop sets anew from what they were."""
        for name in names_increased(block):
            if name in scope.names:
                scope.names[name] = Unknown(source.why)

    def _while(self, statement: code.While, scope: Scope) -> str:
        for _round in range(1000):
            test = self._value(statement.test, scope)
            truth = self.truth(test)
            if truth is None:
                loop = code.For(code.Name("_"), code.Opaque(), statement.body, ())
                return self._unknown_rounds(loop, Unknown(self._doubted(test)), scope)
            if not truth:
                return ""
            left = self._block(statement.body, scope)
            if left == "break":
                return ""
            if left in ("return", "raise") or left == "maybe":
                return left
            if left == "maybe-round":
                return ""
        self.is_cut = self.is_cut or makes_dags(statement)
        return ""

    def _with(self, statement: code.With, scope: Scope) -> str:
        for context, target in statement.contexts:
            value = self._value(context, scope)
            if target is not None:
                self._set(target, value, scope)
        return self._block(statement.body, scope)

    def _try(self, statement: code.Try, scope: Scope) -> str:
        before = dict(scope.names)
        left = self._block(statement.body, scope)
        tried = dict(scope.names)
        for handler in statement.handlers:
            self._handler(handler, before, tried, scope)
        scope.names.clear()
        scope.names.update(tried)
        if not left:
            left = self._block(statement.otherwise, scope)
        return self._block(statement.finally_, scope) or ("" if left == "raise" else left)

    def _handler(
        self, handler: Block, before: dict[str, Value], tried: dict[str, Value], scope: Scope
    ) -> None:
        """What an except clause binds stands in for what the tried lines could not bind."""
        scope.names.clear()
        scope.names.update(before)
        why = "whether something could be imported or read"
        self._open(why)
        left = self._block(handler, scope)
        self._close()
        if leaves(left):
            return
        for name, value in scope.names.items():
            if value is before.get(name, MISSING):
                continue
            mine = tried.get(name, MISSING)
            if mine is MISSING:
                tried[name] = value
            elif isinstance(mine, PLAIN) and not is_same(mine, value):
                tried[name] = Unknown(why)

    def _define(self, statement: code.Define, scope: Scope) -> None:
        value: Value = Function(statement, scope)
        for decorator in reversed(statement.decorators):
            value = self._decorated(self._mark(decorator, scope), value, statement, scope)
        scope.names[statement.name] = value

    def _mark(self, decorator: Expression, scope: Scope) -> Value:
        """A decorator. DAGs that stand in it, as in those of tests, are nobody's: Airflow never sees them."""
        before = len(self.dags)
        value = self._value(decorator, scope)
        del self.dags[before:]
        return value

    def _decorated(
        self, decorator: Value, value: Value, statement: code.Define, scope: Scope
    ) -> Value:
        if isinstance(decorator, Outer) and maker_of(decorator) == "dag":
            return DagFunction(value, Pairs(), statement.line, scope.path)
        match decorator:
            case Decorator():
                return DagFunction(value, decorator.arguments, decorator.line, scope.path)
            case Builtin(name="property" | "staticmethod" | "classmethod" as kind):
                return Descriptor(kind, value)
            case Outer(full="functools.cached_property"):
                return Descriptor("property", value)
            case Function():
                made = self.call(decorator, [value], {}, scope)
                return value if isinstance(made, Unknown) or made is None else made
        return value

    def _define_class(self, statement: code.DefineClass, scope: Scope) -> None:
        bases = tuple(self._value(base, scope) for base in statement.bases)
        inner = Scope({}, scope, scope.path, is_class=True)
        made = Class(statement.name, bases, inner)
        self._block(statement.body, inner)
        decorators = [
            self._mark(each.function if isinstance(each, code.Call) else each, scope)
            for each in statement.decorators
        ]
        made.kind = class_kind(bases, decorators)
        for base in bases:
            if isinstance(base, Class):
                made.fields |= base.fields
                made.kind = base.kind if made.kind == "plain" else made.kind
        made.fields |= inner.fields
        for value in inner.names.values():
            target = value.function if isinstance(value, Descriptor) else value
            if isinstance(target, Function):
                target.owner = made
        if made.kind == "enum":
            for name, value in inner.names.items():
                if not name.startswith("_") and not isinstance(value, Function | Descriptor):
                    made.members[name] = Instance(made, {"name": name, "value": value})
        scope.names[statement.name] = made

    def _import(self, statement: code.Import, scope: Scope) -> None:
        scope.names[statement.local] = Outer(statement.full, scope.path)

    def _import_all(self, statement: code.ImportAll, scope: Scope) -> None:
        scope.stars.append(statement.module)

    def _return(self, statement: code.Return, scope: Scope) -> str:
        value = None if statement.value is None else self._value(statement.value, scope)
        if self._frames:
            self._frames[-1].returned.append(value)
        return "return"

    def _leave(self, statement: code.Leave, scope: Scope) -> str:
        return statement.how

    # Targets

    def _set(self, target: Expression, value: Value, scope: Scope) -> None:
        match target:
            case code.Name(id=name):
                scope.names[name] = value
            case code.Row(values=targets):
                self._unpack(targets, value, scope)
            case code.Attribute(of=of, name=name):
                self.set_attribute(self._value(of, scope), name, value)
            case code.Part(of=of, key=key):
                self._set_part(self._value(of, scope), self._value(key, scope), value)

    def set_attribute(self, of: Value, name: str, value: Value) -> None:
        match of:
            case Instance():
                of.names[name] = self._perhaps(of.names.get(name, MISSING), value)
            case Class():
                of.scope.names[name] = self._perhaps(of.scope.names.get(name, MISSING), value)
            case Dag() if name == "is_subdag":
                of.is_subdag = value is True
            case Dag() if name == "dag_id":
                of.dag_id = value

    def _perhaps(self, before: Value, value: Value) -> Value:
        """A value that is set, perhaps only under a condition, where another may stay."""
        if before is MISSING or not self._conditions or is_same(before, value):
            return value
        return Unknown(self._conditions[-1])

    def _set_part(self, of: Value, key: Value, value: Value) -> None:
        match of:
            case Pairs():
                self.change(of)
                if hashable(key):
                    of[key] = value
                else:
                    of.doubt = of.doubt or Unknown("a key known only at run time")
            case Items():
                self.change(of)
                if isinstance(key, int) and -len(of) <= key < len(of):
                    of[key] = value
                else:
                    of.doubt = of.doubt or Unknown("a place known only at run time")
            case Names() if isinstance(key, str):
                of.scope.names[key] = value

    def _unpack(self, targets: Sequence[Expression], value: Value, scope: Scope) -> None:
        values = self.values_of(value)
        if isinstance(values, Unknown):
            parts: list[Value] = [values] * len(targets)
        else:
            parts = list(itertools.islice(values, MOST))
        star = next(
            (place for place, each in enumerate(targets) if isinstance(each, code.Star)), None
        )
        if star is not None and not isinstance(values, Unknown):
            rest = len(parts) - len(targets) + 1
            parts[star : star + max(rest, 0)] = [self.items(parts[star : star + max(rest, 0)])]
        for place, target in enumerate(targets):
            part = parts[place] if place < len(parts) else Unknown("a row of another length")
            inner = target.value if isinstance(target, code.Star) else target
            self._set(inner, part, scope)

    # Expressions

    def _value(self, expression: Expression, scope: Scope) -> Value:
        self._step()
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                return Unknown("calls that are nested too deeply to follow")
            return _EXPRESSIONS[type(expression)](self, expression, scope)
        finally:
            self._depth -= 1

    def _literal(self, expression: code.Literal, scope: Scope) -> Value:
        return expression.value

    def _name(self, expression: code.Name, scope: Scope) -> Value:
        return self.look_up(expression.id, scope)

    def look_up(self, name: str, scope: Scope) -> Value:
        """What a name means in a scope."""
        around: Scope | None = scope
        first = True
        while around is not None:
            if name in around.names and (first or not around.is_class):
                if name in around.volatile and around is not scope:
                    return Unknown(f"`{name}`, which functions set")
                return self._found(around.names[name])
            first = False
            last, around = around, around.around
        return self._of_module(name, last)

    def _of_module(self, name: str, module: Scope) -> Value:
        for star in reversed(module.stars):
            dot = "" if star.endswith(".") else "."
            outer = Outer(f"{star}{dot}{name}", module.path)
            value = self._found(outer)
            if value is not outer and value is not MISSING and not isinstance(value, Unknown):
                return value
            if star.startswith("airflow") and name in ("DAG", "dag"):
                return outer
        if name == "__file__":
            return PathText(tuple(module.path.split("/")))
        if name == "__name__":
            return Unknown("the name under which Airflow loads the file")
        if name in _BUILTINS:
            return Builtin(name)
        return Unknown(f"`{name}`, which the file does not bind")

    def _found(self, value: Value) -> Value:
        """A value, or where it names another module of the tree what that module says."""
        if not isinstance(value, Outer) or is_elsewhere(value.full) or is_of_tasks(value.full):
            return value
        self.awaits.add(value.full)
        if self._tree is None:
            return value
        found = self._tree.value_of(value, self._depth)
        return value if found is MISSING else found

    def _attribute(self, expression: code.Attribute, scope: Scope) -> Value:
        return self.attribute(self._value(expression.of, scope), expression.name)

    def attribute(self, of: Value, name: str) -> Value:
        """``of.name``"""
        match of:
            case Unknown():
                return Unknown(of.why, outside=of.outside and f"{of.outside}.{name}")
            case Outer():
                return self._found(Outer(f"{of.full}.{name}", of.path))
            case Module():
                return self._module_attribute(of, name)
            case Instance():
                return self._instance_attribute(of, name)
            case Class():
                return self._class_attribute(of, name)
            case Above():
                return self._above_attribute(of, name)
            case Dag():
                return dag_attribute(of, name)
            case PathText(is_object=True) if name in ("name", "stem", "parent", "suffix"):
                return path_attribute(of, name)
        return Method(of, name)

    def _module_attribute(self, module: Module, name: str) -> Value:
        if name in module.scope.names:
            return self._found(module.scope.names[name])
        if self._tree is not None and module.path.endswith("__init__.py"):
            found = self._tree.submodule(module, name, self._depth)
            if found is not None:
                return found
        value = self._of_module(name, module.scope)
        return Unknown(f"`{name}` of {module.path}") if isinstance(value, Builtin) else value

    def _instance_attribute(self, instance: Instance, name: str) -> Value:
        if name in instance.names:
            return instance.names[name]
        if name == "__class__":
            return instance.of
        found = self._in_class(instance.of, name)
        if found is MISSING:
            if name == "_replace" or instance.of.kind == "fields":
                return Method(instance, name)
            return Unknown(f"`{name}` of an object")
        return self._bound(found, instance, instance.of)

    def _bound(self, found: Value, instance: Value, of: Class) -> Value:
        match found:
            case Descriptor(kind="property", function=function):
                return self.call(function, [instance], {}, of.scope)
            case Descriptor(kind="staticmethod", function=function):
                return function
            case Descriptor(kind="classmethod", function=Function() as function):
                return Function(function.code, function.scope, of, function.owner)
            case Function():
                return Function(found.code, found.scope, instance, found.owner)
        return found

    def _in_class(self, of: Class, name: str, depth: int = 0) -> Value:
        if name in of.scope.names:
            return of.scope.names[name]
        for base in of.bases:
            if isinstance(base, Class) and depth < 20:
                found = self._in_class(base, name, depth + 1)
                if found is not MISSING:
                    return found
        return MISSING

    def _class_attribute(self, of: Class, name: str) -> Value:
        if name in of.members:
            return of.members[name]
        if name == "__name__":
            return of.name
        if name == "__members__" and of.members:
            return Pairs(of.members)
        found = self._in_class(of, name)
        match found:
            case Descriptor(kind="classmethod", function=Function() as function):
                return Function(function.code, function.scope, of, function.owner)
            case Descriptor(kind="staticmethod", function=function):
                return function
        return Unknown(f"`{of.name}.{name}`") if found is MISSING else found

    def _above_attribute(self, above: Above, name: str) -> Value:
        for base in above.of.bases:
            if isinstance(base, Class):
                found = self._in_class(base, name)
                if found is not MISSING:
                    return self._bound(found, above.instance, base)
            if name == "__init__" and maker_of(base):
                return Partial(base, [], {})
        return Unknown(f"`super().{name}`") if name != "__init__" else Builtin("object")

    def _part(self, expression: code.Part, scope: Scope) -> Value:
        of = self._value(expression.of, scope)
        if isinstance(expression.key, code.Span):
            return self._slice(of, expression.key, scope)
        return self.part(of, self._value(expression.key, scope))

    def part(self, of: Value, key: Value) -> Value:
        """``of[key]``"""
        if isinstance(of, Unknown):
            return of
        if isinstance(of, Outer):
            return Unknown(origin_of(of.full), outside=outside_of(of.full))
        if isinstance(key, Unknown):
            return Unknown(key.why, outside=key.outside)
        match of:
            case Items() | Pairs() if of.doubt:
                return of.doubt
            case Pairs() if hashable(key):
                return of[key] if key in of else Unknown("a key that is not there")
            case Items() | tuple() | str() if isinstance(key, int):
                return of[key] if -len(of) <= key < len(of) else Unknown("a row of another length")
            case Names() if isinstance(key, str):
                return self.look_up(key, of.scope)
            case Class() if isinstance(key, str) and key in of.members:
                return of.members[key]
            case Instance(of=Class(kind="fields")) if isinstance(key, int):
                values = list(of.names.values())
                return values[key] if -len(values) <= key < len(values) else Unknown("a field")
            case PathText(is_object=False):
                return Unknown("the path of the file")
            case Class():
                return of
        return Unknown("a part of something that is not followed")

    def _slice(self, of: Value, span: code.Span, scope: Scope) -> Value:
        bounds = [
            None if each is None else self._value(each, scope)
            for each in (span.lower, span.upper, span.step)
        ]
        unknown = next((each for each in (of, *bounds) if isinstance(each, Unknown)), None)
        if unknown is not None:
            return Unknown(unknown.why, outside=unknown.outside)
        if bounds[2] == 0 or not all(each is None or isinstance(each, int) for each in bounds):
            return Unknown("a part of something that is not followed")
        if isinstance(of, PathText) and not of.is_object and of.parts:
            return path_slice(of, bounds)
        if isinstance(of, Items):
            return of.doubt or self.items(list(of)[slice(*bounds)])
        if isinstance(of, str | tuple):
            return of[slice(*bounds)]
        return Unknown("a part of something that is not followed")

    def _joined(self, expression: code.Joined, scope: Scope) -> Value:
        return joined([self.text(self._value(part, scope)) for part in expression.parts])

    def text(self, value: Value) -> str | Unknown:
        """``str(value)``"""
        if isinstance(value, Instance):
            return self._instance_text(value)
        if isinstance(value, Outer):
            return Unknown(origin_of(value.full), outside=outside_of(value.full))
        return shown(value)

    def _instance_text(self, instance: Instance) -> str | Unknown:
        own = self._in_class(instance.of, "__str__")
        if isinstance(own, Function):
            made = self.call(own, [instance], {}, instance.of.scope)
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

    def _shown(self, expression: code.Shown, scope: Scope) -> Value:
        value = self._value(expression.value, scope)
        if not expression.is_plain:
            return Unknown("a text that is formatted in a way that is not followed")
        if expression.spec is None:
            return self.text(value)
        spec = self._value(expression.spec, scope)
        if not isinstance(spec, str):
            return Unknown("a text that is formatted in a way that is not followed")
        return with_spec(self.text(value) if isinstance(value, Instance) else value, spec)

    def _binary(self, expression: code.Binary, scope: Scope) -> Value:
        left = self._value(expression.left, scope)
        return self._operation(expression.operator, left, self._value(expression.right, scope))

    def _operation(self, operator: str, left: Value, right: Value) -> Value:
        left, right = plain_of_enum(left), plain_of_enum(right)
        if isinstance(left, Outer) or isinstance(right, Outer):
            full = left.full if isinstance(left, Outer) else right.full
            return Unknown(origin_of(full), outside=outside_of(full))
        match operator, left, right:
            case "+", (str() | Unknown()), (str() | Unknown()):
                return joined([left, right])
            case "%", str(), _:
                return percent(left, self._plain_row(right))
            case "/", PathText(is_object=True), str():
                return PathText((*left.parts, *right.split("/")), is_object=True)
            case "+", PathText(), _:
                return Unknown("the path of the file")
            case _, Unknown(), _:
                return Unknown(left.why, outside=left.outside)
            case _, _, Unknown():
                return Unknown(right.why, outside=right.outside)
            case "+", Items(), Items():
                return left.doubt or right.doubt or self.items([*left, *right][:MOST])
            case "+", tuple(), tuple():
                return (*left, *right)[:MOST]
            case "|", Pairs(), Pairs():
                merged = self.pairs(dict(left) | dict(right))
                merged.doubt = left.doubt or right.doubt
                return merged
            case "|", Items(), Items():
                return (
                    left.doubt
                    or right.doubt
                    or self.items(
                        dict.fromkeys(each for each in (*left, *right) if hashable(each)), "set"
                    )
                )
            case "*", str(), int():
                return left * right if len(left) * right <= LONGEST else Unknown("a long text")
            case "*", Items(), int() if len(left) * right <= MOST:
                return left.doubt or self.items(list(left) * right)
            case _, int(), int():
                return number(operator, left, right)
        return Unknown("a sum that is not followed")

    def _plain_row(self, value: Value) -> Value:
        if isinstance(value, tuple):
            return tuple(
                self.text(each) if isinstance(each, Instance | Outer) else each for each in value
            )
        if isinstance(value, Instance | Outer):
            return self.text(value)
        if isinstance(value, Pairs) and value.doubt:
            return value.doubt
        return value

    def _either(self, expression: code.Either, scope: Scope) -> Value:
        doubt: Unknown | None = None
        value: Value = None
        for each in expression.values:
            value = self._value(each, scope)
            truth = self.truth(value)
            if truth is None:
                doubt = doubt or (value if isinstance(value, Unknown) else Unknown("a condition"))
            elif truth != expression.is_and:
                return value if doubt is None else self._half_known(value, doubt)
        return doubt or value

    def _half_known(self, value: Value, doubt: Unknown) -> Value:
        """``unknown or "x"`` is unknown, but ``unknown and False`` is surely false."""
        return value if value is False or value is True else Unknown(doubt.why)

    def _not(self, expression: code.Not, scope: Scope) -> Value:
        value = self._value(expression.value, scope)
        truth = self.truth(value)
        if truth is None:
            return value if isinstance(value, Unknown) else Unknown("a condition")
        return not truth

    def truth(self, value: Value) -> bool | None:
        """Whether a value counts as true; None where nobody knows."""
        if isinstance(value, Items | Pairs) and value.doubt:
            return True if value else None
        if isinstance(value, (*PLAIN, Items, Pairs, tuple)):
            return bool(value)
        if isinstance(value, Outer):
            return False if value.full.endswith(".TYPE_CHECKING") else None
        if isinstance(value, Unknown):
            return None
        return True

    def _compared(self, expression: code.Compared, scope: Scope) -> Value:
        left = self._value(expression.left, scope)
        if isinstance(expression.left, code.Name) and expression.left.id == "__name__":
            right = self._value(expression.rights[0], scope)
            if right == "__main__" and expression.operators == ("==",):
                return False
        for operator, each in zip(expression.operators, expression.rights, strict=True):
            right = self._value(each, scope)
            answer = compare(operator, left, right)
            if answer is not True:
                return answer
            left = right
        return True

    def _chosen(self, expression: code.Chosen, scope: Scope) -> Value:
        test = self._value(expression.test, scope)
        truth = self.truth(test)
        if truth is not None:
            return self._value(expression.yes if truth else expression.no, scope)
        why = self._doubted(test)
        self._open(why)
        yes = self._value(expression.yes, scope)
        no = self._value(expression.no, scope)
        self._close()
        return yes if is_same(yes, no) else Unknown(why)

    def _row(self, expression: code.Row, scope: Scope) -> Value:
        values: list[Value] = []
        doubt: Unknown | None = None
        for each in expression.values:
            if isinstance(each, code.Star):
                more = self.values_of(self._value(each.value, scope))
                if isinstance(more, Unknown):
                    doubt = doubt or more
                else:
                    values += itertools.islice(more, MOST)
            else:
                values.append(self._value(each, scope))
        if expression.kind == "tuple":
            return doubt or tuple(values[:MOST])
        made = self.items(unique(values) if expression.kind == "set" else values, expression.kind)
        made.doubt = doubt
        return made

    def _star(self, expression: code.Star, scope: Scope) -> Value:
        return self._value(expression.value, scope)

    def _table(self, expression: code.Table, scope: Scope) -> Value:
        made = self.pairs()
        for key, value in expression.pairs:
            if key is None:
                self._add_all(made, self._value(value, scope))
                continue
            found = self._value(key, scope)
            answer = self._value(value, scope)
            if hashable(found):
                made[found] = answer
            else:
                made.doubt = made.doubt or Unknown("a key known only at run time")
        return made

    def _add_all(self, made: Pairs, more: Value) -> None:
        if isinstance(more, Pairs):
            made.update(more)
            made.doubt = made.doubt or more.doubt
        elif isinstance(more, Instance) and more.of.kind == "fields":
            made.update(more.names)
        elif isinstance(more, Names):
            made.update(more.scope.names)
        else:
            why = more.why if isinstance(more, Unknown) else "a dict that is not followed"
            outside = more.outside if isinstance(more, Unknown) else ""
            made.doubt = made.doubt or Unknown(why, outside=outside)

    def _gathered(self, expression: code.Gathered, scope: Scope) -> Value:
        inner = Scope({}, scope, scope.path)
        found: list[tuple[Value, Value]] = []
        doubt = self._rounds(expression, 0, inner, found)
        if expression.kind == "dict":
            pairs = self.pairs((key, value) for key, value in found if hashable(key))
            pairs.doubt = doubt or (
                None
                if len(pairs) == len(found) or all(hashable(key) for key, _value in found)
                else Unknown("a key known only at run time")
            )
            return pairs
        values = [value for _key, value in found]
        made = self.items(unique(values) if expression.kind == "set" else values, expression.kind)
        made.doubt = doubt
        return made

    def _rounds(
        self,
        expression: code.Gathered,
        place: int,
        scope: Scope,
        found: list[tuple[Value, Value]],
    ) -> Unknown | None:
        if place == len(expression.rounds):
            if len(found) >= MOST:
                return Unknown("a list that is too long to follow")
            key = None if expression.key is None else self._value(expression.key, scope)
            found.append((key, self._value(expression.value, scope)))
            return None
        each = expression.rounds[place]
        values = self.values_of(self._value(each.iterable, scope))
        if isinstance(values, Unknown):
            self._open(values.why)
            self._set(each.target, values, scope)
            self._rounds(expression, place + 1, scope, found)
            self._close()
            return values
        doubt: Unknown | None = None
        for value in itertools.islice(values, MOST):
            self._set(each.target, value, scope)
            tests = [self._value(test, scope) for test in each.tests]
            truths = [self.truth(test) for test in tests]
            if False in truths:
                continue
            if None in truths:
                test = tests[truths.index(None)]
                doubt = doubt or (test if isinstance(test, Unknown) else Unknown("a condition"))
                self._open(doubt.why)
                self._rounds(expression, place + 1, scope, found)
                self._close()
                continue
            more = self._rounds(expression, place + 1, scope, found)
            doubt = doubt or more
        return doubt

    def _lambda(self, expression: code.Lambda, scope: Scope) -> Value:
        return Function(expression, scope)

    def _walrus(self, expression: code.Walrus, scope: Scope) -> Value:
        value = self._value(expression.value, scope)
        scope.names[expression.name] = value
        return value

    def _yielded(self, expression: code.Yielded, scope: Scope) -> Value:
        value = self._value(expression.value, scope)
        if self._frames:
            given = self._frames[-1].given
            if self._conditions:
                given.doubt = given.doubt or Unknown(self._conditions[-1])
            if expression.is_many:
                given.extend(itertools.islice(self.each(value, given), MOST))
            elif len(given) < MOST:
                given.append(value)
        return None

    def _opaque(self, expression: code.Opaque, scope: Scope) -> Value:
        return Unknown("code that is not followed")

    def _quoted(self, expression: code.Quoted, scope: Scope) -> Value:
        value = self._value(expression.value, scope)
        if isinstance(value, str) or value is None:
            return value
        return expression.text or Unknown("code that is not followed")

    # Rows

    def items(self, values: Any = (), kind: str = "list") -> Items:
        """A new list or set."""
        made = Items(values, kind)
        made.serial = self._open_serials[-1]
        return made

    def pairs(self, pairs: Any = ()) -> Pairs:
        """A new dict."""
        made = Pairs(pairs)
        made.serial = self._open_serials[-1]
        return made

    def change(self, of: Items | Pairs) -> None:
        """Notes that a list or dict changes; under a condition nobody knows whether."""
        if self._conditions and of.serial != self._open_serials[-1]:
            of.doubt = of.doubt or Unknown(self._conditions[-1])

    def each(self, value: Value, into: Items) -> Iterator[Value]:
        """The values of a row that are added to another."""
        values = self.values_of(value)
        if isinstance(values, Unknown):
            into.doubt = into.doubt or values
            return iter(())
        return iter(values)

    def values_of(self, value: Value) -> Sequence[Value] | Unknown:
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
                return Unknown(origin_of(value.full), outside=outside_of(value.full))
            case Instance(of=Class(kind="fields")):
                return list(value.names.values())
            case Instance():
                return self._iterated(value)
        return Unknown("a loop over something that is not followed")

    def _iterated(self, instance: Instance) -> Sequence[Value] | Unknown:
        method = self._in_class(instance.of, "__iter__")
        if isinstance(method, Function):
            made = self.call(method, [instance], {}, instance.of.scope)
            if isinstance(made, Items | tuple):
                return self.values_of(made)
        return Unknown("a loop over an object")

    # Calls

    def _call(self, expression: code.Call, scope: Scope) -> Value:
        function = self._value(expression.function, scope)
        arguments: list[Value] = []
        keywords = self.pairs()
        for each in expression.arguments:
            value = self._value(each, scope)
            if isinstance(each, code.Star):
                values = self.values_of(value)
                if isinstance(values, Unknown):
                    keywords.doubt = keywords.doubt or values
                else:
                    arguments += itertools.islice(values, MOST)
            else:
                arguments.append(value)
        for name, each in expression.keywords:
            value = self._value(each, scope)
            if name is None:
                self._add_all(keywords, value)
            else:
                keywords[name] = value
                if name == "subdag" and isinstance(value, Dag):
                    value.is_subdag = True
        before = self._line
        if scope.path == self.path:
            self._line = expression.line
        made_at = (scope.path, expression.line)
        try:
            return self.call(function, arguments, keywords, scope, made_at)
        finally:
            self._line = before

    def call(
        self,
        function: Value,
        arguments: list[Value],
        keywords: dict[str, Value],
        scope: Scope,
        made_at: tuple[str, int] | None = None,
    ) -> Value:
        """``function(*arguments, **keywords)``"""
        maker = maker_of(function)
        if maker == "dag":
            line = made_at[1] if made_at else self._line
            return self._decorator(arguments, keywords, line, scope)
        if maker == "DAG":
            return self._dag(arguments, keywords, made_at or (scope.path, self._line))
        match function:
            case Function():
                return self._call_function(function, arguments, keywords)
            case Class():
                return self._call_class(function, arguments, keywords, scope, made_at)
            case DagFunction():
                return self._call_dag_function(function, scope, arguments, keywords)
            case Decorator() if arguments:
                return DagFunction(arguments[0], function.arguments, function.line, scope.path)
            case Partial():
                return self.call(
                    function.function,
                    [*function.arguments, *arguments],
                    Pairs({**function.keywords, **keywords}),
                    scope,
                    made_at,
                )
            case Builtin():
                return call_builtin(self, function.name, arguments, keywords, scope)
            case Method():
                return call_method(self, function, arguments, keywords)
            case Outer():
                return self._call_outer(function, arguments, keywords, scope, made_at)
            case Unknown():
                self._may_make_dag(function.outside, keywords, made_at)
                self.escape([*arguments, *keywords.values()], function.why, scope)
                return Unknown(function.why, outside=function.outside)
        return Unknown("a call that is not followed")

    def _call_outer(
        self,
        outer: Outer,
        arguments: list[Value],
        keywords: dict[str, Value],
        scope: Scope,
        made_at: tuple[str, int] | None,
    ) -> Value:
        value = call_outer(self, outer.full, arguments, keywords, scope)
        if value is not MISSING:
            return value
        why = origin_of(outer.full)
        if not is_elsewhere(outer.full) and not is_of_tasks(outer.full):
            self._may_make_dag(outer.full, keywords, made_at)
            self.escape([*arguments, *keywords.values()], why, scope)
        return Unknown(why, outside=outside_of(outer.full))

    def escape(self, values: Sequence[Value], why: str, scope: Scope) -> None:
        """What code that is not followed may do with what it was given: change it, or call it."""
        for value in values:
            if isinstance(value, Items | Pairs):
                value.doubt = value.doubt or Unknown(why)
            elif isinstance(value, Function | Partial):
                self._open(why)
                self.call(value, [], Pairs([("**", None)]), scope)
                self._close()

    def _may_make_dag(
        self, full: str, keywords: dict[str, Value], made_at: tuple[str, int] | None
    ) -> None:
        """A function that is not in the tree makes a DAG if its name says so."""
        if made_at is None or full.startswith("airflow.") or not names_factory(full):
            return
        dag_id = keywords.get("dag_id", MISSING)
        if dag_id is MISSING or not isinstance(dag_id, str):
            dag_id = Unknown(f"`{full.lstrip('.')}()`, which is not in the tree", outside=full)
        self._add(Pairs(keywords) | {"dag_id": dag_id}, made_at)

    def _call_function(
        self, function: Function, arguments: list[Value], keywords: dict[str, Value]
    ) -> Value:
        scope = Scope({}, function.scope, function.scope.path)
        if function.bound is not None:
            arguments = [function.bound, *arguments]
        self._give(function, arguments, keywords, scope)
        if isinstance(function.code, code.Lambda):
            return self._value(function.code.value, scope)
        if function.owner is not None:
            scope.names["__class__"] = function.owner
        if len(self._frames) > 40:
            return Unknown("calls that are nested too deeply to follow")
        frame = _Frame(given=self.items())
        self._frames.append(frame)
        left = self._block(function.code.body, scope)
        self._frames.pop()
        if function.code.is_generator:
            return frame.given
        if not leaves(left):
            frame.returned.append(None)
        return self._one_of(frame.returned)

    def _one_of(self, values: list[Value]) -> Value:
        """The one value that a function returns, or that it returns one of several."""
        first = values[0] if values else None
        if all(is_same(first, other) for other in values):
            return first
        return Unknown(self._why or "a condition")

    def _give(
        self,
        function: Function,
        arguments: list[Value],
        keywords: dict[str, Value],
        scope: Scope,
    ) -> None:
        """Binds a function's parameters."""
        takes = function.code.parameters
        names = scope.names
        doubt = getattr(keywords, "doubt", None)
        defaults = dict(zip(reversed(takes.positional), reversed(takes.defaults), strict=False))
        left = {name: value for name, value in keywords.items() if name != "**"}
        is_called_by_others = "**" in keywords
        for place, name in enumerate(takes.positional):
            if place < len(arguments):
                names[name] = arguments[place]
            elif name in left:
                names[name] = left.pop(name)
            elif doubt is not None or is_called_by_others:
                names[name] = doubt or Unknown(f"the parameter `{name}`")
            elif name in defaults:
                names[name] = self._value(defaults[name], function.scope)
            else:
                names[name] = Unknown(f"the parameter `{name}`")
        for name, default in takes.named:
            if name in left:
                names[name] = left.pop(name)
            elif default is not None and doubt is None:
                names[name] = self._value(default, function.scope)
            else:
                names[name] = doubt or Unknown(f"the parameter `{name}`")
        if takes.rest:
            rest = self.items(arguments[len(takes.positional) :])
            rest.doubt = doubt
            names[takes.rest] = rest
        if takes.others:
            others = self.pairs(left)
            others.doubt = doubt
            names[takes.others] = others

    def _call_class(
        self,
        of: Class,
        arguments: list[Value],
        keywords: dict[str, Value],
        scope: Scope,
        made_at: tuple[str, int] | None,
    ) -> Value:
        if of.kind == "enum":
            return self._member(of, arguments)
        instance = Instance(of)
        start = self._in_class(of, "__init__")
        if isinstance(start, Function):
            self.call(self._bound(start, instance, of), arguments, keywords, scope, made_at)
        elif of.kind == "fields":
            self._fill(instance, arguments, keywords)
            after = self._in_class(of, "__post_init__")
            if isinstance(after, Function):
                self.call(self._bound(after, instance, of), [], Pairs(), scope)
        elif has_outside_base(of) and not (arguments and not keywords):
            instance.names.update(keywords)
        return instance

    def _member(self, of: Class, arguments: list[Value]) -> Value:
        for member in of.members.values():
            if arguments and is_same(member.names["value"], arguments[0]):
                return member
        return Unknown(f"a member of `{of.name}`")

    def _fill(self, instance: Instance, arguments: list[Value], keywords: dict[str, Value]) -> None:
        doubt = getattr(keywords, "doubt", None)
        for place, (name, default) in enumerate(instance.of.fields.items()):
            if place < len(arguments):
                value = arguments[place]
            elif name in keywords:
                value = keywords[name]
            elif doubt is not None or default is MISSING:
                value = doubt or Unknown(f"the field `{name}`")
            else:
                value = default
            instance.names[name] = value

    # DAGs

    def _decorator(
        self, arguments: list[Value], keywords: dict[str, Value], line: int, scope: Scope
    ) -> Value:
        if arguments and isinstance(arguments[0], Function):
            return DagFunction(arguments[0], Pairs(), line, scope.path)
        given = self.pairs(keywords)
        given.doubt = getattr(keywords, "doubt", None)
        if arguments:
            given["dag_id"] = arguments[0]
        return Decorator(given, line)

    def _call_dag_function(
        self,
        made: DagFunction,
        scope: Scope,
        arguments: list[Value] | None = None,
        keywords: dict[str, Value] | None = None,
    ) -> Value:
        self._called.add(id(made))
        given = self.pairs(made.arguments)
        given.doubt = getattr(made.arguments, "doubt", None)
        function = made.function
        source = function.code if isinstance(function, Function) else None
        if "dag_id" not in given and not given.doubt and isinstance(source, code.Define):
            given["dag_id"] = source.name
        dag = self._add(given, (made.path, made.line))
        if isinstance(function, Function) and len(self._frames) < 20:
            self.call(function, arguments or [], keywords or Pairs(), scope)
        return dag

    def _dag(
        self, arguments: list[Value], keywords: dict[str, Value], made_at: tuple[str, int]
    ) -> Value:
        given = self.pairs(keywords)
        given.doubt = getattr(keywords, "doubt", None)
        for name, value in zip(
            ("dag_id", "description", "schedule_interval"), arguments, strict=False
        ):
            given[name] = value
        return self._add(given, made_at)

    def _add(self, given: dict[str, Value], made_at: tuple[str, int]) -> Dag:
        """A DAG that is made with these arguments."""
        doubt = getattr(given, "doubt", None)
        dag_id = given.get("dag_id", doubt or Unknown("arguments that do not name it"))
        if isinstance(dag_id, Instance | Outer | PathText):
            dag_id = plain_of_enum(dag_id) if isinstance(dag_id, Instance) else self.text(dag_id)
        dag = Dag(
            dag_id=dag_id,
            default_args=given.get("default_args"),
            tags=given.get("tags"),
            schedule=schedule_of(given),
            line=made_at[1] if made_at[0] == self.path else self._line,
            made_at=made_at,
            condition=self._conditions[-1] if self._conditions else "",
        )
        self.visited.add(made_at)
        if len(self.dags) >= MOST_DAGS:
            raise OutOfSteps
        self.dags.append(dag)
        return dag


_EXPRESSIONS: dict[type, Callable[[Follower, Any, Scope], Value]] = {
    code.Literal: Follower._literal,
    code.Name: Follower._name,
    code.Attribute: Follower._attribute,
    code.Part: Follower._part,
    code.Joined: Follower._joined,
    code.Shown: Follower._shown,
    code.Binary: Follower._binary,
    code.Either: Follower._either,
    code.Not: Follower._not,
    code.Compared: Follower._compared,
    code.Chosen: Follower._chosen,
    code.Call: Follower._call,
    code.Star: Follower._star,
    code.Row: Follower._row,
    code.Table: Follower._table,
    code.Gathered: Follower._gathered,
    code.Lambda: Follower._lambda,
    code.Walrus: Follower._walrus,
    code.Yielded: Follower._yielded,
    code.Opaque: Follower._opaque,
    code.Quoted: Follower._quoted,
    code.Span: Follower._opaque,
}
_STATEMENTS: dict[type, Callable[[Follower, Any, Scope], str | None]] = {
    code.Bind: Follower._bind,
    code.Field: Follower._field,
    code.Increase: Follower._increase,
    code.Do: Follower._do,
    code.For: Follower._for,
    code.While: Follower._while,
    code.If: Follower._if,
    code.With: Follower._with,
    code.Try: Follower._try,
    code.Define: Follower._define,
    code.DefineClass: Follower._define_class,
    code.Import: Follower._import,
    code.ImportAll: Follower._import_all,
    code.Return: Follower._return,
    code.Leave: Follower._leave,
}
