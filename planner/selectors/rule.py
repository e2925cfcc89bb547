"""What the pages of the rulebook show of a rule."""

from __future__ import annotations

from dataclasses import dataclass

from planner.domain.finding import Severity
from planner.domain.rating import severity_on
from planner.domain.rules import Rule, SymbolCase
from planner.rulebook.load import rulebook

WHEN = {
    "now": "now, on 2.x",
    "shim": "now, in a form that works on 2.x and 3.x",
    "provider": "now, once the provider is installed",
    "after": "after the flip to 3.x",
}
"""When a finding can be fixed, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityRow:
    """How bad a rule, or one name under it, is on each target line."""

    name: str
    """Empty for the rule itself."""
    by_line: tuple[Severity, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePage:
    """One rule explained."""

    rule: Rule
    when: str
    lines: tuple[str, ...]
    severities: tuple[SeverityRow, ...]
    cases: tuple[SymbolCase, ...]
    """Names that the rule counts, times or fixes otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    rule: Rule
    severity: Severity
    """On the newest target line."""
    when: str


def rule_rows() -> list[RuleRow]:
    """Every rule of the rulebook, style last."""
    book = rulebook()
    rows = [
        RuleRow(
            rule=rule,
            severity=severity_on(rule, "", book.default_target, book),
            when=WHEN[rule.when],
        )
        for rule in book.rules.values()
    ]
    return sorted(
        rows, key=lambda row: (row.rule.category == "style", row.rule.checker, row.rule.id)
    )


def rule_page(rule_id: str) -> RulePage | None:
    """One rule, or None where the rulebook does not know it."""
    book = rulebook()
    rule = book.rules.get(rule_id)
    if rule is None:
        return None

    def row(name: str) -> SeverityRow:
        return SeverityRow(
            name=name,
            by_line=tuple(severity_on(rule, name, line, book) for line in book.target_lines),
        )

    own = row("")
    others = [row(case.prefix) for case in rule.cases]
    return RulePage(
        rule=rule,
        when=WHEN[rule.when],
        lines=book.target_lines,
        severities=(own, *(other for other in others if other.by_line != own.by_line)),
        cases=rule.cases,
    )


def rulebook_hash() -> str:
    """The short hash that names this rulebook."""
    return rulebook().hash[:12]
