"""Webhooks of a deployment: add, remove, try. Their addresses are secrets."""

from __future__ import annotations

import json
import os
import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from planner.domain.digest import ChatDigest, Part
from planner.models import Deployment, Webhook
from planner.rendering.chat import MESSAGES
from planner.rendering.digest import Links
from planner.selectors.local_time import local_day
from planner.services.address import AddressRefused, address_check
from planner.services.post import Post, PostFailed, PostLater, PostUnsure, post_send

MOST_WEBHOOKS = 10
_SHOWN = 4
_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


class WebhookError(ValueError):
    """A webhook that cannot be. ``field`` names what is wrong; the message is one sentence."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class SecretMissing(Exception):
    """The variable that signs is not set. The message is a sentence without its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDraft:
    """A webhook as somebody asks for it; nothing is checked yet."""

    name: str
    format: str
    url: str
    secret_env: str = ""


@transaction.atomic
def webhook_add(*, deployment: Deployment, draft: WebhookDraft, now: datetime) -> Webhook:
    """Adds a webhook, which gets the next digest.

    Raises:
        WebhookError: a field is wrong; nothing was stored.
    """
    name = " ".join(draft.name.replace("\0", "").split())
    if not name or len(name) > 80:
        raise WebhookError("name", "Give it a name of up to 80 letters.")
    if deployment.webhooks.filter(name=name).exists():
        raise WebhookError("name", f'There is already a webhook called "{name}".')
    if deployment.webhooks.count() >= MOST_WEBHOOKS:
        raise WebhookError("name", f"A deployment has up to {MOST_WEBHOOKS} webhooks.")
    if draft.format not in Webhook.Format.values:
        raise WebhookError("format", "Choose what reads it.")
    _check_url(draft.url.strip())
    secret_env = draft.secret_env.strip()
    if secret_env and not _VARIABLE.match(secret_env):
        raise WebhookError(
            "secret_env", "Give the name of an environment variable, not the secret itself."
        )
    if secret_env and draft.format != Webhook.Format.JSON:
        raise WebhookError("secret_env", "Slack and Teams read no signature; leave it empty.")
    return Webhook.objects.create(
        deployment=deployment,
        name=name,
        format=draft.format,
        url=draft.url.strip(),
        secret_env=secret_env,
        created_at=now,
    )


def _check_url(url: str) -> None:
    """Refuses what is no address, or a private one that is spelled out; names are looked up when used."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise WebhookError("url", "The address names a port that does not exist.") from None
    schemes = ("https", "http") if settings.ALLOW_PRIVATE_ADDRESSES else ("https",)
    if parts.scheme not in schemes or not parts.hostname or len(url) > 1000:
        raise WebhookError("url", "Paste the webhook's address; it begins with https://.")
    if parts.username or parts.password or not url.isascii() or not url.isprintable() or " " in url:
        raise WebhookError("url", "The address holds characters that no webhook's address has.")
    host = parts.hostname
    if host == "localhost" or ":" in host or host.replace(".", "").isdigit():
        try:
            address_check(
                host=host, port=port or 443, allow_private=settings.ALLOW_PRIVATE_ADDRESSES
            )
        except AddressRefused as error:
            raise WebhookError("url", f"{_first_upper(str(error))}.") from error


def webhook_remove(*, webhook: Webhook) -> None:
    """Removes a webhook. What was posted stays in the list of letters."""
    webhook.delete()


def shown_address(webhook: Webhook) -> str:
    """The address as it may be shown: the host, and its last letters to tell it from others."""
    parts = urlsplit(webhook.url)
    return f"{parts.scheme}://{parts.hostname}/…{webhook.url[-_SHOWN:]}"


def webhook_post(*, webhook: Webhook, body: bytes, key: str) -> None:
    """Posts a body, signed where the webhook names a secret.

    Raises:
        PostFailed, PostLater, PostUnsure: as ``post_send``.
        SecretMissing: the variable that signs is not set.
    """
    secret = ""
    if webhook.secret_env:
        secret = os.environ.get(webhook.secret_env, "")
        if not secret:
            raise SecretMissing(f"this process has no environment variable {webhook.secret_env}")
    post = Post(url=webhook.url, body=body, idempotency_key=key, secret=secret)
    post_send(post=post, allow_private=settings.ALLOW_PRIVATE_ADDRESSES)


def webhook_try(*, webhook: Webhook, now: datetime) -> str:
    """Posts a made-up digest at once; one sentence on how that went."""
    key = str(uuid.uuid4())
    told = ChatDigest(
        deployment=f"{webhook.deployment.name} (a test)",
        today=local_day(webhook.deployment, now),
        counts={Part.NEW: 3, Part.OVERDUE: 1},
        due_by=None,
        changed=True,
        owners=(),
        unowned_errors=0,
        not_scanned=("This is a test: the numbers are made up.",),
    )
    links = Links(settings.BASE_URL, webhook.deployment.slug)
    message = MESSAGES[webhook.format](told, links, public_id=key, at=now)
    try:
        webhook_post(webhook=webhook, body=json.dumps(message).encode(), key=key)
    except (PostFailed, PostLater, PostUnsure, SecretMissing) as error:
        raise WebhookError("url", f"The test was not taken: {error}.") from error
    return f"{webhook.name} took the test."


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
