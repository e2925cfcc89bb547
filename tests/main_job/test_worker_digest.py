"""Digests through real workers and a real mail server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planner.models import Deployment, Digest, Finding, Letter, Owner, Source
from planner.services.digest import digest_set
from planner.services.source import SourceDraft, source_store
from tests.factories import make_folder_rule, make_owner
from tests.mail_server import MailServer, head, mail_server
from tests.repository import first_state
from tests.test_worker import send
from tests.worker import wait_until, worker

SECOND = timedelta(seconds=1)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture
def environment(
    process_environment: dict[str, str], redis_url: str, server: MailServer
) -> dict[str, str]:
    """What a process needs to work on this test's PostgreSQL and Redis, and to mail."""
    mail = f"smtp://127.0.0.1:{server.port}"
    return process_environment | {"REDIS_URL": redis_url, "EMAIL_URL": mail}


@pytest.fixture
def bob(deployment: Deployment) -> Owner:
    owner = make_owner(deployment, "bob", email="bob@example.com")
    make_folder_rule(owner, "/")
    return owner


def due_now(deployment: Deployment, repository: Path) -> Source:
    """A source and a digest whose slots have come."""
    now = datetime.now(UTC)
    draft = SourceDraft(name="dags", kind="git", location=str(repository))
    source = source_store(deployment=deployment, draft=draft, now=now)
    Source.objects.filter(pk=source.pk).update(next_due_at=now - SECOND)
    digest_set(deployment=deployment, on=True, weekday=0, hour=12, now=now)
    Deployment.objects.update(digest_due_at=now - SECOND)
    return source


def test_the_mail_comes_after_the_scan_and_once_whatever_runs_twice(
    deployment: Deployment,
    bob: Owner,
    environment: dict[str, str],
    server: MailServer,
    tmp_path: Path,
) -> None:
    due_now(deployment, first_state(tmp_path / "repository").folder)
    log = tmp_path / "worker.log"
    with worker(environment, log):
        for _ in range(3):
            send(environment, "tick")
        digest = Digest.objects.get()
        wait_until(lambda: Finding.objects.filter(owner=bob).exists(), why=log.read_text)
        found = Finding.objects.filter(owner=bob).count()
        wait_until(_until_decided(environment, digest), why=log.read_text)
        letter = Letter.objects.get(recipient="bob@example.com")
        for _ in range(3):
            send(environment, "decide_digest", f"digest_id={digest.pk}")
            send(environment, "send_letter", f"letter_id={letter.pk}")
        wait_until(
            lambda: Letter.objects.get(recipient="bob@example.com").state == "sent",
            why=log.read_text,
        )
        send(environment, "tick")
    (mail,) = server.to("bob@example.com")
    assert head(mail, "Subject").startswith(f"{found} new")


def _until_decided(environment: dict[str, str], digest: Digest):  # type: ignore[no-untyped-def]
    def decided() -> bool:
        send(environment, "tick")
        digest.refresh_from_db()
        return digest.decided_at is not None

    return decided


def test_a_worker_that_is_killed_while_the_server_takes_the_mail_leaves_no_second_mail(
    deployment: Deployment,
    bob: Owner,
    environment: dict[str, str],
    server: MailServer,
    tmp_path: Path,
) -> None:
    due_now(deployment, first_state(tmp_path / "repository").folder)
    server.keeps_waiting.set()
    log = tmp_path / "worker.log"
    with worker(environment, log) as first:
        send(environment, "tick")
        wait_until(lambda: Digest.objects.exists(), why=log.read_text)
        wait_until(_until_decided(environment, Digest.objects.get()), why=log.read_text)
        wait_until(lambda: bool(server.to("bob@example.com")), why=log.read_text)
        first.kill()
    server.keeps_waiting.clear()
    letter = Letter.objects.get(recipient="bob@example.com")
    assert letter.state == "handed"
    Letter.objects.update(lease_until=datetime.now(UTC) - SECOND)
    with worker(environment, log):
        send(environment, "tick")
        wait_until(
            lambda: Letter.objects.get(recipient="bob@example.com").state == "unknown",
            why=log.read_text,
        )
        send(environment, "send_letter", f"letter_id={letter.pk}")
        send(environment, "tick")
    assert len(server.to("bob@example.com")) == 1
