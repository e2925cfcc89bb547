"""One scan's receipt, and the counts that stand after it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import Count

from planner.domain.finding import ACTIVE_STATES
from planner.domain.lifecycle import Kind
from planner.domain.outlook import outlook
from planner.models import Deployment, Finding, Scan, Source
from planner.selectors.dag import dag_tally
from planner.selectors.scan_changes import ChangeList, ScanChanges

_STATUS = {
    Scan.State.DONE: "done",
    Scan.State.HELD: "held",
    Scan.State.REJECTED: "rejected",
    Scan.State.DUPLICATE: "duplicate",
}
_COUNTS = ("received", "new", "unchanged", "moved", "fixed", "removed", "regressed", "not_covered")
_TALLIES = ("by_severity", "by_category", "by_rule")


def newest_applied(source: Source, tool: str, *, before: Scan | None = None) -> Scan | None:
    """The newest applied scan of one tool in one source, ``before`` itself left out."""
    applied = Scan.objects.filter(source=source, tool=tool, state=Scan.State.DONE)
    if before is not None:
        applied = applied.exclude(pk=before.pk)
    return applied.order_by("-finished_at", "-id").first()


def newest_applied_ids(deployment: Deployment) -> dict[tuple[int, str], int]:
    """The newest applied scan of every (source id, tool) of a deployment. One query."""
    rows = Scan.objects.filter(deployment=deployment, state=Scan.State.DONE)
    ordered = rows.order_by("finished_at", "id").values_list("source_id", "tool", "pk")
    return {(source_id, tool): key for source_id, tool, key in ordered}


def receipt(scan: Scan) -> dict[str, Any]:
    """What ``ingest`` and the API answer about a scan."""
    counts = scan.counts
    return {
        "scan": str(scan.public_id),
        "source": scan.source.name,
        "status": _STATUS.get(Scan.State(scan.state), scan.state),
        "format": scan.format,
        **{key: counts.get(key, 0) for key in _COUNTS},
        **{key: counts.get(key, {}) for key in _TALLIES},
        "contradicted": counts.get("contradicted", 0),
        "handed_over": counts.get("handed_over", 0),
        "dags_deleted": counts.get("dags_deleted", 0),
        "claims_proved": counts.get("claims_proved", 0),
        "left_out": counts.get("left_out", 0),
        "told_twice": counts.get("told_twice", 0),
        "silenced": counts.get("silenced", 0),
        "waived": counts.get("waived", 0),
        "not_covered_because": counts.get("not_covered_because", {}),
        "would_close": counts.get("closing", []),
        "problems": scan.problems,
        "error": scan.error,
        "sha256": scan.sha256,
        "size": scan.size,
        "root": scan.root,
        "root_because": scan.root_because,
        "tool": scan.tool,
        "tool_version": scan.tool_version,
        "commit": scan.commit,
        "coverage": {key: value for key, value in scan.coverage.items() if key != "asked_root"},
        "totals": scan.totals,
        "cause": scan.cause,
        "created_at": scan.created_at.isoformat(),
        "finished_at": scan.finished_at.isoformat() if scan.finished_at else None,
    }


def preview_receipt(scan: Scan, changes: ScanChanges) -> dict[str, Any]:
    """What ``--dry-run`` and the API answer about a scan that is kept nowhere: the receipt, and its lists."""
    return {
        **receipt(scan),
        "dry_run": True,
        "would": outlook(scan.counts),
        "lists": {one.kind: _list(one) for one in changes.lists},
        "owners": [asdict(one) for one in changes.owners],
    }


def _list(one: ChangeList) -> dict[str, Any]:
    lines = [
        {
            "id": line.finding_id,
            "rule_id": line.rule_id,
            "file": line.path,
            "line": line.line,
            "why": line.why,
            **(
                {"owner_before": line.owner_before, "owner_after": line.owner_after}
                if one.kind == Kind.ASSIGNED
                else {}
            ),
        }
        for line in one.lines
    ]
    return {"count": one.count, "more": one.more, "findings": lines}


def totals_of(deployment: Deployment) -> dict[str, Any]:
    """Active findings of a deployment, counted; stored with each scan so that charts need not count again."""
    totals: dict[str, dict[str, int]] = {
        "by_severity": {},
        "by_category": {},
        "by_axis": {},
        "by_rule": {},
    }
    rows = (
        Finding.objects.filter(deployment=deployment, state__in=ACTIVE_STATES)
        .order_by()
        .values_list("severity", "category", "axis", "rule_id")
        .annotate(number=Count("pk"))
    )
    for *values, number in rows:
        for key, value in zip(totals, values, strict=True):
            totals[key][value] = totals[key].get(value, 0) + number
    return {**totals, "dags": dag_tally(deployment).as_dict()}
