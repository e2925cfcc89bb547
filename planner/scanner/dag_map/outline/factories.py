"""What an outline says of a file besides its code: the factories of DAGs in it, and who owns its tasks."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.scanner.code.dag_call import DagCall, Decorated, every_dag_call, maker_of
from planner.scanner.code.python_file import PythonFile, parameters, text_of
from planner.scanner.dag_map.outline.language import Factory

_TESTED = ("test_", "conftest")


def factories_of(file: PythonFile) -> Iterator[Factory]:
    """The factories of a file, outside of tests."""
    if file.path.rpartition("/")[2].startswith(_TESTED):
        return
    for dag in every_dag_call(file):
        function = file.function_of(dag.node)
        if not isinstance(function, Decorated) or function.name.startswith(_TESTED):
            continue
        if _is_named_by_parameter(dag, function) or _is_returned(dag, function):
            yield Factory(dag.node.lineno, function.name)


def _is_named_by_parameter(dag: DagCall, function: Decorated) -> bool:
    return not _names_in_id(dag).isdisjoint(_parameters_around(dag.file, function))


def _is_returned(dag: DagCall, function: Decorated) -> bool:
    holders = _holders(dag)
    return any(
        node.value is dag.node or (isinstance(node.value, ast.Name) and node.value.id in holders)
        for node in _own_nodes(function)
        if isinstance(node, ast.Return)
    )


def _names_in_id(dag: DagCall) -> set[str]:
    """Names in what may say the id."""
    if dag.call is None:
        return set()
    saying = [word.value for word in dag.call.keywords if word.arg in ("dag_id", None)]
    return {
        node.id
        for expression in (*saying, *dag.call.args[:1])
        for node in ast.walk(expression)
        if isinstance(node, ast.Name)
    }


def _parameters_around(file: PythonFile, function: Decorated) -> set[str]:
    found: set[str] = set()
    around: Decorated | ast.Lambda | None = function
    while around is not None:
        found.update(parameters(around))
        around = file.function_of(around)
    return found


def _holders(dag: DagCall) -> set[str]:
    """Names that the made DAG is bound to."""
    if dag.function is not None:
        return {dag.function.name}
    match dag.file.parent(dag.node):
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case ast.withitem(optional_vars=ast.Name(id=name)):
            return {name}
    return set()


def _own_nodes(function: Decorated) -> Iterator[ast.AST]:
    """The nodes of a function's body without those of functions and classes in it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def task_owners_of(file: PythonFile) -> tuple[str, ...]:
    """Texts that tasks have for ``owner=``, each once."""
    texts = (
        text_of(file.value(word.value))
        for call in file.of(ast.Call)
        for word in call.keywords
        if word.arg == "owner" and not maker_of(file.name(call.func))
    )
    return tuple(dict.fromkeys(text for text in texts if text is not None))
