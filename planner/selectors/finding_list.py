"""Everything that the page of findings shows, and one finding's page, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from urllib.parse import urlencode

from django.db.models import prefetch_related_objects

from planner.domain.fix_time import in_full
from planner.domain.rules import Rule
from planner.domain.suggestion import Suggestion
from planner.models import Deployment, Owner
from planner.rulebook.load import rulebook
from planner.selectors.claim import claim_events
from planner.selectors.finding import (
    FindingCounts,
    FindingDetail,
    Standing,
    finding_counts,
    finding_detail,
    sources_of,
    standing,
)
from planner.selectors.finding_filter import FindingFilter
from planner.selectors.finding_page import finding_page
from planner.selectors.finding_row import FindingRow, finding_rows
from planner.selectors.fix_pack import handed_out_whole
from planner.selectors.owner import owner_options
from planner.selectors.waiver import scope_of
from planner.selectors.work import is_planned

_DAGS_SHOWN = 20
"""DAGs that one finding's page names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rows of one rule and severity."""

    rule_id: str
    title: str
    severity: str
    instead: str
    count: int
    """Findings of the rule that match, on this page or not."""
    rows: list[FindingRow]
    is_known: bool
    continued: bool
    """The page before ended in this group."""


@dataclass(frozen=True, slots=True)
class FindingList:
    """The page of findings."""

    filters: FindingFilter
    standing: Standing
    counts: FindingCounts
    groups: list[RuleGroup]
    """By rule where the order is by severity, else one group without a name."""
    shown_here: int
    next: str
    is_first_page: bool
    bad_cursor: bool
    owners: list[Owner]
    sources: list[str]
    rules: list[tuple[str, str, int]]
    """(id, title, matching) of the rules to choose from."""

    @property
    def query(self) -> str:
        """The filter as a query string."""
        return urlencode(self.filters.pairs())

    @property
    def owner(self) -> Owner | None:
        """The owner that the list is narrowed to."""
        return next((owner for owner in self.owners if owner.key == self.filters.owner), None)


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding's page."""

    detail: FindingDetail
    row: FindingRow
    rule: Rule | None
    when: str
    """When it can be fixed, as a sentence."""
    is_after: bool
    """It can only be fixed after the flip."""
    suggestion: Suggestion | None
    owners: list[Owner]
    has_patch: bool
    """It is work to do, nobody silenced it, and its edit can be applied."""
    is_named: bool
    """A waiver that holds names it, so that it can be taken out of it."""
    no_file: str
    """Why its file is not given out whole, in a sentence, or nothing."""


def finding_list(
    deployment: Deployment, filters: FindingFilter, *, today: date, cursor: str = ""
) -> FindingList:
    """What the page of findings shows. Eight queries at most."""
    page = finding_page(deployment, filters, today=today, cursor=cursor)
    counts = finding_counts(deployment, filters, today=today)
    prefetch_related_objects(page.rows, claim_events())
    rows = finding_rows(page.rows, today=today)
    return FindingList(
        filters=filters,
        standing=standing(deployment, today=today),
        counts=counts,
        groups=_groups(rows, filters, counts, page.continues_rule),
        shown_here=len(rows),
        next=page.next,
        is_first_page=not cursor or page.bad_cursor,
        bad_cursor=page.bad_cursor,
        owners=owner_options(deployment),
        sources=sources_of(deployment),
        rules=_rules(counts, filters),
    )


def finding_view(deployment: Deployment, finding_id: int, *, today: date) -> FindingView | None:
    """One finding with its remedy; None where there is no such finding in the deployment."""
    detail = finding_detail(deployment, finding_id)
    if detail is None:
        return None
    finding = detail.finding
    live = [waiver for waiver in detail.waivers if waiver.ended_at is None]
    finding.live_waivers = live  # type: ignore[attr-defined]
    (row,) = finding_rows([finding], today=today, most_dags=_DAGS_SHOWN)
    return FindingView(
        detail=detail,
        row=row,
        rule=rulebook().rules.get(finding.rule_id),
        when=in_full(row.when, row.suggestion.needs if row.suggestion else ()),
        is_after=row.when == "after",
        suggestion=row.suggestion,
        owners=owner_options(deployment),
        has_patch=bool(
            row.suggestion and row.suggestion.diff and is_planned(finding) and not row.silencing
        ),
        is_named=any(scope_of(waiver).names_findings for waiver in live),
        no_file=handed_out_whole(finding.source.kind, finding.path),
    )


def _groups(
    rows: list[FindingRow], filters: FindingFilter, counts: FindingCounts, continues: bool
) -> list[RuleGroup]:
    if filters.sort != "severity":
        return [RuleGroup("", "", "", "", counts.shown, rows, True, False)] if rows else []
    parts = groupby(rows, key=lambda row: (row.finding.severity, row.finding.rule_id))
    groups = [_group(rule_id, severity, list(part), counts) for (severity, rule_id), part in parts]
    if groups and continues:
        groups[0] = replace(groups[0], continued=True)
    return groups


def _group(rule_id: str, severity: str, rows: list[FindingRow], counts: FindingCounts) -> RuleGroup:
    rule = rulebook().rules.get(rule_id)
    return RuleGroup(
        rule_id=rule_id,
        title=rule.title if rule else rule_id,
        severity=severity,
        instead=rule.instead if rule else "",
        count=counts.by_rule_and_severity.get((rule_id, severity), len(rows)),
        rows=rows,
        is_known=rule is not None,
        continued=False,
    )


def _rules(counts: FindingCounts, filters: FindingFilter) -> list[tuple[str, str, int]]:
    found = dict(counts.by_rule)
    if filters.rule:
        found.setdefault(filters.rule, 0)
    known = rulebook().rules
    titles = {rule_id: known[rule_id].title if rule_id in known else rule_id for rule_id in found}
    return [(rule_id, titles[rule_id], found[rule_id]) for rule_id in sorted(found)]
