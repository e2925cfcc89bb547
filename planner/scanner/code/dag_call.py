"""Which calls of a Python file make a DAG, and what they say: the schedule, other arguments, default_args.

Checks ask for what the file spells out. Nothing is guessed: what a file makes at run time is unknown, and checks that
need it must stay quiet. The map of DAGs, which follows code, begins at the same calls and reads the same arguments.
"""

from __future__ import annotations

import ast
import functools
from collections import defaultdict, deque
from collections.abc import Container, Iterable, Iterator, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from planner.scanner.code.of_tests import in_test_folder
from planner.scanner.code.python_file import PythonFile, argument, parameters, text_of

Decorated = ast.FunctionDef | ast.AsyncFunctionDef
_Owner = ast.AST | str | None
"""The node that makes a DAG, or the variable that holds it."""

PRESETS = frozenset(
    ["@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly", "@annually", "@midnight"]
)
"""Names of cron expressions. ``@once`` and ``@continuous`` are none."""
SCHEDULES = ("schedule", "schedule_interval", "timetable")
"""Arguments that say when a DAG runs."""
POSITIONS = ("dag_id", "description", "schedule")
"""Arguments that may be given without their names."""
_MAKERS = ("DAG", "dag")
_SDK = "airflow.sdk"
_DEEPEST = 10
"""Dicts made of dicts made of …: followed this far."""
_CRON_FIELDS = (5, 6)
_INTERVAL_TIMETABLES = ("CronDataIntervalTimetable", "DeltaDataIntervalTimetable")
_TRIGGER_TIMETABLES = (
    "CronTriggerTimetable",
    "DeltaTriggerTimetable",
    "MultipleCronTriggerTimetable",
    "DatasetOrTimeSchedule",
    "AssetOrTimeSchedule",
)


class Schedule(StrEnum):
    """What a DAG is started by, as far as its call tells."""

    ABSENT = "absent"
    """No argument says it: daily on 2.x, never on 3.x."""
    NONE = "none"
    CRON = "cron"
    """A cron expression or one of the presets."""
    DELTA = "delta"
    INTERVAL_TIMETABLE = "interval timetable"
    """A timetable by time that names its data intervals itself, so no default changes them."""
    TRIGGER_TIMETABLE = "trigger timetable"
    """Any other timetable by time."""
    UNKNOWN = "unknown"
    """Made at run time, by data, once, or by a timetable that is not Airflow's own."""

    @property
    def by_time(self) -> bool:
        return self not in (Schedule.ABSENT, Schedule.NONE, Schedule.UNKNOWN)


@dataclass(frozen=True)
class DagCall:
    """One DAG in the code: a call of ``DAG`` or ``@dag(...)``, or a function under a bare ``@dag``."""

    file: PythonFile
    call: ast.Call | None
    """None under a bare ``@dag``."""
    function: Decorated | None
    """The decorated function, for ``@dag``."""
    maker: str
    """The full name of what makes it."""

    @property
    def node(self) -> ast.Call | Decorated:
        """Where the DAG is said to be made."""
        found = self.call or self.function
        assert found is not None
        return found

    @property
    def head(self) -> ast.AST:
        """The name that makes the DAG, for findings about the DAG as a whole: one line of the code."""
        return self.call.func if self.call else self.node

    @functools.cached_property
    def _spread(self) -> list[ast.expr]:
        """What stands behind ``**`` in the call."""
        words = self.call.keywords if self.call else []
        return [self.file.value(word.value) for word in words if word.arg is None]

    def entry(self, name: str) -> Entry | None:
        """An argument by its name or usual position, also out of ``**`` of a dict that the file spells out."""
        if self.call is None:
            return None
        for word in self.call.keywords:
            if word.arg == name:
                return Entry(name, word, word.value)
        position = POSITIONS.index(name) if name in POSITIONS else None
        found = argument(self.call, name, position)
        if found is not None:
            return Entry(name, found, found)
        spread = (one for mapping in self._spread for one in entries(self.file, mapping))
        return next((one for one in spread if one.name == name), None)

    def argument(self, name: str) -> ast.expr | None:
        """The value of an argument, found like ``entry``."""
        found = self.entry(name)
        return found.value if found else None

    def may_hold(self, name: str) -> bool:
        """Whether the call gives the argument, or could: through ``*`` or ``**`` of something unknown."""
        if self.call is None:
            return False
        starred = any(isinstance(given, ast.Starred) for given in self.call.args)
        unknown = any(not is_spelled_out(self.file, mapping) for mapping in self._spread)
        return starred or unknown or self.argument(name) is not None

    @functools.cached_property
    def schedule(self) -> Schedule:
        given = [name for name in SCHEDULES if self.may_hold(name)]
        if not given:
            return Schedule.ABSENT
        found = self.argument(given[0])
        return Schedule.UNKNOWN if found is None else _schedule(self.file, found)

    @property
    def is_for_airflow_3(self) -> bool:
        """Whether the DAG is made by the Task SDK alone, which no 2.x has: nothing changes for it."""
        if not self.maker.startswith(_SDK):
            return False
        return not any(
            imported.full.startswith(_SDK) and self.file.is_guarded(imported.node)
            for imported in self.file.imports
        )

    @property
    def default_args(self) -> ast.expr | None:
        found = self.argument("default_args")
        return None if found is None else self.file.value(found)

    @functools.cached_property
    def body(self) -> list[ast.AST]:
        """The code that fills the DAG: the block of its ``with``, the decorated function, or what is around.

        Functions of the file that this code names belong to it. What is plainly another DAG's does not.
        """
        start = self._block()
        if start is self.file.tree.body:
            return _module_parts(self.file).of_dag({self.node, self._variable})
        nodes = [node for statement in start for node in ast.walk(statement)]
        named = {node.id for node in nodes if isinstance(node, ast.Name)}
        for function in functions(self.file):
            if function.name in named and function not in nodes:
                nodes += ast.walk(function)
        return nodes

    @property
    def _variable(self) -> str | None:
        """The name that the DAG is kept under."""
        match self.file.parent(self.node):
            case ast.Assign(targets=[ast.Name(id=name)]):
                return name
            case ast.withitem(optional_vars=ast.Name(id=name)):
                return name
        return None

    def _block(self) -> list[ast.stmt]:
        if self.function is not None:
            return [self.function]
        parent = self.file.parent(self.node)
        if isinstance(parent, ast.withitem):
            return [_with_of(self.file, parent)]
        around = self.file.function_of(self.node)
        if around is not None and not isinstance(around, ast.Lambda):
            return [around]
        return self.file.tree.body


def maker_of(full: str) -> str:
    """``DAG`` or ``dag`` where a full name is that of Airflow's class or decorator; else empty.

    A class called ``DAG`` that is not Airflow's counts too: companies wrap it under its own name.
    """
    last = full.rpartition(".")[2]
    return last if last in _MAKERS and (last == "DAG" or full.startswith("airflow.")) else ""


def dag_calls(file: PythonFile) -> list[DagCall]:
    """Every DAG that the file's code makes through Airflow's own names, in the order of the source."""
    found = [dag for dag in every_dag_call(file) if dag.maker.startswith("airflow.")]
    return sorted(found, key=lambda dag: (dag.node.lineno, dag.node.col_offset))


def scheduled_dags(file: PythonFile) -> list[DagCall]:
    """The DAGs for which the move from 2.x changes what a schedule means: not those of tests, or of 3.x alone."""
    if in_test_folder(file.path):
        return []
    return [dag for dag in dag_calls(file) if not dag.is_for_airflow_3]


def every_dag_call(file: PythonFile) -> Iterator[DagCall]:
    """The same with wrappers of the same name, as they come."""
    return iter(_every_dag_call(file))


@functools.lru_cache(maxsize=2)
def _every_dag_call(file: PythonFile) -> tuple[DagCall, ...]:
    return tuple(_found_dag_calls(file))


def _found_dag_calls(file: PythonFile) -> Iterator[DagCall]:
    decorators = set()
    for function in functions(file):
        for decorator in function.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            maker = file.name(call.func if call else decorator)
            if maker_of(maker):
                decorators.add(call)
                yield DagCall(file, call, function, maker)
    for call in file.of(ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr not in _MAKERS:
            continue
        maker = file.name(call.func)
        if call not in decorators and maker_of(maker):
            yield DagCall(file, call, None, maker)


def functions(file: PythonFile) -> list[Decorated]:
    """Every function of the file but lambdas."""
    return [*file.of(ast.FunctionDef), *file.of(ast.AsyncFunctionDef)]


class Entry(NamedTuple):
    """One key of a mapping, or one argument of a call, with the node that names it."""

    name: str
    node: ast.AST
    value: ast.expr


def entries(file: PythonFile, node: ast.expr, depth: int = _DEEPEST) -> Iterator[Entry]:
    """The entries of a dict display or a ``dict(...)`` call, through names and ``**`` of other dicts."""
    for name, key, value in _written(file.value(node)):
        if name is not None:
            yield Entry(name, key, value)
        elif depth:
            yield from entries(file, value, depth - 1)


def is_spelled_out(file: PythonFile, node: ast.expr, depth: int = _DEEPEST) -> bool:
    """Whether every entry of a mapping stands in the file."""
    node = file.value(node)
    if not depth or not (isinstance(node, ast.Dict) or is_dict_call(node)):
        return False
    return all(
        name is not None or is_spelled_out(file, value, depth - 1)
        for name, _, value in _written(node)
    )


def is_dict_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict"


def _written(node: ast.expr) -> list[tuple[str | None, ast.AST, ast.expr]]:
    """Name, its node and value of each entry; name None for ``**``. Keys that are no text are left out."""
    if isinstance(node, ast.Dict):
        every = zip(node.keys, node.values, strict=True)
        return [
            (text_of(key), key or value, value)
            for key, value in every
            if key is None or text_of(key) is not None
        ]
    if is_dict_call(node) and isinstance(node, ast.Call):
        spread: list[tuple[str | None, ast.AST, ast.expr]] = [
            (None, given, given) for given in node.args
        ]
        return spread + [(word.arg, word, word.value) for word in node.keywords]
    return []


def _schedule(file: PythonFile, node: ast.expr) -> Schedule:
    node = file.value(node)
    if isinstance(node, ast.Constant):
        return _of_constant(node.value)
    if isinstance(node, ast.Call):
        last = file.name(node.func).rpartition(".")[2]
        if last in ("timedelta", "relativedelta"):
            return Schedule.DELTA
        if last in _INTERVAL_TIMETABLES:
            return Schedule.INTERVAL_TIMETABLE
        if last in _TRIGGER_TIMETABLES:
            return Schedule.TRIGGER_TIMETABLE
    return Schedule.UNKNOWN


def _of_constant(value: object) -> Schedule:
    if value is None:
        return Schedule.NONE
    if isinstance(value, str) and (value in PRESETS or len(value.split()) in _CRON_FIELDS):
        return Schedule.CRON
    return Schedule.UNKNOWN


class _ModuleParts(NamedTuple):
    """A module's code by the DAGs that it is of."""

    common: list[ast.AST]
    """What may be any DAG's."""
    owned: dict[ast.AST, set[_Owner]]
    """The heads of what is plainly some DAG's, with the DAGs' nodes and names."""

    def of_dag(self, owners: Set[_Owner]) -> list[ast.AST]:
        """What may be of the DAG of this node and name, without what is of others."""
        own = [head for head, of in self.owned.items() if of & owners]
        others = self.owned.keys() - own
        return [*self.common, *_walk(own, others)]


@functools.lru_cache(maxsize=2)
def _module_parts(file: PythonFile) -> _ModuleParts:
    """What is plainly one DAG's: its ``with``, its function, tasks given to it, and functions that only those name."""
    dags = list(every_dag_call(file))
    made: set[ast.AST] = {dag.node for dag in dags}
    names = {dag._variable for dag in dags} - {None}
    owned: defaultdict[ast.AST, set[_Owner]] = defaultdict(set)
    for dag in dags:
        if dag.function is not None:
            owned[dag.function].add(dag.node)
    for item in file.of(ast.withitem):
        if item.context_expr in made:
            owned[_with_of(file, item)].add(item.context_expr)
        elif name := _variable_in(file, item.context_expr, names):
            owned[_with_of(file, item)].add(name)
    for word in file.of(ast.keyword):
        if word.arg == "dag" and (name := _variable_in(file, word.value, names)):
            owned[file.parent(word) or word].add(name)
    spoken: defaultdict[str, set[_Owner]] = defaultdict(set)
    for head, owners in owned.items():
        for called in _names_in(_walk([head], ())):
            spoken[called] |= owners
    kept = _names_in(_walk([file.tree], owned))
    for function in functions(file):
        if function.name in spoken and function.name not in kept:
            owned[function] |= spoken[function.name]
    return _ModuleParts(list(_walk([file.tree], owned)), dict(owned))


def _variable_in(file: PythonFile, node: ast.AST, names: Container[str | None]) -> str | None:
    """A variable of these names, where it is one and no parameter."""
    if not isinstance(node, ast.Name) or node.id not in names:
        return None
    around = file.function_of(node)
    return node.id if around is None or node.id not in parameters(around) else None


def _walk(start: Iterable[ast.AST], without: Container[ast.AST]) -> Iterator[ast.AST]:
    """Every node below, like ``ast.walk``, but for some and what is in them."""
    waiting = deque(start)
    while waiting:
        node = waiting.popleft()
        yield node
        waiting.extend(child for child in ast.iter_child_nodes(node) if child not in without)


def _names_in(nodes: Iterable[ast.AST]) -> set[str]:
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _with_of(file: PythonFile, item: ast.withitem) -> ast.stmt:
    found = file.parent(item)
    assert isinstance(found, ast.With | ast.AsyncWith)
    return found
