"""The edits of open findings as patches: one for each source, for its owner to apply."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from planner.domain.fix_pack import (
    SIDES,
    Fixable,
    FixPack,
    chosen_of,
    pack,
    shows_its_lines,
)
from planner.domain.silencing import silencing_from
from planner.models import Deployment, Finding, Source
from planner.selectors.work import planned

MOST = 5_000
"""Findings in one patch; more than that nobody reads."""

_COLUMNS = ("pk", "path", "line", "fix", "extra")
_HAS_CODE = (Source.Kind.FOLDER, Source.Kind.GIT)
_NO_CODE = (
    "Of this source Flightplan has reports and not the code, so there is no corrected file; "
    "take the patch, which fits the code that was reported on."
)
_NOT_PYTHON = (
    "Only Python files are given out whole, since other files may hold secrets; take the patch."
)


def handed_out_whole(kind: str, path: str) -> str:
    """Why a file of such a source is not given out whole, in a sentence, or nothing where it is."""
    if kind not in _HAS_CODE:
        return _NO_CODE
    return "" if path.endswith(".py") else _NOT_PYTHON


@dataclass(frozen=True, slots=True)
class FixedFile:
    """One file with edits, by one of its findings."""

    key: int
    path: str
    edits: int
    """Findings in the patch whose edits are in it."""


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
    def no_files(self) -> str:
        """Why no corrected files are given out, in a sentence, or nothing."""
        return handed_out_whole(self.source.kind, ".py")

    @property
    def fixed_files(self) -> list[FixedFile]:
        """The files that can be had whole, in order."""
        return [
            FixedFile(findings[0].key, path, len(findings))
            for path, group in groupby(self.pack.included, key=attrgetter("path"))
            if not handed_out_whole(self.source.kind, path)
            for findings in [list(group)]
        ]

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
    rows_kept = found.values_list("source_id", *_COLUMNS)
    for source_id, *columns in rows_kept.iterator(chunk_size=2_000):
        kept = by_source.setdefault(source_id, [])
        if len(kept) <= MOST:
            kept.append(_fixable(*columns))
    sources = Source.objects.filter(pk__in=by_source).select_related("last_scan")
    return [_made(source, by_source[source.pk], side, with_unsafe) for source in sources]


@dataclass(slots=True)
class PatchCount:
    """Edits that are there for somebody's findings in one source."""

    source: Source
    safe: dict[str, int]
    """Edits that may be taken as they are, for now and for after the flip."""
    unsafe: int = 0
    """Edits for now that can change what the code does."""


def patch_counts(
    deployments: Collection[Deployment], owners: Collection[int]
) -> dict[int, list[PatchCount]]:
    """The edits for findings of these owners, by deployment and source; sources without any are left out.

    An edit that stands in the way of another counts too, so that a patch may hold fewer. Two queries.
    """
    rows = Finding.objects.filter(planned(), deployment__in=deployments, owner__in=owners)
    found = rows.exclude(fix="").order_by().values_list("source_id", *_COLUMNS)
    by_source: dict[int, list[Fixable]] = {}
    for source_id, *columns in found.iterator(chunk_size=2_000):
        fixable = _fixable(*columns)
        if shows_its_lines(fixable):
            by_source.setdefault(source_id, []).append(fixable)
    counts: dict[int, list[PatchCount]] = {}
    for source in Source.objects.filter(pk__in=by_source).order_by("name"):
        count = _counted(source, by_source[source.pk])
        if count.unsafe or any(count.safe.values()):
            counts.setdefault(source.deployment_id, []).append(count)
    return counts


def _counted(source: Source, fixables: list[Fixable]) -> PatchCount:
    safe = {side: len(chosen_of(fixables, side=side, with_unsafe=False)[0]) for side in SIDES}
    every = chosen_of(fixables, side="now", with_unsafe=True)[0]
    return PatchCount(source, safe, len(every) - safe["now"])


def fixables_of_file(source: Source, path: str) -> list[Fixable]:
    """The open findings of one file, those first that win over others. One query."""
    rows = Finding.objects.filter(planned(), source=source, path=path)
    found = rows.order_by("severity_rank", "line", "pk").values_list(*_COLUMNS)
    return [_fixable(*columns) for columns in found[:MOST]]


def _fixable(key: int, path: str, line: int | None, fix: str, extra: str) -> Fixable:
    return Fixable(key, path, line, fix, is_silenced=silencing_from(extra) is not None)


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
