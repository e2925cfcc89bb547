"""Retiring a DAG on the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from planner.models import Deployment, Finding, Owner, Retirement, Scan
from tests.factories import make_finding, make_findings, make_owner, make_scan, make_source
from tests.views.text import text_of

ClientFor = Callable[[User], Client]
PAGE = "/d/production/dags/retire/"


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    return make_scan(make_source(deployment, "uploads"), at=timezone.now())


@pytest.fixture
def bobs(deployment: Deployment, bob: User) -> Owner:
    return make_owner(deployment, "robert", user=bob)


def words(**values: str) -> dict[str, str]:
    day = (timezone.localdate() + timedelta(days=20)).isoformat()
    return {"dag": "old", "reason": "nobody reads it", "gone_by": day, **values}


def test_an_owner_retires_what_is_theirs_and_takes_it_back(
    client_for: ClientFor, bob: User, alice: User, bobs: Owner, scan: Scan
) -> None:
    make_findings(scan, 3, owner=bobs, path="dags/old.py", dag_ids=["old"])
    make_finding(scan, owner=bobs, path="dags/shared.py", dag_ids=["old", "other"])
    hers = make_finding(scan, path="dags/old.py", dag_ids=["old"])
    client = client_for(bob)
    mine = client.get("/me/?show=all").content.decode()
    assert f"{PAGE}?dag=old" in mine
    page = text_of(client.get(f"{PAGE}?dag=old"))
    assert "3 open findings in 1 file go with it." in page
    assert "1 because its file defines other DAGs too: dags/shared.py" in page
    assert "1 because it belongs to somebody else: dags/old.py" in page
    done = client.post(PAGE, words(link="https://github.com/t/d/pull/9"), follow=True)
    assert "3 findings claimed with the DAG old." in text_of(done)
    assert "You retire 1 DAG." in text_of(done)
    claimed = text_of(client.get("/me/?show=claimed"))
    assert "a scan that no longer sees it closes this." in claimed
    hers.refresh_from_db()
    assert hers.state == "open"
    assert "1 DAG is being retired." in text_of(client_for(alice).get(PAGE))
    key = Retirement.objects.get().pk
    kept = client.post(f"{PAGE}{key}/keep/", follow=True)
    assert "old stays: 3 findings open again." in text_of(kept)
    assert client.post(f"{PAGE}{key}/keep/").status_code == 404


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"reason": ""}, "Say why the DAG goes."),
        ({"gone_by": "soon"}, "Write a date like"),
        ({"gone_by": "2020-01-01"}, "Choose a day after today"),
        ({"link": "javascript:alert(1)"}, "Give a whole address"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_claimed(
    client_for: ClientFor,
    bob: User,
    bobs: Owner,
    scan: Scan,
    bad: dict[str, str],
    said: str,
) -> None:
    make_finding(scan, owner=bobs, dag_ids=["old"])
    answer = client_for(bob).post(PAGE, words(**bad))
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert not Finding.objects.filter(state="claimed").exists()


def test_what_belongs_to_others_or_to_no_dag_is_left_alone(
    client_for: ClientFor, alice: User, bob: User, erin: User, bobs: Owner, scan: Scan
) -> None:
    make_finding(scan, dag_ids=["old"])
    client = client_for(bob)
    assert "No open finding of yours goes" in text_of(client.get(f"{PAGE}?dag=old"))
    assert "No open finding of yours goes" in text_of(client.get(f"{PAGE}?dag=none"))
    assert "Nothing changed" in text_of(client.post(PAGE, words()))
    assert Retirement.objects.count() == 0
    assert client_for(erin).get(PAGE).status_code == 403
    client_for(alice).post(PAGE, words())
    key = Retirement.objects.get().pk
    assert client.post(f"{PAGE}{key}/keep/").status_code == 403
