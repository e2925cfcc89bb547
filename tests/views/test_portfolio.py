"""The portfolio: every deployment one may see, on one page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from planner.models import Deployment
from planner.selectors.portfolio import PAGE
from tests.factories import (
    make_deployment,
    make_findings,
    make_mixed_findings,
    make_owner,
    make_scan,
    make_source,
)

COMPLETE = {"coverage": {"complete": True}}


@pytest.fixture
def now():
    return timezone.now()


def rows(answer):
    return {row.deployment.slug: row for row, _ in answer.context["rows"]}


def test_a_first_run_is_told_what_to_do(client_for, charlie, admin_user):
    answer = client_for(charlie).get("/")
    assert answer.status_code == 200
    assert "<h1>No deployment is open to you yet.</h1>" in answer.text
    assert "Add a deployment" not in answer.text
    assert "Add a deployment" in client_for(admin_user).get("/").text


def test_only_ones_own_deployments_are_there(client, client_for, alice, charlie, deployment):
    make_deployment("secret", name="Secret")
    assert "Secret" not in client_for(alice).get("/").text
    assert "Production" not in client_for(charlie).get("/").text
    assert client.get("/").url.startswith("/sign-in/")
    assert client_for(alice).post("/").status_code == 405


def test_a_row_has_verdict_counts_gate_age_and_owners(client_for, alice, deployment, now):
    deployment.plan_start = now.date() - timedelta(days=70)
    deployment.save()
    source = make_source(deployment)
    for weeks, errors in ((3, 9), (2, 6), (0, 4)):
        scan = make_scan(
            source,
            at=now - timedelta(weeks=weeks),
            totals={
                "by_severity": {"ERROR": errors},
                "dags": {"clean": 60, "warnings": 3, "blocked": 2, "known": 65},
            },
            **COMPLETE,
        )
    make_findings(scan, 3, owner=make_owner(deployment, "priya"))
    make_findings(scan, 1)
    answer = client_for(alice).get("/")
    row = rows(answer)["production"]
    assert (row.errors, row.warnings, row.owned_share) == (4, 0, 0.75)
    assert row.lines["ERROR"] == (9, 6, 4)
    assert row.late and row.next_gate[0].key == "A"
    assert "2 blocked" in answer.text and "75 %" in answer.text
    assert "3 warned, 60 clean, 335 not seen" in answer.text
    assert "ERROR week by week: 9, 6, 4" in answer.text
    assert "3.x imports not checked" in answer.text
    assert answer.context["headline"] == "Production: upgrade now."


def test_a_deployment_without_a_scan_and_one_without_facts(client_for, alice, deployment):
    broken = Deployment.objects.create(slug="broken", name="Broken", facts={})
    broken.memberships.create(user=alice, role="viewer")
    answer = client_for(alice).get("/")
    assert answer.status_code == 200
    assert "No scan yet." in answer.text and "Facts missing" in answer.text
    assert answer.context["headline"] == "1 of 2 deployments should move to Airflow 3 now."


def test_an_old_scan_is_marked(client_for, alice, deployment, now):
    make_scan(make_source(deployment), at=now - timedelta(days=16), **COMPLETE)
    assert '<span class="mark warning">16 days</span>' in client_for(alice).get("/").text


def test_too_many_for_a_page_are_paged_by_a_cursor(client_for, alice, deployment):
    many = [make_deployment(f"d{number:03}") for number in range(PAGE + 5)]
    for one in many:
        one.memberships.create(user=alice, role="viewer")
    first = client_for(alice).get("/")
    assert len(rows(first)) == PAGE
    assert first.context["headline"].endswith(f"There are {PAGE + 6} in all.")
    second = client_for(alice).get(f"/?after={first.context['portfolio'].after}")
    assert len(rows(second)) == 6 and not second.context["portfolio"].after
    assert not set(rows(first)) & set(rows(second))
    beyond = client_for(alice).get("/?after=zzz")
    assert "Nothing comes after that." in beyond.text


@pytest.mark.parametrize("number", [1, 20])
def test_the_number_of_queries_does_not_grow(
    client_for, alice, number, django_assert_max_num_queries, now
):
    for _ in range(number):
        one = make_deployment(plan_start=now.date())
        one.memberships.create(user=alice, role="viewer")
        scan = make_scan(make_source(one), at=now, **COMPLETE)
        make_mixed_findings(scan, 100, [make_owner(one, "a"), None])
    client = client_for(alice)
    with django_assert_max_num_queries(15):
        assert len(rows(client.get("/"))) >= number


def test_the_number_of_findings_does_not_matter_either(
    client_for, alice, deployment, django_assert_max_num_queries, now
):
    scan = make_scan(make_source(deployment), at=now, **COMPLETE)
    make_mixed_findings(scan, 10_000)
    client = client_for(alice)
    with django_assert_max_num_queries(15):
        assert rows(client.get("/"))["production"].errors == 2_000
