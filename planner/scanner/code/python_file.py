"""One parsed Python file, with what every check of Python asks: nodes by type, parents, and full names.

The tree is walked once. Nothing is imported and nothing is run.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from planner.parsers.fix import Edit
from planner.scanner.material import Hit, Place

Node = TypeVar("Node", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

TOO_DEEP = (SyntaxError, ValueError, MemoryError, RecursionError)
"""What parsing a hostile or broken file raises."""
_MOST_NAMES = 20
"""A name for a name for a name …: followed this far."""
_OF_IMPORTS = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")
"""Exceptions that cover a failing import."""


_LEAVES = frozenset([ast.Name, ast.Constant, ast.alias, ast.Pass, ast.Global, ast.Nonlocal])
"""Types of nodes that hold no others."""
_MIXED = frozenset([ast.Dict, ast.arguments, ast.MatchMapping, ast.MatchClass])
"""Types whose lists may hold None or plain names."""
_NO_NODES = frozenset(
    ["attr", "conversion", "ctx", "kind", "level", "lineno", "op", "ops", "simple", "type_comment"]
)
"""Fields that hold no node, or only one that says no more than its name: ``ast.Load``, ``ast.Add``."""


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    """The fields of each type of node that may hold nodes, in the order of the source."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        found = self[kind] = tuple(name for name in kind._fields if name not in _NO_NODES)
        return found


_FIELDS = _Fields()


def _nodes_in(values: list[ast.AST | str | None]) -> list[ast.AST]:
    return [each for each in values if isinstance(each, ast.AST)]


class ImportedName(NamedTuple):
    """One name that an import statement binds."""

    local: str
    """How the file calls it."""
    full: str
    """``airflow.utils.dates.days_ago``; for a relative import the dots stay in front."""
    node: ast.Import | ast.ImportFrom
    alias: ast.alias


def parsed(source: str) -> ast.Module:
    """The syntax tree. Raises one of ``TOO_DEEP``; warnings of the code's own are kept quiet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


@functools.lru_cache(maxsize=1)
def python_file(path: str, source: str) -> PythonFile:
    """A Python file, parsed once however many ask for it one after the other. Raises one of ``TOO_DEEP``."""
    return PythonFile(path, source)


class PythonFile:
    """A Python file that parses. Lines and columns count from 1."""

    def __init__(self, path: str, source: str, cells: Sequence[int] = ()) -> None:
        """``cells``: for a notebook whose cells were joined, the 1-based first line of each."""
        self.path = path
        self.source = source
        self.tree = parsed(source)
        self._cells = cells
        self._by_type: defaultdict[type, list[ast.AST]] = defaultdict(list)
        self._parents: dict[ast.AST, ast.AST] = {}
        self._names: dict[ast.AST, str] = {}
        self._functions: dict[ast.AST, Function | None] = {}
        self._index()

    def _index(self) -> None:
        by_type, parents, node_type = self._by_type, self._parents, ast.AST
        leaves, mixed, fields_of = _LEAVES, _MIXED, _FIELDS
        waiting: list[ast.AST] = [self.tree]
        while waiting:
            node = waiting.pop()
            kind = type(node)
            by_type[kind].append(node)
            if kind in leaves:
                continue
            children: list[ast.AST] = []
            for name in fields_of[kind]:
                value = getattr(node, name, None)
                if not value:
                    continue
                if type(value) is list:
                    children += _nodes_in(value) if kind in mixed else value
                elif isinstance(value, node_type):
                    children.append(value)
            if children:
                for child in children:
                    parents[child] = node
                children.reverse()
                waiting += children

    @property
    def is_notebook(self) -> bool:
        return bool(self._cells)

    def of(self, *types: type[Node]) -> Iterator[Node]:
        """Every node of these types, type by type, each in the order of the source."""
        found = [self._by_type.get(each, ()) for each in types]
        return itertools.chain.from_iterable(found)  # type: ignore[arg-type]

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self._parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """What encloses a node, from the inside out."""
        above = self._parents.get(node)
        while above is not None:
            yield above
            above = self._parents.get(above)

    def function_of(self, node: ast.AST) -> Function | None:
        """The innermost function whose body a node runs in; None at the level of module or class.

        A decorator, a default value and an annotation belong to what is around the function.
        """
        known, parents = self._functions, self._parents
        passed: list[ast.AST] = []
        found: Function | None = None
        while node not in known:
            passed.append(node)
            above = parents.get(node)
            if above is None:
                break
            if isinstance(above, _FUNCTIONS) and (
                isinstance(node, ast.stmt) or node is above.body  # of a lambda
            ):
                found = above
                break
            node = above
        else:
            found = known[node]
        for each in passed:
            known[each] = found
        return found

    @functools.cached_property
    def imports(self) -> list[ImportedName]:
        """Every name that an import binds, wherever it stands; ``*`` is a name of its own."""
        found = []
        for plain in self.of(ast.Import):
            for alias in plain.names:
                local = alias.asname or alias.name.partition(".")[0]
                full = alias.name if alias.asname else local
                found.append(ImportedName(local, full, plain, alias))
        for node in self.of(ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                dot = "" if module.endswith(".") else "."
                found.append(
                    ImportedName(
                        alias.asname or alias.name, f"{module}{dot}{alias.name}", node, alias
                    )
                )
        return found

    @functools.cached_property
    def _full_names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for imported in self.imports:
            names.setdefault(imported.local, imported.full)
        return names

    def name(self, node: ast.AST) -> str:
        """The full dotted name that an expression means: ``airflow.models.DagRun.find``.

        The first part is resolved through the file's imports, unless a parameter of the same name hides
        it; a name that no import binds stays as written. Empty for anything but a chain of plain names.
        """
        known = self._names.get(node)
        if known is None:
            known = self._names[node] = self._full_name(node)
        return known

    def _full_name(self, node: ast.AST) -> str:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        head = node.id
        if head in self._full_names and not self._is_parameter(node):
            head = self._full_names[head]
        return ".".join([head, *reversed(parts)])

    def _is_parameter(self, node: ast.Name) -> bool:
        if node.id not in self._every_parameter:
            return False
        function = self.function_of(node)
        while function is not None:
            if node.id in parameters(function):
                return True
            function = self.function_of(function)
        return False

    @functools.cached_property
    def _every_parameter(self) -> frozenset[str]:
        return frozenset(argument.arg for argument in self.of(ast.arg))

    def is_guarded(self, node: ast.AST, *, imports: bool = True) -> bool:
        """Whether code is one side of a form that works on both: tried with an ImportError caught, or
        chosen by Airflow's version, here, by an earlier ``return``, by the name of its function or, for tests,
        by ``pytest.mark.skipif``. What stands under ``if TYPE_CHECKING:`` never runs, so it counts too.

        Args:
            imports: the code is an import, or uses one, so that an ``except`` of every error counts like one of
                ImportError. For code that fails otherwise it only says that somebody logs errors.
        """
        below = node
        for above in self.ancestors(node):
            match above:
                case ast.Try(handlers=handlers):
                    catches = catches_import_error if imports else _names_import_error
                    if _is_tried(below, handlers) and any(map(catches, handlers)):
                        return True
                case ast.With(items=items):
                    if any(map(_suppresses_import, items)):
                        return True
                case ast.If(test=test) | ast.IfExp(test=test):
                    if below is not test and _asks_version_or_typing(test):
                        return True
                case (
                    ast.FunctionDef(name=name, body=body, decorator_list=marks)
                    | ast.AsyncFunctionDef(name=name, body=body, decorator_list=marks)
                ):
                    if _OLD_SIDE.search(name) or _leaves_by_version(body, below):
                        return True
                    if self._is_skipped(marks):
                        return True
                case ast.ClassDef(decorator_list=marks):
                    if self._is_skipped(marks):
                        return True
            below = above
        return False

    def _is_skipped(self, marks: Sequence[ast.expr]) -> bool:
        """Whether a decorator leaves a test out on one of the versions."""
        return self._may_skip and any(map(_skips_by_version, map(self.value, marks)))

    @functools.cached_property
    def _may_skip(self) -> bool:
        return "skip" in self.source

    @functools.cached_property
    def airflow_calls(self) -> list[tuple[ast.Call, str]]:
        """The calls of what is Airflow's, each with the full name of that, in the order of the source."""
        heads = {local for local, full in self._full_names.items() if full.startswith("airflow")}
        heads.add("airflow")
        called = (
            (call, self.name(call.func)) for call in self.of(ast.Call) if _head(call.func) in heads
        )
        return [(call, full) for call, full in called if full.startswith("airflow.")]

    @functools.cached_property
    def constants(self) -> dict[str, ast.expr]:
        """Names that the whole file binds exactly once, by a plain assignment, with what they are bound to."""
        bound = Counter(node.id for node in self.of(ast.Name) if not isinstance(node.ctx, ast.Load))
        bound.update(argument.arg for argument in self.of(ast.arg))
        bound.update(imported.local for imported in self.imports)
        bound.update(definition.name for definition in self.of(ast.ClassDef))
        bound.update(function.name for function in self.of(ast.FunctionDef))
        bound.update(function.name for function in self.of(ast.AsyncFunctionDef))
        values: dict[str, ast.expr] = {}
        for assign in self.of(ast.Assign):
            match assign:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    values[name] = value
        for annotated in self.of(ast.AnnAssign):
            if isinstance(annotated.target, ast.Name) and annotated.value is not None:
                values[annotated.target.id] = annotated.value
        return {name: value for name, value in values.items() if bound[name] == 1}

    def value(self, node: ast.expr) -> ast.expr:
        """The expression behind a name that the file binds once, however many names lie between."""
        for _ in range(_MOST_NAMES):
            if not isinstance(node, ast.Name) or node.id not in self.constants:
                break
            node = self.constants[node.id]
        return node

    def place(self, node: ast.AST) -> Place:
        """Where a node begins. Columns count characters, as ruff does."""
        line, offset = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        column = self.characters(line, offset) + 1
        if not self._cells:
            return Place(line, column)
        cell, row = self._cell(line)
        return Place(row, column, cell)

    def _end_column(self, node: ast.AST) -> int | None:
        line, offset = getattr(node, "end_lineno", None), getattr(node, "end_col_offset", None)
        return None if line is None or offset is None else self.characters(line, offset) + 1

    def characters(self, line: int, offset: int) -> int:
        """The 0-based character of a line that a byte offset of the syntax tree means."""
        if offset == 0 or self.source.isascii():
            return offset
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return len(text.encode()[:offset].decode("utf-8", "replace"))

    @functools.cached_property
    def lines(self) -> list[str]:
        """The lines without their endings, numbered as Python numbers them."""
        return self.source.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def _cell(self, line: int) -> tuple[int, int]:
        """The 1-based cell of a line of the joined notebook, and the line within it."""
        cell = max(index for index, first in enumerate(self._cells, 1) if first <= line)
        return cell, line - self._cells[cell - 1] + 1

    def hit(
        self,
        node: ast.AST,
        message: str,
        *,
        symbol: str = "",
        edits: Sequence[Edit] = (),
        is_safe: bool = False,
        unless_set: str = "",
    ) -> Hit:
        """A hit at a node."""
        place = self.place(node)
        first: int = getattr(node, "lineno", 1)
        last: int = getattr(node, "end_lineno", None) or first
        return Hit(
            line=place.line,
            column=place.column,
            end_line=place.line + last - first,
            end_column=self._end_column(node),
            cell=place.cell,
            message=message,
            symbol=symbol,
            edits=list(edits),
            is_safe=is_safe,
            unless_set=unless_set,
        )


def parameters(function: Function) -> list[str]:
    """The names of a function's parameters, ``*args`` and ``**kwargs`` included."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
    return [argument.arg for argument in every]


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """An argument of a call, by its name or else by its 0-based position."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is not None and len(call.args) > position:
        found = call.args[position]
        return None if isinstance(found, ast.Starred) else found
    return None


def text_of(node: ast.AST | None) -> str | None:
    """The text of a string literal, or None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _head(node: ast.AST) -> str:
    """The name that a dotted name begins with; nothing for any other expression."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _suppresses_import(item: ast.withitem) -> bool:
    """``with suppress(ImportError):``"""
    match item.context_expr:
        case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress"), args=caught):
            return any(isinstance(one, ast.Name) and one.id in _OF_IMPORTS for one in caught)
    return False


def _is_tried(node: ast.AST, handlers: Sequence[ast.ExceptHandler]) -> bool:
    """Whether a child of a ``try`` is in its body or a handler of it, and not in what follows them."""
    if isinstance(node, ast.ExceptHandler) or not handlers:
        return True
    return getattr(node, "lineno", 0) < handlers[0].lineno


def catches_import_error(handler: ast.excepthandler) -> bool:
    """Whether an ``except`` is reached when an import fails."""
    if not isinstance(handler, ast.ExceptHandler) or handler.type is None:
        return True
    return any(
        isinstance(node, ast.Name) and node.id in _OF_IMPORTS for node in ast.walk(handler.type)
    )


def _names_import_error(handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and any(
        isinstance(node, ast.Name) and node.id in ("ImportError", "ModuleNotFoundError")
        for node in ast.walk(handler.type)
    )


_OLD_SIDE = re.compile(r"(?:^|_)(?:af|airflow)_?v?2(?:_|x|$)", re.IGNORECASE)
"""Functions that say in their name that they are for Airflow 2."""


def _leaves_by_version(body: Sequence[ast.stmt], below: ast.AST) -> bool:
    """Whether a function has returned before a statement of its body, for one of the versions."""
    for statement in body:
        if statement is below:
            break
        if (
            isinstance(statement, ast.If)
            and isinstance(statement.body[-1], ast.Return | ast.Raise)
            and _asks_version_or_typing(statement.test)
        ):
            return True
    return False


def _skips_by_version(mark: ast.expr) -> bool:
    """Whether a decorator leaves a test out on one of the versions: ``@pytest.mark.skipif(AIRFLOW_VERSION >= …)``."""
    match mark:
        case ast.Call(
            func=ast.Attribute(attr="skipif" | "skipIf" | "skipUnless"), args=[condition, *_]
        ):
            return _asks_version_or_typing(condition) and not _is_for_older(condition)
    return False


def _is_for_older(test: ast.expr) -> bool:
    """Whether a condition tells releases of Airflow 2 apart: ``version < Version("2.6.0")``, which no 3.x meets."""
    match test:
        case ast.Compare(ops=[ast.Lt() | ast.LtE()], comparators=[bound]):
            return any(
                isinstance(part, ast.Constant) and str(part.value).startswith(("1.", "2."))
                for part in ast.walk(bound)
            )
    return False


def _asks_version_or_typing(test: ast.expr) -> bool:
    for node in ast.walk(test):
        word = ""
        if isinstance(node, ast.Name):
            word = node.id
        elif isinstance(node, ast.Attribute):
            word = node.attr
        if word in ("TYPE_CHECKING", "__version__") or "VERSION" in word.upper():
            return True
        if word.upper().startswith(("AIRFLOW_V", "IS_AIRFLOW", "AIRFLOW_GE", "AIRFLOW_3")):
            return True
    return False
