"""Airflow's answer to ``airflow dags list -o json``, of 2.x and 3.x."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from planner.domain.report import Coverage, DagEntry, Format, Problem, Report
from planner.parsers.items import DECODE_ERRORS, path_flaw, problem_with

_FLAG = {"true": True, "false": False}


class _Dag(msgspec.Struct):
    """``fileloc``, ``owners`` and ``is_paused`` until 2.8 were ``filepath``, ``owner`` and ``paused``."""

    dag_id: str
    fileloc: str | None = None
    filepath: str | None = None
    owners: list[str] | str | None = None
    owner: str | None = None
    is_paused: bool | str | None = None
    paused: bool | str | None = None


def parse(items: Sequence[msgspec.Raw], *, tool_version: str) -> Report:
    """The DAGs an Airflow server knows; no observations."""
    report = Report(
        format=Format.AIRFLOW_DAGS,
        coverage=Coverage(checker="inventory", tool_version=tool_version),
    )
    dags = []
    for index, raw in enumerate(items):
        report.received += 1
        found = _entry(index, raw)
        if isinstance(found, Problem):
            report.problems.append(found)
        else:
            dags.append(found)
    report.dags = dags
    return report


def _entry(index: int, raw: msgspec.Raw) -> DagEntry | Problem:
    try:
        dag = msgspec.json.decode(raw, type=_Dag)
    except DECODE_ERRORS as error:
        return problem_with(index, raw, error)
    if not dag.dag_id or len(dag.dag_id) > 300:
        return Problem(index, "dag_id", "must have 1 to 300 characters.")
    path = dag.fileloc or dag.filepath or ""
    if flaw := path_flaw(path):
        return Problem(index, "fileloc", flaw)
    said = dag.owners if dag.owners is not None else dag.owner or ""
    owners = said.split(",") if isinstance(said, str) else said
    return DagEntry(
        dag_id=dag.dag_id,
        path=path,
        owners=tuple(name.strip() for name in owners if name.strip()),
        paused=_truth(dag.is_paused if dag.is_paused is not None else dag.paused),
    )


def _truth(said: bool | str | None) -> bool | None:
    return _FLAG.get(said.lower()) if isinstance(said, str) else said
