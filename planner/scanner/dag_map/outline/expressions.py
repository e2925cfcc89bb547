"""Expressions of a syntax tree → those of an outline."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Sequence

from planner.scanner.code.dag_call import SCHEDULES, maker_of
from planner.scanner.code.python_file import PythonFile
from planner.scanner.dag_map.names import is_elsewhere
from planner.scanner.dag_map.outline import language as code

DEEPEST = 50
"""Expressions and blocks that are nested more deeply are left out."""
_MOST_NODES = 60_000
_MOST_VALUES = 5000
_LONGEST_TEXT = 1000
_LONGEST_SCHEDULE = 100
_LARGEST_NUMBER = 10**18
_SURROGATE = re.compile("[\ud800-\udfff]")
OF_TASKS = frozenset(["subdag", "dag"])
"""Arguments of a task in which a DAG may be made."""
OPAQUE = code.Opaque()

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


def operator_of(node: ast.operator | ast.cmpop) -> str:
    """How an outline spells an operator; empty where it is not followed."""
    return _OPERATORS.get(type(node), "")


def is_airflows(full: str) -> bool:
    """Whether a name is Airflow's own, and makes no DAG."""
    return full.startswith("airflow.") and is_elsewhere(full) and not maker_of(full)


class Expressions:
    """Those of one file."""

    def __init__(self, file: PythonFile) -> None:
        self.file = file
        self._left = _MOST_NODES

    @property
    def is_over(self) -> bool:
        """The file is too long: whatever follows is left out."""
        return self._left <= 0

    def of(self, node: ast.expr, depth: int) -> code.Expression:
        self._left -= 1
        if depth > DEEPEST or self.is_over:
            return OPAQUE
        outlined = _EXPRESSIONS.get(type(node))
        return outlined(self, node, depth + 1) if outlined else OPAQUE

    def perhaps(self, node: ast.expr | None, depth: int) -> code.Expression | None:
        return self.of(node, depth) if node else None

    def each(self, nodes: Sequence[ast.expr], depth: int) -> tuple[code.Expression, ...]:
        return tuple(self.of(node, depth) for node in nodes)

    def parameters(self, arguments: ast.arguments, depth: int) -> code.Parameters:
        positional = tuple(each.arg for each in (*arguments.posonlyargs, *arguments.args))
        return code.Parameters(
            positional,
            self.each(arguments.defaults, depth),
            arguments.vararg.arg if arguments.vararg else "",
            tuple(
                (each.arg, self.perhaps(default, depth))
                for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            ),
            arguments.kwarg.arg if arguments.kwarg else "",
        )

    def _constant(self, node: ast.Constant, depth: int) -> code.Expression:
        return _literal(node.value)

    def _name(self, node: ast.Name, depth: int) -> code.Expression:
        return code.Name(node.id)

    def _attribute(self, node: ast.Attribute, depth: int) -> code.Expression:
        return code.Attribute(self.of(node.value, depth), node.attr)

    def _part(self, node: ast.Subscript, depth: int) -> code.Expression:
        return code.Part(self.of(node.value, depth), self.of(node.slice, depth))

    def _span(self, node: ast.Slice, depth: int) -> code.Expression:
        lower, upper, step = (
            self.perhaps(each, depth) for each in (node.lower, node.upper, node.step)
        )
        return code.Span(lower, upper, step)

    def _joined(self, node: ast.JoinedStr, depth: int) -> code.Expression:
        return code.Joined(self.each(node.values, depth))

    def _shown(self, node: ast.FormattedValue, depth: int) -> code.Expression:
        spec = self.perhaps(node.format_spec, depth)
        return code.Shown(self.of(node.value, depth), node.conversion in (-1, 115), spec)

    def _binary(self, node: ast.BinOp, depth: int) -> code.Expression:
        left, right = self.each((node.left, node.right), depth)
        return code.Binary(operator_of(node.op), left, right)

    def _unary(self, node: ast.UnaryOp, depth: int) -> code.Expression:
        value = self.of(node.operand, depth)
        if isinstance(node.op, ast.Not):
            return code.Not(value)
        if isinstance(node.op, ast.USub):
            return code.Binary("-", code.Literal(0), value)
        return OPAQUE

    def _either(self, node: ast.BoolOp, depth: int) -> code.Expression:
        return code.Either(isinstance(node.op, ast.And), self.each(node.values, depth))

    def _compared(self, node: ast.Compare, depth: int) -> code.Expression:
        operators = tuple(map(operator_of, node.ops))
        return code.Compared(
            self.of(node.left, depth), operators, self.each(node.comparators, depth)
        )

    def _chosen(self, node: ast.IfExp, depth: int) -> code.Expression:
        return code.Chosen(*self.each((node.test, node.body, node.orelse), depth))

    def _call(self, node: ast.Call, depth: int) -> code.Expression:
        full = self.file.name(node.func)
        if is_airflows(full):
            return self._task(node, depth)
        is_dag = bool(maker_of(full))
        keywords = tuple(
            (each.arg, self._quoted(each, depth))
            if is_dag and each.arg in SCHEDULES
            else (each.arg, self.of(each.value, depth))
            for each in node.keywords
        )
        return code.Call(
            self.of(node.func, depth),
            self.each(node.args, depth),
            keywords,
            node.lineno,
        )

    def _task(self, node: ast.Call, depth: int) -> code.Expression:
        """A call of Airflow's own: only where it could hold a DAG, or say why something is unknown."""
        keywords = tuple(
            (each.arg, self.of(each.value, depth))
            for each in node.keywords
            if (each.arg in OF_TASKS and not isinstance(each.value, ast.Name))
            or each.arg == "subdag"
        )
        return code.Call(self.of(node.func, depth), (), keywords, node.lineno)

    def _quoted(self, keyword: ast.keyword, depth: int) -> code.Expression:
        value = keyword.value
        text = "" if isinstance(value, ast.Constant) else _short_text(value)
        return code.Quoted(self.of(value, depth), text)

    def _star(self, node: ast.Starred, depth: int) -> code.Expression:
        return code.Star(self.of(node.value, depth))

    def _row(self, node: ast.List | ast.Tuple | ast.Set, depth: int) -> code.Expression:
        if len(node.elts) > _MOST_VALUES:
            return OPAQUE
        return code.Row(_ROWS[type(node)], self.each(node.elts, depth))

    def _table(self, node: ast.Dict, depth: int) -> code.Expression:
        if len(node.keys) > _MOST_VALUES:
            return OPAQUE
        return code.Table(
            tuple(
                (self.perhaps(key, depth), self.of(value, depth))
                for key, value in zip(node.keys, node.values, strict=True)
            )
        )

    def _gathered(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, depth: int
    ) -> code.Expression:
        key = self.of(node.key, depth) if isinstance(node, ast.DictComp) else None
        value = node.value if isinstance(node, ast.DictComp) else node.elt
        rounds = tuple(
            code.Round(
                self.of(each.target, depth),
                self.of(each.iter, depth),
                self.each(each.ifs, depth),
            )
            for each in node.generators
        )
        return code.Gathered(_COMPREHENSIONS[type(node)], key, self.of(value, depth), rounds)

    def _lambda(self, node: ast.Lambda, depth: int) -> code.Expression:
        return code.Lambda(self.parameters(node.args, depth), self.of(node.body, depth))

    def _walrus(self, node: ast.NamedExpr, depth: int) -> code.Expression:
        return code.Walrus(node.target.id, self.of(node.value, depth))

    def _yielded(self, node: ast.Yield | ast.YieldFrom, depth: int) -> code.Expression:
        value = self.of(node.value, depth) if node.value else code.Literal(None)
        return code.Yielded(value, isinstance(node, ast.YieldFrom))


_EXPRESSIONS: dict[type[ast.AST], Callable[..., code.Expression]] = {
    ast.Constant: Expressions._constant,
    ast.Name: Expressions._name,
    ast.Attribute: Expressions._attribute,
    ast.Subscript: Expressions._part,
    ast.Slice: Expressions._span,
    ast.JoinedStr: Expressions._joined,
    ast.FormattedValue: Expressions._shown,
    ast.BinOp: Expressions._binary,
    ast.UnaryOp: Expressions._unary,
    ast.BoolOp: Expressions._either,
    ast.Compare: Expressions._compared,
    ast.IfExp: Expressions._chosen,
    ast.Call: Expressions._call,
    ast.Starred: Expressions._star,
    ast.List: Expressions._row,
    ast.Tuple: Expressions._row,
    ast.Set: Expressions._row,
    ast.Dict: Expressions._table,
    ast.ListComp: Expressions._gathered,
    ast.SetComp: Expressions._gathered,
    ast.GeneratorExp: Expressions._gathered,
    ast.DictComp: Expressions._gathered,
    ast.Lambda: Expressions._lambda,
    ast.NamedExpr: Expressions._walrus,
    ast.Yield: Expressions._yielded,
    ast.YieldFrom: Expressions._yielded,
}


def _literal(value: object) -> code.Expression:
    """A constant that is a plain value, not too long, and survives being written and read again."""
    match value:
        case None | bool():
            return code.Literal(value)
        case int() if abs(value) <= _LARGEST_NUMBER:
            return code.Literal(value)
        case float() if math.isfinite(value):
            return code.Literal(value)
        case str() if len(value) <= _LONGEST_TEXT and not _SURROGATE.search(value):
            return code.Literal(value)
    return OPAQUE


def _short_text(node: ast.expr) -> str:
    """The expression as code, where it is short enough to be read."""
    if (getattr(node, "end_col_offset", 0) or 0) > 10_000 or _is_large(node):
        return ""
    text = ast.unparse(node)
    return text if len(text) <= _LONGEST_SCHEDULE and text.isprintable() else ""


def _is_large(node: ast.expr) -> bool:
    return sum(1 for _each in zip(ast.walk(node), range(40), strict=False)) == 40
