"""SARIF 2.1.0, for code scanning: rules with their help, places, fingerprints, fixes, and what was silenced."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from planner.domain.finding import Severity
from planner.domain.identity import identity_text
from planner.domain.lifecycle import UNREAD
from planner.domain.report import Observation
from planner.domain.rules import Rule, Rulebook
from planner.parsers.fix import Edit, Fix
from planner.scanner.cli.outcome import Exit, Found, Outcome
from planner.scanner.result import Suppressed
from planner.scanner.suppression import NOQA
from planner.scanner.version import VERSION

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
ROOT = "SRCROOT"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_encode = msgspec.json.Encoder(order="deterministic").encode


def sarif(outcome: Outcome, *, root: Path, rulebook: Rulebook) -> bytes:
    """The whole log, with one run."""
    return msgspec.json.format(_encode(_log(outcome, root, rulebook)), indent=2) + b"\n"


def _log(outcome: Outcome, root: Path, rulebook: Rulebook) -> dict[str, Any]:
    silenced = outcome.result.suppressed
    used = sorted(
        {found.rule_id for found in outcome.findings} | {one.observation.rule for one in silenced}
    )
    rules = {rule_id: index for index, rule_id in enumerate(used)}
    prints = _Fingerprints()
    results = [_found(found, outcome, rules, prints) for found in outcome.findings]
    results += [_silenced(one, rules, prints) for one in silenced]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(used, rulebook)},
                "invocations": [_invocation(outcome)],
                "originalUriBaseIds": {ROOT: {"uri": f"file://{_uri(root.as_posix())}/"}},
                "columnKind": "unicodeCodePoints",
                "results": results,
                "properties": {"target": outcome.target},
            }
        ],
    }


def _driver(used: Iterable[str], rulebook: Rulebook) -> dict[str, Any]:
    return {
        "name": "upgradecheck",
        "fullName": f"Flightplan upgradecheck {VERSION}",
        "version": VERSION,
        "semanticVersion": VERSION,
        "rules": [_rule(rule_id, rulebook.rules.get(rule_id)) for rule_id in used],
    }


def _rule(rule_id: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": rule_id}
    return {
        "id": rule_id,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.what} {rule.why}"},
        "help": {"text": _help(rule), "markdown": _markdown(rule)},
        **({"helpUri": rule.source} if rule.source else {}),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": list(dict.fromkeys(["airflow-3", rule.family, rule.axis.value])),
            "minutes": rule.minutes,
            "when": rule.when,
        },
    }


def _help(rule: Rule) -> str:
    parts = [rule.what, f"Why: {rule.why}", f"Instead: {rule.instead}"]
    if rule.before and rule.after:
        parts += [f"Before:\n{rule.before}", f"After:\n{rule.after}"]
    return "\n\n".join(parts)


def _markdown(rule: Rule) -> str:
    parts = [rule.what, f"**Why:** {rule.why}", f"**Instead:** {rule.instead}"]
    if rule.before and rule.after:
        parts += [f"**Before**\n{_fenced(rule.before)}", f"**After**\n{_fenced(rule.after)}"]
    if rule.source:
        parts.append(f"[Source]({rule.source})")
    return "\n\n".join(parts)


def _fenced(code: str) -> str:
    return f"```\n{code}\n```"


def _invocation(outcome: Outcome) -> dict[str, Any]:
    gaps = set(outcome.result.gaps)
    notices = [
        {
            "level": "error" if skipped in gaps else "note",
            "message": {"text": _sentence(str(skipped.reason), skipped.detail)},
            "locations": [
                {"physicalLocation": {"artifactLocation": _artifact(skipped.path)}},
            ],
        }
        for skipped in outcome.result.skipped
    ]
    return {
        "executionSuccessful": outcome.exit != Exit.GAPS,
        "exitCode": int(outcome.exit),
        "toolExecutionNotifications": notices,
    }


def _sentence(reason: str, detail: str) -> str:
    return f"Not checked: {reason}. {detail}".strip()


def _found(
    found: Found, outcome: Outcome, rules: Mapping[str, int], prints: _Fingerprints
) -> dict[str, Any]:
    extra: dict[str, Any] = {
        "owner": found.owner,
        "dagIds": list(found.dag_ids),
        "when": found.when,
    }
    result = _result(found.seen, found.rule_id, rules, prints, extra)
    if outcome.has_baseline and found.is_error:
        result["baselineState"] = "unchanged" if found.is_known else "new"
    return result


def _silenced(one: Suppressed, rules: Mapping[str, int], prints: _Fingerprints) -> dict[str, Any]:
    result = _result(one.observation, one.observation.rule, rules, prints, {})
    why = f"{one.where}: {one.reason}" + (f" (until {one.expires})" if one.expires else "")
    result["suppressions"] = [
        {
            "kind": "inSource" if one.kind == NOQA else "external",
            "status": "accepted",
            "justification": why,
        }
    ]
    return result


def _result(
    seen: Observation,
    rule_id: str,
    rules: Mapping[str, int],
    prints: _Fingerprints,
    extra: dict[str, Any],
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": rule_id,
        "ruleIndex": rules[rule_id],
        "kind": "fail",
        "level": _LEVELS.get(Severity(seen.severity), "note"),
        "message": {"text": seen.message or rule_id},
        "locations": [_location(seen)],
        "partialFingerprints": prints.of(seen, rule_id),
        "properties": {"symbol": seen.symbol, **extra},
    }
    if fix := _fix(seen):
        result["fixes"] = [fix]
    return result


def _location(seen: Observation) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _artifact(seen.path)}
    if seen.line is not None and seen.cell is None:
        place["region"] = _region(seen)
    location: dict[str, Any] = {"physicalLocation": place}
    if seen.cell is not None:
        name = f"cell {seen.cell}, line {seen.line}"
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "object"}]
    return location


def _region(seen: Observation) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": seen.line}
    if seen.column:
        region["startColumn"] = seen.column
    last = seen.end_line or seen.line
    if last is not None and seen.line is not None and last >= seen.line:
        region["endLine"] = last
        if seen.end_column and seen.column and (last > seen.line or seen.end_column > seen.column):
            region["endColumn"] = seen.end_column
    if seen.content:
        region["snippet"] = {"text": seen.content}
    return region


def _artifact(path: str) -> dict[str, str]:
    return {"uri": _uri(path), "uriBaseId": ROOT}


def _uri(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")


def _fix(seen: Observation) -> dict[str, Any] | None:
    """The edits, where the file is one in which lines can be counted."""
    if not seen.fix or seen.cell is not None:
        return None
    fix = msgspec.json.decode(seen.fix, type=Fix)
    if not fix.edits:
        return None
    return {
        "description": {"text": fix.message or "Write it in the new form."},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(seen.path),
                "replacements": [_replacement(edit) for edit in fix.edits],
            }
        ],
    }


def _replacement(edit: Edit) -> dict[str, Any]:
    return {
        "deletedRegion": {
            "startLine": edit.location.row,
            "startColumn": edit.location.column,
            "endLine": edit.end_location.row,
            "endColumn": edit.end_location.column,
        },
        "insertedContent": {"text": edit.content or ""},
    }


class _Fingerprints:
    """Names of findings that do not change when lines shift: made of what a finding is told by, not of its line."""

    def __init__(self) -> None:
        self._met: Counter[str] = Counter()

    def of(self, seen: Observation, rule_id: str) -> dict[str, str]:
        """The finding's name under our own key, and under the one that GitHub's code scanning compares."""
        told_by = seen.rule if seen.rule in UNREAD else identity_text(seen.symbol, seen.message)
        content = "" if seen.rule in UNREAD else seen.content
        text = "\0".join((seen.path, rule_id, told_by, content))
        name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._met[name] += 1
        value = f"{name}:{self._met[name]}"
        return {"upgradecheck/v1": value, "primaryLocationLineHash": value}
