"""The interchange format (docs/interchange.md), and the ``report`` object that the scanner writes around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated

import msgspec

from planner.domain.commits import CommitsSince
from planner.domain.finding import Severity
from planner.domain.report import (
    Coverage,
    DagEntry,
    Format,
    LastChange,
    NotChecked,
    Observation,
    Problem,
    Report,
    ReportRejected,
)
from planner.parsers.fix import Edit, Fix, fix_bytes
from planner.parsers.items import (
    DECODE_ERRORS,
    MAX_PATH,
    array_items,
    extra_bytes,
    path_flaw,
    problem_with,
    shortened,
)
from planner.parsers.symbol import MAX_SYMBOL, symbol_of

Line = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Column = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
RuleId = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
DagId = Annotated[str, msgspec.Meta(max_length=300)]

_SEVERITIES = frozenset(severity.value for severity in Severity)


class _Fix(msgspec.Struct):
    """Either ``{"safe", "diff"}`` of the contract or the full shape of ``Observation.fix``."""

    safe: bool | None = None
    diff: str | None = None
    applicability: str | None = None
    message: str | None = None
    edits: list[Edit] = []
    side: str = "now"
    when: str = ""
    needs: list[str] = []
    group: str = ""
    rank: int = 0


class _Item(msgspec.Struct):
    rule_id: RuleId
    severity: str
    file: str
    message: str
    line: Line | None
    dag_id: DagId | None
    rule_name: str | None = None
    column: Column | None = None
    end_line: Line | None = None
    end_column: Column | None = None
    cell: Column | None = None
    symbol: str | None = None
    owner: str | None = None
    content: str | None = None
    dag_ids: list[str] | None = None
    fix: _Fix | None = None
    url: str | None = None


KEYS = _Item.__struct_fields__
"""Every key that is understood."""

_KNOWN_KEYS = frozenset(KEYS) - {"dag_ids"}
"""``dag_ids`` of a bare list is kept in ``extra``: an observation has room for one. In a report object the
``dags`` section says it for all findings."""


class _Dag(msgspec.Struct):
    dag_id: str
    path: str
    owners: tuple[str, ...] = ()
    paused: bool | None = None
    resolved: bool = True
    line: Line | None = None
    tags: tuple[str, ...] = ()
    schedule: str = ""
    is_subdag: bool = False
    because: str = ""


class _Skipped(msgspec.Struct):
    path: str
    reason: str = ""
    detail: str = ""
    gap: bool | None = None


class _Coverage(msgspec.Struct):
    checker: str = "upgradecheck"
    tool_version: str = ""
    flags: tuple[str, ...] = ()
    files: frozenset[str] | None = None
    rules: frozenset[str] | None = None
    status: str = "success"
    complete: bool = False
    unscanned: list[str] = []
    skipped: list[_Skipped] = []


class _LastChange(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(max_length=1000)]
    email: Annotated[str, msgspec.Meta(max_length=1000)]
    on: date


class _ReportObject(msgspec.Struct):
    coverage: _Coverage = msgspec.field(default_factory=_Coverage)
    dags: list[_Dag] = []
    used_by: dict[str, list[int]] = {}
    renames: dict[str, Annotated[str, msgspec.Meta(max_length=MAX_PATH)]] = {}
    deleted: frozenset[str] = frozenset()
    commits: CommitsSince = msgspec.field(default_factory=CommitsSince)
    codeowners: str | None = None
    last_changes: dict[str, _LastChange] | None = None
    history_gap: str = ""
    commit: str = ""


def parse(items: Sequence[msgspec.Raw], *, tool_version: str) -> Report:
    """The report of an interchange array. It does not say what was covered."""
    coverage = Coverage(checker="upgradecheck", tool_version=tool_version)
    report = Report(format=Format.UPGRADECHECK, coverage=coverage, metadata={"unscanned": []})
    report.observations = _observations(items, report, _KNOWN_KEYS)
    return report


def parse_report_object(
    buffer: memoryview, members: Mapping[str, msgspec.Raw], *, tool_version: str
) -> Report:
    """The report of a scanner's ``{"findings", "coverage", …}`` object."""
    around = _around_the_findings(buffer)
    cover = around.coverage
    report = Report(
        format=Format.UPGRADECHECK,
        coverage=Coverage(
            checker=cover.checker,
            tool_version=tool_version or cover.tool_version,
            flags=cover.flags,
            files=cover.files,
            rules=cover.rules,
            status=cover.status,
            complete=cover.complete,
        ),
        dags=[DagEntry(**msgspec.structs.asdict(dag)) for dag in around.dags],
        used_by=_used_by(around),
        renames=around.renames,
        deleted=around.deleted,
        commits=around.commits,
        codeowners=around.codeowners,
        last_changes=_last_changes(around),
        history_gap=around.history_gap,
        commit=around.commit,
        not_checked=_not_checked(cover),
        metadata={"unscanned": list(cover.unscanned)},
    )
    items = array_items(memoryview(members["findings"]))
    report.observations = _observations(items, report, _KNOWN_KEYS | {"dag_ids"})
    return report


def _around_the_findings(buffer: memoryview) -> _ReportObject:
    try:
        return msgspec.json.decode(buffer, type=_ReportObject)
    except DECODE_ERRORS as error:
        flaw = problem_with(0, msgspec.Raw(buffer), error)
        raise ReportRejected(f"The report's {flaw.field or 'object'} {flaw.sentence}") from error


def _not_checked(cover: _Coverage) -> list[NotChecked]:
    unscanned = frozenset(cover.unscanned)
    return [
        NotChecked(
            one.path,
            one.reason,
            one.detail,
            is_gap=one.path in unscanned if one.gap is None else one.gap,
        )
        for one in cover.skipped
    ]


def _last_changes(around: _ReportObject) -> dict[str, LastChange] | None:
    """What the report says of its files' last changes, without what names no file."""
    if around.last_changes is None:
        return None
    return {
        path: LastChange(**msgspec.structs.asdict(change))
        for path, change in around.last_changes.items()
        if not path_flaw(path)
    }


def _used_by(around: _ReportObject) -> dict[str, list[int]]:
    """What the report says of helper modules, without what names no file or no DAG of its list."""
    return {
        path: [place for place in places if 0 <= place < len(around.dags)]
        for path, places in around.used_by.items()
        if not path_flaw(path)
    }


def _observations(
    items: Sequence[msgspec.Raw], report: Report, known: frozenset[str]
) -> Iterator[Observation]:
    decode = msgspec.json.Decoder(_Item).decode
    decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    texts: dict[str, str] = {}
    for index, raw in enumerate(items):
        report.received += 1
        try:
            item = decode(raw)
            unknown = decode_members(raw)
        except DECODE_ERRORS as error:
            report.problems.append(problem_with(index, raw, error))
            continue
        if flaw := _flaw_of(item):
            report.problems.append(Problem(index, *flaw))
            continue
        for key in known & unknown.keys():
            del unknown[key]
        yield _observation(item, extra_bytes(unknown), texts)


def _flaw_of(item: _Item) -> tuple[str, str] | None:
    """The field and the sentence of what the types alone do not forbid."""
    if item.severity not in _SEVERITIES:
        said = shortened(item.severity)
        return "severity", f"must be ERROR, WARNING or INFO, not {said}."
    if flaw := path_flaw(item.file):
        return "file", flaw
    return None


def _observation(item: _Item, extra: bytes, texts: dict[str, str]) -> Observation:
    def one(value: str | None) -> str:
        return texts.setdefault(value, value) if value else ""

    return Observation(
        rule=one(item.rule_id),
        rule_name=one(item.rule_name),
        severity=one(item.severity),
        path=one(item.file),
        line=item.line,
        column=item.column,
        end_line=item.end_line,
        end_column=item.end_column,
        cell=item.cell,
        message=one(item.message),
        symbol=one(symbol_of(item.message) if item.symbol is None else item.symbol[:MAX_SYMBOL]),
        dag_id=one(item.dag_id),
        owner=one(item.owner),
        content=(item.content or "")[:300],
        fix=_fix(item.fix),
        extra=extra,
        url=one(item.url),
    )


def _fix(fix: _Fix | None) -> bytes:
    if fix is None or not (fix.edits or fix.diff):
        return b""
    applicability = fix.applicability or ("safe" if fix.safe else "unsafe")
    return fix_bytes(
        Fix(
            applicability,
            fix.message,
            fix.edits,
            fix.diff or "",
            side=fix.side,
            when=fix.when,
            needs=fix.needs,
            group=fix.group,
            rank=fix.rank,
        )
    )
