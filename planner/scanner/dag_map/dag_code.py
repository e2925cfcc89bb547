"""What one file by itself tells about DAGs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from planner.domain.report import DagEntry
from planner.scanner.code.dag_call import every_dag_call, maker_of
from planner.scanner.code.python_file import TOO_DEEP, PythonFile
from planner.scanner.dag_map.entries import entries_of
from planner.scanner.dag_map.following.follower import Follower
from planner.scanner.dag_map.names import may_be_ours, names_factory
from planner.scanner.dag_map.outline.language import Factory, Outline, packed
from planner.scanner.dag_map.outline.statements import outline_of
from planner.scanner.dag_map.values import module_scope

if TYPE_CHECKING:
    from planner.scanner.code.glimpse import Glimpse


class DagCode(msgspec.Struct, frozen=True):
    """What a file that may make DAGs tells by itself."""

    dags: list[DagEntry] = []
    idle: list[Factory] = []
    """Factories that the file does not call."""
    awaits: list[str] = []
    """Names of modules that may be files of the tree, and would then tell more."""
    outline: bytes = b""


def may_tell_of_dags(glimpse: Glimpse) -> bool:
    """Whether ``dag_code_of`` may tell anything, from a file's words alone."""
    if b"dag" not in glimpse.content.lower():
        return False
    return glimpse.makes_dags or any(map(may_be_ours, glimpse.imports))


def dag_code_of(file: PythonFile) -> DagCode | None:
    """What the file tells about DAGs; None where it surely makes none."""
    words = file.source.lower()
    if "dag" not in words or "airflow" not in words:  # Airflow itself loads only files with both
        return None
    if not _makes_dags(file):
        called = _calls_of_own_code(file)
        if not called:
            return None
        if not any(names_factory(_last_word(call.func)) for call in file.of(ast.Call)):
            return DagCode(awaits=sorted(called), outline=packed(outline_of(file)))
    outline = outline_of(file)
    follower = Follower(file.path)
    follower.follow(outline, module_scope(file.path, outline))
    return DagCode(
        dags=entries_of(follower, outline),
        idle=_idle(file.path, outline, follower.visited),
        awaits=sorted(follower.awaits),
        outline=packed(outline),
    )


def outline_in(path: str, content: bytes) -> Outline | None:
    """The outline of a file that others may use; None where it is no Python."""
    try:
        return outline_of(PythonFile(path, content.decode("utf-8-sig")))
    except (UnicodeDecodeError, *TOO_DEEP):
        return None


def _makes_dags(file: PythonFile) -> bool:
    if next(every_dag_call(file), None) is not None:
        return True
    return any(maker_of(file.name(base)) for each in file.of(ast.ClassDef) for base in each.bases)


def _calls_of_own_code(file: PythonFile) -> set[str]:
    """What may be another file's of the tree and is called, or derived from, outside of functions."""
    ours = {name.full for name in file.imports if may_be_ours(name.full)}
    if not ours:
        return set()
    used: list[tuple[ast.AST, ast.expr]] = [(call, call.func) for call in file.of(ast.Call)]
    used += [(each, base) for each in file.of(ast.ClassDef) for base in each.bases]
    found = {full for full in ours if full.endswith(".*")}
    for node, named in used:
        full = file.name(named)
        if not ours.isdisjoint(_prefixes(full)) and file.function_of(node) is None:
            found.add(full)
    return found


def _last_word(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _prefixes(full: str) -> Iterator[str]:
    """A dotted name and those that it lies in."""
    while full.strip("."):
        yield full
        full = full.rpartition(".")[0]


def _idle(path: str, outline: Outline, visited: set[tuple[str, int]]) -> list[Factory]:
    return [factory for factory in outline.factories if (path, factory.line) not in visited]
