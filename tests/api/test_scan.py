"""Reports sent by machines."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from planner.models import Deployment, Finding, Scan
from planner.services.rescan import scan_run
from planner.services.token import token_make, token_revoke

SCANS = "/api/deployments/production/scans"
ITEM = {
    "rule_id": "SubDagOperatorRule",
    "severity": "ERROR",
    "dag_id": "sales",
    "file": "dags/sales.py",
    "line": 3,
    "message": "SubDagOperator is removed in Airflow 3",
}
BODY = json.dumps([ITEM]).encode()
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def no_queue(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Scans that were offered to a worker."""
    offered: list[int] = []
    monkeypatch.setattr("planner.api.scan.enqueue_scan", offered.append)
    return offered


def token(deployment: Deployment, scope: str = "import") -> str:
    return token_make(deployment=deployment, scope=scope, expires_at=None, now=NOW)[1]


def send(secret: str, body: bytes = BODY, query: str = "", **headers: str) -> Any:
    return Client().post(
        SCANS + query,
        body,
        content_type="application/octet-stream",
        headers={"Authorization": f"Bearer {secret}", **headers},
    )


def sentence(answer: HttpResponse) -> str:
    return str(json.loads(answer.content)["error"])


def test_a_report_is_accepted_and_its_status_can_be_asked(
    deployment: Deployment,
    no_queue: list[int],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    secret = token(deployment)
    with django_capture_on_commit_callbacks(execute=True):
        answer = send(secret, query="?complete=true&source=ci&commit=abc123&root=")
    assert answer.status_code == 202
    scan = Scan.objects.get()
    assert no_queue == [scan.pk]
    assert (scan.source.name, scan.cause, scan.state) == ("ci", "api", "queued")
    assert scan.options == {"complete": True, "commit": "abc123"}
    status = answer.json()["status_url"]
    assert status.endswith(f"/api/scans/{scan.public_id}")
    assert answer.json()["scan"] == str(scan.public_id)
    asked = Client().get(status, headers={"Authorization": f"Bearer {secret}"}).json()
    assert asked["status"] == "queued"
    scan_run(scan_id=scan.pk, now=NOW)
    asked = Client().get(status, headers={"Authorization": f"Bearer {secret}"}).json()
    assert (asked["status"], asked["new"]) == ("done", 1)
    assert Finding.objects.count() == 1


def test_a_dry_run_answers_at_once_and_keeps_nothing(
    deployment: Deployment, no_queue: list[int]
) -> None:
    many = [{**ITEM, "file": f"dags/{number}.py"} for number in range(5)]
    answer = send(
        token(deployment), json.dumps(many).encode(), query="?dry_run=true&lines=2&source=ci"
    )
    assert answer.status_code == 200
    told = answer.json()
    assert (told["status"], told["dry_run"]) == ("done", True)
    assert told["would"] == "would open 5, close 0, reopen 0, leave 0"
    opened = told["lists"]["opened"]
    assert (opened["count"], opened["more"]) == (5, 3)
    assert [one["file"] for one in opened["findings"]] == ["dags/0.py", "dags/1.py"]
    assert not (Scan.objects.exists() or Finding.objects.exists() or no_queue)
    assert not deployment.sources.exists()
    assert send(token(deployment), query="?dry_run=true&lines=0").status_code == 422
    assert send(token(deployment, "read"), query="?dry_run=true").status_code == 403


def test_a_job_that_always_confirms_does_not_take_the_brake_off(deployment: Deployment) -> None:
    secret = token(deployment)

    def sent(count: int) -> Scan:
        items = [{**ITEM, "file": f"dags/{number}.py"} for number in range(count)]
        query = "?complete=true&confirm=true"
        told = send(secret, json.dumps(items).encode(), query=query).json()
        scan = Scan.objects.get(public_id=told["scan"])
        return scan_run(scan_id=scan.pk, now=datetime.now(UTC)) or scan

    assert sent(40).state == Scan.State.DONE
    held = sent(3)
    assert held.state == Scan.State.HELD
    confirmed = sent(3)
    assert (confirmed.pk, confirmed.state) == (held.pk, Scan.State.DONE)


def test_gzip_is_unpacked(deployment: Deployment) -> None:
    assert (
        send(token(deployment), gzip.compress(BODY), **{"Content-Encoding": "gzip"}).status_code
        == 202
    )
    with Scan.objects.get().raw.open() as raw:
        assert raw.read() == BODY


def test_a_bomb_a_lie_and_an_unknown_packing_are_refused(
    deployment: Deployment, settings: Settings
) -> None:
    settings.MAX_REPORT_BYTES = 2**20
    secret, packed = token(deployment), {"Content-Encoding": "gzip"}
    bomb = send(secret, gzip.compress(b"0" * 3 * 2**20), **packed)
    assert (bomb.status_code, sentence(bomb)) == (413, "The report is larger than 1 MB unpacked.")
    assert send(secret, b"0" * (2**20 + 1)).status_code == 413
    assert send(secret, b"not gzip", **packed).status_code == 400
    assert send(secret, gzip.compress(BODY)[:-4], **packed).status_code == 400
    assert send(secret, BODY, **{"Content-Encoding": "br"}).status_code == 415
    empty = send(secret, b"")
    assert empty.status_code == 422
    assert "empty" in sentence(empty)
    assert not Scan.objects.exists()


def test_the_same_key_answers_with_the_first_scan(
    deployment: Deployment,
    no_queue: list[int],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    secret, key = token(deployment), {"Idempotency-Key": "run-8841"}
    with django_capture_on_commit_callbacks(execute=True):
        first, again = send(secret, **key), send(secret, **key)
    assert first.json() == again.json()
    assert Scan.objects.count() == 1
    assert len(no_queue) == 1
    other = send(secret, json.dumps([]).encode(), **key)
    assert other.status_code == 409
    assert "run-8841" in sentence(other)
    assert send(secret).json() != first.json()


def test_the_same_report_of_another_run_is_a_duplicate(deployment: Deployment) -> None:
    secret = token(deployment)
    states = []
    for run in ("run-1", "run-2"):
        send(secret, query=f"?complete=true&commit={run}", **{"Idempotency-Key": run})
        scan = scan_run(scan_id=Scan.objects.latest("id").pk, now=NOW)
        assert scan is not None
        states.append(scan.state)
    assert states == ["done", "duplicate"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?format=xml", "is not a format"),
        ("?complete=maybe", "complete:"),
        ("?source=" + "x" * 81, "source:"),
    ],
)
def test_a_wrong_option_is_named(deployment: Deployment, query: str, words: str) -> None:
    answer = send(token(deployment), query=query)
    assert answer.status_code == 422
    assert words in sentence(answer)
    assert not Scan.objects.exists()


def test_who_may_not(deployment: Deployment) -> None:
    other = Deployment.objects.create(slug="other", name="Other", facts=deployment.facts)
    made, revoked = token_make(deployment=deployment, scope="import", expires_at=None, now=NOW)
    token_revoke(token=made, now=NOW)
    past = NOW - timedelta(days=2)
    _, expired = token_make(
        deployment=deployment, scope="import", expires_at=past + timedelta(days=1), now=past
    )
    for secret in ("", "fp_import_guess", revoked, expired):
        answer = send(secret)
        assert answer.status_code == 401, secret
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert send(token(deployment, "read")).status_code == 403
    assert send(token(other)).status_code == 404
    assert Client().get(SCANS).status_code in (401, 405)
    assert not Scan.objects.exists()


def test_another_deployments_scan_does_not_exist(deployment: Deployment) -> None:
    other = Deployment.objects.create(slug="other", name="Other", facts=deployment.facts)
    status = send(token(deployment)).json()["status_url"]
    answer = Client().get(status, headers={"Authorization": f"Bearer {token(other)}"})
    assert answer.status_code == 404


def test_a_person_signed_in_on_pages_is_nobody_here(
    deployment: Deployment, client: Client, alice: Any
) -> None:
    client.force_login(alice)
    assert client.post(SCANS, BODY, content_type="application/json").status_code == 401
