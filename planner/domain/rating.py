"""What a finding is called and how bad it is on the target release. Pure, and cheap when repeated.

Severity is decided in this order, the later wins:

1. the rule's own, and its ``severity_from`` for the target line;
2. for rules about whether a name can be imported, what was measured on the target: gone is an ERROR, and
   what still imports is at most a WARNING;
3. the rule's case for that name, where its ``severity_from`` reaches the target line.

A rule that the rulebook does not know keeps its reported severity and is marked unknown.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping

from packaging.version import InvalidVersion, Version

from planner.domain.finding import CATEGORY_OF_SEVERITY, SEVERITY_ORDER, Axis, Severity
from planner.domain.report import Observation
from planner.domain.rules import Rating, Rule, Rulebook, SymbolCase

REPORTED = {
    "error": Severity.ERROR,
    "critical": Severity.ERROR,
    "warning": Severity.WARNING,
    "major": Severity.WARNING,
}
"""Severities of tools, in lower case; anything else counts as INFO."""

_MEMORY = 50_000
"""Distinct observations a rater remembers before it starts afresh: bounds what a hostile report can take."""


def canonical_rule(
    rule: str,
    rule_name: str,
    url: str,
    tool_version: str,
    rulebook: Rulebook,
    *,
    symbol: str = "",
) -> str:
    """The rulebook's id of a rule, whatever a tool's version calls it; an unknown one comes back unchanged.

    A rule's name (given, at the end of its documentation link, or in place of the id) is the steadiest key.
    Only without one does the code count, read as that tool version meant it.
    """
    return _canon(rulebook, tool_version).canonical(rule, rule_name, url, symbol)


def rate(
    observation: Observation, *, target_line: str, tool_version: str, rulebook: Rulebook
) -> Rating:
    """Rate one observation. For many, make one ``Rater`` and call it."""
    return Rater(rulebook, target_line=target_line, tool_version=tool_version)(observation)


def rules_not_run(
    rulebook: Rulebook, *, tool_version: str, preview: bool, seen: Collection[str]
) -> frozenset[str]:
    """Rules of ruff whose absence from its report proves nothing: too new for it, or only on request.

    Args:
        tool_version: as reported; an unknown one counts as the newest.
        preview: whether the report shows that it ran with --preview.
        seen: rules that are in the report, so they ran, and so did every other that needs --preview.
    """
    used = _version(tool_version)
    rules = [rule for rule in rulebook.rules.values() if rule.checker == "ruff"]
    hidden = {rule.id for rule in rules if _needs_preview(rule, used)}
    missing = {rule.id for rule in rules if rule.since and used and used < Version(rule.since)}
    if preview or not hidden.isdisjoint(seen):
        hidden = set()
    return frozenset((hidden | missing).difference(seen))


def _needs_preview(rule: Rule, used: Version | None) -> bool:
    early = rule.stable_from and used is not None and used < Version(rule.stable_from)
    return rule.preview or bool(early)


def family_of(rule_id: str, symbol: str, rulebook: Rulebook) -> str:
    """The plan activity that counts a finding: the name's own family, else the rule's, else ``other``."""
    rule = rulebook.rules.get(rule_id)
    if rule is None:
        return "other"
    case = case_for(rule, symbol)
    return case.family if case and case.family else rule.family


def when_of(rule_id: str, symbol: str, rulebook: Rulebook) -> str:
    """When a finding can be fixed: now, shim, provider or after. Unknown rules: now."""
    rule = rulebook.rules.get(rule_id)
    if rule is None:
        return "now"
    case = case_for(rule, symbol)
    return case.when if case and case.when else rule.when


def instead_of(rule_id: str, symbol: str, rulebook: Rulebook) -> str:
    """What to use instead, in words: the name's own remedy, the measured replacement, or the rule's."""
    rule = rulebook.rules.get(rule_id)
    if rule is None:
        return ""
    case = case_for(rule, symbol)
    if case and case.instead:
        return case.instead
    use = rulebook.symbols.get(symbol, {}).get("use", "") if rule.by_symbol else ""
    return f"Use {use}." if "." in use else rule.instead


def case_for(rule: Rule, symbol: str) -> SymbolCase | None:
    """The rule's case for a name: the longest prefix that holds it."""
    cases = _cases_of(rule)
    return next((cases[name] for name in _prefixes(symbol) if name in cases), None)


@functools.lru_cache(maxsize=1024)
def _cases_of(rule: Rule) -> Mapping[str, SymbolCase]:
    return {case.prefix: case for case in reversed(rule.cases)}


def severity_on(rule: Rule, symbol: str, target_line: str, rulebook: Rulebook) -> Severity:
    """How bad a finding of this rule about this name is on a target line."""
    severity = _from(rule.severity_from, target_line) or rule.severity
    if rule.by_symbol:
        status = measured(symbol, target_line, rulebook)
        if status == "gone":
            severity = Severity.ERROR
        elif status:
            severity = max(severity, Severity.WARNING, key=SEVERITY_ORDER.__getitem__)
    case = case_for(rule, symbol)
    return (_from(case.severity_from, target_line) if case else None) or severity


def measured(symbol: str, target_line: str, rulebook: Rulebook) -> str:
    """ok, deprecated or gone on the target line; empty where nothing was measured that tells.

    A line that was not measured falls back to the newest one before it. What lies below a name that is gone,
    such as a module, is gone with it.
    """
    for name in _prefixes(symbol):
        statuses = rulebook.symbols.get(name)
        if statuses is None:
            continue
        line = _line_at(_measured_lines(tuple(statuses)), target_line)
        status = statuses[line] if line else ""
        if status == "unknown" or (name != symbol and status != "gone"):
            return ""
        return status
    return ""


class Rater:
    """Rates observations of one report for one target. Remembers every distinct answer."""

    def __init__(self, rulebook: Rulebook, *, target_line: str, tool_version: str = "") -> None:
        self._rulebook = rulebook
        self._target = target_line
        self._canon = _canon(rulebook, tool_version)
        self._known: dict[tuple[str, str, str, str, str], Rating] = {}

    def __call__(self, observation: Observation) -> Rating:
        key = (
            observation.rule,
            observation.rule_name,
            observation.url,
            observation.symbol,
            observation.severity,
        )
        rating = self._known.get(key)
        if rating is None:
            if len(self._known) >= _MEMORY:
                self._known.clear()
            rating = self._known[key] = self._rate(*key)
        return rating

    def _rate(self, code: str, name: str, url: str, symbol: str, reported: str) -> Rating:
        rule_id = self._canon.canonical(code, name, url, symbol)
        rule = self._rulebook.rules.get(rule_id)
        if rule is None:
            return self._unknown(rule_id, reported)
        severity = severity_on(rule, symbol, self._target, self._rulebook)
        case = case_for(rule, symbol)
        return Rating(
            rule_id=rule.id,
            severity=severity,
            category=rule.category_for(severity),
            axis=case.axis if case and case.axis else rule.axis,
            minutes=case.minutes if case and case.minutes is not None else rule.minutes,
        )

    def _unknown(self, rule_id: str, reported: str) -> Rating:
        unclassified = self._rulebook.decision["unknown_rule"]
        severity = REPORTED.get(reported.strip().lower(), Severity.INFO)
        return Rating(
            rule_id=rule_id,
            severity=severity,
            category=CATEGORY_OF_SEVERITY[severity],
            axis=Axis(unclassified["axis"]),
            minutes=unclassified["minutes"],
            known=False,
        )


class _Canon:
    """Names and aliases of a rulebook as one tool version means them."""

    def __init__(self, rulebook: Rulebook, tool_version: str) -> None:
        self._ids = {rule_id.lower(): rule_id for rule_id in rulebook.rules}
        self._names = {rule.name.lower(): rule.id for rule in rulebook.rules.values()}
        self._codes: dict[str, str] = {}
        """Codes that an older version of the tool used for another rule."""
        self._moved: dict[tuple[str, str], str] = {}
        """(rule by name, name of Airflow) that newer versions of the tool report as another rule."""
        used = _version(tool_version)
        for rule in rulebook.rules.values():
            for alias in rule.aliases:
                self._learn(rule, alias.id.lower(), alias.below, alias.symbols, used)

    def _learn(
        self, rule: Rule, code: str, below: str, symbols: tuple[str, ...], used: Version | None
    ) -> None:
        if symbols:
            self._moved |= {(code, symbol): rule.id for symbol in symbols}
        elif not below or (used is not None and used < Version(below)):
            self._codes[code] = rule.id

    def canonical(self, code: str, name: str, url: str, symbol: str) -> str:
        code = code.strip()
        lower = code.lower()
        by_name = (
            self._names.get(name.strip().lower())
            or self._names.get(_last_part(url))
            or self._names.get(lower)
        )
        found = by_name or self._codes.get(lower) or self._ids.get(lower)
        if found is None:
            return code
        meant_today = self._ids.get(lower) == found
        return found if meant_today else self._moved_to(lower, symbol) or found

    def _moved_to(self, code: str, symbol: str) -> str | None:
        """Where newer versions split an old rule by name, the half that holds this one."""
        for prefix in _prefixes(symbol):
            if (code, prefix) in self._moved:
                return self._moved[code, prefix]
        return None


@functools.lru_cache(maxsize=16)
def _canon(rulebook: Rulebook, tool_version: str) -> _Canon:
    return _Canon(rulebook, tool_version)


def _last_part(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2].lower()


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _prefixes(symbol: str) -> Iterable[str]:
    """The name and everything above it, longest first."""
    while symbol:
        yield symbol
        symbol = symbol.rpartition(".")[0]


def _from(severities: Mapping[str, Severity], target_line: str) -> Severity | None:
    """The entry of the newest line that is not newer than the target."""
    line = _line_at(tuple(severities), target_line)
    return severities[line] if line else None


@functools.lru_cache(maxsize=1024)
def _line_at(lines: tuple[str, ...], target_line: str) -> str:
    """The newest of these lines that is not newer than the target: few are ever asked for, and often."""
    target = Version(target_line)
    return max((line for line in lines if Version(line) <= target), key=Version, default="")


@functools.lru_cache(maxsize=1024)
def _measured_lines(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for key in keys if key[0].isdigit())
