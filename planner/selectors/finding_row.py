"""A finding as lists show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from planner.domain.finding import ACTIVE_STATES, State
from planner.domain.fix_time import in_short
from planner.domain.rating import instead_of, when_of
from planner.domain.silencing import Silencing, silencing_from
from planner.domain.suggestion import Suggestion, suggestion_from
from planner.models import Finding
from planner.rulebook.load import rulebook
from planner.selectors.claim import Claim, claim_of

_DAGS_SHOWN = 1


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding as a row of a list."""

    finding: Finding
    dags: tuple[str, ...]
    more_dags: int
    days: int
    """Days since it was first seen."""
    is_open: bool
    is_late: bool
    waived_until: date | None
    suggestion: Suggestion | None
    title: str
    """What is wrong, as the rulebook says it; the message where it does not know the rule."""
    instead: str
    silencing: Silencing | None
    is_asked_for: bool
    """Somebody asks for a waiver of it."""
    when: str
    """When it can be fixed: now, shim, provider or after."""
    fixable: str
    """The same in a few words."""
    claim: Claim | None
    """What its owner said of it last, where it is open or claimed."""

    @property
    def dag_count(self) -> int:
        """DAGs that it holds up, shown or not."""
        return self.finding.dag_count


def finding_rows(
    findings: Iterable[Finding], *, today: date, most_dags: int = _DAGS_SHOWN
) -> list[FindingRow]:
    """Findings as rows. Reads nothing but what ``live_waivers`` and ``claim_events`` prefetched."""
    return [_row(finding, today, most_dags) for finding in findings]


def _row(finding: Finding, today: date, most_dags: int) -> FindingRow:
    dags = tuple(finding.dag_ids.split("\n")) if finding.dag_ids else ()
    waivers = getattr(finding, "live_waivers", [])
    is_waived = finding.state == State.WAIVED and waivers
    active = finding.state in ACTIVE_STATES
    rule = rulebook().rules.get(finding.rule_id)
    suggestion = suggestion_from(finding.fix)
    own_when = suggestion.when if suggestion else ""
    when = own_when or when_of(finding.rule_id, finding.symbol, rulebook())
    return FindingRow(
        finding=finding,
        dags=dags[:most_dags],
        more_dags=max(0, len(dags) - most_dags),
        days=max(0, (today - timezone.localdate(finding.first_seen)).days),
        is_open=active,
        is_late=bool(active and finding.due and finding.due < today),
        waived_until=waivers[0].expires_on if is_waived else None,
        suggestion=suggestion,
        title=rule.title if rule else finding.message or finding.rule_id,
        instead=instead_of(finding.rule_id, finding.symbol, rulebook()),
        silencing=silencing_from(finding.extra),
        is_asked_for=getattr(finding, "is_asked_for", False),
        when=when,
        fixable=in_short(when, suggestion.needs if suggestion else ()),
        claim=claim_of(finding),
    )
