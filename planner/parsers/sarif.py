"""SARIF 2.1.0, as ruff writes it with and without ``--preview``, and as other tools do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from planner.domain.paths import from_uri
from planner.domain.report import Coverage, Format, Observation, Problem, Report, ReportRejected
from planner.parsers.fix import Edit, Fix, Place, fix_bytes
from planner.parsers.items import DECODE_ERRORS, malformed, problem_with
from planner.parsers.ruff import Keeper

_SEVERITY = {"error": "ERROR", "warning": "WARNING", "note": "INFO", "none": "INFO"}
_CODE = re.compile(r"AIR\d+")
_NESTED_BASES = 8

Line = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Column = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class _Text(msgspec.Struct, gc=False):
    text: str = ""


class _Artifact(msgspec.Struct, gc=False, rename="camel"):
    uri: str | None = None
    uri_base_id: str | None = None
    index: int | None = None


class _Region(msgspec.Struct, gc=False, rename="camel"):
    start_line: Line | None = None
    start_column: Column | None = None
    end_line: Line | None = None
    end_column: Column | None = None
    snippet: _Text | None = None


class _Physical(msgspec.Struct, gc=False, rename="camel"):
    artifact_location: _Artifact | None = None
    region: _Region | None = None


class _Location(msgspec.Struct, gc=False, rename="camel"):
    physical_location: _Physical | None = None


class _Replacement(msgspec.Struct, gc=False, rename="camel"):
    deleted_region: _Region
    inserted_content: _Text | None = None


class _Change(msgspec.Struct, gc=False, rename="camel"):
    artifact_location: _Artifact
    replacements: list[_Replacement]


class _Fix(msgspec.Struct, gc=False, rename="camel"):
    artifact_changes: list[_Change]
    description: _Text | None = None


class _RuleReference(msgspec.Struct, gc=False):
    id: str | None = None
    index: int | None = None


class _Result(msgspec.Struct, gc=False, rename="camel"):
    message: _Text
    rule_id: str | None = None
    rule_index: int | None = None
    rule: _RuleReference | None = None
    level: str | None = None
    kind: str | None = None
    locations: list[_Location] = []
    fixes: list[_Fix] | None = None
    suppressions: list[dict[str, Any]] | None = None


class _RuleName(msgspec.Struct, rename="camel"):
    id: str = ""
    name: str | None = None
    help_uri: str | None = None
    properties: dict[str, Any] = {}


class _Driver(msgspec.Struct, rename="camel"):
    name: str
    version: str | None = None
    semantic_version: str | None = None
    rules: list[_RuleName] = []


class _Tool(msgspec.Struct):
    driver: _Driver


class _Invocation(msgspec.Struct, rename="camel"):
    execution_successful: bool = True


class _Base(msgspec.Struct, rename="camel"):
    uri: str = ""
    uri_base_id: str | None = None


class _ListedArtifact(msgspec.Struct, rename="camel"):
    location: _Artifact | None = None


class _Run(msgspec.Struct, rename="camel"):
    tool: _Tool
    results: list[msgspec.Raw] | None = None
    original_uri_base_ids: dict[str, _Base] = {}
    invocations: list[_Invocation] = []
    artifacts: list[_ListedArtifact] = []


@dataclass(frozen=True, slots=True)
class _RunContext:
    """What a result of this run refers to by index."""

    rules: tuple[_RuleName, ...]
    artifacts: tuple[str, ...]
    is_ruff: bool


def parse(buffer: memoryview, members: Mapping[str, msgspec.Raw], *, tool_version: str) -> Report:
    """The report of all runs in the file. ``tool_version`` given by the sender wins over the file's."""
    _refuse_other_versions(members)
    try:
        runs = msgspec.json.decode(members["runs"], type=list[_Run])
    except msgspec.ValidationError as error:
        flaw = problem_with(0, members["runs"], error)
        raise ReportRejected(f"SARIF's `runs`, {flaw.field}: {flaw.sentence}") from error
    except DECODE_ERRORS as error:
        raise malformed(buffer, error) from error
    if not runs:
        raise ReportRejected(
            "This SARIF file holds no run, so it does not say that anything was checked."
        )
    report = Report(
        format=Format.SARIF,
        coverage=_coverage(runs, tool_version),
        base=_base_of(runs),
        metadata={"unscanned": [], "ignored_by_rule": {}},
    )
    report.observations = _observations(runs, report)
    return report


def _refuse_other_versions(members: Mapping[str, msgspec.Raw]) -> None:
    try:
        version = msgspec.json.decode(members.get("version", msgspec.Raw(b'"2.1.0"')))
    except DECODE_ERRORS:
        version = None
    if not isinstance(version, str) or not version.startswith("2.1"):
        raise ReportRejected(f"This is SARIF version {version}; Flightplan reads version 2.1.0.")


def _coverage(runs: list[_Run], tool_version: str) -> Coverage:
    driver = runs[0].tool.driver
    is_ruff = driver.name.lower() == "ruff"
    successful = all(call.execution_successful for run in runs for call in run.invocations)
    return Coverage(
        checker="ruff" if is_ruff else "upgradecheck",
        tool_version=tool_version or driver.version or driver.semantic_version or "",
        flags=_flags(runs) if is_ruff else (),
        status="success" if successful else "partial",
    )


def _flags(runs: list[_Run]) -> tuple[str, ...]:
    """With --preview ruff prints names where it otherwise prints codes; without rules nothing is known."""
    ids = [rule.id for run in runs for rule in run.tool.driver.rules]
    if any(_CODE.fullmatch(rule_id) for rule_id in ids):
        return ("no-preview",)
    return ("preview",) if any(rule_id.startswith("airflow") for rule_id in ids) else ()


def _base_of(runs: list[_Run]) -> str:
    """The root that the report names for its relative paths; the commonest where there are several."""
    bases = {name: base for run in runs for name, base in run.original_uri_base_ids.items()}
    resolved = {name: found for name in bases if (found := _resolved(name, bases))}
    if len(resolved) == 1:
        return next(iter(resolved.values()))
    for name in ("%SRCROOT%", "SRCROOT", "PROJECTROOT", "REPOROOT", "ROOTPATH"):
        if name in resolved:
            return resolved[name]
    return ""


def _resolved(name: str, bases: Mapping[str, _Base]) -> str:
    """The folder of a base id, through the bases it is itself relative to."""
    path, current = "", bases.get(name)
    for _ in range(_NESTED_BASES):
        if current is None:
            return path
        path = from_uri(current.uri) + path
        if not current.uri_base_id:
            return path
        current = bases.get(current.uri_base_id)
    return ""


def _observations(runs: list[_Run], report: Report) -> Iterator[Observation]:
    decode = msgspec.json.Decoder(_Result).decode
    keep = Keeper(report)
    uris = _Uris()
    index = -1
    for run in runs:
        context = _context_of(run, uris)
        for raw in run.results or ():
            index += 1
            report.received += 1
            try:
                result = decode(raw)
            except DECODE_ERRORS as error:
                report.problems.append(problem_with(index, raw, error))
                continue
            found = _observation(result, context, keep, uris)
            if isinstance(found, str):
                report.problems.append(Problem(index, "locations", found))
            elif found is not None:
                yield found


def _context_of(run: _Run, uris: _Uris) -> _RunContext:
    return _RunContext(
        rules=tuple(run.tool.driver.rules),
        artifacts=tuple(uris.path(listed.location) for listed in run.artifacts),
        is_ruff=run.tool.driver.name.lower() == "ruff",
    )


class _Uris:
    """Paths of artifact URIs, each decoded once."""

    def __init__(self) -> None:
        self._paths: dict[str, str] = {}

    def path(self, artifact: _Artifact | None, listed: tuple[str, ...] = ()) -> str:
        if artifact is None:
            return ""
        if artifact.uri is None:
            known = artifact.index is not None and 0 <= artifact.index < len(listed)
            return listed[artifact.index or 0] if known else ""
        path = self._paths.get(artifact.uri)
        if path is None:
            path = self._paths[artifact.uri] = from_uri(artifact.uri)
        return path


def _observation(
    result: _Result, context: _RunContext, keep: Keeper, uris: _Uris
) -> Observation | str | None:
    """The observation; None for a rule that does not matter here; a sentence for a bad place."""
    place = next((at.physical_location for at in result.locations if at.physical_location), None)
    path = uris.path(place.artifact_location, context.artifacts) if place else ""
    if flaw := keep.flaw_of_path(path):
        return flaw
    if result.kind not in (None, "fail", "open", "review"):
        return None
    named = _rule_named(result, context)
    rule_id = result.rule_id or (result.rule.id if result.rule else None) or named.id
    rule = keep.rule(rule_id, result.message.text, path) if context.is_ruff else keep.text(rule_id)
    if not rule:
        return None if context.is_ruff else "names no rule (`ruleId`)."
    message, symbol = keep.message(result.message.text, rule)
    region = place.region if place and place.region else _Region()
    return Observation(
        rule=rule,
        rule_name=keep.text(str(named.properties.get("name") or named.name or "")),
        severity=_SEVERITY.get(result.level or "warning", ""),
        path=keep.text(path),
        line=region.start_line,
        column=region.start_column,
        end_line=region.end_line or region.start_line,
        end_column=region.end_column,
        message=message,
        symbol=symbol,
        content=" ".join(region.snippet.text.split())[:300] if region.snippet else "",
        fix=_fix_of(result, path, context, uris),
        extra=_suppressions_of(result),
        url=keep.text(named.help_uri or ""),
    )


def _rule_named(result: _Result, context: _RunContext) -> _RuleName:
    """The run's description of the result's rule, by index or by id."""
    index = result.rule_index
    if index is None and result.rule:
        index = result.rule.index
    if index is not None and 0 <= index < len(context.rules):
        return context.rules[index]
    wanted = result.rule_id or (result.rule.id if result.rule else None)
    return next((rule for rule in context.rules if rule.id == wanted), _NO_RULE)


_NO_RULE = _RuleName()


def _fix_of(result: _Result, path: str, context: _RunContext, uris: _Uris) -> bytes:
    """The first fix's edits of the result's own file. SARIF does not say how safe a fix is: unsafe."""
    if not result.fixes:
        return b""
    fix = result.fixes[0]
    edits = [
        _edit(replacement)
        for change in fix.artifact_changes
        if uris.path(change.artifact_location, context.artifacts) == path
        for replacement in change.replacements
    ]
    whole = [edit for edit in edits if edit is not None]
    if not whole or len(whole) != len(edits):
        return b""
    return fix_bytes(Fix("unsafe", fix.description.text if fix.description else "", whole))


def _edit(replacement: _Replacement) -> Edit | None:
    """The edit, or None where the region does not say its columns."""
    region = replacement.deleted_region
    if region.start_line is None or region.start_column is None or region.end_column is None:
        return None
    return Edit(
        content=replacement.inserted_content.text if replacement.inserted_content else "",
        location=Place(region.start_line, region.start_column),
        end_location=Place(region.end_line or region.start_line, region.end_column),
    )


def _suppressions_of(result: _Result) -> bytes:
    if not result.suppressions:
        return b""
    return msgspec.json.encode({"suppressions": result.suppressions})
