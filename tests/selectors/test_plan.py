"""What a plan is told of scans, signatures and days off."""

from datetime import UTC, date, datetime, timedelta

import pytest

from planner.domain.measure import GateState, Sight
from planner.models import GateSignature, Scan
from planner.selectors.local_time import local_day
from planner.selectors.plan import calendar_of, ground_of, plan_of, sights_of
from tests.factories import (
    NOW,
    TODAY,
    make_deployment,
    make_finding,
    make_findings,
    make_scan,
    make_source,
    make_user,
)

pytestmark = pytest.mark.django_db
COMPLETE = {"coverage": {"complete": True}}


def sight(deployment):
    return sights_of([deployment])[deployment.pk]


def test_nothing_scanned():
    deployment = make_deployment()
    assert sight(deployment) == Sight()
    make_source(deployment, "dags", kind="git")
    assert sight(deployment) == Sight(sources=1, missing=("dags",))


def test_a_complete_scan_counts_and_a_partial_one_does_not():
    deployment = make_deployment()
    dags, jobs = make_source(deployment, "dags"), make_source(deployment, "jobs")
    make_scan(dags, at=NOW - timedelta(days=9), **COMPLETE)
    make_scan(dags, at=NOW - timedelta(days=1), coverage={"complete": False})
    make_scan(jobs, at=NOW - timedelta(days=2))
    assert sight(deployment) == Sight(
        sources=2,
        missing=("jobs",),
        complete_at=TODAY - timedelta(days=9),
        scanned_at=TODAY - timedelta(days=1),
    )
    make_scan(jobs, at=NOW, **COMPLETE)
    seen = sight(deployment)
    assert seen.complete and seen.complete_at == TODAY - timedelta(days=9)


def test_an_empty_letter_box_is_no_code_that_nobody_scanned():
    deployment = make_deployment()
    make_source(deployment, "uploads", kind="upload")
    make_scan(make_source(deployment, "dags", kind="git"), coverage={"complete": True})
    assert sights_of([deployment])[deployment.pk].missing == ()
    make_source(deployment, "reports", kind="git")
    assert sights_of([deployment])[deployment.pk].missing == ("reports",)


def test_the_same_report_again_is_as_fresh_as_its_last_sending():
    deployment = make_deployment()
    scan = make_scan(make_source(deployment), at=NOW - timedelta(days=20), **COMPLETE)
    Scan.objects.filter(pk=scan.pk).update(confirmed_at=NOW)
    assert sight(deployment).complete_at == TODAY


@pytest.mark.parametrize(("state", "seen"), [("held", False), ("rejected", False), ("done", True)])
def test_only_applied_scans_prove_anything(state, seen):
    deployment = make_deployment()
    make_scan(make_source(deployment), state=state, **COMPLETE)
    assert (sight(deployment).complete_at is not None) == seen


def test_scans_from_ci_and_import_checks_are_told_apart():
    deployment = make_deployment()
    source = make_source(deployment, "dags")
    make_scan(source, at=NOW - timedelta(days=5), cause="api", **COMPLETE)
    make_scan(source, at=NOW, cause="upload", **COMPLETE)
    airflow = make_source(deployment, "airflow-3")
    make_scan(airflow, at=NOW - timedelta(days=1), tool="import-check")
    seen = sight(deployment)
    assert seen.ci_at == TODAY - timedelta(days=5)
    assert seen.imports_at == TODAY - timedelta(days=1)
    # A source that only brought an import check is no code that waits for a scan.
    assert (seen.sources, seen.missing) == (1, ())


def test_days_are_those_of_the_deployments_zone():
    deployment = make_deployment(facts={"time_zone": "Asia/Tokyo"})
    at = datetime(2026, 10, 20, 16, tzinfo=UTC)
    make_scan(make_source(deployment), at=at, **COMPLETE)
    assert local_day(deployment, at) == date(2026, 10, 21)
    assert sight(deployment).complete_at == date(2026, 10, 21)


def test_the_newest_standing_signature_counts():
    deployment = make_deployment(plan_start=TODAY)
    first, second = make_user("first", first_name="First"), make_user("second")
    for person, days in ((first, 3), (second, 2)):
        GateSignature.objects.create(
            deployment=deployment,
            gate="C.parity",
            person=person,
            signed_at=NOW - timedelta(days=days),
        )
    gate = plan_of(deployment, today=TODAY).gate("C.parity")
    assert gate.evidence == "Signed by second on 19 Oct."
    GateSignature.objects.filter(person=second).update(withdrawn_at=NOW)
    assert (
        plan_of(deployment, today=TODAY).gate("C.parity").evidence == "Signed by First on 18 Oct."
    )
    assert plan_of(deployment, today=TODAY).gate("C.parity").state is GateState.PASS


def test_days_off_of_a_deployment_are_stepped_over():
    deployment = make_deployment(
        holiday_country="DE-BE", holidays=["2026-10-05"], plan_start=date(2026, 10, 3)
    )
    assert plan_of(deployment, today=TODAY).start == date(2026, 10, 6)
    deployment.holiday_country = "XX"
    assert calendar_of(deployment).country == ""


def test_dags_with_subdags_are_counted_by_their_ids():
    deployment = make_deployment()
    scan = make_scan(make_source(deployment))
    symbol = "airflow.operators.subdag.SubDagOperator"
    make_finding(scan, symbol=symbol, dag_ids=["a", "b"])
    make_finding(scan, symbol=symbol, dag_ids=["b"])
    make_finding(scan, symbol="schedule_interval", dag_ids=["c"])
    assert ground_of(deployment, today=TODAY).subdag_dags == 2


@pytest.mark.parametrize("number", [10, 1_000])
def test_a_plan_costs_five_queries_whatever_it_counts(number, django_assert_num_queries):
    deployment = make_deployment(plan_start=TODAY)
    scan = make_scan(make_source(deployment), **COMPLETE)
    make_findings(scan, number, symbol="airflow.operators.subdag.SubDagOperator", dag_ids=["a"])
    with django_assert_num_queries(5):
        plan_of(deployment, today=TODAY)
