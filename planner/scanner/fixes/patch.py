"""Patches of a scan's findings: one file, one owner or everything, for now or for after the flip."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import msgspec

from planner.domain import patch
from planner.domain.report import Observation
from planner.parsers.fix import Fix
from planner.scanner.result import ScanResult

NOW, AFTER = "now", "after"

IN_NOTEBOOK = "it is in a notebook, which no patch changes"
UNSAFE = "its edit is unsafe: look at it, and take it with --unsafe-fixes"
FOR_AFTER = "its edit is for after the flip"
FOR_NOW = "its edit can be applied now"

_decode = msgspec.json.Decoder(Fix).decode


class PatchResult(msgspec.Struct, frozen=True):
    """A patch, and what became of every finding."""

    text: str
    """What ``git apply`` takes; empty where there is nothing to apply."""
    included: list[Observation] = []
    left_out: list[tuple[Observation, str]] = []
    """Findings that the patch leaves as they are, with the reason; those of other owners are not named."""
    needs: list[str] = []
    """Packages that the target must have first."""


def patch_of(
    result: ScanResult, *, side: str = NOW, unsafe: bool = False, owner: str = ""
) -> PatchResult:
    """One patch of a scan's findings.

    Args:
        side: ``now`` for what runs on today's version and on the target, ``after`` for the rest.
        unsafe: the edits that a person must look at too.
        owner: only this owner's findings.
    """
    mine = [one for one in result.observations if not owner or one.owner == owner]
    chosen: list[Observation] = []
    left_out: list[tuple[Observation, str]] = []
    needs: set[str] = set()
    for one in mine:
        reason = _reason_against(one, side, unsafe)
        if reason:
            left_out.append((one, reason))
        else:
            chosen.append(one)
    texts: list[str] = []
    included: list[Observation] = []
    by_path = sorted(chosen, key=lambda one: one.path)
    for path, group in groupby(by_path, key=lambda one: one.path):
        found = list(group)
        merged = patch.merge(path, [one.fix for one in found])
        texts.append(merged.diff)
        for index, one in enumerate(found):
            if index in merged.left_out:
                left_out.append((one, merged.left_out[index]))
            else:
                included.append(one)
                needs.update(_decode(one.fix).needs)
    return PatchResult("".join(texts), included, left_out, sorted(needs))


def _reason_against(one: Observation, side: str, unsafe: bool) -> str:
    if one.cell is not None:
        return IN_NOTEBOOK
    if not one.fix:
        return patch.NO_EDIT
    fix = _decode(one.fix)
    if fix.side != side:
        return FOR_AFTER if fix.side == AFTER else FOR_NOW
    return "" if unsafe or fix.applicability == "safe" else UNSAFE


def corrected(source: str, fixes: Sequence[bytes | str]) -> str:
    """A whole file under the fixes of its findings; of two that clash the later is left out."""
    return patch.applied(source, patch.joined(fixes, patch.numbered(patch.lines_of(source)))[0])
