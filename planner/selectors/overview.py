"""What the overview of one deployment shows, from aggregates and the counts that scans have stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from django.db.models import Max
from django.db.models.functions import TruncDate

from planner.domain.decision import Decision, decide
from planner.domain.effort import RuleWork, Workload
from planner.domain.finding import LIVE_STATES, Severity
from planner.domain.plan import Plan
from planner.domain.tally import Counts, Tally
from planner.models import DecisionRecord, Deployment, Scan
from planner.rulebook.load import rulebook
from planner.selectors.deployment import facts_of
from planner.selectors.local_time import local_day, zone_of
from planner.selectors.plan import PlanGround, ground_of, plan_from
from planner.selectors.waiver import WaiverNotes, waiver_notes

HISTORY_DAYS = 370
"""How many days with a scan a burn-down goes back."""
RULES_SHOWN = 10
OWNERS_SHOWN = 8
SEVERITIES = tuple(severity.value for severity in Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One rule with findings: how many are open, and how many of all ever seen are closed."""

    rule_id: str
    title: str
    severity: Severity
    category: str
    open: int
    closed: int
    ever: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerRow:
    key: str
    name: str
    errors: int
    open: int
    soon: int
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LastScan:
    """The newest applied code scan, and what it changed."""

    public_id: str
    source: str
    at: datetime
    new: int
    fixed: int
    removed: int
    regressed: int
    moved: int
    unchanged: int
    before_at: datetime | None
    """When the scan before it of the same source was applied."""
    dags: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    dag_count: int
    """By the facts."""
    decision: Decision
    record: DecisionRecord | None
    plan: Plan
    ground: PlanGround
    history: pd.DataFrame
    """A row for each day with a scan, a column per severity: what was open after that day's last scan."""
    last_scan: LastScan | None
    waivers: WaiverNotes
    rules: tuple[RuleRow, ...]
    more_rules: int
    owners: tuple[OwnerRow, ...]
    more_owners: int

    @property
    def active(self) -> Counts:
        return self.ground.counts.planned.active

    @property
    def dags_not_seen(self) -> int:
        """How many DAGs the facts name beyond those that scans and inventories have shown."""
        known = self.last_scan.dags.get("known", 0) if self.last_scan else 0
        return max(0, self.dag_count - known) if known else 0

    @property
    def style(self) -> int:
        """Open style findings, which every other count leaves out."""
        return self.ground.counts.active.number - self.active.number

    @property
    def all_errors(self) -> int:
        return self.active.of(Severity.ERROR).number

    @property
    def waived_errors(self) -> int:
        """ERRORs that are set aside, which are neither open nor fixed."""
        return self.ground.counts.planned.of(Severity.ERROR).waived

    @property
    def waiting(self) -> int:
        """Findings of owners who take none any more."""
        counts = self.ground.counts
        return counts.where(lambda row: not row.owner_active and row.state in LIVE_STATES).number

    @property
    def unowned(self) -> OwnerRow:
        """What nobody owns."""
        return _owner_row(self.active.where(lambda row: not row.owner_key))


def overview_of(deployment: Deployment, *, now: datetime) -> Overview:
    """Everything on the overview. Ten queries, whatever the number of findings."""
    today = local_day(deployment, now)
    ground = ground_of(deployment, today=today)
    counts = ground.counts.planned
    rules = _rules(counts)
    owners = _owners(counts)
    return Overview(
        dag_count=facts_of(deployment).dag_count,
        decision=decision_from_ground(deployment, ground, today=today),
        record=deployment.decisions.select_related("author").first(),
        plan=plan_from(deployment, ground, today=today),
        ground=ground,
        history=_with_today(_history(deployment), counts, today),
        last_scan=_last_scan(deployment),
        waivers=waiver_notes(deployment, today=today),
        rules=tuple(rules[:RULES_SHOWN]),
        more_rules=max(0, len(rules) - RULES_SHOWN),
        owners=tuple(owners[:OWNERS_SHOWN]),
        more_owners=max(0, len(owners) - OWNERS_SHOWN),
    )


def decision_from_ground(deployment: Deployment, ground: PlanGround, *, today: date) -> Decision:
    """Today's decision from what has been read already; no query."""
    return decide(
        facts_of(deployment),
        rulebook(),
        today=today,
        last_ci_check=ground.sight.ci_at,
        workload=_workload(ground) if ground.sight.scanned_at else None,
    )


def _workload(ground: PlanGround) -> Workload:
    found = ground.counts.planned.active.by(lambda row: f"{row.rule_id}\n{row.severity}")
    return Workload(
        rules=tuple(
            RuleWork(
                rule_id=counts.rows[0].rule_id,
                severity=counts.rows[0].severity,
                count=counts.number,
                minutes=counts.minutes,
            )
            for _, counts in found
        ),
        closed_per_week=None,
    )


# --- Rules and owners ------------------------------------------------------------------------------------


def _rules(counts: Counts) -> list[RuleRow]:
    """One row per rule and severity, the worst and most first."""
    found = [_rule(group) for _, group in counts.by(lambda row: f"{row.rule_id}\n{row.severity}")]
    order = list(Severity)
    return sorted(found, key=lambda row: (order.index(row.severity), -row.open, row.rule_id))


def _rule(counts: Counts) -> RuleRow:
    first: Tally = counts.rows[0]
    rule = rulebook().rules.get(first.rule_id)
    return RuleRow(
        rule_id=first.rule_id,
        title=rule.title if rule else "Unclassified: the rulebook does not know this rule",
        severity=first.severity,
        category=first.category.value,
        open=counts.active.number,
        closed=counts.closed,
        ever=counts.number,
    )


def _owners(counts: Counts) -> list[OwnerRow]:
    """One row per owner with open findings, most ERRORs first."""
    named = counts.active.where(lambda row: bool(row.owner_key))
    rows = [_owner_row(group) for _, group in named.by(lambda row: row.owner_key)]
    return sorted(rows, key=lambda row: (-row.errors, -row.open, row.name))


def _owner_row(counts: Counts) -> OwnerRow:
    first = next(iter(counts), None)
    return OwnerRow(
        key=first.owner_key if first else "",
        name=first.owner if first else "",
        errors=counts.of(Severity.ERROR).number,
        open=counts.number,
        soon=counts.soon,
        late=counts.late,
    )


# --- Scans -----------------------------------------------------------------------------------------------


def _history(deployment: Deployment) -> pd.DataFrame:
    """What was open after the last applied scan of each day. One query."""
    zone = zone_of(deployment)
    applied = Scan.objects.filter(deployment=deployment, state=Scan.State.DONE)
    newest = (
        applied.order_by()
        .annotate(day=TruncDate("finished_at", tzinfo=zone))
        .values("day")
        .annotate(last=Max("pk"))
        .order_by("-day")
        .values("last")[:HISTORY_DAYS]
    )
    rows = applied.filter(pk__in=newest).order_by("pk").values_list("finished_at", "totals")
    return history_frame((at.astimezone(zone).date(), totals) for at, totals in rows if at)


def history_frame(rows: Iterable[tuple[date, Mapping[str, Any]]]) -> pd.DataFrame:
    """A row per day and a column per severity, style left out; days without stored totals are skipped."""
    days = {day: _open_by_severity(totals) for day, totals in rows if "by_severity" in totals}
    frame = pd.DataFrame.from_dict(days, orient="index", columns=list(SEVERITIES), dtype="int64")
    return frame.sort_index()


def _open_by_severity(totals: Mapping[str, Any]) -> list[int]:
    style = totals.get("by_category", {}).get("style", 0)
    found = {severity: totals["by_severity"].get(severity, 0) for severity in SEVERITIES}
    found[Severity.INFO.value] = max(0, found[Severity.INFO.value] - style)
    return [found[severity] for severity in SEVERITIES]


def _with_today(history: pd.DataFrame, counts: Counts, today: date) -> pd.DataFrame:
    """The counts of this moment as the last row, where waivers or claims have moved them since the scan."""
    if history.empty:
        return history
    now = [counts.of(severity).active.number for severity in Severity]
    if list(history.iloc[-1]) != now and today > history.index[-1]:
        history.loc[today] = now
    return history


def _last_scan(deployment: Deployment) -> LastScan | None:
    """The newest applied scan and the one before it of the same source. One query."""
    rows = list(
        Scan.objects.filter(deployment=deployment, state=Scan.State.DONE)
        .exclude(counts={})
        .select_related("source")
        .only("public_id", "finished_at", "counts", "totals", "source__name")
        .order_by("-finished_at", "-pk")[:10]
    )
    if not rows:
        return None
    newest = rows[0]
    before = next((scan for scan in rows[1:] if scan.source_id == newest.source_id), None)
    counts = newest.counts
    return LastScan(
        public_id=str(newest.public_id),
        source=newest.source.name,
        at=newest.finished_at or newest.created_at,
        **{
            key: counts.get(key, 0)
            for key in ("new", "fixed", "removed", "regressed", "moved", "unchanged")
        },
        before_at=before.finished_at if before else None,
        dags=newest.totals.get("dags", {}),
    )
