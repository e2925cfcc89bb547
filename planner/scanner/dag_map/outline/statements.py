"""A parsed Python file → its outline: its statements, without those that cannot make or name a DAG."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from planner.scanner.code.python_file import PythonFile
from planner.scanner.dag_map.outline import language as code
from planner.scanner.dag_map.outline.expressions import (
    DEEPEST,
    OF_TASKS,
    OPAQUE,
    Expressions,
    is_airflows,
    operator_of,
)
from planner.scanner.dag_map.outline.factories import factories_of, task_owners_of

_CHAINING = frozenset(["set_downstream", "set_upstream", "append_task", "add_task"])


def outline_of(file: PythonFile) -> code.Outline:
    """What of the file matters to its DAGs and to those of files that import it."""
    expressions = Expressions(file)
    return code.Outline(
        body=_Statements(expressions).block(file.tree.body, 0),
        factories=tuple(factories_of(file)),
        volatile=tuple(sorted({name for node in file.of(ast.Global) for name in node.names})),
        task_owners=task_owners_of(file),
        is_cut=expressions.is_over,
    )


class _Statements:
    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self._of = expressions.of
        self._file = file = expressions.file
        self._generators = {
            file.function_of(node) for node in (*file.of(ast.Yield), *file.of(ast.YieldFrom))
        }

    def block(self, nodes: Sequence[ast.stmt], depth: int) -> code.Block:
        if depth > DEEPEST:
            return ()
        found: list[code.Statement] = []
        for node in nodes:
            if self._expressions.is_over:
                break
            outlined = _STATEMENTS.get(type(node))
            if outlined is not None:
                found += outlined(self, node, depth + 1)
        return tuple(found)

    def _assign(self, node: ast.Assign, depth: int) -> Iterator[code.Statement]:
        targets = self._expressions.each(node.targets, depth)
        yield code.Bind(targets, self._of(node.value, depth))

    def _annotated(self, node: ast.AnnAssign, depth: int) -> Iterator[code.Statement]:
        value = self._expressions.perhaps(node.value, depth)
        if isinstance(node.target, ast.Name):
            yield code.Field(node.target.id, value)
        elif value is not None:
            yield code.Bind((self._of(node.target, depth),), value)

    def _increase(self, node: ast.AugAssign, depth: int) -> Iterator[code.Statement]:
        target, value = self._expressions.each((node.target, node.value), depth)
        yield code.Increase(target, operator_of(node.op), value)

    def _do(self, node: ast.Expr, depth: int) -> Iterator[code.Statement]:
        value = node.value
        if isinstance(value, ast.BinOp) and not any(
            isinstance(each, ast.Call) for each in ast.walk(value)
        ):
            return
        if isinstance(value, ast.Constant | ast.Name | ast.Attribute):
            return
        if isinstance(value, ast.Call) and self._is_about_tasks(value):
            return
        outlined = self._of(value, depth)
        if not isinstance(outlined, code.Opaque):
            yield code.Do(outlined)

    def _is_about_tasks(self, call: ast.Call) -> bool:
        """Whether a call makes or chains tasks, and holds no DAG."""
        if isinstance(call.func, ast.Attribute) and call.func.attr in _CHAINING:
            return True
        holds_dag = any(keyword.arg in OF_TASKS for keyword in call.keywords)
        return is_airflows(self._file.name(call.func)) and not holds_dag

    def _for(self, node: ast.For, depth: int) -> Iterator[code.Statement]:
        yield code.For(
            self._of(node.target, depth),
            self._of(node.iter, depth),
            self.block(node.body, depth),
            self.block(node.orelse, depth),
        )

    def _while(self, node: ast.While, depth: int) -> Iterator[code.Statement]:
        yield code.While(self._of(node.test, depth), self.block(node.body, depth))

    def _if(self, node: ast.If, depth: int) -> Iterator[code.Statement]:
        yield code.If(
            self._of(node.test, depth),
            self.block(node.body, depth),
            self.block(node.orelse, depth),
        )

    def _match(self, node: ast.Match, depth: int) -> Iterator[code.Statement]:
        """Each case as one that may hold, with what it captures unknown."""
        for case in node.cases:
            captured = [
                name
                for each in ast.walk(case.pattern)
                if (name := getattr(each, "name", None) or getattr(each, "rest", None))
            ]
            bound = tuple(code.Bind((code.Name(name),), OPAQUE) for name in captured)
            yield code.If(OPAQUE, (*bound, *self.block(case.body, depth)), ())

    def _with(self, node: ast.With, depth: int) -> Iterator[code.Statement]:
        contexts = tuple(
            (
                self._of(each.context_expr, depth),
                self._expressions.perhaps(each.optional_vars, depth),
            )
            for each in node.items
        )
        yield code.With(contexts, self.block(node.body, depth))

    def _try(self, node: ast.Try, depth: int) -> Iterator[code.Statement]:
        yield code.Try(
            self.block(node.body, depth),
            tuple(self._handler(handler, depth) for handler in node.handlers),
            self.block(node.orelse, depth),
            self.block(node.finalbody, depth),
        )

    def _handler(self, handler: ast.ExceptHandler, depth: int) -> code.Block:
        bound = (code.Bind((code.Name(handler.name),), OPAQUE),) if handler.name else ()
        return (*bound, *self.block(handler.body, depth))

    def _define(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, depth: int
    ) -> Iterator[code.Statement]:
        is_coroutine = isinstance(node, ast.AsyncFunctionDef) and not node.decorator_list
        if is_coroutine or self._is_task(node):
            yield code.Bind((code.Name(node.name),), OPAQUE)
            return
        yield code.Define(
            node.name,
            self._expressions.parameters(node.args, depth),
            self.block(node.body, depth),
            self._expressions.each(node.decorator_list, depth),
            node in self._generators,
            node.lineno,
        )

    def _is_task(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        called = (each.func if isinstance(each, ast.Call) else each for each in node.decorator_list)
        return any(is_airflows(self._file.name(each)) for each in called)

    def _class(self, node: ast.ClassDef, depth: int) -> Iterator[code.Statement]:
        if any(is_airflows(self._file.name(base)) for base in node.bases):
            yield code.Bind((code.Name(node.name),), OPAQUE)
            return
        yield code.DefineClass(
            node.name,
            self._expressions.each(node.bases, depth),
            self.block(node.body, depth),
            self._expressions.each(node.decorator_list, depth),
        )

    def _import(self, node: ast.Import, depth: int) -> Iterator[code.Statement]:
        for alias in node.names:
            head = alias.name.partition(".")[0]
            yield code.Import(alias.asname or head, alias.name if alias.asname else head)

    def _import_from(self, node: ast.ImportFrom, depth: int) -> Iterator[code.Statement]:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                yield code.ImportAll(module)
            else:
                dot = "" if module.endswith(".") else "."
                yield code.Import(alias.asname or alias.name, f"{module}{dot}{alias.name}")

    def _return(self, node: ast.Return, depth: int) -> Iterator[code.Statement]:
        yield code.Return(self._expressions.perhaps(node.value, depth))

    def _leave(self, node: ast.stmt, depth: int) -> Iterator[code.Statement]:
        yield code.Leave(type(node).__name__.lower())

    def _forget(self, node: ast.Delete, depth: int) -> Iterator[code.Statement]:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                yield code.Bind((self._of(target, depth),), OPAQUE)


_STATEMENTS: dict[type[ast.AST], Callable[..., Iterator[code.Statement]]] = {
    ast.Assign: _Statements._assign,
    ast.AnnAssign: _Statements._annotated,
    ast.AugAssign: _Statements._increase,
    ast.Expr: _Statements._do,
    ast.For: _Statements._for,
    ast.While: _Statements._while,
    ast.If: _Statements._if,
    ast.Match: _Statements._match,
    ast.With: _Statements._with,
    ast.Try: _Statements._try,
    ast.TryStar: _Statements._try,
    ast.FunctionDef: _Statements._define,
    ast.AsyncFunctionDef: _Statements._define,
    ast.ClassDef: _Statements._class,
    ast.Import: _Statements._import,
    ast.ImportFrom: _Statements._import_from,
    ast.Return: _Statements._return,
    ast.Break: _Statements._leave,
    ast.Continue: _Statements._leave,
    ast.Raise: _Statements._leave,
    ast.Delete: _Statements._forget,
}
