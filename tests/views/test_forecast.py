"""When will it be done? On the overview and on the plan."""

from datetime import timedelta

import pytest
from django.utils import timezone

from planner.domain.finding import Severity, State
from planner.models import Event, Finding
from tests.factories import make_findings, make_scan, make_source

PAGES = ("/d/production/", "/d/production/plan/")


@pytest.fixture
def burning(deployment):
    """Five weekly scans: twelve ERRORs at the first, two fewer each week, and one that arrived."""
    now = timezone.now()
    deployment.plan_start = now.date() - timedelta(days=28)
    deployment.save()
    source = make_source(deployment, "dags")
    for ago in reversed(range(5)):
        at = now - timedelta(weeks=ago, minutes=1)
        open_now = 12 - 2 * (4 - ago)
        totals = {"by_severity": {"ERROR": open_now, "WARNING": 0, "INFO": 0}, "by_category": {}}
        scan = make_scan(source, at=at, totals=totals, counts={"new": 1})
        if ago == 4:
            findings = make_findings(scan, 12)
            continue
        gone, findings = findings[:2], findings[2:]
        Finding.objects.filter(pk__in=[row.pk for row in gone]).update(state=State.FIXED)
        Event.objects.bulk_create(
            Event(finding=row, kind="fixed", at=at, scan=scan) for row in gone
        )
    return deployment


@pytest.mark.parametrize("page", PAGES)
def test_the_date_comes_with_its_odds_and_the_plans_date(client_for, erin, burning, page):
    answer = client_for(erin).get(page)
    panel = answer.context["panel"]
    assert "When will it be done?" in answer.text
    assert panel.sentences[0].startswith("0 ERROR by ")
    assert "(P50)" in panel.sentences[0] and "in 10 that 0 ERROR makes it." in panel.sentences[0]
    assert panel.sentences[1] == "No WARNING is open."
    assert panel.sentences[0] in answer.text
    assert "In the last 4 weeks 2 ERROR a week closed and 0 arrived." in answer.text
    assert "A week ago it would have said " in answer.text
    assert [row.outlook.severity for row in panel.rows] == [Severity.ERROR, Severity.WARNING]
    assert panel.rows[1].days == ("none open",) * 3


def test_the_same_page_twice_says_the_same(client_for, erin, burning):
    first, second = (client_for(erin).get(PAGES[0]).context["panel"] for _ in range(2))
    assert first.sentences == second.sentences


def test_the_overview_draws_the_cone_and_arrivals_apart_from_closes(client_for, erin, burning):
    answer = client_for(erin).get(PAGES[0])
    chart = answer.context["charts"]["errors"]
    assert {trace["meta"] for trace in chart.figure["data"]} == {"cone", "forecast", "ERROR"}
    assert "The forecast reaches zero by " in chart.description
    assert "(forecast)" in chart.table.rows[-1][0]
    flows = answer.context["panel"].flows[0]
    assert flows.title == "8 ERRORs closed and 0 arrived in 4 weeks"
    assert [row[1:] for row in flows.table.rows] == [
        ("0", "2", "10"),
        ("0", "2", "8"),
        ("0", "2", "6"),
        ("0", "2", "4"),
    ]


def test_the_plan_draws_the_cone_of_what_is_open(client_for, erin, burning):
    cones = client_for(erin).get(PAGES[1]).context["panel"].cones
    assert [cone.key for cone in cones] == ["burn-down-error"]
    past = [row[1] for row in cones[0].table.rows if row[2] == ""]
    assert past == ["12", "10", "8", "6", "4"]


@pytest.mark.parametrize("page", PAGES)
def test_one_scan_is_not_enough_and_the_effort_model_stands_in(client_for, erin, deployment, page):
    make_findings(make_scan(make_source(deployment), at=timezone.now()), 3)
    answer = client_for(erin).get(page)
    assert (
        "Not enough data for a date: there is 1 scan, and a date takes 4 scans over 3 weeks. "
        "Until then the effort model says between "
    ) in answer.text
    assert "simulated futures" not in answer.text


def test_another_start_has_other_odds(client_for, erin, burning):
    later = timezone.now().date() + timedelta(weeks=40)
    answer = client_for(erin).get(f"{PAGES[1]}?start={later}")
    assert "more than 19 in 20 that 0 ERROR makes it." in answer.text


def test_a_blackout_moves_the_cutover_of_plan_and_runbook(client_for, dana, burning):
    client = client_for(dana)
    before = client.get(PAGES[1]).context["plan"].cutover
    peak = f"{before[0]} to {before[1]} Peak season"
    client.post(
        "/d/production/settings/calendar/",
        {"time_zone": "UTC", "plan_start": burning.plan_start, "blackouts": peak},
    )
    answer = client.get(PAGES[1])
    after = answer.context["plan"].cutover
    assert after[0] >= before[0] + timedelta(weeks=1)
    assert "because nothing is cut over on: Peak season" in answer.text
    runbook = client.get("/d/production/runbook/")
    assert after[0].isoformat() in runbook.text
