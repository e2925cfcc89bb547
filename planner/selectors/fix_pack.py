"""The edits of open findings as patches: one for each source, for its owner to apply."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from planner.domain.fix_pack import Fixable, FixPack, pack
from planner.models import Deployment, Finding, Source
from planner.selectors.work import planned

MOST = 5_000
"""Findings in one patch; more than that nobody reads."""


@dataclass(frozen=True, slots=True)
class SourcePack:
    """The patch of one source's findings, and the scan whose lines it fits."""

    source: Source
    pack: FixPack
    commit: str
    scanned_at: datetime | None
    cut: bool
    """There are more findings than one patch holds."""

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Why findings are not in it, the most frequent first."""
        counts: dict[str, int] = {}
        for left in self.pack.left_out:
            counts[left.reason] = counts.get(left.reason, 0) + 1
        return sorted(counts.items(), key=lambda pair: -pair[1])


def source_packs(
    deployment: Deployment,
    *,
    owners: Collection[int] | None,
    side: str,
    with_unsafe: bool,
) -> list[SourcePack]:
    """A patch for each source that has open findings of these owners; None: of anybody. Two queries."""
    rows = Finding.objects.filter(planned(), deployment=deployment)
    if owners is not None:
        rows = rows.filter(owner__in=owners)
    by_source: dict[int, list[Fixable]] = {}
    found = rows.order_by("source_id", "path", "severity_rank", "line", "pk")
    rows_kept = found.values_list("source_id", "pk", "path", "line", "fix")
    for source_id, key, path, line, fix in rows_kept.iterator(chunk_size=2_000):
        kept = by_source.setdefault(source_id, [])
        if len(kept) <= MOST:
            kept.append(Fixable(key, path, line, fix))
    sources = Source.objects.filter(pk__in=by_source).select_related("last_scan")
    return [_made(source, by_source[source.pk], side, with_unsafe) for source in sources]


def finding_pack(finding: Finding) -> FixPack:
    """The patch of one finding's edit, whatever its side and however safe."""
    kept = Fixable(finding.pk, finding.path, finding.line, finding.fix)
    now = pack([kept], side="now", with_unsafe=True)
    return now if now.text else pack([kept], side="after", with_unsafe=True)


def _made(source: Source, findings: list[Fixable], side: str, with_unsafe: bool) -> SourcePack:
    scan = source.last_scan
    return SourcePack(
        source=source,
        pack=pack(findings[:MOST], side=side, with_unsafe=with_unsafe),
        commit=scan.commit if scan else "",
        scanned_at=scan.finished_at if scan else None,
        cut=len(findings) > MOST,
    )
