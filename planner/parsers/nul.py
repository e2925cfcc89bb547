"""NUL characters, which JSON can spell and no database keeps, replaced in a report's texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from planner.domain.report import Coverage, DagEntry, Observation, Report

SPELLED = b"\\u0000"
"""Without these bytes in its text a report holds no NUL."""

_TEXTS = ("rule", "rule_name", "severity", "message", "symbol", "dag_id", "owner", "content", "url")
"""Paths are not among them: one with a NUL is refused, since it names no file."""


def without_nul(report: Report) -> Report:
    """The report with its texts cleaned. Observations stay as lazy as they were."""
    report.observations = _observations(iter(report.observations))
    report.dags = [_dag(entry) for entry in report.dags]
    report.used_by = {_clean(path): places for path, places in report.used_by.items()}
    report.renames = {_clean(old): _clean(new) for old, new in report.renames.items()}
    report.coverage = _coverage(report.coverage)
    report.commit = _clean(report.commit)
    report.codeowners = None if report.codeowners is None else _clean(report.codeowners)
    return report


def _observations(observations: Iterator[Observation]) -> Iterator[Observation]:
    for observation in observations:
        texts = {name: _clean(getattr(observation, name)) for name in _TEXTS}
        yield msgspec.structs.replace(observation, **texts)


def _dag(entry: DagEntry) -> DagEntry:
    return replace(
        entry,
        dag_id=_clean(entry.dag_id),
        path=_clean(entry.path),
        owners=tuple(map(_clean, entry.owners)),
        tags=tuple(map(_clean, entry.tags)),
        schedule=_clean(entry.schedule),
        because=_clean(entry.because),
    )


def _coverage(coverage: Coverage) -> Coverage:
    return replace(
        coverage,
        checker=_clean(coverage.checker),
        tool_version=_clean(coverage.tool_version),
        flags=tuple(map(_clean, coverage.flags)),
        files=None if coverage.files is None else frozenset(map(_clean, coverage.files)),
        rules=None if coverage.rules is None else frozenset(map(_clean, coverage.rules)),
    )


def _clean(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
