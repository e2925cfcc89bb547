"""Fixes of many files as one patch: which edits go in, and why each other one stays out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

import msgspec

from planner.domain.patch import NO_EDIT, merge

SIDES = ("now", "after")
SILENCED = "it is silenced in the code"
UNSAFE = "the edit can change what the code does; ask for unsafe edits too"
NOT_NOW = "its edit runs on the target only, so it waits for the flip"
NOT_AFTER = "its edit belongs in the patch for now"


@dataclass(frozen=True, slots=True)
class Fixable:
    """One finding with the edit that is kept with it, as ``Finding.fix`` keeps it; empty where there is none."""

    key: int
    path: str
    line: int | None
    fix: str
    is_silenced: bool = False
    """Somebody decided in the code that it stays as it is."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    finding: Fixable
    reason: str


@dataclass(slots=True)
class FixPack:
    """One patch below one root, for ``git apply``."""

    text: str = ""
    files: int = 0
    included: list[Fixable] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    """Packages that the target must have first."""

    @property
    def hunks(self) -> int:
        return self.text.count("\n@@ -")


class _Fix(msgspec.Struct):
    applicability: str = ""
    safe: bool = False
    side: str = "now"
    needs: list[str] = []
    edits: list[msgspec.Raw] = []
    diff: str = ""


_decode = msgspec.json.Decoder(_Fix).decode


def pack(findings: Iterable[Fixable], *, side: str = "now", with_unsafe: bool = False) -> FixPack:
    """One patch of the findings' edits.

    Args:
        findings: those of a file side by side, in the order in which they win over each other.
        side: ``now`` for edits that run on both releases, ``after`` for those that wait for the flip.
        with_unsafe: whether edits may change what the code does.
    """
    made = FixPack()
    needs: dict[str, None] = {}
    parts = []
    for path, group in groupby(findings, key=lambda finding: finding.path):
        chosen, left_out = chosen_of(group, side=side, with_unsafe=with_unsafe)
        made.left_out += left_out
        for finding in chosen:
            needs |= dict.fromkeys(_decode(finding.fix).needs)
        merged = merge(path, [finding.fix for finding in chosen])
        for index, finding in enumerate(chosen):
            if index in merged.left_out:
                made.left_out.append(LeftOut(finding, merged.left_out[index]))
            else:
                made.included.append(finding)
        if merged.diff:
            parts.append(merged.diff)
    made.text, made.files, made.needs = "".join(parts), len(parts), list(needs)
    return made


def chosen_of(
    findings: Iterable[Fixable], *, side: str, with_unsafe: bool
) -> tuple[list[Fixable], list[LeftOut]]:
    """The findings whose edits are asked for, and the others with the reason."""
    chosen: list[Fixable] = []
    left_out: list[LeftOut] = []
    for finding in findings:
        fix = _decode(finding.fix) if finding.fix else _Fix()
        if reason := SILENCED if finding.is_silenced else _against(fix, side, with_unsafe):
            left_out.append(LeftOut(finding, reason))
        else:
            chosen.append(finding)
    return chosen, left_out


def shows_its_lines(finding: Fixable) -> bool:
    """Whether the lines that its edit changes are kept with it, without which there is no patch."""
    return bool(finding.fix) and bool(_decode(finding.fix).diff)


def _against(fix: _Fix, side: str, with_unsafe: bool) -> str:
    """Why a fix does not go into the patch, or nothing."""
    if not fix.edits:
        return NO_EDIT
    if fix.side != side:
        return NOT_NOW if side == "now" else NOT_AFTER
    is_safe = fix.safe or fix.applicability == "safe"
    return "" if is_safe or with_unsafe else UNSAFE
