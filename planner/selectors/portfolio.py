"""Every deployment that a person may see, a page at a time, with the same queries for one as for many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Max
from django.db.models.functions import TruncWeek

from planner.domain.decision import Decision, Verdict
from planner.domain.facts import DeploymentFacts, FactErrors
from planner.domain.finding import Severity
from planner.domain.freshness import age_in_days
from planner.domain.measure import Sight
from planner.domain.numbers import plural
from planner.domain.overview import next_gate
from planner.domain.plan import Gate, Phase, Plan
from planner.domain.tally import Counts
from planner.models import Deployment, Scan
from planner.selectors.access import deployments_of
from planner.selectors.checks import Check, checks_by_deployment
from planner.selectors.deployment import facts_of
from planner.selectors.local_time import local_day
from planner.selectors.overview import decision_from_ground, history_frame
from planner.selectors.plan import PlanGround, grounds_of, plan_from

PAGE = 25
WEEKS = 26
"""How far back the small lines go."""
STALE = timedelta(days=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioRow:
    deployment: Deployment
    facts: DeploymentFacts | None
    """None where the stored facts cannot be read; the row then asks for them."""
    decision: Decision | None
    plan: Plan | None
    counts: Counts
    """Open findings without style."""
    sight: Sight
    unchecked: tuple[str, ...]
    """Kinds of check it has not had yet."""
    today: date
    lines: Mapping[str, tuple[int, ...]]
    """Open findings by severity, week by week."""
    dags: Mapping[str, int]

    @property
    def errors(self) -> int:
        return self.counts.of(Severity.ERROR).number

    @property
    def warnings(self) -> int:
        return self.counts.of(Severity.WARNING).number

    @property
    def infos(self) -> int:
        return self.counts.of(Severity.INFO).number

    @property
    def dags_not_seen(self) -> int:
        """How many DAGs the facts name beyond those that scans and inventories have shown."""
        known = self.dags.get("known", 0)
        return max(0, self.facts.dag_count - known) if self.facts and known else 0

    @property
    def owned_share(self) -> float | None:
        return self.counts.owned / self.counts.number if self.counts.number else None

    @property
    def next_gate(self) -> tuple[Phase, Gate] | None:
        return next_gate(self.plan) if self.plan and not self.plan.proposed else None

    @property
    def verdict(self) -> str:
        """The published verdict; what is missing where there is none."""
        return self.decision.verdict.value if self.decision else "its facts are missing"

    @property
    def late(self) -> bool:
        return bool(self.plan and not self.plan.proposed and self.plan.slip_days)

    @property
    def scan_age(self) -> str:
        """'today', '9 days'; empty where nothing has been scanned."""
        seen = self.sight.scanned_at
        return age_in_days(seen, self.today) if seen else ""

    @property
    def stale(self) -> bool:
        seen = self.sight.scanned_at
        return seen is not None and self.today - seen > STALE


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    rows: tuple[PortfolioRow, ...]
    total: int
    after: str
    """Cursor of the next page; empty on the last."""
    first: bool


def portfolio_of(user: User, *, now: datetime, after: str = "") -> Portfolio:
    """One page of the deployments that a person may see, by slug. Eight queries, however many they are."""
    visible = deployments_of(user)
    total = visible.count()
    page = visible.order_by("slug")
    if after:
        page = page.filter(slug__gt=after)
    found = list(page[: PAGE + 1])
    shown = found[:PAGE]
    return Portfolio(
        rows=_rows(shown, now),
        total=total,
        after=shown[-1].slug if len(found) > PAGE else "",
        first=not after,
    )


def _rows(deployments: Sequence[Deployment], now: datetime) -> tuple[PortfolioRow, ...]:
    if not deployments:
        return ()
    grounds = grounds_of(deployments, today=now.date())
    histories = _histories(deployments, now)
    checks = checks_by_deployment(deployments)
    return tuple(
        _row(
            deployment, grounds[deployment.pk], histories[deployment.pk], checks[deployment.pk], now
        )
        for deployment in deployments
    )


def _row(
    deployment: Deployment,
    ground: PlanGround,
    history: Sequence[tuple[date, Mapping[str, Any]]],
    checks: Sequence[Check],
    now: datetime,
) -> PortfolioRow:
    today = local_day(deployment, now)
    try:
        facts = facts_of(deployment)
    except FactErrors:
        # Facts that an older version stored must not take everyone's first page away.
        facts = None
    frame = history_frame(history)
    return PortfolioRow(
        deployment=deployment,
        facts=facts,
        decision=decision_from_ground(deployment, ground, today=today) if facts else None,
        plan=plan_from(deployment, ground, today=today) if facts else None,
        counts=ground.counts.planned.active,
        sight=ground.sight,
        unchecked=tuple(check.label for check in checks if not check.done),
        today=today,
        lines={severity: tuple(int(n) for n in frame[severity]) for severity in frame.columns},
        dags=history[-1][1].get("dags", {}) if history else {},
    )


def _histories(
    deployments: Sequence[Deployment], now: datetime
) -> dict[int, list[tuple[date, Mapping[str, Any]]]]:
    """The last applied scan of each week, oldest first. One query."""
    ids = [deployment.pk for deployment in deployments]
    applied = Scan.objects.filter(deployment_id__in=ids, state=Scan.State.DONE)
    newest = (
        applied.filter(finished_at__gt=now - timedelta(weeks=WEEKS))
        .order_by()
        .annotate(week=TruncWeek("finished_at"))
        .values("deployment_id", "week")
        .annotate(last=Max("pk"))
        .values("last")
    )
    found: dict[int, list[tuple[date, Mapping[str, Any]]]] = defaultdict(list)
    rows = applied.filter(pk__in=newest).order_by("pk")
    for pk, at, totals in rows.values_list("deployment_id", "finished_at", "totals"):
        if at:
            found[pk].append((at.date(), totals))
    return {pk: found[pk] for pk in ids}


def portfolio_headline(rows: Sequence[PortfolioRow], total: int) -> str:
    """The page in one sentence. Where not all deployments are on it, it speaks of those that are."""
    if not total:
        return "No deployment yet."
    now = sum(row.decision is not None and row.decision.verdict is Verdict.NOW for row in rows)
    late = sum(row.late for row in rows)
    whole = total == len(rows)
    of_all = plural(total, "deployment") if whole else f"the {len(rows)} deployments on this page"
    moving = f"{now} of {of_all} should move to Airflow 3 now."
    if total == 1:
        moving = f"{rows[0].deployment.name}: {rows[0].verdict}."
    behind = f" {late} {'is' if late == 1 else 'are'} running late." if late and total > 1 else ""
    shown = "" if whole else f" There are {total:,} in all."
    return f"{moving}{behind}{shown}"
