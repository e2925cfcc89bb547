"""The answer for programs: the interchange array, the report around it, and ruff's own JSON."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from planner.domain.finding import Severity
from planner.parsers.fix import Fix
from planner.parsers.ruff import SYNTAX
from planner.scanner.cli.outcome import Found, Outcome
from planner.scanner.dags import dag_ids_by_file
from planner.scanner.write import finding_of, write_report

_encode = msgspec.json.Encoder(order="deterministic").encode
_RUFF_SEVERITY = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "info"}


def interchange(outcome: Outcome) -> Iterator[bytes]:
    """The findings that count as an interchange array (docs/interchange.md), one a line."""
    dag_ids = dag_ids_by_file(outcome.result)
    return _array(
        finding_of(found.seen, dag_ids) | {"owner": found.owner or None}
        for found in outcome.findings
    )


def report(outcome: Outcome) -> Iterator[bytes]:
    """The report object: what rescans and CI send."""
    stream = io.BytesIO()
    write_report(outcome.result, stream)
    yield stream.getvalue()


def ruff(outcome: Outcome, root: Path) -> Iterator[bytes]:
    """The findings as ``ruff check --output-format json`` prints its own."""
    return _array(_as_ruff(found, root) for found in outcome.findings)


def _array(items: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    before = b"["
    for item in items:
        yield before + b"\n" + _encode(item)
        before = b","
    yield b"[]\n" if before == b"[" else b"\n]\n"


def _as_ruff(found: Found, root: Path) -> dict[str, Any]:
    seen = found.seen
    is_syntax = seen.rule == SYNTAX
    row, column = seen.line or 1, seen.column or 1
    return {
        "cell": seen.cell,
        "code": None if is_syntax else seen.rule,
        "name": SYNTAX if is_syntax else _name(found),
        "message": seen.message,
        "severity": _RUFF_SEVERITY.get(Severity(seen.severity), "info"),
        "url": seen.url or (found.rule.source if found.rule and not is_syntax else None) or None,
        "filename": str(root / seen.path),
        "location": {"row": row, "column": column},
        "end_location": {"row": seen.end_line or row, "column": seen.end_column or column},
        "noqa_row": None if is_syntax else row,
        "fix": _fix(found.fix),
    }


def _name(found: Found) -> str:
    return found.seen.rule_name or (found.rule.name if found.rule else found.rule_id)


def _fix(fix: Fix | None) -> dict[str, Any] | None:
    if fix is None:
        return None
    return {"applicability": fix.applicability, "message": fix.message, "edits": fix.edits}
