"""The overview: the verdict, and what stands between the deployment and its next gate."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from planner.domain.finding import Category, Severity, State
from planner.models import Finding
from planner.selectors.overview import history_frame
from tests.factories import (
    make_findings,
    make_mixed_findings,
    make_owner,
    make_scan,
    make_source,
)

URL = "/d/production/"
DAGS = {"clean": 40, "warnings": 20, "blocked": 5, "known": 65}


def totals(errors, warnings=0, infos=0, style=0, dags=None):
    return {
        "by_severity": {"ERROR": errors, "WARNING": warnings, "INFO": infos + style},
        "by_category": {"style": style},
        "dags": dags or {},
    }


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def running(deployment, now):
    """A plan in its first week, and two complete scans of which CI sent the newer."""
    deployment.plan_start = now.date()
    deployment.save()
    source = make_source(deployment, "airflow-dags")
    counts = {"new": 1, "fixed": 3, "regressed": 2, "moved": 4, "removed": 5, "unchanged": 6}
    make_scan(
        source, at=now - timedelta(days=8), counts={"new": 9}, totals=totals(9, 4, 1, style=2)
    )
    return make_scan(
        source,
        at=now - timedelta(days=1),
        cause="api",
        coverage={"complete": True},
        counts=counts,
        totals=totals(7, 3, 1, style=2, dags=DAGS),
    )


def test_the_answer_is_the_verdict_and_what_stands_before_the_next_gate(
    client_for, erin, deployment, running
):
    make_findings(running, 7)
    answer = client_for(erin).get(URL)
    assert answer.status_code == 200
    headline = answer.context["headline"]
    assert headline.startswith("Upgrade now. Gate A, due ")
    assert headline.endswith(
        ", waits for an owner and a date for every ERROR. 7 ERRORs are to be fixed before the cutover."
    )


def test_errors_stand_before_the_gate_that_asks_for_none(client_for, erin, deployment, running):
    owner = make_owner(deployment, "priya", name="Priya Nair")
    make_findings(running, 1, owner=owner, due=timezone.now().date())
    deployment.plan_start = timezone.now().date() - timedelta(days=21)
    deployment.save()
    deployment.facts = {**deployment.facts, "current_version": "2.11.2"}
    deployment.save()
    answer = client_for(erin).get(URL)
    assert "1 ERROR stands between you and gate B, due " in answer.context["headline"]
    deployment.plan_start = timezone.now().date() - timedelta(days=70)
    deployment.save()
    headline = client_for(erin).get(URL).context["headline"]
    assert re.search(r"1 ERROR stands between you and gate B, \d+ days late\.$", headline)


def test_without_a_start_a_gate_waits_for_what_it_wants(client_for, erin, deployment, running):
    deployment.plan_start = None
    deployment.save()
    headline = client_for(erin).get(URL).context["headline"]
    assert headline == "Upgrade now. Gate B waits for production on 2.11. No ERROR is open."


def test_without_any_scan_it_says_that_nobody_knows(client_for, erin, deployment):
    answer = client_for(erin).get(URL)
    assert "Nothing has been scanned yet, so nobody knows what stands in the way." in answer.text
    assert "No code scan yet" in answer.text
    assert "plotly" not in answer.text
    assert 'class="count"' not in answer.text
    assert "findings open, by rule" not in answer.text


def test_the_first_scan_and_an_import_check_alone(client_for, erin, deployment, now):
    make_scan(make_source(deployment), tool="import-check", at=now, counts={"new": 0})
    assert "No code scan yet" in client_for(erin).get(URL).text


def test_the_last_scans_difference_and_the_dags(client_for, erin, running):
    text = client_for(erin).get(URL).text
    assert "Since the scan of " in text
    for number in (3, 1, 2, 4):
        assert f"<dd>{number}</dd>" in text
    assert "6 unchanged, 5 gone with their file or DAG, from airflow-dags." in text
    assert "5 of 65 DAGs are blocked" in text
    assert "65 known of 400 by the facts" in text
    assert "<dt>Not seen, of 400 by the facts</dt><dd>335</dd>" in text


def test_counts_by_rule_and_owner_leave_out_style_and_waived(client_for, erin, deployment, running):
    priya = make_owner(deployment, "priya", name="Priya <Nair>")
    make_findings(running, 3, owner=priya, due=timezone.now().date() - timedelta(days=1))
    make_findings(running, 2)
    make_findings(running, 4, state=State.FIXED)
    make_findings(running, 5, state=State.WAIVED)
    make_findings(running, 6, severity=Severity.INFO, category=Category.STYLE, rule_id="AIR001")
    answer = client_for(erin).get(URL)
    overview = answer.context["overview"]
    assert [(row.rule_id, row.open, row.closed, row.ever) for row in overview.rules] == [
        ("AIR301", 5, 4, 14)
    ]
    assert [(row.name, row.errors, row.late) for row in overview.owners] == [("Priya <Nair>", 3, 3)]
    assert overview.unowned.open == 2
    assert "Priya &lt;Nair&gt;" in answer.text and "Priya <Nair>" not in answer.text
    assert "3 of 5 findings have an owner" in answer.text
    assert "6 style findings are counted apart." in answer.text
    assert 'Findings <span class="count">5</span>' in answer.text


def test_the_burn_down_is_the_history_that_scans_stored_and_ends_today(
    client_for, erin, deployment, running
):
    make_findings(running, 5)
    answer = client_for(erin).get(URL)
    chart = answer.context["charts"]["errors"]
    assert [int(row[1]) for row in chart.table.rows] == [9, 7, 5]
    assert [int(row[1]) for row in answer.context["charts"]["infos"].table.rows] == [1, 1, 0]
    assert 'type="application/json"' in answer.text


def test_one_point_a_day_and_days_without_totals_are_left_out():
    day = datetime(2026, 10, 19, tzinfo=UTC).date()
    frame = history_frame([(day, totals(3)), (day, totals(2)), (day + timedelta(days=1), {})])
    assert frame.to_dict("index") == {day: {"ERROR": 2, "WARNING": 0, "INFO": 0}}
    assert history_frame([]).empty


def test_who_may_see_it(client, client_for, charlie, erin, deployment):
    assert client.get(URL).url.startswith("/sign-in/")
    assert client_for(charlie).get(URL).status_code == 404
    assert client_for(erin).post(URL).status_code == 405


@pytest.mark.parametrize("number", [100, 10_000])
def test_the_number_of_queries_does_not_grow(
    client_for, erin, deployment, running, number, django_assert_max_num_queries
):
    owners = [make_owner(deployment, f"owner{at}") for at in range(20)]
    make_mixed_findings(running, number, [*owners, None])
    client = client_for(erin)
    with django_assert_max_num_queries(16):
        answer = client.get(URL)
    assert answer.status_code == 200
    assert Finding.objects.count() == number
    assert answer.context["overview"].more_owners == 12
