"""Digests posted to a real HTTP server on this machine."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pytest_django.fixtures import Settings

from planner.models import Deployment, Letter, Scan, Webhook
from planner.services.digest import digest_decide, digest_set, digests_due
from planner.services.letter import letter_again, letter_send, letters_due
from planner.services.webhook import (
    WebhookDraft,
    WebhookError,
    shown_address,
    webhook_add,
    webhook_remove,
    webhook_try,
)
from tests.factories import make_finding, make_scan, make_source

pytestmark = pytest.mark.django_db
SLOT = datetime(2026, 11, 30, 11, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SECRET_PATH = "/services/T0/B0/very-secret-token"


@dataclass
class Receiver:
    """What it answers, and what it was posted."""

    port: int = 0
    status: int = 200
    hangs_up: bool = False
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{SECRET_PATH}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.posts.append((self.path, dict(self.headers), body))
            if found.hangs_up:
                self.close_connection = True
                return
            self.send_response(found.status)
            self.send_header("Location", "http://169.254.169.254/")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join(10)


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    digest_set(deployment=deployment, on=True, weekday=0, hour=12, now=SLOT - DAY)
    return make_scan(make_source(deployment, "dags"), at=SLOT - HOUR)


def added(deployment: Deployment, url: str, format: str = "json", **more: str) -> Webhook:
    draft = WebhookDraft(name=format, format=format, url=url, **more)
    return webhook_add(deployment=deployment, draft=draft, now=SLOT - DAY)


def posted(scan: Scan) -> Letter:
    """The letter of a digest that has something to tell, after one try."""
    make_finding(scan)
    for digest_id in digests_due(now=SLOT):
        for letter_id in digest_decide(digest_id=digest_id, now=SLOT) * 2:
            letter_send(letter_id=letter_id, now=SLOT)
    return Letter.objects.get(kind="webhook")


def later(now: datetime) -> None:
    for letter_id in letters_due(now=now) * 2:
        letter_send(letter_id=letter_id, now=now)


@pytest.mark.parametrize("format", ["slack", "teams", "json"])
def test_each_webhook_is_posted_once(scan: Scan, receiver: Receiver, format: str) -> None:
    added(scan.deployment, receiver.url, format)
    letter = posted(scan)
    for minutes in range(5):
        later(SLOT + minutes * MINUTE)
    ((path, headers, body),) = receiver.posts
    assert path == SECRET_PATH
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] == str(letter.public_id)
    assert "1 new" in body.decode()
    letter.refresh_from_db()
    assert letter.state == "sent"


def test_a_program_gets_the_numbers_and_the_id_in_a_body_that_is_signed(
    scan: Scan, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_SECRET", "shared")
    added(scan.deployment, receiver.url, secret_env="DIGEST_SECRET")
    letter = posted(scan)
    ((_path, headers, body),) = receiver.posts
    expected = hmac.new(b"shared", body, hashlib.sha256).hexdigest()
    assert headers["X-Flightplan-Signature"] == f"sha256={expected}"
    said = json.loads(body)
    assert (said["id"], said["kind"]) == (str(letter.public_id), "digest")
    assert said["deployment"]["url"] == "http://testserver/d/production/"
    assert said["counts"]["new"] == 1


def test_without_its_secret_nothing_goes_out_unsigned(
    scan: Scan, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIGEST_SECRET", raising=False)
    added(scan.deployment, receiver.url, secret_env="DIGEST_SECRET")
    letter = posted(scan)
    assert receiver.posts == []
    assert (letter.state, letter.why) == (
        "failed",
        "This process has no environment variable DIGEST_SECRET.",
    )


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_receiver_that_asks_to_come_back_is_asked_again_and_posted_once(
    scan: Scan, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    added(scan.deployment, receiver.url, "slack")
    letter = posted(scan)
    assert letter.state == "waiting"
    receiver.status = 200
    later(SLOT + 2 * MINUTE)
    later(SLOT + 30 * MINUTE)
    letter.refresh_from_db()
    assert (letter.state, len(receiver.posts)) == ("sent", 2)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (404, "127.0.0.1 answers 404 Not Found; check the webhook's address."),
        (302, "127.0.0.1 answers 302 Found; use the address that it redirects to."),
    ],
)
def test_a_wrong_address_fails_at_once_and_says_so_without_the_address(
    scan: Scan, receiver: Receiver, status: int, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = status
    added(scan.deployment, receiver.url)
    with caplog.at_level(logging.DEBUG):
        letter = posted(scan)
    assert (letter.state, letter.why, len(receiver.posts)) == ("failed", says, 1)
    assert "very-secret-token" not in caplog.text


@pytest.mark.parametrize(("format", "times"), [("json", 2), ("slack", 1), ("teams", 1)])
def test_what_may_have_arrived_is_repeated_only_to_whom_can_tell(
    scan: Scan, receiver: Receiver, format: str, times: int
) -> None:
    receiver.hangs_up = True
    added(scan.deployment, receiver.url, format)
    posted(scan)
    receiver.hangs_up = False
    for minutes in range(0, 300, 5):
        later(SLOT + minutes * MINUTE)
    keys = [headers["Idempotency-Key"] for _path, headers, _body in receiver.posts]
    assert len(keys) == times and len(set(keys)) == 1
    assert Letter.objects.get().state == ("sent" if format == "json" else "unknown")


def test_nobody_there_is_tried_again_then_given_up(scan: Scan, receiver: Receiver) -> None:
    webhook = added(scan.deployment, receiver.url)
    Webhook.objects.filter(pk=webhook.pk).update(url="http://127.0.0.1:1/x")
    letter = posted(scan)
    assert letter.why.startswith("127.0.0.1 cannot be reached")
    for hours in range(24):
        later(SLOT + hours * HOUR)
    letter.refresh_from_db()
    assert letter.state == "failed"
    Webhook.objects.filter(pk=webhook.pk).update(url=receiver.url)
    letter_again(letter=letter, now=SLOT + DAY)
    later(SLOT + DAY)
    assert len(receiver.posts) == 1


def test_private_addresses_are_refused_when_posting_too(
    scan: Scan, receiver: Receiver, settings: Settings
) -> None:
    added(scan.deployment, receiver.url)
    settings.ALLOW_PRIVATE_ADDRESSES = False
    letter = posted(scan)
    assert receiver.posts == []
    assert letter.state == "failed"
    assert "private address" in letter.why


def test_nothing_changed_is_posted_to_nobody(scan: Scan, receiver: Receiver) -> None:
    added(scan.deployment, receiver.url)
    for digest_id in digests_due(now=SLOT):
        digest_decide(digest_id=digest_id, now=SLOT)
    assert not Letter.objects.exists()


def test_a_removed_webhook_is_not_posted_to(scan: Scan, receiver: Receiver) -> None:
    webhook = added(scan.deployment, receiver.url)
    make_finding(scan)
    (digest_id,) = digests_due(now=SLOT)
    (letter_id,) = digest_decide(digest_id=digest_id, now=SLOT)
    webhook_remove(webhook=webhook)
    letter_send(letter_id=letter_id, now=SLOT)
    assert receiver.posts == []
    assert Letter.objects.get().why == "The webhook was removed."


def test_a_test_says_that_it_is_one(scan: Scan, receiver: Receiver) -> None:
    webhook = added(scan.deployment, receiver.url, "slack")
    assert webhook_try(webhook=webhook, now=SLOT) == "slack took the test."
    assert "This is a test" in receiver.posts[0][2].decode()
    receiver.status = 403
    with pytest.raises(WebhookError, match=r"was not taken: 127\.0\.0\.1 answers 403"):
        webhook_try(webhook=webhook, now=SLOT)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"format": "fax"}, "format"),
        ({"url": "ftp://example.com/x"}, "url"),
        ({"url": "https://user:pass@example.com/x"}, "url"),
        ({"url": "https://example.com/x\r\nHost: evil"}, "url"),
        ({"url": "https://example.com:99999/x"}, "url"),
        ({"url": "http://example.com/x"}, "url"),
        ({"url": "https://127.0.0.1/x"}, "url"),
        ({"url": "https://[::1]/x"}, "url"),
        ({"url": "https://localhost/x"}, "url"),
        ({"secret_env": "not a name"}, "secret_env"),
        ({"format": "slack", "secret_env": "NAME"}, "secret_env"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(
    deployment: Deployment, settings: Settings, wrong: dict[str, str], field: str
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    draft = WebhookDraft(
        **{"name": "chat", "format": "json", "url": "https://hooks.example.com/x", **wrong}
    )
    with pytest.raises(WebhookError) as refused:
        webhook_add(deployment=deployment, draft=draft, now=SLOT)
    assert refused.value.field == field
    assert not Webhook.objects.exists()


def test_the_address_is_shown_by_its_host_and_end_only(deployment: Deployment) -> None:
    webhook = added(deployment, "https://hooks.slack.com/services/T0/B0/abcdefgh1234")
    assert shown_address(webhook) == "https://hooks.slack.com/…1234"
