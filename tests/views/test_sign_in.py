"""The sign-in page, one-time links, and signing out."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from planner.models import SignInLink
from planner.services.sign_in import TRIES_PER_NAME, link_make

PASSWORD = "a long enough secret"


@pytest.fixture(autouse=True)
def _nothing_counted_yet():
    cache.clear()


@pytest.fixture
def link(alice):
    return f"/sign-in/{link_make(user=alice, now=timezone.now())}/"


def signed_in(client):
    return "_auth_user_id" in client.session


def test_a_name_and_password_sign_in_and_lead_back(client, alice):
    alice.set_password(PASSWORD)
    alice.save()
    answer = client.post(
        "/sign-in/", {"name": "alice", "password": PASSWORD, "next": "/d/production/settings/"}
    )
    assert answer.status_code == 302
    assert answer.url == "/d/production/settings/"
    assert signed_in(client)


def test_the_e_mail_address_serves_as_name(client, alice):
    alice.set_password(PASSWORD)
    alice.save()
    client.post("/sign-in/", {"name": "Alice@Example.com", "password": PASSWORD})
    assert signed_in(client)


def test_a_wrong_password_says_nothing_about_who_exists(client, alice):
    known = client.post("/sign-in/", {"name": "alice", "password": "wrong"})
    unknown = client.post("/sign-in/", {"name": "nobody", "password": "wrong"})
    assert known.status_code == unknown.status_code == 403
    sentence = "That name and password do not belong together."
    assert sentence in known.text
    assert sentence in unknown.text
    assert not signed_in(client)


def test_after_many_wrong_passwords_even_the_right_one_must_wait(client, alice):
    alice.set_password(PASSWORD)
    alice.save()
    for _ in range(TRIES_PER_NAME):
        client.post("/sign-in/", {"name": "alice", "password": "wrong"})
    answer = client.post("/sign-in/", {"name": "Alice", "password": PASSWORD})
    assert "Too many attempts failed." in answer.text
    assert not signed_in(client)


def test_behind_a_proxy_one_who_guesses_locks_out_only_themselves(client, alice, settings):
    settings.SECURE = True
    for number in range(60):
        guess = {"name": f"name{number}", "password": "x"}
        client.post("/sign-in/", guess, headers={"X-Forwarded-For": "1.2.3.4, 198.51.100.7"})
    again = {"name": "nobody", "password": "x"}

    other = client.post("/sign-in/", again, headers={"X-Forwarded-For": "198.51.100.8"})
    same = client.post("/sign-in/", again, headers={"X-Forwarded-For": "9.9.9.9, 198.51.100.7"})

    assert "do not belong together" in other.text
    assert "Too many attempts failed." in same.text


def test_where_attempts_cannot_be_counted_nobody_may_guess(client, alice, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    answer = client.post("/sign-in/", {"name": "alice", "password": "x"})
    assert answer.status_code == 403
    assert "closed while Redis does not answer" in answer.text


def test_it_never_leads_to_another_site(client, alice):
    alice.set_password(PASSWORD)
    alice.save()
    answer = client.post(
        "/sign-in/", {"name": "alice", "password": PASSWORD, "next": "https://evil.example/"}
    )
    assert answer.url == "/"


def test_opening_a_link_shows_a_button_and_uses_nothing_up(client, link):
    for _ in range(2):
        assert "Sign in as Alice." in client.get(link).text
    assert not signed_in(client)


def test_pressing_the_button_signs_in_once(client, link):
    assert client.post(link).status_code == 302
    assert signed_in(client)
    client.post("/sign-out/")
    again = client.post(link)
    assert again.status_code == 410
    assert "That link has been used, or it is too old." in again.text
    assert not signed_in(client)


def test_a_link_runs_out(client, alice):
    made = timezone.now() - timedelta(hours=25)
    answer = client.post(f"/sign-in/{link_make(user=alice, now=made)}/")
    assert answer.status_code == 410
    assert not signed_in(client)


def test_a_link_of_someone_who_left_is_over(client, alice, link):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.post(link).status_code == 410


def test_only_a_hash_of_the_link_is_stored(link):
    token = link.split("/")[2]
    stored = SignInLink.objects.get()
    assert token not in (stored.token_hash, str(vars(stored)))
    assert re.fullmatch(r"[0-9a-f]{64}", stored.token_hash)


def test_signing_out_needs_a_post(client, alice):
    client.force_login(alice)
    assert client.get("/sign-out/").status_code == 405
    assert signed_in(client)
    client.post("/sign-out/")
    assert not signed_in(client)


def test_a_link_is_mailed_only_to_whoever_has_the_address(client, alice):
    for email in ("alice@example.com", "nobody@example.com"):
        answer = client.post("/sign-in/mail/", {"email": email}, follow=True)
        assert "If that address has an account, a link is on its way." in answer.text
    assert [message.to for message in mail.outbox] == [["alice@example.com"]]
    link = re.search(r"http://testserver(/sign-in/\S+)", mail.outbox[0].body)[1]
    client.post(link)
    assert signed_in(client)


def test_without_mail_the_page_says_how_to_get_a_link(client, settings):
    settings.MAIL_IS_SET_UP = False
    assert "python manage.py signin-link YOUR-EMAIL" in client.get("/sign-in/").text
    assert client.post("/sign-in/mail/", {"email": "a@example.com"}).status_code == 403


@pytest.mark.browser
def test_in_a_browser_the_form_signs_in(browser_page, alice):
    alice.set_password(PASSWORD)
    alice.save()
    browser_page.goto("/sign-in/")
    browser_page.get_by_label("Name or e-mail address").fill("alice")
    browser_page.get_by_label("Password", exact=True).fill(PASSWORD)
    with browser_page.expect_navigation():
        browser_page.get_by_role("button", name="Sign in").click()
    assert any(cookie["name"] == "sessionid" for cookie in browser_page.context.cookies())
