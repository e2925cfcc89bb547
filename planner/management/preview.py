"""What a scan would change, as ``ingest --dry-run`` and ``rescan --dry-run`` print it for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from planner.domain.outlook import outlook
from planner.selectors.scan_changes import ChangedFinding, ChangeList, ScanChanges
from planner.selectors.scan_history import is_held

if TYPE_CHECKING:
    from planner.models import Scan

MOST_TOLD = 20
"""Findings of each kind as printed for people."""
MOST_LINES = 50_000
"""Findings of each kind in JSON."""


def preview_lines(scan: Scan, changes: ScanChanges) -> Iterator[str]:
    """The sentence, why it would wait, the lists, and whom it would touch."""
    yield f"It {outlook(scan.counts)}. Nothing was changed."
    if is_held(scan):
        yield scan.error
    for one in changes.lists:
        yield from _list_lines(one)
    for owner in changes.owners[:MOST_TOLD]:
        deeds = {"closed": owner.closing, "lost": owner.losing, "gained": owner.gaining}
        told = ", ".join(f"{count:,} {deed}" for deed, count in deeds.items() if count)
        yield f"{owner.name or 'Nobody'}: {told}"


def _list_lines(one: ChangeList) -> Iterator[str]:
    yield f"{one.title}: {one.count:,}"
    for line in one.lines[:MOST_TOLD]:
        yield f"  {_place(line)} {line.rule_id}{_why(one.kind, line)}"
    if one.count > MOST_TOLD:
        yield f"  and {one.count - MOST_TOLD:,} more; --json names them"


def _place(line: ChangedFinding) -> str:
    return line.path if line.line is None else f"{line.path}:{line.line}"


def _why(kind: str, line: ChangedFinding) -> str:
    if kind == "assigned":
        return f": {line.owner_before or 'nobody'} → {line.owner_after or 'nobody'} ({line.why})"
    return f" ({line.why})" if line.why else ""
