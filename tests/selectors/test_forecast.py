"""What the forecast is made from: events of the log by day, told once, in one query."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from planner.domain.finding import Category, Severity, State
from planner.domain.forecast_words import Answer, Forecast
from planner.models import Deployment, Event, Finding, Scan, Source
from planner.selectors.forecast import forecast_of
from planner.selectors.local_time import local_day
from planner.selectors.plan import ground_of, plan_from
from planner.services.ingest import apply_scan, receive_report, source_for
from tests import series
from tests.factories import make_findings, make_scan, make_source

NOW = datetime(2026, 11, 16, 18, tzinfo=UTC)
"""The afternoon of a Monday with a scan at noon."""
NOON = NOW.replace(hour=12)


def asked(deployment: Deployment, now: datetime = NOW) -> Forecast:
    today = local_day(deployment, now)
    ground = ground_of(deployment, today=today)
    return forecast_of(
        deployment, plan=plan_from(deployment, ground, today=today), ground=ground, now=now
    )


def weeks(
    deployment: Deployment, severity: Severity = Severity.ERROR
) -> list[tuple[int, int, int]]:
    found = asked(deployment).of(severity).weeks
    return [(week.open, week.arrived, week.closed) for week in found]


def mondays(source: Source, number: int, **fields: object) -> list[Scan]:
    """Scans at noon of the last Mondays, the oldest first."""
    return [
        make_scan(source, at=NOON - timedelta(weeks=ago), **fields)
        for ago in reversed(range(number))
    ]


def step(
    findings: Iterable[Finding], kind: str, state: State, at: datetime, scan: Scan | None = None
) -> None:
    rows = list(findings)
    Finding.objects.filter(pk__in=[row.pk for row in rows]).update(state=state)
    Event.objects.bulk_create(Event(finding=row, kind=kind, at=at, scan=scan) for row in rows)


@pytest.fixture
def source(deployment: Deployment) -> Source:
    return make_source(deployment, "dags")


def test_arrivals_and_closes_by_week_without_what_was_there_before(
    deployment: Deployment, source: Source
) -> None:
    scans = mondays(source, 5)
    there = make_findings(scans[0], 9)
    make_findings(scans[0], 4, severity=Severity.WARNING)
    step(there[:2], "fixed", State.FIXED, scans[1].created_at, scans[1])
    make_findings(scans[2], 3)
    step(there[2:3], "removed", State.REMOVED, scans[4].created_at, scans[4])
    step(there[:1], "reopened", State.OPEN, scans[4].created_at, scans[4])
    assert weeks(deployment) == [(7, 0, 2), (10, 3, 0), (10, 0, 0), (10, 1, 1)]
    assert weeks(deployment, Severity.WARNING) == [(4, 0, 0)] * 4


def test_a_waiver_closes_once_and_its_end_arrives(deployment: Deployment, source: Source) -> None:
    scans = mondays(source, 5)
    there = make_findings(scans[0], 6)
    step(there[:3], "waived", State.WAIVED, scans[1].created_at - timedelta(days=2))
    # Waived, then gone from the code: it was not open any more.
    step(there[:1], "fixed", State.FIXED, scans[2].created_at, scans[2])
    # Waived, back, then fixed: closed twice, arrived once.
    step(there[1:2], "waiver_ended", State.OPEN, scans[2].created_at, scans[2])
    step(there[1:2], "fixed", State.FIXED, scans[3].created_at, scans[3])
    assert weeks(deployment) == [(3, 0, 3), (4, 1, 0), (3, 0, 1), (3, 0, 0)]


def test_style_claims_and_what_was_waived_at_first_sight_do_not_count(
    deployment: Deployment, source: Source
) -> None:
    scans = mondays(source, 4)
    there = make_findings(scans[0], 5)
    step(there[:2], "waived", State.WAIVED, scans[0].created_at, scans[0])
    step(there[2:3], "claimed", State.CLAIMED, scans[2].created_at)
    make_findings(scans[1], 7, category=Category.STYLE)
    assert weeks(deployment) == [(3, 0, 0)] * 3


def test_a_source_that_is_added_later_brings_what_was_there(
    deployment: Deployment, source: Source
) -> None:
    scans = mondays(source, 4)
    make_findings(scans[0], 5)
    other = make_scan(make_source(deployment, "more"), at=NOON - timedelta(days=8))
    make_findings(other, 40)
    assert weeks(deployment) == [(5, 0, 0), (45, 0, 0), (45, 0, 0)]


def test_days_are_those_of_the_deployments_people(deployment: Deployment, source: Source) -> None:
    deployment.facts = {**deployment.facts, "time_zone": "America/Los_Angeles"}
    deployment.save()
    scans = mondays(source, 4)
    there = make_findings(scans[0], 5)
    # Tuesday 02:00 UTC is still Monday there, and so in the week that this Monday ends.
    at = NOON - timedelta(weeks=1) + timedelta(hours=14)
    step(there[:1], "waived", State.WAIVED, at)
    assert weeks(deployment) == [(5, 0, 0), (4, 0, 1), (4, 0, 0)]


@pytest.mark.parametrize(("number", "apart"), [(3, 7), (4, 1)])
def test_under_four_scans_or_three_weeks_it_says_so(
    deployment: Deployment, source: Source, number: int, apart: int
) -> None:
    for ago in reversed(range(number)):
        scan = make_scan(source, at=NOON - timedelta(days=apart * ago))
    make_findings(scan, 3)
    found = asked(deployment)
    assert not found.is_enough
    assert found.of(Severity.ERROR).answer is Answer.TOO_LITTLE
    assert "senior-engineer quarters" in found.effort


def test_an_identical_report_proves_a_quiet_week_and_a_failed_one_nothing(
    deployment: Deployment, source: Source
) -> None:
    make_findings(mondays(source, 3)[0], 3)
    make_scan(source, at=NOW + timedelta(weeks=1), state=Scan.State.FAILED)
    assert asked(deployment).scans == 3
    make_scan(source, at=NOW + timedelta(weeks=1), state=Scan.State.DUPLICATE)
    found = asked(deployment, NOW + timedelta(weeks=1, hours=1))
    assert (found.scans, found.weeks) == (4, 3)
    assert found.of(Severity.ERROR).futures is not None


def test_nothing_open_needs_no_future(deployment: Deployment, source: Source) -> None:
    scans = mondays(source, 4)
    step(make_findings(scans[0], 2), "fixed", State.FIXED, scans[1].created_at, scans[1])
    found = asked(deployment).of(Severity.ERROR)
    assert found.answer is Answer.DONE
    assert found.days == (None, None, None)


def test_what_was_open_each_week_is_what_its_scan_counted(deployment: Deployment) -> None:
    """A real repository, scanned every Monday: told from events, the weeks are what each scan has stored."""
    reports = series.reports_of(series.FOLDER / "openverse-catalog")
    for ago, report in zip(reversed(range(len(reports))), reports, strict=True):
        _ingest(deployment, report, NOON - timedelta(weeks=ago))
    totals = [
        scan.totals["by_severity"] for scan in Scan.objects.filter(state="done").order_by("pk")
    ]
    found = asked(deployment)
    assert len(totals) == found.scans == 14
    for severity in (Severity.ERROR, Severity.WARNING):
        open_by_week = [week.open for week in found.of(severity).weeks]
        assert open_by_week == [row.get(severity.value, 0) for row in totals[1:]]
    assert sum(week.closed for week in found.of(Severity.ERROR).weeks) > 15


def _ingest(deployment: Deployment, report: Path, at: datetime) -> None:
    scan = receive_report(
        source=source_for(deployment=deployment),
        stream=io.BytesIO(gzip.decompress(report.read_bytes())),
        file_name=report.name,
        options={"complete": True, "tool_version": "0.17.6", "confirm": True},
        cause="command",
        user=None,
        now=at,
    )
    apply_scan(scan_id=scan.pk, now=at)


@pytest.mark.parametrize("number", [100, 10_000])
def test_three_queries_and_as_many_rows_as_days_whatever_the_number_of_findings(
    deployment: Deployment, source: Source, number: int
) -> None:
    scans = mondays(source, 5)
    there = make_findings(scans[0], number)
    step(there[: number // 2], "fixed", State.FIXED, scans[2].created_at, scans[2])
    today = local_day(deployment, NOW)
    ground = ground_of(deployment, today=today)
    plan = plan_from(deployment, ground, today=today)
    with CaptureQueriesContext(connection) as queries:
        found = forecast_of(deployment, plan=plan, ground=ground, now=NOW)
    assert len(queries) == 3
    assert found.of(Severity.ERROR).weeks[1].closed == number // 2
