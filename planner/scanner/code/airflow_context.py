"""Where a Python file holds the context that Airflow hands to tasks, and what comes with it.

Airflow gives the context to functions that operators call, to callbacks and to the methods of operators. A
name is followed through plain assignments and through calls within the file; whatever is bound in any other
way is unknown.
"""

from __future__ import annotations

import ast
import functools
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from planner.scanner.code.dag_call import functions, is_dict_call
from planner.scanner.code.python_file import Function, PythonFile, parameters, text_of

CONTEXT = "context"
HELD: dict[str, str] = {
    "ti": "ti",
    "task_instance": "ti",
    "dag_run": "dag_run",
    "dag": "dag",
    "task": "task",
}
"""Keys of the context whose values have attributes of their own, with what they are."""
_REACHED = {("ti", "task"): "task", ("task", "dag"): "dag", ("dag_run", "dag"): "dag"}
_REACHED_BY = frozenset(attribute for _, attribute in _REACHED)
_CURRENT = "get_current_context"
_CALLED_FOR_CONTEXT = (_CURRENT, "get_template_context")
ROWS = {"ti": "TaskInstance", "task_instance": "TaskInstance", "dag_run": "DagRun"}
"""Names that hold the same in any function of a file that works with Airflow; in the scheduler's code, and beside
a session, they are rows of these tables."""
CALLED_BY_KEYWORD = {
    "python_callable": 0,
    "execution_date_fn": 1,
    "response_check": 1,
    "response_filter": 1,
}
"""Arguments of operators: functions that are called with the context as keywords, after so many values."""
_CALLED_WITH_CONTEXT = frozenset(
    [
        "on_execute_callback",
        "on_failure_callback",
        "on_retry_callback",
        "on_skipped_callback",
        "on_success_callback",
        "post_execute",
        "pre_execute",
    ]
)
"""Arguments of operators and DAGs: functions that are called with the context as first argument."""
_METHODS = frozenset(
    ["execute", "execute_complete", "notify", "poke", "post_execute", "pre_execute"]
)
"""Methods of operators, sensors and notifiers that are called with the context as first argument."""
_TELLING = frozenset(
    [
        "dag_run",
        "data_interval_end",
        "data_interval_start",
        "ds_nodash",
        "logical_date",
        "next_ds",
        "next_ds_nodash",
        "next_execution_date",
        "prev_ds",
        "prev_ds_nodash",
        "prev_execution_date",
        "prev_execution_date_success",
        "task_instance",
        "task_instance_key_str",
        "templates_dict",
        "ti",
        "tomorrow_ds",
        "tomorrow_ds_nodash",
        "ts_nodash",
        "yesterday_ds",
        "yesterday_ds_nodash",
    ]
)
"""Keys that only Airflow's context has: a dict that is asked for one is the context. ``execution_date`` is not
among them, since functions of one's own have arguments of that name."""


class Given(NamedTuple):
    """A function that an operator calls, with what the operator gives it besides the context."""

    function: Function
    own: frozenset[str] | None
    """Names of the operator's own arguments; None where they are made at run time."""


class AirflowContext:
    """The context in one file. Made once per file: see ``context_of``."""

    def __init__(self, file: PythonFile) -> None:
        self._file = file
        self._by_name: defaultdict[str, list[Function]] = defaultdict(list)
        for function in functions(file):
            self._by_name[function.name].append(function)
        self._bound: defaultdict[Function, dict[str, str]] = defaultdict(dict)
        self.sure: set[Function] = set()
        """Functions that surely get Airflow's context."""
        self.given: list[Given] = list(self._given())
        self._bind_parameters()
        if any(self._bound.values()) or _CURRENT in file.source:
            self._follow()

    # --- What expressions hold

    def kind_of(self, node: ast.AST) -> str:
        """``context``, ``ti``, ``dag_run``, ``dag`` or ``task`` where an expression surely is that, else nothing."""
        match node:
            case ast.Name(id=name):
                return self._kind_of_name(name, node)
            case ast.NamedExpr(value=value):
                return self.kind_of(value)
            case ast.BoolOp(values=values):
                return next(filter(None, map(self.kind_of, values)), "")
            case ast.IfExp(body=body, orelse=orelse):
                return self.kind_of(body) or self.kind_of(orelse)
            case ast.Attribute(value=value, attr=attr):
                return _REACHED.get((self.kind_of(value), attr), "") if attr in _REACHED_BY else ""
            case ast.Call(func=ast.Attribute(value=value, attr="get_template_context")):
                return CONTEXT if self.kind_of(value) == "ti" else ""
            case ast.Call(func=func) if self._gets_context(func):
                return CONTEXT
        key = self.key_read(node)
        return HELD.get(text_of(key) or "", "") if key is not None else ""

    def key_read(self, node: ast.AST) -> ast.expr | None:
        """The key where an expression reads one of the context: ``context["ti"]``, ``context.get("ti")``."""
        key = key_of(node)
        if key is None:
            return None
        read = node.func if isinstance(node, ast.Call) else node
        return key if self.kind_of(read.value) == CONTEXT else None  # type: ignore[attr-defined]

    def is_sure(self, node: ast.AST) -> bool:
        """Whether the context that is read here is surely Airflow's, not only called so."""
        function = self._file.function_of(node)
        while function is not None:
            if function in self.sure or self._asks_telling_key(function):
                return True
            function = self._file.function_of(function)
        return False

    def _asks_telling_key(self, function: Function) -> bool:
        return any(
            kind == CONTEXT and self._reads_telling_key(function, name)
            for name, kind in self._bound[function].items()
        )

    def _kind_of_name(self, name: str, node: ast.AST) -> str:
        function = self._file.function_of(node)
        while function is not None:
            if name in self._bound[function]:
                return self._bound[function][name]
            if name in self._stored[function] or name in self._parameters[function]:
                return ""
            function = self._file.function_of(function)
        return ""

    def _gets_context(self, func: ast.expr) -> bool:
        name = self._file.name(func)
        return name.startswith("airflow.") and name.endswith(f".{_CURRENT}")

    # --- Which functions get it

    def is_task(self, function: Function) -> bool:
        """Whether the function is one under ``@task``, of any kind."""
        return any(self._is_task_decorator(one) for one in getattr(function, "decorator_list", ()))

    def _is_task_decorator(self, node: ast.expr) -> bool:
        name = self._file.name(node.func if isinstance(node, ast.Call) else node)
        head, _, last = name.rpartition(".")
        return name.startswith("airflow.") and (last == "task" or head.endswith(".task"))

    def functions_in(self, node: ast.AST) -> Iterator[Function]:
        """The functions of this file that an expression names, itself or in a list."""
        match node:
            case ast.Lambda():
                yield node
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield from self._by_name.get(name, ())
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                for element in elements:
                    yield from self.functions_in(element)
            case ast.Call(func=func, args=[first, *_]) if self._file.name(func).endswith("partial"):
                yield from self.functions_in(first)
            case ast.Call(func=ast.Name(id=name)):
                for maker in self._by_name.get(name, ()):
                    yield from self._returned(maker)

    def _returned(self, maker: Function) -> Iterator[Function]:
        for node in self._file.of(ast.Return):
            if isinstance(node.value, ast.Name) and self._file.function_of(node) is maker:
                for function in self._by_name.get(node.value.id, ()):
                    if self._file.function_of(function) is maker:
                        yield function

    def _handed_over(self) -> Iterator[tuple[str, ast.expr, ast.Call | None]]:
        """Every argument and dict entry by its name, with its call."""
        for call in self._file.of(ast.Call):
            for keyword in call.keywords:
                if keyword.arg:
                    yield keyword.arg, keyword.value, call
        for entries in self._file.of(ast.Dict):
            for key, value in zip(entries.keys, entries.values, strict=True):
                if name := text_of(key):
                    yield name, value, None

    def _given(self) -> Iterator[Given]:
        for name, value, call in self._handed_over():
            if name in CALLED_BY_KEYWORD:
                own = _own_arguments(value, call)
                for function in self.functions_in(value):
                    filled = parameters(function)[: CALLED_BY_KEYWORD[name]]
                    yield Given(function, None if own is None else own.union(filled))

    def _bind_parameters(self) -> None:
        for function in functions(self._file):
            self._bind_by_names(function)
            if function.name in _METHODS and self._is_operator_method(function):
                self._bind_first(function, 1)
            if self.is_task(function):
                self._bind_by_keyword(function)
        for given in self.given:
            self._bind_by_keyword(given.function)
        for name, value, _ in self._handed_over():
            if name in _CALLED_WITH_CONTEXT:
                for called in self.functions_in(value):
                    self._bind_first(called, int(parameters(called)[:1] in (["self"], ["cls"])))

    def _bind_by_names(self, function: Function) -> None:
        """Parameters that are called like Airflow's own."""
        names = parameters(function)
        bound = self._bound[function]
        kinds = ROWS if "session" in names or self._is_listener else HELD
        bound.update({name: kinds[name] for name in names if name in ROWS})
        if "context" in names:
            bound["context"] = CONTEXT
        variable = function.args.kwarg
        if variable is not None and self._reads_telling_key(function, variable.arg):
            bound[variable.arg] = CONTEXT
        for argument in [*function.args.posonlyargs, *function.args.args]:
            if argument.annotation is not None and self._is_context_type(argument.annotation):
                bound[argument.arg] = CONTEXT
                self.sure.add(function)

    @functools.cached_property
    def _is_listener(self) -> bool:
        """Whether the file listens to the scheduler, which hands out rows of its database."""
        return any(imported.full.endswith(".hookimpl") for imported in self._file.imports)

    def _is_context_type(self, annotation: ast.expr) -> bool:
        name = text_of(annotation) or self._file.name(annotation)
        return name.startswith("airflow.") and name.endswith(".Context")

    def _reads_telling_key(self, function: Function, name: str) -> bool:
        """Whether the function asks a dict of this name for a key that only Airflow's context has."""
        return not _TELLING.isdisjoint(self._keys_by_name.get((function, name), ()))

    @functools.cached_property
    def _keys_by_name(self) -> dict[tuple[Function | None, str], set[str]]:
        found: defaultdict[tuple[Function | None, str], set[str]] = defaultdict(set)
        for node in self._file.of(ast.Subscript, ast.Call):
            match node:
                case ast.Subscript(value=ast.Name(id=name), slice=key):
                    pass
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=name), attr="get" | "pop"), args=[key, *_]
                ):
                    pass
                case _:
                    continue
            if text := text_of(key):
                found[self._file.function_of(node), name].add(text)
        return found

    def _is_operator_method(self, function: Function) -> bool:
        above = self._file.parent(function)
        return isinstance(above, ast.ClassDef) and any(
            self._file.name(base).endswith(("Operator", "Sensor", "Notifier", "Mixin"))
            for base in above.bases
        )

    def _bind_first(self, function: Function, index: int) -> None:
        names = [one.arg for one in [*function.args.posonlyargs, *function.args.args]]
        if len(names) > index:
            self._bound[function][names[index]] = CONTEXT
            self.sure.add(function)

    def _bind_by_keyword(self, function: Function) -> None:
        bound = self._bound[function]
        bound.update({name: HELD[name] for name in parameters(function) if name in HELD})
        if function.args.kwarg is not None:
            bound[function.args.kwarg.arg] = CONTEXT
        self.sure.add(function)

    # --- How it travels

    @functools.cached_property
    def _assignments(self) -> list[tuple[Function, str, ast.expr]]:
        """What functions bind to a name of their own, where that may hold anything of the context."""
        every: list[tuple[ast.AST, ast.AST, ast.expr | None]] = []
        every += [(node, node.targets[0], node.value) for node in self._file.of(ast.Assign)]
        every += [(node, node.target, node.value) for node in self._file.of(ast.AnnAssign)]
        every += [(node, node.target, node.value) for node in self._file.of(ast.NamedExpr)]
        return [
            (function, target.id, value)
            for node, target, value in every
            if isinstance(target, ast.Name)
            and value is not None
            and may_hold(value)
            and (function := self._file.function_of(node)) is not None
        ]

    @functools.cached_property
    def _stored(self) -> dict[Function, dict[str, int]]:
        """How often each function binds each of its own names."""
        found: defaultdict[Function, dict[str, int]] = defaultdict(dict)
        for node in self._file.of(ast.Name):
            if not isinstance(node.ctx, ast.Store):
                continue
            function = self._file.function_of(node)
            if function is not None:
                counts = found[function]
                counts[node.id] = counts.get(node.id, 0) + 1
        return found

    @functools.cached_property
    def _parameters(self) -> dict[Function, frozenset[str]]:
        every = [*functions(self._file), *self._file.of(ast.Lambda)]
        return {function: frozenset(parameters(function)) for function in every}

    def _follow(self) -> None:
        for _ in range(3):
            before = self._known()
            self._bind_locals()
            self._bind_called()
            if self._known() == before:
                break
        self._forget_rebound()

    def _known(self) -> tuple[int, dict[Function, dict[str, str]]]:
        return len(self.sure), {one: bound.copy() for one, bound in self._bound.items() if bound}

    def _bind_locals(self) -> None:
        for function, name, value in self._assignments:
            if kind := self.kind_of(value):
                self._bound[function].setdefault(name, kind)

    def _forget_rebound(self) -> None:
        """Drops names that a function also binds to anything else."""
        right: defaultdict[tuple[Function, str], int] = defaultdict(int)
        for function, name, value in self._assignments:
            if self.kind_of(value) == self._bound[function].get(name, "-"):
                right[function, name] += 1
        for function, bound in self._bound.items():
            for name in list(bound):
                if self._stored[function].get(name, 0) > right[function, name]:
                    del bound[name]

    def _bind_called(self) -> None:
        """What a function of the file is given by a caller that holds it."""
        for call, function in self._calls:
            self._bind_arguments(call, function)

    @functools.cached_property
    def _calls(self) -> list[tuple[ast.Call, Function]]:
        """Every call of a function of the file."""
        return [
            (call, function) for call in self._file.of(ast.Call) for function in self._called(call)
        ]

    def _called(self, call: ast.Call) -> list[Function]:
        if isinstance(call.func, ast.Name):
            return self._by_name.get(call.func.id, [])
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            return self._by_name.get(call.func.attr, []) if call.func.value.id == "self" else []
        return []

    def _bind_arguments(self, call: ast.Call, function: Function) -> None:
        names = [one.arg for one in [*function.args.posonlyargs, *function.args.args]]
        names = names[1:] if names[:1] in (["self"], ["cls"]) else names
        for name, value in zip(names, call.args, strict=False):
            self._bind_argument(function, name, value)
        for keyword in call.keywords:
            if keyword.arg in parameters(function):
                self._bind_argument(function, keyword.arg or "", keyword.value)
            elif keyword.arg is None and self.kind_of(keyword.value) == CONTEXT:
                self._bind_by_keyword(function)

    def _bind_argument(self, function: Function, name: str, value: ast.expr) -> None:
        if (kind := self.kind_of(value)) and name not in self._bound[function]:
            self._bound[function][name] = kind
            if kind == CONTEXT and self.is_sure(value):
                self.sure.add(function)


def key_of(node: ast.AST) -> ast.expr | None:
    """The key where an expression reads one, a text, of anything: ``values["ti"]``, ``values.get("ti")``."""
    match node:
        case ast.Subscript(slice=ast.Constant(value=str()) as key, ctx=ast.Load()):
            return key
        case ast.Call(
            func=ast.Attribute(attr="get" | "pop"), args=[ast.Constant(value=str()) as key, *_]
        ):
            return key
    return None


def may_hold(value: ast.expr) -> bool:
    """Whether ``AirflowContext.kind_of`` may tell anything of such an expression."""
    match value:
        case ast.Name() | ast.NamedExpr() | ast.BoolOp() | ast.IfExp() | ast.Call(func=ast.Name()):
            return True
        case ast.Attribute(attr=attr):
            return attr in _REACHED_BY
        case ast.Call(func=ast.Attribute(attr=attr)) if attr in _CALLED_FOR_CONTEXT:
            return True
    return text_of(key_of(value)) in HELD


@functools.lru_cache(maxsize=2)
def context_of(file: PythonFile) -> AirflowContext:
    """The file's context, found once however many checks ask."""
    return AirflowContext(file)


def _own_arguments(value: ast.expr, call: ast.Call | None) -> frozenset[str] | None:
    """Names that an operator or a partial gives its function itself; None where that is not written down."""
    names: set[str] = set()
    if isinstance(value, ast.Call):
        if len(value.args) > 1:
            return None
        names.update(keyword.arg for keyword in value.keywords if keyword.arg)
    for keyword in call.keywords if call else ():
        match keyword:
            case ast.keyword(arg="op_kwargs", value=ast.Dict(keys=keys)):
                texts = [text_of(key) for key in keys]
                if None in texts:
                    return None
                names.update(text for text in texts if text)
            case ast.keyword(arg="op_kwargs", value=ast.Call(args=[], keywords=words) as made) if (
                is_dict_call(made)
            ):
                names.update(word.arg for word in words if word.arg)
            case ast.keyword(arg=("op_kwargs" | "op_args" | None)):
                return None
    return frozenset(names)
