"""Shortens tests of parsers: a report read to its end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from planner.domain.report import Format, Observation, Report
from planner.parsers.report import open_report


def read(data: bytes, **options: Any) -> tuple[Report, list[Observation]]:
    report = open_report(data, format=options.pop("format", None), **options)
    return report, list(report.observations)


def read_file(path: Path, **options: Any) -> tuple[Report, list[Observation]]:
    return read(path.read_bytes(), **options)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def finding(**changed: Any) -> dict[str, Any]:
    """An interchange item that is right, save for what the test changes."""
    return {
        "rule_id": "SubDagOperatorRule",
        "severity": "ERROR",
        "dag_id": "sales",
        "file": "dags/sales.py",
        "line": 7,
        "message": "`airflow.operators.subdag.SubDagOperator` is removed in Airflow 3.0",
        **changed,
    }


def ruff_item(**changed: Any) -> dict[str, Any]:
    """A ruff item that is right, save for what the test changes."""
    return {
        "cell": None,
        "code": "AIR301",
        "end_location": {"row": 3, "column": 20},
        "filename": "/ci/repo/dags/a.py",
        "fix": None,
        "location": {"row": 3, "column": 5},
        "message": "`schedule_interval` is removed in Airflow 3.0",
        "name": "airflow3-removal",
        "noqa_row": 3,
        "severity": "error",
        "url": "https://docs.astral.sh/ruff/rules/airflow3-removal",
        **changed,
    }


__all__ = ["Format", "as_json", "finding", "read", "read_file", "ruff_item"]
