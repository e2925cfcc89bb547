"""What the forecast of a deployment is made from: its scans, and what arrived and closed by day.

Both are told by the event log, in today's severities, so that a finding that was rated anew counts as if it had
always been so. The rows read are one for each day, severity and kind of event, whatever the number of findings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Case, Count, F, Min, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import TruncDate

from planner.domain.finding import Category, Severity
from planner.domain.forecast import (
    WEEK,
    Moved,
    Week,
    look_back,
    pace_from,
    said_before,
    simulate,
    weeks_from,
)
from planner.domain.forecast_words import Aim, Forecast, Outlook
from planner.domain.lifecycle import Kind
from planner.domain.plan import Plan
from planner.domain.tally import Counts
from planner.models import Deployment, Event, Scan
from planner.rulebook.load import rulebook
from planner.selectors.checks import CODE_CHECKERS
from planner.selectors.local_time import local_day, zone_of
from planner.selectors.overview import decision_from_ground
from planner.selectors.plan import PlanGround

FORECAST_OF = (Severity.ERROR, Severity.WARNING)
WEEKS_AGO = 3
ARRIVING = (Kind.OPENED, Kind.REOPENED, Kind.WAIVER_ENDED)
CLOSING = (Kind.FIXED, Kind.REMOVED, Kind.WAIVED)
"""What takes a finding out of the open ones. A waiver does too, and its end brings it back."""
PROVING = (Kind.FIXED, Kind.REMOVED)
APPLIED = (Scan.State.DONE, Scan.State.DUPLICATE)
_GATE = {Severity.ERROR: "errors", Severity.WARNING: "warnings"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """The scans of the code: on how many days, the first and the last of them."""

    days: int
    first: date
    last: date
    began: datetime
    """When the first of them was applied."""

    @property
    def weeks(self) -> int:
        return round((self.last - self.first).days / WEEK)


def forecast_of(
    deployment: Deployment, *, plan: Plan, ground: PlanGround, now: datetime
) -> Forecast:
    """When 0 ERROR and 0 WARNING are reached, and whether the plan's dates hold. Three queries."""
    today = local_day(deployment, now)
    needs = rulebook().forecast["data"]
    scanned = _scanned(deployment)
    weeks_of = _weeks_of(deployment, scanned, ground.counts) if scanned else {}
    outlook = partial(_outlook, counts=ground.counts, plan=plan, today=today)
    return Forecast(
        scans=scanned.days if scanned else 0,
        weeks=scanned.weeks if scanned else 0,
        least_scans=needs["least_scans"],
        least_weeks=needs["least_weeks"],
        outlooks=tuple(outlook(severity, weeks_of.get(severity, ())) for severity in FORECAST_OF),
        effort=decision_from_ground(deployment, ground, today=today).effort.sentence,
    )


def _weeks_of(
    deployment: Deployment, scanned: Scanned, counts: Counts
) -> dict[Severity, tuple[Week, ...]]:
    """The weeks of each severity; none where they are too few to tell a date from. Two queries at most."""
    needs = rulebook().forecast["data"]
    if scanned.days < needs["least_scans"] or scanned.weeks < needs["least_weeks"]:
        return {}
    moves = list(_moves(deployment, scanned, needs["most_weeks"]))
    return {
        severity: weeks_from(
            (move for move in moves if move.severity is severity),
            first=scanned.first,
            last=scanned.last,
            open_now=_open(counts, severity),
            most=needs["most_weeks"],
        )
        for severity in FORECAST_OF
    }


def _open(counts: Counts, severity: Severity) -> int:
    return counts.planned.active.of(severity).number


def _outlook(
    severity: Severity, weeks: tuple[Week, ...], *, counts: Counts, plan: Plan, today: date
) -> Outlook:
    pace, least = pace_from(rulebook().forecast), rulebook().forecast["data"]["least_weeks"]
    open_now = _open(counts, severity)
    can_tell = bool(weeks) and open_now > 0
    return Outlook(
        severity=severity,
        today=today,
        open=open_now,
        weeks=weeks,
        futures=simulate(weeks, open_now=open_now, start=today, pace=pace) if can_tell else None,
        aim=_aim(plan, severity),
        said=said_before(weeks, weeks_ago=WEEKS_AGO, least=least, pace=pace) if can_tell else None,
        checks=look_back(weeks, least=least, pace=pace) if can_tell else (),
    )


def _aim(plan: Plan, severity: Severity) -> Aim | None:
    """The first phase of the plan whose gate wants none of that severity."""
    for phase in plan.phases:
        gates = [gate for gate in phase.gates if gate.measure == _GATE[severity]]
        if gates:
            return Aim(key=phase.key, by=phase.end, proposed=plan.proposed, passed=phase.passed)
    return None


# --- What happened ---------------------------------------------------------------------------------------


def _scanned(deployment: Deployment) -> Scanned | None:
    """Which days had an applied scan of the code, identical ones included: they prove a quiet week. One query."""
    days = dict(
        Scan.objects.filter(deployment=deployment, state__in=APPLIED, tool__in=CODE_CHECKERS)
        .exclude(finished_at=None)
        .order_by()
        .annotate(day=TruncDate("finished_at", tzinfo=zone_of(deployment)))
        .values("day")
        .annotate(at=Min("finished_at"))
        .values_list("day", "at")
    )
    if not days:
        return None
    first, last = min(days), max(days)
    return Scanned(days=len(days), first=first, last=last, began=days[first])


def _moves(deployment: Deployment, scanned: Scanned, most_weeks: int) -> Iterable[Moved]:
    """What arrived and closed by day and severity, style left out. Two queries."""
    # A plain comparison: it leaves out all that the first scan found, mostly the most of the log.
    oldest = scanned.began + (scanned.last - scanned.first) - timedelta(weeks=most_weeks, days=1)
    events = Event.objects.filter(
        finding__deployment=deployment,
        finding__severity__in=FORECAST_OF,
        kind__in=(*ARRIVING, *CLOSING),
        at__gt=max(scanned.began, oldest),
    ).exclude(finding__category=Category.STYLE)
    for row in _by_day(deployment, events):
        yield _moved(row, 1 if row["kind"] in ARRIVING else -1, scanned)
    # They closed when they were waived, so what the scan says of them is taken back.
    for row in _by_day(deployment, _proved_while_waived(deployment, events)):
        yield _moved(row, -1, scanned, times=-1)


def _by_day(deployment: Deployment, events: QuerySet[Event]) -> list[dict[str, Any]]:
    rows = (
        events.annotate(
            day=TruncDate("at", tzinfo=zone_of(deployment)),
            severity=F("finding__severity"),
            baseline=Case(When(_by_first_scan(deployment), then=Value(True)), default=Value(False)),
        )
        .values("day", "severity", "kind", "baseline")
        .annotate(number=Count("pk"))
        .order_by()
    )
    return [dict(row) for row in rows]


def _moved(row: dict[str, Any], sign: int, scanned: Scanned, *, times: int = 1) -> Moved:
    number = times * row["number"]
    day, severity = row["day"], Severity(row["severity"])
    if row["baseline"]:
        return Moved(
            day=day, severity=severity, baseline=sign * number if day > scanned.first else 0
        )
    return Moved(
        day=day,
        severity=severity,
        arrived=number if sign > 0 else 0,
        closed=number if sign < 0 else 0,
    )


def _proved_while_waived(deployment: Deployment, events: QuerySet[Event]) -> QuerySet[Event]:
    """Those that a scan proved gone while they were waived, and so not open any more."""
    ever = Event.objects.filter(kind=Kind.WAIVED, finding__deployment=deployment)
    before = (
        Event.objects.filter(
            finding=OuterRef("finding"), pk__lt=OuterRef("pk"), kind__in=(*ARRIVING, *CLOSING)
        )
        .order_by("-pk")
        .values("kind")[:1]
    )
    return (
        events.filter(kind__in=PROVING, finding__in=ever.values("finding"))
        .alias(before=Subquery(before))
        .filter(before=Kind.WAIVED)
    )


def _by_first_scan(deployment: Deployment) -> Q:
    """Told by the first scan of a source by that tool: it was there before, nobody had looked."""
    first = (
        Scan.objects.filter(deployment=deployment, state=Scan.State.DONE)
        .order_by()
        .values("source", "tool")
        .annotate(first=Min("pk"))
        .values("first")
    )
    return Q(scan__in=first)
