"""Where Python code opens Airflow's own database: sessions, the engine, and methods of its tables.

Each was run on Airflow 3.3 as a task and at the top of a DAG file, where it is refused.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from typing import NamedTuple

from planner.scanner.code.dag_call import functions
from planner.scanner.code.glimpse import Glimpse, Spelled
from planner.scanner.code.python_file import PythonFile
from planner.scanner.code.task_code import may_run_in_task, runs_in_task, runs_while_parsed


class Access(NamedTuple):
    """One place that opens or asks Airflow's database."""

    node: ast.AST
    symbol: str
    """``create_session``, ``DagRun.find``."""
    while_parsed: bool
    """It runs when the file is imported, not in a task."""


_CALLED = {
    "airflow.utils.session.create_session": "create_session",
    "airflow.utils.session.create_session_async": "create_session",
    "airflow.utils.db.create_session": "create_session",
    "airflow.settings.Session": "settings.Session",
    "airflow.settings.AsyncSession": "settings.Session",
    "airflow.settings.configure_orm": "settings.configure_orm",
    "airflow.settings.engine.connect": "settings.engine",
    "airflow.settings.engine.begin": "settings.engine",
    "airflow.settings.engine.execute": "settings.engine",
    "airflow.settings.engine.raw_connection": "settings.engine",
    "airflow.models.TaskInstance": "TaskInstance",
    "airflow.models.taskinstance.TaskInstance": "TaskInstance",
    "airflow.api.common.trigger_dag.trigger_dag": "trigger_dag",
    "airflow.api.common.delete_dag.delete_dag": "delete_dag",
}
_DECORATORS = {
    "airflow.utils.session.provide_session": "provide_session",
    "airflow.utils.db.provide_session": "provide_session",
}
_ENGINE = "airflow.settings.engine"
_METHODS = {
    "DagCode": ("code", "get_code_by_fileloc", "has_dag"),
    "DagModel": (
        "dags_needing_dagruns",
        "deactivate_deleted_dags",
        "get_current",
        "get_dagmodel",
        "get_paused_dag_ids",
    ),
    "DagRun": (
        "active_runs_of_dags",
        "find",
        "find_duplicate",
        "get_latest_runs",
        "get_run",
        "next_dagruns_to_examine",
    ),
    "Pool": (
        "create_or_update_pool",
        "delete_pool",
        "get_default_pool",
        "get_pool",
        "get_pools",
        "is_default_pool",
        "slots_stats",
    ),
    "SerializedDagModel": (
        "get",
        "get_dag",
        "get_max_last_updated_datetime",
        "has_dag",
        "read_all_dags",
    ),
    "XCom": ("clear", "get_many"),
    "TaskInstance": ("get_num_running_task_instances", "get_task_instance"),
}
"""Class methods of Airflow's tables that open a session of their own."""
_BAGS = ("airflow.models.DagBag", "airflow.models.dagbag.DagBag")
_BAG_ARGUMENTS = frozenset(["include_examples", "read_dags_from_db", "store_serialized_dags"])
_SELECTS = (
    "sqlalchemy.select",
    "sqlalchemy.future.select",
    "sqlalchemy.delete",
    "sqlalchemy.update",
)
_TABLES = frozenset(
    [
        *_METHODS,
        "Connection",
        "DagTag",
        "ImportError",
        "Job",
        "Log",
        "ParseImportError",
        "RenderedTaskInstanceFields",
        "SlaMiss",
        "TaskFail",
        "TaskReschedule",
        "Trigger",
        "Variable",
        "XComModel",
    ]
)


_OPENERS = Spelled([*_CALLED, *_DECORATORS, *_BAGS, _ENGINE])
_ASKED_WITH = frozenset(["query", *(name.rpartition(".")[2] for name in _SELECTS)])


@functools.lru_cache(maxsize=2)
def may_access(glimpse: Glimpse) -> bool:
    """Whether a file's words can mean any of these places."""
    return _may_be_spelled(glimpse) and may_run_in_task(glimpse)


def _may_be_spelled(glimpse: Glimpse) -> bool:
    if _OPENERS.may_be_imported_in(glimpse):
        return True
    if not glimpse.spells(["models"]) or not glimpse.names_tables:
        return False
    return any(
        table in glimpse.words and glimpse.spells(_METHODS[table]) for table in _METHODS
    ) or (glimpse.spells(_ASKED_WITH) and glimpse.spells(_TABLES))


def accesses(file: PythonFile) -> Iterator[Access]:
    """Every place in code of tasks and DAG files, in the order of the source."""
    return iter(_accesses(file))


@functools.lru_cache(maxsize=2)
def _accesses(file: PythonFile) -> tuple[Access, ...]:
    opened = [*_opened(file)]
    inside = {file.function_of(node) for node, _ in opened}
    inside |= {function for node, function, _ in _decorated(file)}
    found = opened + [
        (node, symbol) for node, symbol in _asked(file) if file.function_of(node) not in inside
    ]
    every = [
        Access(node, symbol, runs_while_parsed(file, node))
        for node, symbol in found
        if runs_in_task(file, node) and not file.is_guarded(node, imports=False)
    ]
    for decorator, function, symbol in _decorated(file):
        if runs_in_task(file, function.body[0]) and not file.is_guarded(decorator, imports=False):
            every.append(Access(decorator, symbol, runs_while_parsed(file, function.body[0])))
    return tuple(sorted(every, key=lambda one: (one.node.lineno, one.node.col_offset)))  # type: ignore[attr-defined]


def _opened(file: PythonFile) -> Iterator[tuple[ast.AST, str]]:
    for call, name in file.airflow_calls:
        symbol = _CALLED.get(name) or _method(name) or _bag(name, call)
        if symbol:
            yield call, symbol
    for node in _engines(file):
        if file.name(node) == _ENGINE and _is_given(file, node):
            yield node, "settings.engine"


def _engines(file: PythonFile) -> Iterator[ast.expr]:
    """Names that may mean Airflow's engine."""
    called = {one.local for one in file.imports if one.full == _ENGINE}
    if called:
        yield from (node for node in file.of(ast.Name) if node.id in called)
    last = _ENGINE.rpartition(".")[2]
    yield from (node for node in file.of(ast.Attribute) if node.attr == last)


def _bag(name: str, call: ast.Call) -> str:
    """``DagBag`` where it is told what only a process with a database can do."""
    given = {keyword.arg for keyword in call.keywords}
    return "DagBag" if name in _BAGS and not given.isdisjoint(_BAG_ARGUMENTS) else ""


def _is_given(file: PythonFile, node: ast.AST) -> bool:
    """Whether a value is handed to a call: ``pandas.read_sql(text, settings.engine)``."""
    above = file.parent(node)
    return isinstance(above, ast.keyword) or (isinstance(above, ast.Call) and node in above.args)


def _method(name: str) -> str:
    """``DagRun.find`` of ``airflow.models.dagrun.DagRun.find``, where that opens a session."""
    rest, _, method = name.rpartition(".")
    table = rest.rpartition(".")[2]
    if name.startswith("airflow.models.") and method in _METHODS.get(table, ()):
        return f"{table}.{method}"
    return ""


def _decorated(
    file: PythonFile,
) -> Iterator[tuple[ast.expr, ast.FunctionDef | ast.AsyncFunctionDef, str]]:
    for function in functions(file):
        for decorator in function.decorator_list:
            symbol = _DECORATORS.get(file.name(decorator))
            if symbol:
                yield decorator, function, symbol


def _asked(file: PythonFile) -> Iterator[tuple[ast.AST, str]]:
    """Queries of Airflow's tables by a session that came from elsewhere."""
    for call in file.of(ast.Call):
        match call:
            case ast.Call(func=ast.Attribute(attr="query"), args=[first, *_]):
                if _is_table(file, first):
                    yield call, "session.query"
            case ast.Call(args=[first, *_]) if file.name(call.func) in _SELECTS:
                if _is_table(file, first):
                    yield call, "session.query"


def _is_table(file: PythonFile, node: ast.expr) -> bool:
    """Whether an expression is a table of Airflow's or a column of one."""
    parts = file.name(node).split(".")
    return parts[:2] == ["airflow", "models"] and not _TABLES.isdisjoint(parts[2:])
