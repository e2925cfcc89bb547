"""Which Python code runs as a task or while a DAG file is parsed, and which runs in a server or by hand.

Airflow 3 keeps the first kind away from its database; servers, plugins' pages and people's own scripts may
still use it.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator

from planner.scanner.code.dag_call import dag_calls, functions
from planner.scanner.code.glimpse import Glimpse
from planner.scanner.code.python_file import Function, PythonFile

_SERVER_FILES = frozenset(
    ["airflow_local_settings.py", "conftest.py", "webserver_config.py", "setup.py"]
)
_SERVER_FOLDERS = frozenset(
    [
        "alembic",
        "cli_commands",
        "migrations",
        "test",
        "test_helpers",
        "test_utils",
        "testing",
        "tests",
    ]
)
_SERVER_MODULES = (
    "airflow.auth",
    "airflow.www",
    "connexion",
    "fastapi",
    "flask",
    "flask_admin",
    "flask_appbuilder",
    "flask_login",
    "starlette",
)
"""A file that imports one of these, and makes no DAG, is a page or a service."""
_TEST_MODULES = ("pytest", "unittest")
"""A file that imports one of these is a test, whatever DAGs it makes."""
_SERVER_BASES = (
    "AirflowPlugin",
    "AuthManager",
    "DBManager",
    "Dep",
    "Executor",
    "Link",
    "Listener",
    "LogHandler",
    "Policy",
    "SecretsBackend",
    "SecurityManager",
    "TaskHandler",
    "TestCase",
    "Timetable",
    "View",
    "WeightStrategy",
)
"""Endings of base classes whose methods run in a server."""
_SERVER_FUNCTIONS = ("_mutation_hook",)
"""Endings of the functions of a cluster policy that the scheduler calls."""
_LOADED = re.compile(r"dag|plugin", re.IGNORECASE)
"""In the folders of files that Airflow loads by itself."""
_DAG_DECORATORS = (".dag", ".task_group")
_IMPORTS_TESTS = re.compile(
    rf"\n(?<!\\\n)(?:import|from)[ \t]+(?:{'|'.join(_TEST_MODULES)})\b".encode()
)
"""At the beginning of a line, so that it stands in no block."""


@functools.lru_cache(maxsize=2)
def may_run_in_task(glimpse: Glimpse) -> bool:
    """Whether ``runs_in_task`` may say yes of anything in a file, told from its path and its words."""
    if _is_server_path(glimpse.path):
        return False
    if _is_named_as_test(glimpse.path) and not glimpse.spells(["DAG", "dag"]):
        return False
    if glimpse.is_notebook or not glimpse.spells(_TEST_MODULES):
        return True
    tests = _IMPORTS_TESTS.search(glimpse.content)
    if tests is None:
        return True
    before = glimpse.content[: tests.start()]
    return b'"""' in before or b"'''" in before  # the import may be in a text


def runs_in_task(file: PythonFile, node: ast.AST) -> bool:
    """Whether code runs as a task, as its callback, or while a DAG file is parsed."""
    if not _is_task_file(file):
        return False
    server = _server_code(file)
    return not server or server.isdisjoint(file.ancestors(node))


def runs_while_parsed(file: PythonFile, node: ast.AST) -> bool:
    """Whether code runs when the file is imported: outside of functions, or in one that is called there."""
    function = file.function_of(node)
    return function is None or function in _called_while_parsed(file)


@functools.lru_cache(maxsize=2)
def _is_task_file(file: PythonFile) -> bool:
    if _is_server_path(file.path):
        return False
    modules = {imported.full for imported in file.imports}
    if any(
        _is_below(imported.full, _TEST_MODULES) and not _is_by_hand(file, imported.node)
        for imported in file.imports
    ):
        return False
    if _makes_dags(file) and (dag_calls(file) or not _main_guards(file)):
        return True
    if _is_named_as_test(file.path):
        return False
    serves = any(_is_below(module, _SERVER_MODULES) for module in modules)
    return not serves and not _is_script(file)


def _is_server_path(path: str) -> bool:
    *folders, name = path.lower().split("/")
    return name in _SERVER_FILES or not _SERVER_FOLDERS.isdisjoint(folders)


def _is_named_as_test(path: str) -> bool:
    name = path.lower().rpartition("/")[2]
    return name.startswith("test_") or name.rpartition(".")[0].endswith("_test")


def _is_script(file: PythonFile) -> bool:
    """Whether people start the file themselves: it says so, or it holds nothing to import and Airflow loads it not."""
    if _main_guards(file):
        return True
    if _LOADED.search(file.path.rpartition("/")[0]):
        return False
    return not (functions(file) or any(file.of(ast.ClassDef)) or dag_calls(file))


def _makes_dags(file: PythonFile) -> bool:
    return any(
        imported.full.startswith("airflow.") and imported.full.endswith((".DAG", ".dag"))
        for imported in file.imports
    )


def _is_below(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in packages)


def _is_by_hand(file: PythonFile, node: ast.AST) -> bool:
    guards = _main_guards(file)
    return bool(guards) and not guards.isdisjoint(file.ancestors(node))


@functools.lru_cache(maxsize=2)
def _main_guards(file: PythonFile) -> frozenset[ast.AST]:
    """Each ``if`` that asks how the file was started."""
    found: list[ast.AST] = []
    for name in file.of(ast.Name):
        if name.id == "__name__":
            below: ast.AST = name
            above = file.parent(name)
            while above is not None and not isinstance(above, ast.stmt):
                below, above = above, file.parent(above)
            if isinstance(above, ast.If) and above.test is below:
                found.append(above)
    return frozenset(found)


@functools.lru_cache(maxsize=2)
def _server_code(file: PythonFile) -> frozenset[ast.AST]:
    """What encloses code that runs in a server or by hand."""
    return frozenset(
        [
            *_main_guards(file),
            *_listeners(file),
            *(
                each
                for each in file.of(ast.ClassDef)
                if any(file.name(base).endswith(_SERVER_BASES) for base in each.bases)
            ),
            *(each for each in file.of(ast.FunctionDef) if each.name.endswith(_SERVER_FUNCTIONS)),
        ]
    )


def _listeners(file: PythonFile) -> frozenset[ast.AST]:
    """Functions that listen or are commands, with the classes around them."""
    found = [
        function for function in file.of(ast.FunctionDef) if _listens_or_is_command(file, function)
    ]
    classes = (
        above
        for function in found
        for above in file.ancestors(function)
        if isinstance(above, ast.ClassDef)
    )
    return frozenset([*found, *classes])


def _listens_or_is_command(file: PythonFile, function: ast.FunctionDef) -> bool:
    """Whether a function is a listener's, or a command of Airflow's command line."""
    return any(
        _decorated_name(file, decorator).rpartition(".")[2] in ("hookimpl", "action_cli")
        for decorator in function.decorator_list
    )


@functools.lru_cache(maxsize=2)
def _called_while_parsed(file: PythonFile) -> frozenset[Function]:
    """Functions that run when the file is imported: ``@dag`` and task groups, and what is called there."""
    by_name: dict[str, list[Function]] = {}
    for function in functions(file):
        by_name.setdefault(function.name, []).append(function)
    reached = {
        function
        for group in by_name.values()
        for function in group
        if any(_makes_dag(file, decorator) for decorator in getattr(function, "decorator_list", ()))
    }
    calls = [(file.function_of(call), name) for call, name in _plain_calls(file)]
    grew = True
    while grew:
        found = {
            function
            for inside, name in calls
            if inside is None or inside in reached
            for function in by_name.get(name, ())
            if not _is_task(file, function)
        }
        grew = not found <= reached
        reached |= found
    return frozenset(reached)


def _plain_calls(file: PythonFile) -> Iterator[tuple[ast.Call, str]]:
    for call in file.of(ast.Call):
        if isinstance(call.func, ast.Name) and not _is_by_hand(file, call):
            yield call, call.func.id


def _decorated_name(file: PythonFile, decorator: ast.expr) -> str:
    return file.name(decorator.func if isinstance(decorator, ast.Call) else decorator)


def _makes_dag(file: PythonFile, decorator: ast.expr) -> bool:
    name = _decorated_name(file, decorator)
    return name.startswith("airflow.") and name.endswith(_DAG_DECORATORS)


def _is_task(file: PythonFile, function: Function) -> bool:
    """Whether calling the function only makes a task."""
    return any(
        ".task" in name and not name.endswith(".task_group")
        for decorator in getattr(function, "decorator_list", ())
        if (name := _decorated_name(file, decorator)).startswith("airflow.")
    )
