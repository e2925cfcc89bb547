"""Storing facts: what is kept, what is re-rated, who becomes admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from planner.domain.facts import FactErrors
from planner.domain.finding import Severity
from planner.models import Deployment, Finding
from planner.services.deployment import facts_store
from tests.factories import NOW, make_finding, make_scan, make_source

VALUES: dict[str, Any] = {"name": "Analytics", "current_version": "2.10.5", "dag_count": 65}


def test_a_new_target_rates_the_findings_anew(deployment: Deployment) -> None:
    scan = make_scan(make_source(deployment, "dags"))
    finding = make_finding(
        scan, rule_id="AIR311", symbol="airflow.datasets.Dataset", severity=Severity.WARNING
    )

    facts_store(slug="production", values={"target_version": "3.2"}, origin="test", now=NOW)

    assert Finding.objects.get(pk=finding.pk).severity == Severity.ERROR


def test_nothing_is_stored_when_one_fact_cannot_be(deployment: Deployment) -> None:
    with pytest.raises(FactErrors, match="dag_count"):
        facts_store(
            slug="production",
            values={"dag_count": -1, "bandwidth_quarters": 2.0},
            origin="test",
            now=NOW,
        )

    deployment.refresh_from_db()
    assert deployment.facts["bandwidth_quarters"] == 1.0


def test_a_renamed_deployment_has_the_name_of_its_facts(deployment: Deployment) -> None:
    stored = facts_store(slug="production", values={"name": "Prod EU"}, origin="test", now=NOW)

    assert stored.name == "Prod EU"


def test_only_the_creator_becomes_admin(person: Any) -> None:
    creator: User = person("dana")

    created = facts_store(slug="analytics", values=VALUES, origin="test", now=NOW, user=creator)
    facts_store(
        slug="analytics", values={"dag_count": 1}, origin="test", now=NOW, user=person("bob")
    )

    assert [m.user for m in created.memberships.all()] == [creator]


def test_a_slug_may_have_to_be_new(deployment: Deployment) -> None:
    with pytest.raises(FactErrors, match="taken"):
        facts_store(slug="production", values=VALUES, origin="test", now=NOW, must_be_new=True)
