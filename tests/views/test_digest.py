"""The page of the weekly digest, its preview, and the link that ends it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from planner.models import Deployment, Letter, MailStop, Owner, Webhook
from planner.services.digest import digest_decide, digest_set, digests_due
from planner.services.letter import letter_send
from planner.services.mail_stop import stop_link
from tests.factories import make_finding, make_findings, make_owner, make_scan, make_source

ClientFor = Callable[[User], Client]
PAGE = "/d/production/digest/"


@pytest.fixture
def bob_owns(deployment: Deployment) -> Owner:
    owner = make_owner(deployment, "bob", email="bob@example.com")
    make_finding(make_scan(make_source(deployment), at=timezone.now()), owner=owner)
    return owner


def decided(deployment: Deployment) -> None:
    """A slot of last week is caught up, now."""
    now = timezone.now()
    week_ago = now - timedelta(days=8)
    digest_set(deployment=deployment, on=True, weekday=0, hour=12, now=week_ago)
    for digest_id in digests_due(now=now):
        for letter_id in digest_decide(digest_id=digest_id, now=now):
            letter_send(letter_id=letter_id, now=now)


def text_of(answer: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_before_the_first_one_the_page_says_so(client_for: ClientFor, dana: User) -> None:
    text = text_of(client_for(dana).get(PAGE))
    assert "No digest has gone out yet. The first one looks back seven days." in text


def test_an_admin_chooses_day_and_hour(
    client_for: ClientFor, dana: User, deployment: Deployment
) -> None:
    client_for(dana).post(f"{PAGE}when/", {"on": "on", "weekday": "3", "hour": "7"})
    deployment.refresh_from_db()
    assert (deployment.digest_on, deployment.digest_weekday, deployment.digest_hour) == (
        True,
        3,
        7,
    )
    assert deployment.digest_due_at is not None
    client_for(dana).post(f"{PAGE}when/", {"weekday": "3", "hour": "7"})
    deployment.refresh_from_db()
    assert (deployment.digest_on, deployment.digest_due_at) == (False, None)
    assert "The weekly digest is off." in client_for(dana).get(PAGE).text


@pytest.mark.parametrize("wrong", [{"weekday": "7", "hour": "1"}, {"weekday": "1"}])
def test_a_wrong_time_is_refused(client_for: ClientFor, dana: User, wrong: dict[str, str]) -> None:
    assert client_for(dana).post(f"{PAGE}when/", wrong).status_code == 422


@pytest.mark.parametrize("path", ["when/", "webhooks/"])
def test_only_admins_change_it(client_for: ClientFor, alice: User, path: str) -> None:
    assert client_for(alice).post(f"{PAGE}{path}").status_code == 403


def test_the_last_digest_is_listed_by_recipient_with_its_outcome(
    client_for: ClientFor, dana: User, deployment: Deployment, bob_owns: Owner
) -> None:
    scan = make_scan(deployment.sources.get(), at=timezone.now())
    make_finding(scan, owner=make_owner(deployment, "lost"))
    decided(deployment)
    text = text_of(client_for(dana).get(PAGE))
    assert "Bob bob@example.com 1 new" in text
    assert re.search(r"1 new — Production sent \w{3} \d+ \w{3} \d\d:\d\d", text)
    assert "not reached has no e-mail address" in text
    assert "1 of 2 owners can be reached." in text
    assert len(mail.outbox) == 2  # Bob's, and the admin's about whom nothing reaches


def test_viewers_read_no_addresses(
    client_for: ClientFor, erin: User, deployment: Deployment, bob_owns: Owner
) -> None:
    decided(deployment)
    assert "bob@example.com" not in client_for(erin).get(PAGE).text


def test_a_letter_that_may_have_arrived_can_be_sent_again_by_an_admin(
    client_for: ClientFor, dana: User, alice: User, deployment: Deployment, bob_owns: Owner
) -> None:
    decided(deployment)
    letter = Letter.objects.get(kind="owner")
    Letter.objects.update(state="unknown", why="The worker stopped.")
    assert "may have arrived" in client_for(dana).get(PAGE).text
    again = f"{PAGE}letters/{letter.pk}/again/"
    assert client_for(alice).post(again).status_code == 403
    client_for(dana).post(again)
    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == ("waiting", 0)
    assert "cannot be sent again" in client_for(dana).post(again, follow=True).text


def test_letters_of_other_deployments_are_not_there(
    client_for: ClientFor, dana: User, deployment: Deployment, bob_owns: Owner
) -> None:
    decided(deployment)
    Deployment.objects.create(
        slug="other", name="Other", facts=deployment.facts
    ).memberships.create(user=dana, role="admin")
    letter = Letter.objects.first()
    assert letter is not None
    again = f"/d/other/digest/letters/{letter.pk}/again/"
    assert client_for(dana).post(again).status_code == 404


def test_the_preview_shows_the_mail_and_sends_nothing(
    client_for: ClientFor, alice: User, bob_owns: Owner
) -> None:
    answer = client_for(alice).get(f"{PAGE}preview/")
    text = text_of(answer)
    assert "1 letter would be written now." in text
    assert "To bob@example.com Subject 1 new — Production" in text
    assert "NEW 1 finding is new." in text
    assert mail.outbox == []
    assert not Letter.objects.exists()


def test_the_preview_is_for_managers(client_for: ClientFor, erin: User) -> None:
    assert client_for(erin).get(f"{PAGE}preview/").status_code == 403


def test_with_nothing_changed_the_preview_says_so(
    client_for: ClientFor, alice: User, deployment: Deployment
) -> None:
    text = text_of(client_for(alice).get(f"{PAGE}preview/"))
    assert "Nothing has changed, so nothing would be mailed now." in text


def test_a_webhook_is_added_and_its_address_never_shown(
    client_for: ClientFor, dana: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SOURCE_SECRETS = ["DIGEST_SECRET"]
    monkeypatch.setenv("DIGEST_SECRET", "the-value")
    client = client_for(dana)
    answer = client.post(
        f"{PAGE}webhooks/",
        {
            "name": "ops",
            "format": "json",
            "url": "https://hooks.example.com/very/secret/abcd",
            "secret_env": "DIGEST_SECRET",
        },
        follow=True,
    )
    assert "Added ops. Send it a test." in answer.text
    assert "https://hooks.example.com/…abcd" in answer.text
    assert "secret/abcd" not in answer.text
    assert "the-value" not in answer.text
    webhook = Webhook.objects.get()
    client.post(f"{PAGE}webhooks/{webhook.pk}/remove/")
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"secret_env": "SECRET_KEY"}, "not one of the variables that SOURCE_SECRETS lets"),
        ({"url": "ftp://hooks.example.com/x"}, "it begins with https://"),
        ({"format": "fax"}, "Select a valid choice"),
    ],
)
def test_a_webhook_that_cannot_be_is_said_beside_its_field(
    client_for: ClientFor, dana: User, typed: dict[str, str], says: str
) -> None:
    fields = {"name": "ops", "format": "json", "url": "https://hooks.example.com/s3cret", **typed}
    answer = client_for(dana).post(f"{PAGE}webhooks/", fields)
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert "s3cret" not in answer.text


def test_a_test_that_fails_says_why(
    client_for: ClientFor, dana: User, deployment: Deployment
) -> None:
    webhook = deployment.webhooks.create(
        name="ops", format="json", url="http://127.0.0.1:1/s3cret", created_at=timezone.now()
    )
    answer = client_for(dana).post(f"{PAGE}webhooks/{webhook.pk}/test/", follow=True)
    assert "The test was not taken: 127.0.0.1 cannot be reached" in answer.text
    assert "/s3cret" not in answer.text


def test_the_number_of_queries_does_not_grow_with_owners(
    client_for: ClientFor,
    dana: User,
    deployment: Deployment,
    bob_owns: Owner,
    django_assert_max_num_queries: Any,
) -> None:
    scan = make_scan(deployment.sources.get())
    for number in range(40):
        make_finding(
            scan, owner=make_owner(deployment, f"o{number}", email=f"{number}@example.com")
        )
    decided(deployment)
    client = client_for(dana)
    with django_assert_max_num_queries(20):
        client.get(PAGE)
    make_findings(scan, 500, owner=bob_owns)
    with django_assert_max_num_queries(20):
        client.get(f"{PAGE}preview/")


# --- Ending it --------------------------------------------------------------------------


def stop_path(address: str) -> str:
    return stop_link(address=address).removeprefix("http://testserver")


def test_opening_the_link_changes_nothing_and_the_button_ends_it(client: Client, db: None) -> None:
    path = stop_path("Bob@example.com")
    assert "bob@example.com gets the weekly mail." in client.get(path).text
    assert not MailStop.objects.exists()
    assert "bob@example.com gets no weekly mail." in client.post(path).text
    assert MailStop.objects.get().address == "bob@example.com"
    client.post(path, {"resume": "yes"})
    assert not MailStop.objects.exists()


def test_a_mail_program_ends_it_by_itself(db: None) -> None:
    """RFC 8058: a post without cookies, session or token of ours."""
    client = Client(enforce_csrf_checks=True)
    answer = client.post(stop_path("bob@example.com"), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert MailStop.objects.exists()


@pytest.mark.parametrize("token", ["x", "ImJvYkBleGFtcGxlLmNvbSI:1xVC9t:LNImHHOhps9rZX03h3"])
def test_a_link_that_nobody_signed_ends_nothing(client: Client, db: None, token: str) -> None:
    assert client.post(f"/mail/stop/{token}/").status_code == 404
    assert not MailStop.objects.exists()


def test_the_account_page_ends_it_too(client_for: ClientFor, erin: User) -> None:
    client = client_for(erin)
    answer = client.post("/account/mail/", {"stop": "yes"}, follow=True)
    assert "erin@example.com gets no weekly mail any more." in answer.text
    assert MailStop.objects.get().address == "erin@example.com"
    client.post("/account/mail/", {"resume": "yes"})
    assert not MailStop.objects.exists()


def test_the_owners_page_says_whom_no_mail_reaches(
    client_for: ClientFor, erin: User, deployment: Deployment, bob_owns: Owner
) -> None:
    text = text_of(client_for(erin).get("/d/production/owners/"))
    assert "Cannot be reached" not in text
    bob_owns.mail_refused_at = datetime(2026, 11, 23, tzinfo=UTC)
    bob_owns.mail_refused_address = "Bob@example.com"
    bob_owns.save()
    text = text_of(client_for(erin).get("/d/production/owners/"))
    assert "Cannot be reached: Bob cannot be mailed: bob@example.com was refused on 23 Nov." in text
