"""The DAGs that following a file found, as a report lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from planner.domain.report import DagEntry
from planner.scanner.dag_map.following.follower import MOST_DAGS, Follower
from planner.scanner.dag_map.outline.language import Factory, Outline
from planner.scanner.dag_map.values import Dag, Items, Pairs, Unknown, Value

_LONGEST_ID = 250
"""Airflow allows ids of 250 characters."""
_LONGEST_TAG = 100
_MOST_TAGS = 50
_TOO_MUCH = "The id hangs on more code than is followed."


def entries_of(follower: Follower, outline: Outline) -> list[DagEntry]:
    """The DAGs that a file makes, in the order of their lines, each id once."""
    task_owners = outline.task_owners if len(follower.dags) == 1 else ()
    found: dict[str, DagEntry] = {}
    for dag in sorted(follower.dags, key=lambda one: one.line):
        entry = _entry(dag, follower.path, task_owners)
        known = found.get(entry.dag_id)
        if known is None or (known.because and not entry.because):
            found[entry.dag_id] = entry
    if follower.is_cut and follower.dags:
        because = f"There are more DAGs than {MOST_DAGS:,}, or more code than is followed: how many is not known."
        entry = _unresolved(follower.path, follower.dags[-1].line, because)
        found.setdefault(entry.dag_id, entry)
    return list(found.values())


def left_over(alone: Iterable[DagEntry], found: Sequence[DagEntry]) -> Iterator[DagEntry]:
    """DAGs that a file makes by itself, but that were not reached when it was followed with the others."""
    lines = {entry.line for entry in found}
    for entry in alone:
        if entry.line not in lines:
            yield entry if entry.resolved else replace(entry, because=_TOO_MUCH)


def idle_entry(path: str, factory: Factory) -> DagEntry:
    """The unresolved DAGs of a factory that nothing calls."""
    because = f"It is made in `{factory.function}()`, which nothing in the tree calls."
    return _unresolved(path, factory.line, because)


def _unresolved(path: str, line: int, because: str) -> DagEntry:
    """A DAG that goes by its place."""
    return DagEntry(f"{path}:{line}", path, resolved=False, line=line, because=because)


def _entry(dag: Dag, path: str, task_owners: tuple[str, ...]) -> DagEntry:
    is_known = isinstance(dag.dag_id, str) and _is_id(dag.dag_id)
    condition = f"Whether it is made hangs on {dag.condition}." if dag.condition else ""
    return DagEntry(
        dag_id=dag.dag_id if is_known else f"{path}:{dag.line}",
        path=path,
        owners=_owners(_owner_in(dag.default_args)) or _owners(*task_owners),
        resolved=is_known,
        line=dag.line,
        tags=tuple(_tags(dag.tags)),
        schedule=dag.schedule if dag.schedule.isprintable() else "",
        is_subdag=dag.is_subdag,
        because=condition if is_known else _because(dag.dag_id),
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


def _owner_in(default_args: Value) -> str:
    owner = default_args.get("owner") if isinstance(default_args, Pairs) else ""
    return owner if isinstance(owner, str) else ""


def _owners(*texts: str) -> tuple[str, ...]:
    names = (name.strip() for text in texts for name in text.split(","))
    return tuple(dict.fromkeys(name for name in names if name and name.isprintable()))


def _tags(tags: Value) -> Iterator[str]:
    if isinstance(tags, Items | tuple):
        for tag in list(tags)[:_MOST_TAGS]:
            if isinstance(tag, str) and len(tag) <= _LONGEST_TAG and tag.isprintable():
                yield tag
