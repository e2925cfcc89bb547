"""Digests from their slot to the mail that arrives, on a real SMTP server."""

from __future__ import annotations

import threading
import zoneinfo
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from planner.models import Deployment, Digest, Event, HandOver, Letter, Owner, Scan, Source
from planner.services.digest import digest_decide, digest_set, digests_due
from planner.services.finding import finding_assign, finding_claim
from planner.services.letter import letter_again, letter_send, letters_due
from planner.services.mail_stop import mail_stop
from tests.factories import (
    make_deployment,
    make_finding,
    make_findings,
    make_mixed_findings,
    make_owner,
    make_scan,
    make_source,
)
from tests.mail_server import MailServer, head, mail_server

pytestmark = pytest.mark.django_db

SLOT = datetime(2026, 11, 30, 11, 0, tzinfo=UTC)
"""Monday 12:00 in Berlin."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WEEK = 7 * DAY
TODAY = SLOT.date()


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    """What mail is sent through in these tests."""
    with mail_server() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        yield running


@pytest.fixture
def production(deployment: Deployment) -> Deployment:
    """Its slot is the one that these tests begin at."""
    digest_set(deployment=deployment, on=True, weekday=0, hour=12, now=SLOT - DAY)
    assert deployment.digest_due_at == SLOT
    return deployment


@pytest.fixture
def source(production: Deployment) -> Source:
    return make_source(production, "dags")


@pytest.fixture
def scan(source: Source) -> Scan:
    return make_scan(source, at=SLOT - HOUR)


@pytest.fixture
def bob(production: Deployment) -> Owner:
    return make_owner(production, "bob", email="bob@example.com")


def work(now: datetime) -> None:
    """All that a tick and the workers after it do, every task twice."""
    for digest_id in digests_due(now=now):
        letters = [
            *digest_decide(digest_id=digest_id, now=now),
            *digest_decide(digest_id=digest_id, now=now),
        ]
        for letter_id in letters:
            letter_send(letter_id=letter_id, now=now)
    for letter_id in letters_due(now=now) * 2:
        letter_send(letter_id=letter_id, now=now)


def states(**filters: Any) -> list[str]:
    return list(Letter.objects.filter(**filters).values_list("state", flat=True))


# --- One mail, once ---------------------------------------------------------------------


def test_one_mail_goes_out_though_every_task_runs_twice(
    server: MailServer, scan: Scan, bob: Owner
) -> None:
    make_finding(scan, owner=bob)
    for minute in range(5):
        work(SLOT + minute * MINUTE)
    (mail,) = server.to("bob@example.com")
    assert head(mail, "Subject") == "1 new — Production"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert states(kind="owner") == ["sent"]


def test_nothing_goes_out_before_the_slot(server: MailServer, scan: Scan, bob: Owner) -> None:
    make_finding(scan, owner=bob)
    work(SLOT - MINUTE)
    assert not Digest.objects.exists()


def test_nothing_changed_writes_no_mail(server: MailServer, scan: Scan, bob: Owner) -> None:
    make_finding(scan, owner=bob, due=TODAY - 30 * DAY)
    work(SLOT)
    assert len(server.to("bob@example.com")) == 1
    work(SLOT + WEEK)
    assert Digest.objects.filter(decided_at__isnull=False).count() == 2
    assert len(server.to("bob@example.com")) == 1


def test_each_digest_begins_where_the_last_one_ended(
    server: MailServer, scan: Scan, bob: Owner
) -> None:
    make_findings(scan, 3, owner=bob)
    work(SLOT)
    make_findings(scan, 2, owner=bob)
    work(SLOT + WEEK)
    assert [head(mail, "Subject") for mail in server.to("bob@example.com")] == [
        "3 new — Production",
        "2 new — Production",
    ]


def test_what_a_slow_scan_wrote_with_an_older_time_is_told_next_time(
    server: MailServer, scan: Scan, bob: Owner
) -> None:
    """Its events carry the time at which it began, and come after the digest was decided."""
    make_finding(scan, owner=bob)
    work(SLOT)
    late = make_finding(scan, owner=bob)
    Event.objects.filter(finding=late).update(at=SLOT - 10 * MINUTE)
    work(SLOT + WEEK)
    assert len(server.to("bob@example.com")) == 2


def test_after_weeks_of_silence_one_digest_catches_up(
    server: MailServer, scan: Scan, bob: Owner
) -> None:
    make_finding(scan, owner=bob, first_seen=SLOT + 20 * DAY)
    work(SLOT + 3 * WEEK + DAY)
    assert Digest.objects.count() == 1
    assert len(server.to("bob@example.com")) == 1
    assert Deployment.objects.get().digest_due_at == SLOT + 4 * WEEK


def test_switched_off_nothing_comes(server: MailServer, scan: Scan, bob: Owner) -> None:
    make_finding(scan, owner=bob)
    digest_set(deployment=scan.deployment, on=False, weekday=0, hour=12, now=SLOT - HOUR)
    work(SLOT)
    assert not Digest.objects.exists()


def test_the_slot_follows_the_time_zone(production: Deployment) -> None:
    production.facts["time_zone"] = "America/Toronto"
    production.save()
    digests_due(now=SLOT - HOUR)
    due = Deployment.objects.get().digest_due_at
    assert due is not None
    local = due.astimezone(zoneinfo.ZoneInfo("America/Toronto"))
    assert (local.weekday(), local.hour) == (0, 12)


def test_without_mail_and_webhooks_no_digest_is_made(
    production: Deployment, scan: Scan, bob: Owner, settings: Settings
) -> None:
    """What happened until then is told in the first one that can go out."""
    settings.MAIL_IS_SET_UP = False
    make_finding(scan, owner=bob)
    work(SLOT)
    assert not Digest.objects.exists()


# --- After the scans --------------------------------------------------------------------


def rescan(source: Source, **fields: Any) -> Scan:
    fields = {"created_at": SLOT, "cause": "schedule", "state": "running", **fields}
    return Scan.objects.create(deployment=source.deployment, source=source, **fields)


def test_it_waits_until_matching_has_finished(
    server: MailServer, source: Source, scan: Scan, bob: Owner
) -> None:
    running = rescan(source)
    work(SLOT)
    assert Digest.objects.get().decided_at is None
    make_finding(scan, owner=bob)
    Scan.objects.filter(pk=running.pk).update(state="done", finished_at=SLOT + HOUR)
    work(SLOT + HOUR)
    assert len(server.to("bob@example.com")) == 1


def test_it_does_not_wait_for_scans_that_were_asked_for_later(source: Source, scan: Scan) -> None:
    digests_due(now=SLOT)
    rescan(source, created_at=SLOT + MINUTE)
    work(SLOT + 2 * MINUTE)
    assert Digest.objects.get().decided_at is not None


def test_a_scan_that_hangs_does_not_silence_it_for_ever(
    server: MailServer, source: Source, scan: Scan, bob: Owner
) -> None:
    source.kind, source.schedule = Source.Kind.GIT, "0 12 * * MON"
    source.save()
    rescan(source)
    make_finding(scan, owner=bob)
    work(SLOT)
    work(SLOT + 6 * HOUR - MINUTE)
    assert server.mails == []
    work(SLOT + 6 * HOUR)
    (mail,) = server.to("bob@example.com")
    assert "The scan of dags has not finished." in _text(mail)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"state": "failed", "error": "The repository\ndoes not answer."},
            "The scan of dags failed: The repository does not answer.",
        ),
        ({"state": "held"}, "The scan of dags waits for a person to confirm it."),
        (
            {"state": "done", "created_at": SLOT - 15 * DAY},
            "dags was not scanned since Sun 15 Nov.",
        ),
    ],
)
def test_the_mail_says_which_source_was_not_scanned(
    server: MailServer, source: Source, scan: Scan, bob: Owner, fields: Any, says: str
) -> None:
    source.kind, source.schedule = Source.Kind.GIT, "0 12 * * MON"
    source.save()
    rescan(source, **fields)
    make_finding(scan, owner=bob)
    work(SLOT)
    (mail,) = server.to("bob@example.com")
    assert says in _text(mail)


def _text(mail: Any) -> str:
    return " ".join(mail.get_body(("plain",)).get_content().split())


# --- Crashes and a server that says no --------------------------------------------------


def waiting(scan: Scan, owner: Owner) -> Letter:
    """A letter that is decided and not sent yet."""
    make_finding(scan, owner=owner)
    (digest_id,) = digests_due(now=SLOT)
    (letter_id,) = digest_decide(digest_id=digest_id, now=SLOT)
    return Letter.objects.get(pk=letter_id)


def test_a_server_that_is_out_gets_it_later_and_once(
    server: MailServer, scan: Scan, bob: Owner, settings: Settings
) -> None:
    settings.EMAIL_PORT = 1
    letter = waiting(scan, bob)
    letter_send(letter_id=letter.pk, now=SLOT)
    letter.refresh_from_db()
    assert letter.state == "waiting"
    assert letter.why.startswith("The mail server does not answer")
    settings.EMAIL_PORT = server.port
    work(SLOT + 30 * timedelta(seconds=1))
    assert server.mails == []
    work(SLOT + 2 * MINUTE)
    work(SLOT + 9 * MINUTE)
    assert len(server.mails) == 1


def test_a_server_that_stays_out_is_given_up_visibly_and_a_person_may_try_again(
    server: MailServer, scan: Scan, bob: Owner
) -> None:
    server.greeting = "554 go away"
    letter = waiting(scan, bob)
    for hours in range(24):
        work(SLOT + hours * HOUR)
    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == ("failed", 6)
    assert letter.why.startswith("Given up after 6 tries. The mail server does not answer")
    server.greeting = "220 here"
    letter_again(letter=letter, now=SLOT + DAY)
    work(SLOT + DAY)
    assert len(server.to("bob@example.com")) == 1


@pytest.mark.parametrize("field", ["to_recipient", "to_data"])
def test_come_back_later_means_later(
    server: MailServer, scan: Scan, bob: Owner, field: str
) -> None:
    setattr(server, field, "451 greylisted")
    letter = waiting(scan, bob)
    letter_send(letter_id=letter.pk, now=SLOT)
    letter.refresh_from_db()
    assert letter.state == "waiting"
    setattr(server, field, "250 ok")
    work(SLOT + 2 * MINUTE)
    assert len(server.mails) == 1


def test_an_address_that_is_refused_is_noted_on_its_owner_and_not_tried_again(
    server: MailServer, scan: Scan, bob: Owner, alice: User
) -> None:
    server.to_recipient = "550 5.1.1 no such person"
    make_finding(scan, owner=bob)
    work(SLOT)
    bob.refresh_from_db()
    assert bob.mail_refused_at is not None
    assert bob.mail_refused_address == "bob@example.com"
    letter = Letter.objects.get(kind="owner")
    assert letter.state == "refused"
    assert letter.why == "bob@example.com was refused: 550 5.1.1 no such person"

    server.to_recipient = "250 ok"
    make_finding(scan, owner=bob)
    work(SLOT + WEEK)
    assert server.to("bob@example.com") == []
    (to_manager,) = server.to("alice@example.com")
    assert "bob@example.com was refused on 30 Nov" in _text(to_manager)

    bob.email = "bob@new.example.com"
    bob.save()
    make_finding(scan, owner=bob)
    work(SLOT + 2 * WEEK)
    assert len(server.to("bob@new.example.com")) == 1


def test_a_mail_that_is_refused_itself_fails_and_blames_no_address(
    server: MailServer, scan: Scan, bob: Owner
) -> None:
    server.to_data = "554 looks like spam"
    letter = waiting(scan, bob)
    letter_send(letter_id=letter.pk, now=SLOT)
    letter.refresh_from_db()
    bob.refresh_from_db()
    assert (letter.state, letter.why) == ("failed", "The mail server says 554 looks like spam")
    assert bob.mail_refused_at is None


def test_a_worker_that_stops_before_it_hands_the_mail_over_is_followed_by_another(
    server: MailServer, scan: Scan, bob: Owner
) -> None:
    letter = waiting(scan, bob)
    Letter.objects.filter(pk=letter.pk).update(
        state="taken", attempts=1, lease_until=SLOT + 5 * MINUTE
    )
    work(SLOT + 2 * MINUTE)
    assert server.mails == []
    work(SLOT + 6 * MINUTE)
    assert len(server.mails) == 1


def test_a_worker_that_stops_while_it_hands_the_mail_over_leaves_a_question_not_a_second_mail(
    server: MailServer, scan: Scan, bob: Owner
) -> None:
    letter = waiting(scan, bob)
    Letter.objects.filter(pk=letter.pk).update(
        state="handed", attempts=1, lease_until=SLOT + 5 * MINUTE
    )
    for minutes in range(0, 600, 5):
        work(SLOT + minutes * MINUTE)
    letter.refresh_from_db()
    assert (letter.state, server.mails) == ("unknown", [])
    assert "may have arrived" in letter.why
    letter_again(letter=letter, now=SLOT + DAY)
    work(SLOT + DAY)
    assert len(server.mails) == 1


def test_a_connection_that_breaks_after_the_mail_was_taken_sends_no_second_one(
    server: MailServer, scan: Scan, bob: Owner
) -> None:
    server.breaks_after_data = True
    letter = waiting(scan, bob)
    letter_send(letter_id=letter.pk, now=SLOT)
    server.breaks_after_data = False
    for minutes in range(0, 600, 5):
        work(SLOT + minutes * MINUTE)
    letter.refresh_from_db()
    assert (letter.state, len(server.mails)) == ("unknown", 1)


def test_a_mail_that_was_sent_cannot_be_sent_again(
    server: MailServer, scan: Scan, bob: Owner
) -> None:
    letter = waiting(scan, bob)
    letter_send(letter_id=letter.pk, now=SLOT)
    with pytest.raises(ValueError, match="cannot be sent again"):
        letter_again(letter=letter, now=SLOT)


# --- Who gets it ------------------------------------------------------------------------


def test_the_mail_tells_all_that_happened_in_the_week(
    server: MailServer, scan: Scan, bob: Owner, alice: User
) -> None:
    make_finding(scan, owner=bob, due=TODAY - DAY, first_seen=SLOT - 3 * WEEK)
    work(SLOT)
    claimed = make_finding(scan, owner=bob, due=TODAY + 9 * DAY)
    finding_claim(deployment=scan.deployment, finding_ids=[claimed.pk], now=SLOT + DAY, user=alice)
    ann = make_owner(scan.deployment, "ann", email="ann@example.com")
    finding_assign(
        deployment=scan.deployment,
        finding_ids=[make_finding(scan, owner=bob).pk],
        owner=ann,
        now=SLOT + DAY,
        user=alice,
    )
    server.mails.clear()
    work(SLOT + WEEK)
    (to_bob,) = server.to("bob@example.com")
    assert head(to_bob, "Subject") == "1 new, 1 due by Wed 9 Dec, 1 overdue — Production"
    (to_ann,) = server.to("ann@example.com")
    assert head(to_ann, "Subject") == "1 new — Production"


def test_owners_with_one_address_get_one_mail(server: MailServer, scan: Scan, bob: Owner) -> None:
    other = make_owner(scan.deployment, "finance", email="BOB@example.com")
    make_finding(scan, owner=bob)
    make_finding(scan, owner=other)
    work(SLOT)
    assert [head(mail, "Subject") for mail in server.mails] == ["2 new — Production"]


def test_an_owner_without_an_address_is_told_of_to_the_manager(
    server: MailServer, scan: Scan, alice: User
) -> None:
    make_finding(scan, owner=make_owner(scan.deployment, "lost"))
    work(SLOT)
    assert states(kind="owner") == ["unreachable"]
    (mail,) = server.to("alice@example.com")
    assert head(mail, "Subject") == "1 owner out of reach — Production"
    assert "Lost 1 open finding; has no e-mail address." in _text(mail)


def test_an_owner_is_reached_by_the_address_of_their_account(
    server: MailServer, scan: Scan, erin: User
) -> None:
    make_finding(scan, owner=make_owner(scan.deployment, "erin-w", user=erin))
    work(SLOT)
    assert len(server.to("erin@example.com")) == 1


def test_whoever_has_stopped_it_gets_none_and_everyone_else_does(
    server: MailServer, scan: Scan, bob: Owner, alice: User
) -> None:
    mail_stop(address="Bob@Example.com", now=SLOT - DAY)
    make_finding(scan, owner=bob, due=TODAY - 8 * DAY)
    work(SLOT)
    assert states(kind="owner") == ["silent"]
    assert [mail["To"] for mail in server.mails] == ["alice@example.com"]


def test_the_manager_gets_what_is_a_week_late_and_admins_only_where_there_is_no_manager(
    server: MailServer, scan: Scan, bob: Owner, alice: User, dana: User
) -> None:
    make_finding(scan, owner=bob, due=TODAY - 7 * DAY)
    work(SLOT)
    (mail,) = server.to("alice@example.com")
    assert head(mail, "Subject") == "1 overdue by a week or more — Production"
    assert "Bob 1 ERROR; the oldest was due 23 Nov." in _text(mail)
    assert server.to("dana@example.com") == []

    scan.deployment.memberships.filter(user=alice).delete()
    work(SLOT + WEEK)
    assert len(server.to("dana@example.com")) == 1


def test_a_mail_can_be_stopped_from_its_own_headers_and_is_no_answer_machine_s_business(
    server: MailServer, scan: Scan, bob: Owner
) -> None:
    make_finding(scan, owner=bob)
    work(SLOT)
    (mail,) = server.mails
    assert head(mail, "List-Unsubscribe").startswith("<http://testserver/mail/stop/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert str(Letter.objects.get().public_id) in mail["Message-ID"]


def test_names_from_outside_cannot_write_headers(server: MailServer, source: Source) -> None:
    deployment = source.deployment
    deployment.name = "Pro\r\nBcc: eve@example.com\r\n\u202eduction ✈ <script>"
    deployment.save()
    owner = make_owner(deployment, "bob", name="B\nob & Söhne", email="bob@example.com")
    make_finding(
        make_scan(source, at=SLOT - HOUR),
        owner=owner,
        path="dags/\r\nX-Evil: yes\n<b>.py",
    )
    work(SLOT)
    (mail,) = server.mails
    assert head(mail, "Subject") == "1 new — Pro Bcc: eve@example.com duction ✈ <script>"
    assert mail["Bcc"] is None and mail["X-Evil"] is None
    html = mail.get_body(("html",)).get_content()
    assert "<script>" not in html and "&lt;script&gt;" in html
    assert "<b>.py" not in html


def test_the_number_of_queries_does_not_grow_with_findings_or_rows_of_the_log(
    server: MailServer, scan: Scan
) -> None:
    owners = [make_owner(scan.deployment, f"o{number}") for number in range(3)]

    def queries() -> int:
        make_mixed_findings(scan, 1000, owners)
        for digest_id in digests_due(now=SLOT):
            with CaptureQueriesContext(connection) as asked:
                digest_decide(digest_id=digest_id, now=SLOT)
        return len(asked)

    few = queries()
    make_mixed_findings(scan, 4000, owners)
    Digest.objects.all().delete()
    Deployment.objects.update(digest_due_at=SLOT)
    assert queries() <= few


def test_two_deployments_are_told_apart(server: MailServer, scan: Scan, bob: Owner) -> None:
    other = make_deployment("other", name="Staging", facts={"time_zone": "UTC", "name": "Staging"})
    digest_set(deployment=other, on=True, weekday=0, hour=11, now=SLOT - DAY)
    twin = make_owner(other, "bob", email="bob@example.com")
    make_finding(scan, owner=bob)
    make_finding(make_scan(make_source(other), at=SLOT - HOUR), owner=twin)
    work(SLOT)
    assert {head(mail, "Subject") for mail in server.mails} == {
        "1 new — Production",
        "1 new — Staging",
    }


def test_whoever_is_said_to_own_findings_hears_of_it(
    server: MailServer, scan: Scan, bob: Owner, alice: User
) -> None:
    finding = make_finding(scan, owner=bob, first_seen=SLOT - 3 * WEEK)
    ann = make_owner(scan.deployment, "ann", email="ann@example.com")
    offer = HandOver.objects.create(
        deployment=scan.deployment, owner=bob, suggested=ann, asked_by=alice, asked_at=SLOT - DAY
    )
    offer.findings.add(finding)
    for week in range(2):
        work(SLOT + week * WEEK)
    (mail,) = server.to("ann@example.com")
    assert head(mail, "Subject") == "1 offered to you — Production"
    assert "Say whether they are: http://testserver/me/" in _text(mail)


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_moment_write_and_send_one_letter(
    server: MailServer, scan: Scan, bob: Owner
) -> None:
    make_finding(scan, owner=bob)
    (digest_id,) = digests_due(now=SLOT)
    at_once(4, lambda: digest_decide(digest_id=digest_id, now=SLOT))
    letter = Letter.objects.get()
    at_once(4, lambda: letter_send(letter_id=letter.pk, now=SLOT))
    assert len(server.mails) == 1


def at_once(number: int, work: Callable[[], object]) -> None:
    """The same work in several threads, each with a connection of its own."""
    barrier = threading.Barrier(number, timeout=20)

    def one() -> None:
        try:
            barrier.wait()
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        for done in [pool.submit(one) for _ in range(number)]:
            done.result(60)
