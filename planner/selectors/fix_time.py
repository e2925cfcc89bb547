"""Which findings can be fixed when: as their own edit says, else as the rulebook says of their rule and name."""

from __future__ import annotations

from django.db.models import Case, CharField, Q, QuerySet, Value, When

from planner.domain.fix_time import IN_SHORT
from planner.domain.rules import Rule, Rulebook
from planner.models import Finding
from planner.selectors.tally import named


def fixable(when: str, rulebook: Rulebook) -> QuerySet[Finding]:
    """Findings that can be fixed then: now, shim, provider or after."""
    by_rule = Case(
        *(case for rule in rulebook.rules.values() for case in _cases(rule)),
        default=Value("now"),
        output_field=CharField(),
    )
    own = Case(
        *(When(fix__contains=f'"when":"{one}"', then=Value(one)) for one in IN_SHORT),
        default=by_rule,
    )
    return Finding.objects.annotate(fixable=own).filter(fixable=when)


def _cases(rule: Rule) -> list[When]:
    """The longest prefix first, as ``domain.rating.case_for`` picks it; the rule's own at the end."""
    own = When(Q(rule_id=rule.id), then=Value(rule.when))
    if not any(case.when for case in rule.cases):
        return [own] if rule.when != "now" else []
    ordered = sorted(rule.cases, key=lambda case: -len(case.prefix))
    return [
        *(When(named(rule, case.prefix), then=Value(case.when or rule.when)) for case in ordered),
        own,
    ]
