"""What a scan looked at and what it left out, as its receipt tells it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planner.models import Scan

_SHOWN = 50
_VERSIONS = re.compile(r"^(?P<own>[^+]+)\+(?P<engine>[a-z]+)\.(?P<version>.+)$")
_ASKED = {"target": "rated for Airflow", "current": "coming from"}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Files and folders that were not checked, cut to what a page shows."""

    count: int
    reasons: list[tuple[str, int]]
    """The most frequent first."""
    shown: list[Mapping[str, Any]]
    """Each with ``path``, ``reason`` and ``detail``."""

    @property
    def more(self) -> int:
        return self.count - len(self.shown)


@dataclass(frozen=True, slots=True)
class ScanCoverage:
    """What a receipt says of coverage."""

    gaps: LeftOut
    """What should have been checked and could not be."""
    passed_over: LeftOut
    """What was left out on purpose: links, the folders of tools."""
    is_partial: bool
    """The checker itself says that it did not get through."""
    rules: list[str]
    tools: str
    """Every tool with its version."""
    asked: str
    """For which release, and from which."""
    silenced: int
    may_close: str
    """What the scan may close, and why no more, as a sentence."""


def scan_coverage(scan: Scan) -> ScanCoverage:
    """Reads what is kept with the scan; no query."""
    cover = scan.coverage
    every = cover.get("not_checked", [])
    unread = [{"path": path, "is_gap": True} for path in cover.get("unreadable", [])]
    if "gaps" not in cover:  # a scan from before reasons were kept
        cover = {**cover, "gaps": {"cannot be read as code": len(unread)} if unread else {}}
        every = unread
    return ScanCoverage(
        gaps=_left_out(cover["gaps"], [one for one in every if one["is_gap"]]),
        passed_over=_left_out(
            cover.get("passed_over", {}), [one for one in every if not one["is_gap"]]
        ),
        is_partial=cover.get("status", "success") != "success",
        rules=cover.get("rules") or [],
        tools=_tools(scan.tool, scan.tool_version),
        asked=_asked(cover.get("flags", [])),
        silenced=scan.counts.get("silenced", 0),
        may_close=_may_close(cover, bool(scan.counts.get("left_out"))),
    )


def _may_close(cover: Mapping[str, Any], some_left_out: bool) -> str:
    """Why what is absent from the report may count as gone, or may not."""
    status = cover.get("status", "success")
    if status not in ("success", "partial"):
        return f"The checker says {status}, so this scan closes nothing."
    if some_left_out:
        return "Items were left out, and any of them may be one that is known: it closes nothing."
    if cover.get("files") is not None and cover.get("complete") and status == "success":
        return "It names every file of the whole tree, so it may close what it does not see."
    if cover.get("files") is not None:
        return "It names the files that it looked at, and may close only what was in those."
    if cover.get("complete"):
        return "The whole tree, as the sender says, so it may close what it does not see."
    return (
        "It does not say which files were looked at, so it opens and confirms and closes nothing. "
        "Only a report that its sender calls complete (--complete, or the tick box) may close."
    )


def _left_out(counts: Mapping[str, int], named: list[Mapping[str, Any]]) -> LeftOut:
    reasons = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return LeftOut(sum(counts.values()), reasons, named[:_SHOWN])


def _tools(tool: str, version: str) -> str:
    """upgradecheck 0.1.0 with ruff 0.17.6."""
    if both := _VERSIONS.match(version):
        return f"{tool} {both['own']} with {both['engine']} {both['version']}"
    return f"{tool} {version}" if version else f"{tool}, version not named" if tool else ""


def _asked(flags: list[str]) -> str:
    """rated for Airflow 3.1, coming from 2.9.3, as requirements.txt:3 says."""
    said = dict(flag.split("=", 1) for flag in flags if "=" in flag)
    known = {key: value for key, value in said.items() if value != "unknown"}
    told = ", ".join(f"{words} {known[key]}" for key, words in _ASKED.items() if key in known)
    return f"{told}, as {known['current-from']} says" if "current-from" in known else told
