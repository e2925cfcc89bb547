"""What one file by itself tells about DAGs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from planner.domain.report import DagEntry
from planner.scanner.dag_map.answers import names_factory
from planner.scanner.dag_map.following import MOST_DAGS, Follower
from planner.scanner.dag_map.known import is_elsewhere, is_of_tasks
from planner.scanner.dag_map.outline import Outline, packed
from planner.scanner.dag_map.outlining import dag_calls, makes_dag, outline_of
from planner.scanner.dag_map.values import Dag, Items, Pairs, Scope, Unknown, Value
from planner.scanner.python_file import PythonFile

if TYPE_CHECKING:
    from planner.scanner.glimpse import Glimpse

_LONGEST_ID = 250
"""Airflow allows ids of 250 characters."""
_LONGEST_TAG = 100
_MOST_TAGS = 50


class IdleFactory(msgspec.Struct, frozen=True, array_like=True):
    """A call that would make a DAG, in a function that the file does not call."""

    line: int
    function: str


class DagCode(msgspec.Struct, frozen=True):
    """What a file that may make DAGs tells by itself."""

    dags: list[DagEntry] = []
    idle: list[IdleFactory] = []
    awaits: list[str] = []
    """Names of modules that may be files of the tree, and would then tell more."""
    outline: bytes = b""


def may_tell_of_dags(glimpse: Glimpse) -> bool:
    """Whether ``dag_code_of`` may tell anything, from a file's words alone."""
    if b"dag" not in glimpse.content.lower():
        return False
    return glimpse.makes_dags or any(
        not is_elsewhere(full) and not is_of_tasks(full) for full in glimpse.imports
    )


def dag_code_of(file: PythonFile) -> DagCode | None:
    """What the file tells about DAGs; None where it surely makes none."""
    words = file.source.lower()
    if (
        "dag" not in words or "airflow" not in words
    ):  # Airflow itself loads only files that hold both
        return None
    own = _calls_of_own_code(file)
    if not _makes_dags(file):
        if not own:
            return None
        if not any(names_factory(_last_word(call.func)) for call in file.of(ast.Call)):
            return DagCode(awaits=sorted(own), outline=packed(outline_of(file)))
    outline = outline_of(file)
    follower = Follower(file.path)
    follower.follow(outline, module_scope(file.path, outline))
    return DagCode(
        dags=entries(follower, outline),
        idle=idle_factories(file.path, outline, follower.visited),
        awaits=sorted(follower.awaits),
        outline=packed(outline),
    )


def module_scope(path: str, outline: Outline) -> Scope:
    """The names of a file before its first line."""
    return Scope({}, None, path, volatile=frozenset(outline.volatile))


def _makes_dags(file: PythonFile) -> bool:
    bases = (base for each in file.of(ast.ClassDef) for base in each.bases)
    return next(dag_calls(file), None) is not None or any(
        makes_dag(file.name(base)) for base in bases
    )


def _calls_of_own_code(file: PythonFile) -> set[str]:
    """What may be another file's of the tree and is called, or derived from, outside of functions."""
    ours = {
        name.full
        for name in file.imports
        if not is_elsewhere(name.full) and not is_of_tasks(name.full)
    }
    if not ours:
        return set()
    used: list[tuple[ast.AST, ast.expr]] = [(call, call.func) for call in file.of(ast.Call)]
    used += [(each, base) for each in file.of(ast.ClassDef) for base in each.bases]
    found = {full for full in ours if full.endswith(".*")}
    for node, named in used:
        full = file.name(named)
        if any(prefix in ours for prefix in _prefixes(full)) and file.function_of(node) is None:
            found.add(full)
    return found


def _last_word(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _prefixes(full: str) -> Iterator[str]:
    """A dotted name and those that it lies in."""
    while full.strip("."):
        yield full
        full = full.rpartition(".")[0]


def idle_factories(
    path: str, outline: Outline, visited: Iterable[tuple[str, int]]
) -> list[IdleFactory]:
    """Factories of a file that were not reached."""
    reached = {line for where, line in visited if where == path}
    return [
        IdleFactory(site.line, site.function)
        for site in outline.sites
        if site.is_factory and site.line not in reached
    ]


def idle_entry(path: str, idle: IdleFactory) -> DagEntry:
    """The unresolved DAGs of a factory that nothing calls."""
    because = f"It is made in `{idle.function}()`, which nothing in the tree calls."
    return DagEntry(f"{path}:{idle.line}", path, resolved=False, line=idle.line, because=because)


def entries(follower: Follower, outline: Outline) -> list[DagEntry]:
    """The DAGs that following a file found, in the order of their lines, each id once."""
    fallback = outline.task_owners if len(follower.dags) == 1 else ()
    found: dict[str, DagEntry] = {}
    for dag in sorted(follower.dags, key=lambda one: one.line):
        entry = _entry(dag, follower.path, fallback)
        known = found.get(entry.dag_id)
        if known is None or (known.because and not entry.because):
            found[entry.dag_id] = entry
    if follower.is_cut and follower.dags:
        entry = _cut(follower)
        found.setdefault(entry.dag_id, entry)
    return list(found.values())


def _entry(dag: Dag, path: str, fallback: tuple[str, ...]) -> DagEntry:
    dag_id = dag.dag_id
    is_known = isinstance(dag_id, str) and _is_id(dag_id)
    owners = _owners(_owner_of(dag.default_args)) or tuple(
        name for text in fallback for name in _owners(text)
    )
    return DagEntry(
        dag_id=dag_id if is_known else f"{path}:{dag.line}",
        path=path,
        owners=owners,
        resolved=is_known,
        line=dag.line,
        tags=tuple(_tags(dag.tags)),
        schedule=dag.schedule if dag.schedule.isprintable() else "",
        is_subdag=dag.is_subdag,
        because=_condition(dag) if is_known else _because(dag_id),
    )


def _is_id(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_ID and text.isprintable()


def _because(dag_id: Value) -> str:
    """Why an id is not known, as a sentence."""
    if not isinstance(dag_id, Unknown):
        return "The id is no text that Airflow takes."
    if dag_id.why.endswith("which is not in the tree") and "()" in dag_id.why:
        return f"It is made by {dag_id.why}."
    shape = dag_id.shape
    named = f"The id, `{shape}`," if shape.strip("…") and shape.isprintable() else "The id"
    return f"{named} hangs on {dag_id.why}."


def _condition(dag: Dag) -> str:
    return f"Whether it is made hangs on {dag.condition}." if dag.condition else ""


def _cut(follower: Follower) -> DagEntry:
    last = follower.dags[-1].line
    because = f"There are more DAGs than {MOST_DAGS:,}, or more code than is followed: how many is not known."
    return DagEntry(
        f"{follower.path}:{last}", follower.path, resolved=False, line=last, because=because
    )


def _owner_of(default_args: Value) -> str:
    if isinstance(default_args, Pairs):
        owner = default_args.get("owner")
        if isinstance(owner, str):
            return owner
    return ""


def _owners(text: str) -> tuple[str, ...]:
    names = (name.strip() for name in text.split(","))
    return tuple(dict.fromkeys(name for name in names if name and name.isprintable()))


def _tags(tags: Value) -> Iterator[str]:
    if isinstance(tags, Items | tuple):
        for tag in list(tags)[:_MOST_TAGS]:
            if isinstance(tag, str) and len(tag) <= _LONGEST_TAG and tag.isprintable():
                yield tag
