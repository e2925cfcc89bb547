"""A scan as bytes: the ``report`` object that the interchange parser reads back to the same report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import IO, Any, cast

import msgspec

from planner.domain.commits import CommitsSince
from planner.domain.report import Observation
from planner.scanner.dags import dag_ids_by_file
from planner.scanner.result import ScanResult

_encode = msgspec.json.Encoder(order="deterministic").encode


def write_report(result: ScanResult, stream: IO[bytes]) -> None:
    """Writes the report, one finding a line, so that huge scans are never whole in memory and diffs read."""
    stream.write(b'{"coverage":' + _encode(_coverage(result)))
    stream.write(b',\n"commit":' + _encode(result.commit))
    stream.write(b',\n"renames":' + _encode(result.renames))
    stream.write(b',\n"deleted":' + _encode(sorted(result.deleted)))
    if result.commits.commits:
        stream.write(b',\n"commits":' + _encode(result.commits))
    stream.write(b',\n"codeowners":' + _encode(result.codeowners))
    if result.last_changes is not None or result.history_gap:
        stream.write(b',\n"last_changes":{' + _lines(_members(result.last_changes or {})))
        stream.write(b'},\n"history_gap":' + _encode(result.history_gap))
    stream.write(b',\n"dags":[' + _lines(map(_encode, result.dags)))
    stream.write(b'],\n"used_by":{' + _lines(_members(result.used_by)))
    stream.write(b'},\n"findings":[')
    separator = b"\n"
    for finding in _findings(result):
        stream.write(separator + _encode(finding))
        separator = b",\n"
    stream.write(b"\n]}\n")


def state_digest(result: ScanResult) -> str:
    """The SHA-256 of what a scan saw, whichever scan came before it: what git tells of the time since is left out."""
    digest = _Digest()
    write_report(
        replace(result, commits=CommitsSince(), renames={}, deleted=frozenset()),
        cast("IO[bytes]", digest),
    )
    return digest.hexdigest()


class _Digest:
    """A stream that keeps nothing but the hash of what was written."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.hexdigest = self._hash.hexdigest

    def write(self, part: bytes) -> None:
        self._hash.update(part)


def _findings(result: ScanResult) -> Iterator[dict[str, Any]]:
    """What counts, then what somebody silenced: it is there still, so it must not count as fixed."""
    dag_ids = dag_ids_by_file(result)
    for observation in result.observations:
        yield finding_of(observation, dag_ids)
    for silenced in result.suppressed:
        yield finding_of(silenced.observation, dag_ids) | {"suppressed": silenced.as_key}


def _lines(parts: Iterator[bytes]) -> bytes:
    return b",".join(b"\n" + part for part in parts)


def _coverage(result: ScanResult) -> dict[str, Any]:
    cover = result.coverage
    return {
        "checker": cover.checker,
        "tool_version": cover.tool_version,
        "flags": cover.flags,
        "files": sorted(cover.files) if cover.files is not None else None,
        "rules": sorted(cover.rules) if cover.rules is not None else None,
        "status": cover.status,
        "complete": cover.complete,
        "unscanned": result.unscanned,
        "skipped": [
            {"path": one.path, "reason": one.reason, "detail": one.detail, "gap": one.is_gap}
            for one in result.not_checked
        ],
    }


def _members(by_path: Mapping[str, Any]) -> Iterator[bytes]:
    for path, value in by_path.items():
        yield _encode(path) + b":" + _encode(value)


def finding_of(found: Observation, dag_ids: dict[str, list[str]]) -> dict[str, Any]:
    """The six keys of the interchange format, then the added ones."""
    return {
        "rule_id": found.rule,
        "severity": found.severity,
        "dag_id": found.dag_id or None,
        "file": found.path,
        "line": found.line,
        "message": found.message,
        "rule_name": found.rule_name or None,
        "column": found.column,
        "end_line": found.end_line,
        "end_column": found.end_column,
        "cell": found.cell,
        "symbol": found.symbol,
        "owner": found.owner or None,
        "dag_ids": dag_ids.get(found.path, []),
        "content": found.content,
        "fix": msgspec.Raw(_fix(found.fix)),
        "url": found.url or None,
    }


def _fix(fix: bytes) -> bytes:
    """The fix with the contract's ``safe`` beside its own keys."""
    if not fix:
        return b"null"
    safe = fix.startswith(b'{"applicability":"safe"')
    return b'{"safe":' + (b"true," if safe else b"false,") + fix[1:]
