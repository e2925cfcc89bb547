"""A parsed Python file → its outline."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from planner.scanner.dag_map.known import is_elsewhere
from planner.scanner.dag_map.outline import (
    Attribute,
    Binary,
    Bind,
    Block,
    Call,
    Chosen,
    Compared,
    Define,
    DefineClass,
    Do,
    Either,
    Expression,
    Field,
    For,
    Gathered,
    If,
    Import,
    ImportAll,
    Increase,
    Joined,
    Lambda,
    Leave,
    Literal,
    Name,
    Not,
    Opaque,
    Outline,
    Parameters,
    Part,
    Quoted,
    Return,
    Round,
    Row,
    Shown,
    Site,
    Span,
    Star,
    Statement,
    Table,
    Try,
    Walrus,
    While,
    With,
    Yielded,
)
from planner.scanner.python_file import PythonFile, parameters

_DEEPEST = 50
"""Expressions and blocks that are nested more deeply are left out."""
_LONGEST_TEXT = 1000
_LONGEST_SCHEDULE = 100
_MOST_VALUES = 5000
_MOST_NODES = 60_000
_LARGEST_NUMBER = 10**18

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitOr: "|",
    ast.Pow: "**",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
_COMPREHENSIONS: dict[type[ast.AST], str] = {
    ast.ListComp: "list",
    ast.SetComp: "set",
    ast.GeneratorExp: "list",
    ast.DictComp: "dict",
}
_ROWS: dict[type[ast.AST], str] = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}
_SCHEDULES = frozenset(["schedule", "schedule_interval", "timetable"])
_OF_TASKS = frozenset(["subdag", "dag"])
"""Arguments of a task in which a DAG may be made."""
_CHAINING = frozenset(["set_downstream", "set_upstream", "append_task", "add_task"])
_TESTED = ("test_", "conftest")

OPAQUE = Opaque()


def outline_of(file: PythonFile) -> Outline:
    """What of the file matters to its DAGs and to those of files that import it."""
    return _Outliner(file).outline()


def makes_dag(full: str) -> bool:
    """Whether a full name is one under which Airflow, or a wrapper of the same name, makes DAGs."""
    last = full.rpartition(".")[2]
    return last == "DAG" or (last == "dag" and full.startswith("airflow."))


def _is_airflows(full: str) -> bool:
    """Whether a name is Airflow's own, and makes no DAG."""
    return full.startswith("airflow.") and is_elsewhere(full) and not makes_dag(full)


class _Outliner:
    def __init__(self, file: PythonFile) -> None:
        self._file = file
        self._left = _MOST_NODES
        self._generators = {
            file.function_of(node) for node in (*file.of(ast.Yield), *file.of(ast.YieldFrom))
        }

    def outline(self) -> Outline:
        body = self._block(self._file.tree.body, 0)
        return Outline(
            body=body,
            sites=tuple(_sites(self._file)),
            volatile=tuple(
                sorted({name for node in self._file.of(ast.Global) for name in node.names})
            ),
            task_owners=_task_owners(self._file),
            is_cut=self._left <= 0,
        )

    # Statements

    def _block(self, nodes: Sequence[ast.stmt], depth: int) -> Block:
        if depth > _DEEPEST:
            return ()
        found: list[Statement] = []
        for node in nodes:
            if self._left <= 0:
                break
            outlined = _STATEMENTS.get(type(node))
            if outlined is not None:
                found += outlined(self, node, depth + 1)
        return tuple(found)

    def _assign(self, node: ast.Assign, depth: int) -> Iterator[Statement]:
        targets = tuple(self._expression(target, depth) for target in node.targets)
        yield Bind(targets, self._expression(node.value, depth))

    def _annotated(self, node: ast.AnnAssign, depth: int) -> Iterator[Statement]:
        value = self._expression(node.value, depth) if node.value else None
        if isinstance(node.target, ast.Name):
            yield Field(node.target.id, value)
        elif value is not None:
            yield Bind((self._expression(node.target, depth),), value)

    def _increase(self, node: ast.AugAssign, depth: int) -> Iterator[Statement]:
        operator = _OPERATORS.get(type(node.op), "")
        yield Increase(
            self._expression(node.target, depth), operator, self._expression(node.value, depth)
        )

    def _do(self, node: ast.Expr, depth: int) -> Iterator[Statement]:
        value = node.value
        if isinstance(value, ast.BinOp) and not any(
            isinstance(each, ast.Call) for each in ast.walk(value)
        ):
            return
        if isinstance(value, ast.Constant | ast.Name | ast.Attribute):
            return
        if isinstance(value, ast.Call) and self._is_about_tasks(value):
            return
        outlined = self._expression(value, depth)
        if not isinstance(outlined, Opaque):
            yield Do(outlined)

    def _is_about_tasks(self, call: ast.Call) -> bool:
        """Whether a call makes or chains tasks, and holds no DAG."""
        if isinstance(call.func, ast.Attribute) and call.func.attr in _CHAINING:
            return True
        is_airflows = _is_airflows(self._file.name(call.func))
        return is_airflows and not any(keyword.arg in _OF_TASKS for keyword in call.keywords)

    def _for(self, node: ast.For, depth: int) -> Iterator[Statement]:
        yield For(
            self._expression(node.target, depth),
            self._expression(node.iter, depth),
            self._block(node.body, depth),
            self._block(node.orelse, depth),
        )

    def _while(self, node: ast.While, depth: int) -> Iterator[Statement]:
        yield While(self._expression(node.test, depth), self._block(node.body, depth))

    def _if(self, node: ast.If, depth: int) -> Iterator[Statement]:
        yield If(
            self._expression(node.test, depth),
            self._block(node.body, depth),
            self._block(node.orelse, depth),
        )

    def _match(self, node: ast.Match, depth: int) -> Iterator[Statement]:
        """Each case as one that may hold, with what it captures unknown."""
        for case in node.cases:
            captured = [
                name
                for each in ast.walk(case.pattern)
                if (name := getattr(each, "name", None) or getattr(each, "rest", None))
            ]
            bound = tuple(Bind((Name(name),), OPAQUE) for name in captured)
            yield If(OPAQUE, (*bound, *self._block(case.body, depth)), ())

    def _with(self, node: ast.With, depth: int) -> Iterator[Statement]:
        contexts = tuple(
            (
                self._expression(each.context_expr, depth),
                self._expression(each.optional_vars, depth) if each.optional_vars else None,
            )
            for each in node.items
        )
        yield With(contexts, self._block(node.body, depth))

    def _try(self, node: ast.Try, depth: int) -> Iterator[Statement]:
        yield Try(
            self._block(node.body, depth),
            tuple(self._handler(handler, depth) for handler in node.handlers),
            self._block(node.orelse, depth),
            self._block(node.finalbody, depth),
        )

    def _handler(self, handler: ast.ExceptHandler, depth: int) -> Block:
        bound = (Bind((Name(handler.name),), OPAQUE),) if handler.name else ()
        return (*bound, *self._block(handler.body, depth))

    def _define(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, depth: int
    ) -> Iterator[Statement]:
        if self._is_task(node) or (
            isinstance(node, ast.AsyncFunctionDef) and not node.decorator_list
        ):
            yield Bind((Name(node.name),), OPAQUE)
            return
        yield Define(
            node.name,
            self._parameters(node.args, depth),
            self._block(node.body, depth),
            tuple(self._expression(each, depth) for each in node.decorator_list),
            node in self._generators,
            node.lineno,
        )

    def _is_task(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            full = self._file.name(called)
            if _is_airflows(full):
                return True
        return False

    def _parameters(self, arguments: ast.arguments, depth: int) -> Parameters:
        positional = tuple(each.arg for each in (*arguments.posonlyargs, *arguments.args))
        return Parameters(
            positional,
            tuple(self._expression(each, depth) for each in arguments.defaults),
            arguments.vararg.arg if arguments.vararg else "",
            tuple(
                (each.arg, self._expression(default, depth) if default else None)
                for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            ),
            arguments.kwarg.arg if arguments.kwarg else "",
        )

    def _class(self, node: ast.ClassDef, depth: int) -> Iterator[Statement]:
        bases = [self._file.name(base) for base in node.bases]
        if any(map(_is_airflows, bases)):
            yield Bind((Name(node.name),), OPAQUE)
            return
        yield DefineClass(
            node.name,
            tuple(self._expression(base, depth) for base in node.bases),
            self._block(node.body, depth),
            tuple(self._expression(each, depth) for each in node.decorator_list),
        )

    def _import(self, node: ast.Import, depth: int) -> Iterator[Statement]:
        for alias in node.names:
            head = alias.name.partition(".")[0]
            yield Import(alias.asname or head, alias.name if alias.asname else head)

    def _import_from(self, node: ast.ImportFrom, depth: int) -> Iterator[Statement]:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                yield ImportAll(module)
            else:
                dot = "" if module.endswith(".") else "."
                yield Import(alias.asname or alias.name, f"{module}{dot}{alias.name}")

    def _return(self, node: ast.Return, depth: int) -> Iterator[Statement]:
        yield Return(self._expression(node.value, depth) if node.value else None)

    def _leave(self, node: ast.stmt, depth: int) -> Iterator[Statement]:
        yield Leave(type(node).__name__.lower())

    def _forget(self, node: ast.Delete, depth: int) -> Iterator[Statement]:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                yield Bind((self._expression(target, depth),), OPAQUE)

    # Expressions

    def _expression(self, node: ast.expr, depth: int) -> Expression:
        self._left -= 1
        if depth > _DEEPEST or self._left <= 0:
            return OPAQUE
        outlined = _EXPRESSIONS.get(type(node))
        return outlined(self, node, depth + 1) if outlined else OPAQUE

    def _all(self, nodes: Sequence[ast.expr], depth: int) -> tuple[Expression, ...]:
        return tuple(self._expression(node, depth) for node in nodes)

    def _constant(self, node: ast.Constant, depth: int) -> Expression:
        value = node.value
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            return OPAQUE
        if isinstance(value, int) and abs(value) > _LARGEST_NUMBER:
            return OPAQUE
        if value is None or isinstance(value, str | int | float):
            return Literal(value) if _is_kept(value) else OPAQUE
        return OPAQUE

    def _name(self, node: ast.Name, depth: int) -> Expression:
        return Name(node.id)

    def _attribute(self, node: ast.Attribute, depth: int) -> Expression:
        return Attribute(self._expression(node.value, depth), node.attr)

    def _part(self, node: ast.Subscript, depth: int) -> Expression:
        return Part(self._expression(node.value, depth), self._expression(node.slice, depth))

    def _span(self, node: ast.Slice, depth: int) -> Expression:
        lower, upper, step = (
            self._expression(each, depth) if each else None
            for each in (node.lower, node.upper, node.step)
        )
        return Span(lower, upper, step)

    def _joined(self, node: ast.JoinedStr, depth: int) -> Expression:
        return Joined(self._all(node.values, depth))

    def _shown(self, node: ast.FormattedValue, depth: int) -> Expression:
        spec = self._expression(node.format_spec, depth) if node.format_spec else None
        return Shown(self._expression(node.value, depth), node.conversion in (-1, 115), spec)

    def _binary(self, node: ast.BinOp, depth: int) -> Expression:
        operator = _OPERATORS.get(type(node.op), "")
        return Binary(
            operator, self._expression(node.left, depth), self._expression(node.right, depth)
        )

    def _unary(self, node: ast.UnaryOp, depth: int) -> Expression:
        value = self._expression(node.operand, depth)
        if isinstance(node.op, ast.Not):
            return Not(value)
        if isinstance(node.op, ast.USub):
            return Binary("-", Literal(0), value)
        return OPAQUE

    def _either(self, node: ast.BoolOp, depth: int) -> Expression:
        return Either(isinstance(node.op, ast.And), self._all(node.values, depth))

    def _compared(self, node: ast.Compare, depth: int) -> Expression:
        operators = tuple(_OPERATORS[type(each)] for each in node.ops)
        return Compared(
            self._expression(node.left, depth), operators, self._all(node.comparators, depth)
        )

    def _chosen(self, node: ast.IfExp, depth: int) -> Expression:
        return Chosen(
            self._expression(node.test, depth),
            self._expression(node.body, depth),
            self._expression(node.orelse, depth),
        )

    def _call(self, node: ast.Call, depth: int) -> Expression:
        full = self._file.name(node.func)
        if _is_airflows(full):
            return self._task(node, depth)
        is_dag = makes_dag(full)
        keywords = tuple(
            (each.arg, self._quoted(each, depth))
            if is_dag and each.arg in _SCHEDULES
            else (each.arg, self._expression(each.value, depth))
            for each in node.keywords
        )
        return Call(
            self._expression(node.func, depth),
            self._all(node.args, depth),
            keywords,
            node.lineno,
        )

    def _task(self, node: ast.Call, depth: int) -> Expression:
        """A call of Airflow's own: only where it could hold a DAG, or say why something is unknown."""
        keywords = tuple(
            (each.arg, self._expression(each.value, depth))
            for each in node.keywords
            if (each.arg in _OF_TASKS and not isinstance(each.value, ast.Name))
            or each.arg == "subdag"
        )
        return Call(self._expression(node.func, depth), (), keywords, node.lineno)

    def _quoted(self, keyword: ast.keyword, depth: int) -> Expression:
        value = keyword.value
        text = "" if isinstance(value, ast.Constant) else _short_text(value)
        return Quoted(self._expression(value, depth), text)

    def _star(self, node: ast.Starred, depth: int) -> Expression:
        return Star(self._expression(node.value, depth))

    def _row(self, node: ast.List | ast.Tuple | ast.Set, depth: int) -> Expression:
        if len(node.elts) > _MOST_VALUES:
            return OPAQUE
        return Row(_ROWS[type(node)], self._all(node.elts, depth))

    def _table(self, node: ast.Dict, depth: int) -> Expression:
        if len(node.keys) > _MOST_VALUES:
            return OPAQUE
        return Table(
            tuple(
                (self._expression(key, depth) if key else None, self._expression(value, depth))
                for key, value in zip(node.keys, node.values, strict=True)
            )
        )

    def _gathered(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, depth: int
    ) -> Expression:
        key = self._expression(node.key, depth) if isinstance(node, ast.DictComp) else None
        value = node.value if isinstance(node, ast.DictComp) else node.elt
        rounds = tuple(
            Round(
                self._expression(each.target, depth),
                self._expression(each.iter, depth),
                self._all(each.ifs, depth),
            )
            for each in node.generators
        )
        return Gathered(_COMPREHENSIONS[type(node)], key, self._expression(value, depth), rounds)

    def _lambda(self, node: ast.Lambda, depth: int) -> Expression:
        return Lambda(self._parameters(node.args, depth), self._expression(node.body, depth))

    def _walrus(self, node: ast.NamedExpr, depth: int) -> Expression:
        return Walrus(node.target.id, self._expression(node.value, depth))

    def _yielded(self, node: ast.Yield | ast.YieldFrom, depth: int) -> Expression:
        value = self._expression(node.value, depth) if node.value else Literal(None)
        return Yielded(value, isinstance(node, ast.YieldFrom))


_Outlined = Callable[..., Expression]
_EXPRESSIONS: dict[type[ast.AST], _Outlined] = {
    ast.Constant: _Outliner._constant,
    ast.Name: _Outliner._name,
    ast.Attribute: _Outliner._attribute,
    ast.Subscript: _Outliner._part,
    ast.Slice: _Outliner._span,
    ast.JoinedStr: _Outliner._joined,
    ast.FormattedValue: _Outliner._shown,
    ast.BinOp: _Outliner._binary,
    ast.UnaryOp: _Outliner._unary,
    ast.BoolOp: _Outliner._either,
    ast.Compare: _Outliner._compared,
    ast.IfExp: _Outliner._chosen,
    ast.Call: _Outliner._call,
    ast.Starred: _Outliner._star,
    ast.List: _Outliner._row,
    ast.Tuple: _Outliner._row,
    ast.Set: _Outliner._row,
    ast.Dict: _Outliner._table,
    ast.ListComp: _Outliner._gathered,
    ast.SetComp: _Outliner._gathered,
    ast.GeneratorExp: _Outliner._gathered,
    ast.DictComp: _Outliner._gathered,
    ast.Lambda: _Outliner._lambda,
    ast.NamedExpr: _Outliner._walrus,
    ast.Yield: _Outliner._yielded,
    ast.YieldFrom: _Outliner._yielded,
}
_STATEMENTS: dict[type[ast.AST], Callable[..., Iterator[Statement]]] = {
    ast.Assign: _Outliner._assign,
    ast.AnnAssign: _Outliner._annotated,
    ast.AugAssign: _Outliner._increase,
    ast.Expr: _Outliner._do,
    ast.For: _Outliner._for,
    ast.While: _Outliner._while,
    ast.If: _Outliner._if,
    ast.Match: _Outliner._match,
    ast.With: _Outliner._with,
    ast.Try: _Outliner._try,
    ast.TryStar: _Outliner._try,
    ast.FunctionDef: _Outliner._define,
    ast.AsyncFunctionDef: _Outliner._define,
    ast.ClassDef: _Outliner._class,
    ast.Import: _Outliner._import,
    ast.ImportFrom: _Outliner._import_from,
    ast.Return: _Outliner._return,
    ast.Break: _Outliner._leave,
    ast.Continue: _Outliner._leave,
    ast.Raise: _Outliner._leave,
    ast.Delete: _Outliner._forget,
}


def _is_kept(value: str | int | float | None) -> bool:
    """Whether a value survives being written and read again: no lone surrogates, no infinity."""
    if isinstance(value, float):
        return value == value and abs(value) != float("inf")
    return not isinstance(value, str) or value.isascii() or _is_utf8(value)


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _short_text(node: ast.expr) -> str:
    """The expression as code, where it is short enough to be read."""
    if (getattr(node, "end_col_offset", 0) or 0) > 10_000 or _is_large(node):
        return ""
    text = ast.unparse(node)
    return text if len(text) <= _LONGEST_SCHEDULE and text.isprintable() else ""


def _is_large(node: ast.expr) -> bool:
    return sum(1 for _each in zip(ast.walk(node), range(40), strict=False)) == 40


def _own_nodes(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function's body without those of functions and classes in it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def dag_calls(file: PythonFile) -> Iterator[ast.Call | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Calls that make a DAG, and functions under a bare ``@dag``."""
    for call in file.of(ast.Call):
        if makes_dag(file.name(call.func)):
            yield call
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [*file.of(ast.FunctionDef)]
    for function in [*functions, *file.of(ast.AsyncFunctionDef)]:
        if any(makes_dag(file.name(decorator)) for decorator in function.decorator_list):
            yield function


def _sites(file: PythonFile) -> Iterator[Site]:
    """The DAG calls that stand in functions, outside of tests."""
    if file.path.rpartition("/")[2].startswith(_TESTED):
        return
    for call in dag_calls(file):
        function = file.function_of(call)
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not function.name.startswith(_TESTED):
            yield Site(call.lineno, function.name, _is_factory(file, call, function))


def _is_factory(
    file: PythonFile, call: ast.AST, function: ast.FunctionDef | ast.AsyncFunctionDef
) -> bool:
    given: set[str] = set()
    around: ast.AST | None = function
    while isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        given.update(parameters(around))
        around = file.function_of(around)
    named = {
        node.id
        for keyword in getattr(call, "keywords", ())
        if keyword.arg in ("dag_id", None)
        for node in ast.walk(keyword.value)
        if isinstance(node, ast.Name)
    }
    for first in getattr(call, "args", ())[:1]:
        named |= {node.id for node in ast.walk(first) if isinstance(node, ast.Name)}
    if named & given:
        return True
    holders = _holders(file, call)
    return any(
        node.value is call or (isinstance(node.value, ast.Name) and node.value.id in holders)
        for node in _own_nodes(function)
        if isinstance(node, ast.Return)
    )


def _holders(file: PythonFile, call: ast.AST) -> set[str]:
    """Names that the made DAG is bound to."""
    if isinstance(call, ast.FunctionDef | ast.AsyncFunctionDef):
        return {call.name}
    above = file.parent(call)
    match above:
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case ast.withitem(optional_vars=ast.Name(id=name)):
            return {name}
    return set()


def _task_owners(file: PythonFile) -> tuple[str, ...]:
    """Literal ``owner=`` of tasks, through constants of the file."""
    constants = {
        node.targets[0].id: node.value
        for node in file.of(ast.Assign)
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    }
    found: dict[str, None] = {}
    for call in file.of(ast.Call):
        if makes_dag(file.name(call.func)):
            continue
        for keyword in call.keywords:
            if keyword.arg == "owner":
                value: ast.expr | None = keyword.value
                if isinstance(value, ast.Name):
                    value = constants.get(value.id)
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found[value.value] = None
    return tuple(found)
