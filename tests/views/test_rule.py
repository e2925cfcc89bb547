"""The pages of the rulebook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from planner.rulebook.load import rulebook

ClientFor = Callable[[User], Client]


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def client(client_for: ClientFor, charlie: User) -> Client:
    """Anyone who has signed in."""
    return client_for(charlie)


@pytest.mark.parametrize("rule_id", sorted(rulebook().rules))
def test_every_rule_has_a_page(client: Client, rule_id: str) -> None:
    page = text(client.get(f"/rules/{rule_id}/"))

    rule = rulebook().rules[rule_id]
    assert f"<title>{rule_id} · Flightplan</title>" in page
    assert rule.source in page
    assert ("Example before" in page) == bool(rule.before)
    assert rule.before or rule_id == "check-stopped", "only a mistake of our own has no example"
    assert "`" not in page


def test_severity_is_shown_for_every_target(client: Client) -> None:
    page = text(client.get("/rules/AF3-DATASETS-32/"))

    row = page[page.index('scope="row">AF3-DATASETS-32') :]
    row = row[: row.index("</tr>")]
    assert row.count(">WARNING<") == 2
    assert row.count(">ERROR<") == 2
    assert "Asset" in page


def test_names_with_a_remedy_of_their_own_are_listed(client: Client) -> None:
    page = text(client.get("/rules/AIR301/"))

    assert "<code>airflow.operators.subdag</code>" in page
    assert "480 minutes each." in page
    assert "by ruff before 0.11.6" in page


def test_all_rules_are_listed_style_last(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(6):
        page = text(client.get("/rules/"))

    assert all(f'href="/rules/{rule_id}/"' in page for rule_id in rulebook().rules)
    assert page.index("/rules/airflow-config/") < page.index("/rules/AIR001/")
    assert rulebook().hash[:12] in page


@pytest.mark.parametrize("rule_id", ["AIR999", "air301", "..", "<b>"])
def test_an_unknown_rule_is_not_found(client: Client, rule_id: str) -> None:
    assert client.get(f"/rules/{rule_id}/").status_code == 404


@pytest.mark.django_db
def test_rules_are_for_people_who_signed_in() -> None:
    assert Client().get("/rules/").status_code == 302
