"""What makes DAGs: ``DAG(…)``, ``@dag``, and functions outside of the tree whose names say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.scanner.code.dag_call import POSITIONS, SCHEDULES, maker_of
from planner.scanner.dag_map.following.conversions import plain_of_enum, text
from planner.scanner.dag_map.names import names_factory
from planner.scanner.dag_map.outline import language as code
from planner.scanner.dag_map.values import (
    Class,
    Dag,
    DagFunction,
    Decorator,
    Function,
    Given,
    Instance,
    Outer,
    Pairs,
    PathText,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from planner.scanner.dag_map.following.follower import Follower

_MOST_FRAMES = 20
"""Calls around a ``@dag`` function that is still followed into."""


def maker_in(value: Value) -> str:
    """``DAG`` or ``dag`` where calling the value is what Airflow's class or decorator does; else empty."""
    if isinstance(value, Outer):
        return maker_of(value.full)
    if isinstance(value, Class) and any(maker_in(base) == "DAG" for base in value.bases):
        return "" if "__init__" in value.scope.names else "DAG"
    return ""


def make_dag(follow: Follower, what: Given) -> Dag:
    """``DAG(…)``"""
    named = follow.pairs(what.named, what.named.doubt)
    named.update(zip(POSITIONS, what.row, strict=False))
    return _add(follow, named, what.made_at or (what.scope.path, follow.line))


def decorate(follow: Follower, what: Given) -> Value:
    """``dag(…)``"""
    line = what.made_at[1] if what.made_at else follow.line
    if what.row and isinstance(what.row[0], Function):
        return DagFunction(what.row[0], Pairs(), line, what.scope.path)
    named = follow.pairs(what.named, what.named.doubt)
    if what.row:
        named["dag_id"] = what.row[0]
    return Decorator(named, line)


def call_dag_function(follow: Follower, made: DagFunction, what: Given) -> Dag:
    """A call of a function under ``@dag``."""
    follow.called.add(id(made))
    named = follow.pairs(made.arguments, made.arguments.doubt)
    function = made.function
    source = function.code if isinstance(function, Function) else None
    if "dag_id" not in named and not named.doubt and isinstance(source, code.Define):
        named["dag_id"] = source.name
    dag = _add(follow, named, (made.path, made.line))
    if isinstance(function, Function) and len(follow.frames) < _MOST_FRAMES:
        follow.call(function, Given(what.row, what.named, what.scope))
    return dag


def may_make_dag(follow: Follower, full: str, what: Given) -> None:
    """A function that is not in the tree makes a DAG if its name says so."""
    if what.made_at is None or full.startswith("airflow.") or not names_factory(full):
        return
    dag_id = what.named.get("dag_id")
    if not isinstance(dag_id, str):
        dag_id = Unknown(f"`{full.lstrip('.')}()`, which is not in the tree", outside=full)
    _add(follow, Pairs({**what.named, "dag_id": dag_id}), what.made_at)


def _add(follow: Follower, named: Pairs, made_at: tuple[str, int]) -> Dag:
    """A DAG that is made with these arguments."""
    dag_id = named.get("dag_id", named.doubt or Unknown("arguments that do not name it"))
    if isinstance(dag_id, Instance):
        dag_id = plain_of_enum(dag_id)
    elif isinstance(dag_id, Outer | PathText):
        dag_id = text(follow, dag_id)
    dag = Dag(
        dag_id=dag_id,
        default_args=named.get("default_args"),
        tags=named.get("tags"),
        schedule=_schedule(named),
        line=made_at[1] if made_at[0] == follow.path else follow.line,
        made_at=made_at,
        condition=follow.condition,
    )
    follow.add(dag)
    return dag


def _schedule(named: Pairs) -> str:
    """The schedule as the code has it; empty where none is given."""
    value = next((named[name] for name in SCHEDULES if name in named), "")
    if value is None:
        return "None"
    return value if isinstance(value, str) else ""


def attribute_of_dag(dag: Dag, name: str) -> Value:
    """``dag.name``"""
    if name == "dag_id":
        return dag.dag_id
    if name == "default_args":
        return Unknown("the arguments of a DAG") if dag.default_args is None else dag.default_args
    return Unknown(f"`{name}` of a DAG")
