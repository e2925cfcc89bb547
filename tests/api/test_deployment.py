"""What machines read."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from planner.models import Deployment
from planner.services.token import token_make
from tests.factories import make_finding, make_scan, make_source

API = "/api/deployments/production/"


@pytest.fixture
def reader(deployment: Deployment) -> Client:
    """A client with a token of the scope read."""
    _, text = token_make(
        deployment=deployment, scope="read", expires_at=None, now=datetime.now(UTC)
    )
    return Client(headers={"Authorization": f"Bearer {text}"})


def test_findings_come_in_pages_that_miss_and_repeat_nothing(
    deployment: Deployment, reader: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    scan = make_scan(make_source(deployment))
    made = [make_finding(scan, path=f"dags/{number}.py") for number in range(120)]
    with django_assert_max_num_queries(6):
        page = reader.get(f"{API}findings").json()
    seen = [finding["id"] for finding in page["findings"]]
    while page["next"]:
        page = reader.get(f"{API}findings", {"cursor": page["next"]}).json()
        seen += [finding["id"] for finding in page["findings"]]
    assert sorted(seen) == sorted(finding.pk for finding in made)


def test_findings_take_the_pages_filters_and_refuse_what_is_none(
    deployment: Deployment, reader: Client
) -> None:
    scan = make_scan(make_source(deployment))
    make_finding(scan, path="dags/finance/a.py")
    make_finding(scan, path="dags/sales/b.py")
    found = reader.get(f"{API}findings", {"path": "dags/finance/"}).json()["findings"]
    assert [finding["file"] for finding in found] == ["dags/finance/a.py"]
    for query in ({"state": "gone"}, {"cursor": "nonsense"}):
        answer = reader.get(f"{API}findings", query)
        assert answer.status_code == 422
        assert answer.json()["error"]


@pytest.mark.parametrize(
    ("call", "key"),
    [("decision", "verdict"), ("plan", "phases"), ("runbook", "steps"), ("gate", "gates")],
)
def test_the_documents_are_those_of_the_commands(
    deployment: Deployment, reader: Client, call: str, key: str
) -> None:
    answer = reader.get(API + call)
    assert answer.status_code == 200, answer.content
    assert answer.json()[key]


def test_the_gate_does_not_pass_unproven(deployment: Deployment, reader: Client) -> None:
    assert reader.get(f"{API}gate").json()["passes"] is False


def test_a_plan_that_does_not_exist_is_named(deployment: Deployment, reader: Client) -> None:
    answer = reader.get(f"{API}plan", {"template": "two-days"})
    assert answer.status_code == 422
    assert "two-days" in answer.json()["error"]


@pytest.mark.parametrize("call", ["findings", "decision", "plan", "runbook", "gate"])
def test_reading_needs_the_scope_read_of_this_deployment(deployment: Deployment, call: str) -> None:
    _, text = token_make(
        deployment=deployment, scope="import", expires_at=None, now=datetime.now(UTC)
    )
    writer = Client(headers={"Authorization": f"Bearer {text}"})
    assert writer.get(API + call).status_code == 403
    assert Client().get(API + call).status_code == 401
    assert writer.get(f"/api/deployments/other/{call}").status_code == 404


def test_the_documentation_lists_every_call_without_scripts_of_others(db: None) -> None:
    page = Client().get("/api/docs").content.decode()
    for call in ("scans", "findings", "decision", "plan", "runbook", "gate"):
        assert f"/api/deployments/{{slug}}/{call}" in page
    assert "cdn" not in page
    schema = Client().get("/api/openapi.json").json()
    assert schema["components"]["securitySchemes"]
