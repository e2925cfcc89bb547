"""Signing in: one-time links, passwords, and a limit on failed attempts."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from redis.exceptions import RedisError

from planner.models import SignInLink

LINK_LASTS = timedelta(hours=24)
WINDOW = timedelta(minutes=10)
TRIES_PER_NAME = 8
TRIES_PER_ADDRESS = 60
LINK_IS_OVER = "That link has been used, or it is too old. Ask for a new one."
WRONG = "That name and password do not belong together."
NOT_COUNTED = (
    "Passwords and mailed links are closed while Redis does not answer, because wrong ones cannot be "
    "counted. Whoever runs this Flightplan can make a one-time link: python manage.py signin-link."
)
TOO_OFTEN = "Too many attempts failed. Wait ten minutes, or use a one-time link."

_log = logging.getLogger(__name__)


class SignInRefused(ValueError):
    """The person cannot be signed in this way. The message is one sentence for them."""


def token_hash(token: str) -> str:
    """What is stored of a one-time link."""
    return hashlib.sha256(token.encode()).hexdigest()


def link_make(*, user: User, now: datetime) -> str:
    """A new one-time token for the person; it is told this once and only its hash is stored."""
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        user=user, token_hash=token_hash(token), created_at=now, expires_at=now + LINK_LASTS
    )
    return token


def link_owner(*, token: str, now: datetime) -> User:
    """Whom the link would sign in. Uses nothing up, so that previews of a link do no harm.

    Raises:
        SignInRefused: the link was used, is too old or never was.
    """
    link = (
        SignInLink.objects.filter(
            token_hash=token_hash(token),
            used_at=None,
            expires_at__gt=now,
            user__is_active=True,
        )
        .select_related("user")
        .first()
    )
    if link is None:
        raise SignInRefused(LINK_IS_OVER)
    return link.user


@transaction.atomic
def link_use(*, token: str, now: datetime) -> User:
    """Uses the link up and says whom to sign in. Of two uses at once only one succeeds.

    Raises:
        SignInRefused: the link was used, is too old or never was.
    """
    user = link_owner(token=token, now=now)
    unused = SignInLink.objects.filter(token_hash=token_hash(token), used_at=None)
    if not unused.update(used_at=now):
        raise SignInRefused(LINK_IS_OVER)
    return user


def link_mail(*, email: str, address: str, now: datetime) -> None:
    """Mails a one-time link to whoever has that e-mail address; says nothing where nobody has.

    Raises:
        SignInRefused: it was asked for too often.
    """
    _count_attempt(f"link:{email.strip().lower()}", f"link-from:{address}")
    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if user is None or not user.email:
        return
    link = f"{settings.BASE_URL}/sign-in/{link_make(user=user, now=now)}/"
    text = render_to_string("email/sign_in.txt", {"link": link, "hours": 24})
    send_mail("Your sign-in link for Flightplan", text, None, [user.email])


def password_check(*, name: str, password: str, address: str) -> User:
    """The person with that name (or e-mail address) and password.

    Raises:
        SignInRefused: they do not belong together, or too many attempts have failed.
    """
    attempts = (f"name:{name.strip().lower()}", f"from:{address}")
    _refuse_after_too_many(*attempts)
    found = User.objects.filter(Q(username__iexact=name.strip()) | Q(email__iexact=name.strip()))
    usernames = list(found.values_list("username", flat=True)[:2])
    username = usernames[0] if len(usernames) == 1 else name.strip()
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        _count_attempt(*attempts)
        raise SignInRefused(WRONG)
    with _counted():
        cache.delete(_key(attempts[0]))
    return user


def _key(attempt: str) -> str:
    return "attempts:" + hashlib.sha256(attempt.encode()).hexdigest()


@contextmanager
def _counted() -> Iterator[None]:
    """Where attempts cannot be counted nobody may try: guessing would have no limit."""
    try:
        yield
    except RedisError as error:
        _log.error("Attempts to sign in cannot be counted: Redis does not answer. %s", error)
        raise SignInRefused(NOT_COUNTED) from error


def _refuse_after_too_many(by_name: str, by_address: str) -> None:
    for attempt, most in ((by_name, TRIES_PER_NAME), (by_address, TRIES_PER_ADDRESS)):
        with _counted():
            tried = cache.get(_key(attempt), 0)
        if tried >= most:
            raise SignInRefused(TOO_OFTEN)


def _count_attempt(by_name: str, by_address: str) -> None:
    _refuse_after_too_many(by_name, by_address)
    for attempt in (by_name, by_address):
        with _counted():
            cache.add(_key(attempt), 0, WINDOW.total_seconds())
            cache.incr(_key(attempt))


def person_for_link(*, email: str) -> tuple[User, bool]:
    """The person with that e-mail address or name, and whether they are new.

    Where nobody runs this Flightplan yet, the address becomes its first superuser.

    Raises:
        SignInRefused: there are people, but nobody by that name.
    """
    known = User.objects.filter(Q(email__iexact=email) | Q(username__iexact=email))
    if user := known.filter(is_active=True).order_by("pk").first():
        return user, False
    if User.objects.filter(is_superuser=True, is_active=True).exists():
        raise SignInRefused(
            f"Nobody has the e-mail address or name {email}; invite them on a deployment's "
            "settings page."
        )
    return User.objects.create_superuser(username=email, email=email), True


def first_superuser() -> User | None:
    """Whoever runs this Flightplan: the first active superuser."""
    return User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
