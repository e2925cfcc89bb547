"""Which DAGs a file makes, read from its syntax tree. Nothing is imported and nothing is run.

An id counts as known where it is text, a constant of the file, the file's own name, or an f-string or sum of
those. Any other DAG is still named, by its place, as unresolved.
"""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from planner.domain.report import DagEntry

_LONGEST = 250
"""Airflow allows ids of 250 characters."""
_MOST_STEPS = 50
"""A constant made of constants made of …: followed this far."""
_TOO_DEEP = (SyntaxError, ValueError, MemoryError, RecursionError)


def dags_in(path: str, source: str) -> list[DagEntry]:
    """The DAGs that a Python file makes, in the order of its lines. A file that does not parse has none."""
    if "dag" not in source.lower():
        return []
    tree = _parsed(source)
    if tree is None:
        return []
    module = _Module(tree, path)
    calls = sorted(module.dag_calls(), key=lambda found: (found[0].lineno, found[0].col_offset))
    fallback = module.task_owners() if len(calls) == 1 else ()
    entries: dict[str, DagEntry] = {}
    for call, function in calls:
        dag_id = module.dag_id(call, function)
        owners = module.owners(call) or fallback
        shown = dag_id or f"{path}:{call.lineno}"
        entries.setdefault(shown, DagEntry(shown, path, owners, None, resolved=bool(dag_id)))
    return list(entries.values())


def _parsed(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except _TOO_DEEP:
        return None


class _Module:
    """The names of one file: what Airflow calls them, and which of them are constants."""

    def __init__(self, tree: ast.Module, path: str) -> None:
        self._path = path
        self._nodes = list(ast.walk(tree))
        self._airflow = dict(_airflow_names(self._nodes))
        self._constants = dict(_constants(self._nodes))

    def dag_calls(self) -> Iterator[tuple[ast.Call | ast.FunctionDef | ast.AsyncFunctionDef, str]]:
        """Calls that make a DAG, and functions under a bare ``@dag``; with the decorated function's name."""
        decorators: set[int] = set()
        for node in self._nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in node.decorator_list:
                    call = decorator if isinstance(decorator, ast.Call) else None
                    if self._name(call.func if call else decorator) == "dag":
                        decorators.add(id(call))
                        yield call or node, node.name
        for node in self._nodes:
            if isinstance(node, ast.Call) and id(node) not in decorators:
                name = self._name(node.func)
                if name == "DAG":
                    yield node, ""

    def dag_id(self, call: ast.AST, function: str) -> str:
        """The id, or nothing where it is made at run time."""
        given = _argument(call, "dag_id", 0)
        if given is None:
            return function[:_LONGEST] if function and not _has_double_star(call) else ""
        found = self._text(given)
        return found[:_LONGEST] if found and found.isprintable() else ""

    def owners(self, call: ast.AST) -> tuple[str, ...]:
        """The literal ``owner`` of the DAG's ``default_args``."""
        return _names(self._owner_in(_argument(call, "default_args", None), _MOST_STEPS))

    def task_owners(self) -> tuple[str, ...]:
        """Literal ``owner=`` of the file's tasks."""
        found: dict[str, None] = {}
        for node in self._nodes:
            if isinstance(node, ast.Call) and self._name(node.func) != "DAG":
                owner = next((word.value for word in node.keywords if word.arg == "owner"), None)
                for name in _names(self._text(owner) if owner else ""):
                    found[name] = None
        return tuple(found)

    def _name(self, node: ast.AST) -> str:
        """``DAG`` or ``dag`` where the expression names Airflow's, else nothing."""
        dotted = _dotted(node)
        head, _, rest = dotted.partition(".")
        full = ".".join(filter(None, (self._airflow.get(head, ""), rest)))
        last = full.rpartition(".")[2]
        if last in ("DAG", "dag") and full.startswith("airflow."):
            return last
        return "DAG" if dotted.rpartition(".")[2] == "DAG" else ""

    def _text(self, node: ast.AST, steps: int = _MOST_STEPS) -> str:
        """The text an expression surely is, or nothing."""
        if steps == 0:
            return ""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Constant(value=int(number)) if not isinstance(number, bool):
                return str(number)
            case ast.Name(id=name) if name in self._constants:
                return self._text(self._constants[name], steps - 1)
            case ast.JoinedStr(values=values):
                return self._joined(values, steps - 1)
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self._text(value, steps - 1)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined([left, right], steps - 1)
            case ast.Call(func=ast.Attribute(value=value, attr="replace"), args=[old, new]):
                return self._replaced(value, old, new, steps - 1)
            case ast.Attribute(attr="stem", value=ast.Call() as call) if _of_this_file(
                call, "Path"
            ):
                return PurePosixPath(self._path).stem
            case ast.Call() if _of_this_file(node, "basename"):
                return PurePosixPath(self._path).name
        return ""

    def _joined(self, nodes: list[ast.expr], steps: int) -> str:
        parts = [self._text(node, steps) for node in nodes]
        whole = "".join(parts)
        return whole if all(parts) and len(whole) <= _LONGEST else ""

    def _replaced(self, value: ast.expr, old: ast.expr, new: ast.expr, steps: int) -> str:
        text, before = self._text(value, steps), self._text(old, steps)
        after = new.value if isinstance(new, ast.Constant) else None
        return text.replace(before, after) if before and isinstance(after, str) else ""

    def _owner_in(self, node: ast.AST | None, steps: int) -> str:
        """The owner in a dict, through names and ``**`` of other dicts."""
        if node is None or steps == 0:
            return ""
        if isinstance(node, ast.Name) and node.id in self._constants:
            return self._owner_in(self._constants[node.id], steps - 1)
        pairs = _pairs(node)
        for key, value in reversed(pairs):
            if key == "owner":
                return self._text(value)
            if key is None and (found := self._owner_in(value, steps - 1)):
                return found
        return ""


def _airflow_names(nodes: list[ast.AST]) -> Iterator[tuple[str, str]]:
    """Local names of what the file imports from Airflow, each with its full name."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == "airflow":
                    yield alias.asname or "airflow", alias.name if alias.asname else "airflow"
        elif (
            isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "airflow"
        ):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _constants(nodes: list[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    """Names that the whole file binds exactly once, by a plain assignment, with what they are bound to."""
    bound: Counter[str] = Counter()
    values: dict[str, ast.expr] = {}
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                bound[name] += 1
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                values[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                values[name] = value
            case ast.For(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
                bound[name] += 1
    return ((name, value) for name, value in values.items() if bound[name] == 1)


def _argument(call: ast.AST, name: str, position: int | None) -> ast.expr | None:
    """An argument of a call by its name or its position."""
    if not isinstance(call, ast.Call):
        return None
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is not None and len(call.args) > position:
        return call.args[position]
    return None


def _of_this_file(call: ast.Call, function: str) -> bool:
    """Whether this is ``function(__file__)``."""
    named = _dotted(call.func).rpartition(".")[2] == function
    return named and [_dotted(argument) for argument in call.args] == ["__file__"]


def _has_double_star(call: ast.AST) -> bool:
    return isinstance(call, ast.Call) and any(word.arg is None for word in call.keywords)


def _pairs(node: ast.AST) -> list[tuple[str | None, ast.expr]]:
    """Key and value of a dict display or a ``dict(...)`` call; key None for ``**``."""
    if isinstance(node, ast.Dict):
        return [
            (None if key is None else _key_text(key), value)
            for key, value in zip(node.keys, node.values, strict=True)
        ]
    if isinstance(node, ast.Call) and _dotted(node.func) == "dict":
        return [
            *((None, argument) for argument in node.args),
            *((word.arg, word.value) for word in node.keywords),
        ]
    return []


def _key_text(key: ast.expr) -> str:
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""


def _dotted(node: ast.AST) -> str:
    """``a.b.c`` of a chain of plain names, or nothing."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def owners_by_file(dags: list[DagEntry]) -> Mapping[str, str]:
    """The one owner of each file's DAGs, where they agree."""
    owners: dict[str, set[str]] = {}
    for dag in dags:
        owners.setdefault(dag.path, set()).update(dag.owners)
    return {path: next(iter(names)) for path, names in owners.items() if len(names) == 1}


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
