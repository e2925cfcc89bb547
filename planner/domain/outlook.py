"""What a scan would do, in one sentence: would open 12, close 3, reopen 1, leave 172."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ALWAYS = {"open": ("new",), "close": ("fixed", "removed"), "reopen": ("regressed",)}
_WHERE_ANY = {
    "move": ("moved",),
    "contradict": ("contradicted",),
    "hand to another owner": ("handed_over",),
}
_LEFT = ("unchanged", "not_covered")


def outlook(counts: Mapping[str, Any]) -> str:
    """The counts of a scan as what it would do; those of a scan that could not be read say nothing."""
    if "new" not in counts:
        return "would change nothing"
    told = [f"{verb} {_sum(counts, names):,}" for verb, names in _ALWAYS.items()]
    told += [
        f"{verb} {count:,}" for verb, names in _WHERE_ANY.items() if (count := _sum(counts, names))
    ]
    return f"would {', '.join(told)}, leave {_sum(counts, _LEFT):,}"


def _sum(counts: Mapping[str, Any], names: tuple[str, ...]) -> int:
    return sum(counts.get(name, 0) for name in names)


WOULD_BECOME = {
    "opened": "Would open",
    "reopened": "Would reopen",
    "contradicted": "Claimed, and would go back to open",
    "fixed": "Would close as fixed",
    "removed": "Would close as removed",
    "moved": "Would follow to another place",
    "assigned": "Would get another owner",
    "not_covered": "Would be left, not looked for",
}
"""What would become of findings, by the kind of event; findings that were not looked for have none."""

BECAME = {
    "opened": "New",
    "reopened": "Came back",
    "contradicted": "Claimed, and went back to open",
    "fixed": "Closed as fixed",
    "removed": "Closed as removed",
    "moved": "Followed to another place",
    "assigned": "Got another owner",
    "not_covered": "Not looked for",
}
"""The same of a scan that was applied."""
