"""What the code itself silences, grouped by who said so, and how much of it somebody has approved."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from planner.domain.finding import LIVE_STATES, Severity, State
from planner.domain.silencing import MARK, By, Silencing, silencing_from
from planner.models import Deployment, Finding, WaivedFinding, Waiver

MOST_SHOWN = 30
"""Groups on a page; the rest is counted."""
PATHS_SHOWN = 3


@dataclass(slots=True)
class SilencedGroup:
    """What one comment's words or one entry of an ignore file silence."""

    key: str
    silencing: Silencing
    """Of one of the findings."""
    findings: list[int] = field(default_factory=list)
    """Those that nobody has approved, so that they are open still."""
    by_severity: Counter[str] = field(default_factory=Counter)
    """Of those."""
    approved: int = 0
    """How many more are waived."""
    approved_one: int = 0
    """The key of one of those."""
    approval: Waiver | None = None
    """The waiver that hides that one longest."""
    paths: set[str] = field(default_factory=set)

    @property
    def is_comment(self) -> bool:
        return self.silencing.by == By.COMMENT

    @property
    def reason(self) -> str:
        """Why, where its author said; the words of a comment say nothing."""
        return "" if self.is_comment else self.silencing.reason

    @property
    def in_order(self) -> Mapping[str, int]:
        """The worst first."""
        return {one.value: self.by_severity[one] for one in Severity if self.by_severity[one]}

    @property
    def first_paths(self) -> list[str]:
        return sorted(self.paths)[:PATHS_SHOWN]

    @property
    def more_paths(self) -> int:
        return max(0, len(self.paths) - PATHS_SHOWN)


@dataclass(frozen=True, slots=True)
class SilencedPage:
    """The groups that a page shows, those that nobody has approved first."""

    groups: list[SilencedGroup]
    more: int
    open: int
    """Findings that are silenced and that nobody has approved."""
    approved: int


def silenced_page(deployment: Deployment) -> SilencedPage:
    """What the code silences. Two queries."""
    groups = sorted(_groups(deployment).values(), key=_rank)
    shown = groups[:MOST_SHOWN]
    approvals = _approvals([group.approved_one for group in shown if group.approved])
    for group in shown:
        group.approval = approvals.get(group.approved_one)
    return SilencedPage(
        shown,
        max(0, len(groups) - MOST_SHOWN),
        sum(len(group.findings) for group in groups),
        sum(group.approved for group in groups),
    )


def silenced_group(deployment: Deployment, key: str) -> SilencedGroup | None:
    """The group of this key; None where nothing is silenced in that way any more."""
    return _groups(deployment).get(key)


def _groups(deployment: Deployment) -> dict[str, SilencedGroup]:
    rows = Finding.objects.filter(
        deployment=deployment, state__in=LIVE_STATES, extra__contains=MARK
    )
    groups: dict[str, SilencedGroup] = {}
    found = rows.order_by("pk").values_list("pk", "state", "severity", "path", "extra")
    for pk, state, severity, path, extra in found.iterator(chunk_size=5_000):
        silencing = silencing_from(extra)
        if silencing is None:
            continue
        key = _key(silencing)
        group = groups.setdefault(key, SilencedGroup(key, silencing))
        if state == State.WAIVED:
            group.approved += 1
            group.approved_one = pk
        else:
            group.findings.append(pk)
            group.by_severity[severity] += 1
        group.paths.add(path)
    return groups


def _approvals(finding_ids: Sequence[int]) -> dict[int, Waiver]:
    """Of each of these findings the waiver that ends last."""
    links = WaivedFinding.objects.filter(finding__in=finding_ids, waiver__ended_at=None)
    rows = links.select_related("waiver__approver").order_by("waiver__expires_on")
    return {link.finding_id: link.waiver for link in rows}


def _key(silencing: Silencing) -> str:
    """The same for all that one entry, or the same comment wherever it stands, silences."""
    where = "" if silencing.by == By.COMMENT else silencing.where
    expires: date | str = silencing.expires or ""
    said = f"{silencing.by}\n{where}\n{silencing.reason}\n{expires}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _rank(group: SilencedGroup) -> tuple[bool, int, int, str]:
    return (
        not group.findings,
        -group.by_severity[Severity.ERROR],
        -len(group.findings),
        group.key,
    )
