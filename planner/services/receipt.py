"""What is kept with a scan for its receipt: what came in, what it covered, what it changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from planner.domain.change import Changes, Known
from planner.domain.finding import State
from planner.domain.identity import line_in_cell
from planner.domain.lifecycle import Absence
from planner.domain.report import NotChecked, Report
from planner.domain.silencing import silencing_part
from planner.models import Scan, Source
from planner.services.sightings import Sightings

_TOLD_BY_TWIN = (
    "format",
    "tool",
    "tool_version",
    "root",
    "root_because",
    "commit",
    "coverage",
    "problems",
)
"""What a duplicate's receipt says as the first one's does."""

_CHANGES = (
    "new",
    "moved",
    "fixed",
    "removed",
    "dags_deleted",
    "claims_proved",
    "regressed",
    "contradicted",
    "handed_over",
    "waived",
)
"""The counts of what a scan changes."""

MOST_CLOSING = 200
"""Findings to be closed that a held scan names; the rest is counted."""

MOST_NOT_CHECKED = 200
"""Files and folders that were not checked, as a scan names them; the rest is counted."""


def asked_root(scan: Scan) -> str:
    """The root to take off the paths. Of other sources it is the folder they are scanned below."""
    uploads_root = scan.source.root if scan.source.kind == Source.Kind.UPLOAD else ""
    return str(scan.options.get("root", "") or uploads_root)


def describe(scan: Scan, report: Report, sightings: Sightings) -> None:
    """Note what was read, from which root, and what it covers."""
    coverage = sightings.coverage
    scan.tool = coverage.checker
    scan.tool_version = coverage.tool_version[:40]
    scan.root = sightings.root.root
    scan.root_because = sightings.root.because
    scan.commit = (report.commit or scan.options.get("commit", ""))[:64]
    scan.coverage = {
        "checker": coverage.checker,
        "status": coverage.status,
        "flags": list(coverage.flags),
        "complete": coverage.complete,
        "files": len(coverage.files) if coverage.files is not None else None,
        "rules": sorted(coverage.rules) if coverage.rules is not None else None,
        "unreadable": sorted(sightings.unreadable)[:MOST_NOT_CHECKED],
        **_not_checked(report, sightings.unreadable),
        "ignored_by_rule": report.metadata.get("ignored_by_rule", {}),
        "asked_root": asked_root(scan),
        "history_gap": report.history_gap[:500],
    }


def _not_checked(report: Report, unreadable: Collection[str]) -> dict[str, Any]:
    """What the scan left out, what it should not have left out first, cut to what a page can show."""
    told = {one.path for one in report.not_checked}
    also = [
        NotChecked(path, "cannot be read as code")
        for path in sorted(unreadable)
        if path not in told
    ]
    every = sorted([*report.not_checked, *also], key=lambda one: not one.is_gap)
    return {
        "not_checked": [asdict(one) for one in every[:MOST_NOT_CHECKED]],
        "gaps": dict(Counter(one.reason for one in every if one.is_gap)),
        "passed_over": dict(Counter(one.reason for one in every if not one.is_gap)),
    }


def count(
    scan: Scan,
    report: Report,
    known: Sequence[Known],
    sightings: Sightings,
    changes: Changes,
) -> None:
    """Note how many findings became what."""
    scan.counts = {
        "received": report.received,
        "new": len(changes.new),
        "unchanged": len(changes.unchanged),
        "moved": len(changes.moved),
        "fixed": changes.fixed,
        "removed": changes.removed,
        "dags_deleted": changes.closed_by(Absence.DAG_GONE),
        "claims_proved": sum(known[step.known].state is State.CLAIMED for step in changes.closed),
        "regressed": len(changes.reopened),
        "contradicted": len(changes.contradicted),
        "not_covered": sum(map(len, changes.not_covered.values())),
        "not_covered_because": {why: len(ones) for why, ones in changes.not_covered.items()},
        "left_out": len(report.problems),
        "told_twice": sightings.told_twice,
        "dags": len(report.dags),
        "silenced": sum(bool(silencing_part(seen.extra)) for seen in sightings.observations),
        **sightings.counts(),
    }


def tell_as(scan: Scan, twin: Scan) -> None:
    """Note of a duplicate what the first one's receipt says; it changes no finding itself."""
    for field in _TOLD_BY_TWIN:
        setattr(scan, field, getattr(twin, field))
    scan.counts = {
        **twin.counts,
        **dict.fromkeys(_CHANGES, 0),
        "unchanged": sum(twin.counts.get("by_severity", {}).values()),
        "closing": [],
        "duplicate_of": twin.pk,
    }
    scan.totals = twin.totals


def closing_lines(known: Sequence[Known], changes: Changes) -> list[dict[str, Any]]:
    """What a person must see before they let a scan close it."""
    lines = []
    for step in changes.closed[:MOST_CLOSING]:
        finding = known[step.known]
        lines.append(
            {
                "id": finding.id,
                "rule_id": finding.trace.rule,
                "file": finding.trace.path,
                "line": line_in_cell(finding.trace.line)[1] or None,
                "as": step.kind.value,
            }
        )
    return lines
