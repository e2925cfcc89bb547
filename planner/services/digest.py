"""Weekly digests: which are due, when their scans have finished, and the letters that each one writes once.

The database is the truth: a slot becomes one ``Digest`` row, the digest decides its letters in one
transaction, and a letter's row says how far it got. Every task may run twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from planner.domain.digest import ChatDigest, Digests, ManagerDigest, OwnerDigest
from planner.domain.schedule import next_run
from planner.models import Deployment, Digest, Event, Letter, Webhook
from planner.rendering.chat import MESSAGES
from planner.rendering.digest import (
    Links,
    Sheet,
    manager_sheet,
    owner_sheet,
    sheet_as_html,
    sheet_as_text,
)
from planner.selectors.digest import Recipient, digests_of, is_scanning, managers_of
from planner.selectors.local_time import local_day, zone_name
from planner.services.mail_stop import stop_link
from planner.services.revision import deployment_hold

WAITS_FOR_SCANS = timedelta(hours=6)
"""A digest is decided without scans that take longer, and says which."""
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


class Drafted(NamedTuple):
    """A letter that is not stored, what it is written from, and the owners it is for."""

    letter: Letter
    sheet: Sheet | None
    """None where nothing goes out."""
    owner_ids: frozenset[int]


def digest_schedule(deployment: Deployment) -> str:
    """The slot as cron text, read in the deployment's zone."""
    return f"0 {deployment.digest_hour} * * {_WEEKDAYS[deployment.digest_weekday]}"


def digest_set(
    *, deployment: Deployment, on: bool, weekday: int, hour: int, now: datetime
) -> Deployment:
    """Store whether and when digests go out. The next slot is one that is still to come."""
    deployment.digest_on, deployment.digest_weekday, deployment.digest_hour = on, weekday, hour
    deployment.digest_due_at = _next_slot(deployment, now) if on else None
    deployment.save(update_fields=["digest_on", "digest_weekday", "digest_hour", "digest_due_at"])
    return deployment


def _next_slot(deployment: Deployment, now: datetime) -> datetime:
    return next_run(digest_schedule(deployment), now, zone_name(deployment))


def digests_due(*, now: datetime) -> list[int]:
    """Ids of the digests to decide now. Makes those whose slot has come: one, however many were missed.

    Call it after the rescans of the same moment are queued: a digest waits for scans that were
    asked for before it.
    """
    for deployment in Deployment.objects.filter(digest_on=True):
        if deployment.digest_due_at is None or deployment.digest_due_at > now:
            _move_slot(deployment, now)
        else:
            _take_slot(deployment, now)
    waiting = Digest.objects.filter(decided_at=None).order_by("slot_at", "pk")
    return [digest.pk for digest in waiting if _is_ready(digest, now)]


def _move_slot(deployment: Deployment, now: datetime) -> None:
    """Keeps the next slot true where the time zone has changed, or none was set yet."""
    slot = _next_slot(deployment, now)
    if slot != deployment.digest_due_at:
        same = Deployment.objects.filter(
            pk=deployment.pk, digest_on=True, digest_due_at=deployment.digest_due_at
        )
        same.update(digest_due_at=slot)


@transaction.atomic
def _take_slot(deployment: Deployment, now: datetime) -> None:
    """Makes the digest of a slot, unless another tick was first or nobody could be told."""
    slot = deployment.digest_due_at
    assert slot is not None
    claimed = Deployment.objects.filter(pk=deployment.pk, digest_on=True, digest_due_at=slot)
    if not claimed.update(digest_due_at=_next_slot(deployment, now)):
        return
    if settings.MAIL_IS_SET_UP or deployment.webhooks.exists():
        Digest.objects.get_or_create(
            deployment=deployment,
            slot_at=slot,
            defaults={"created_at": now, "decide_by": now + WAITS_FOR_SCANS},
        )


def _is_ready(digest: Digest, now: datetime) -> bool:
    return now >= digest.decide_by or not is_scanning(digest.deployment_id, digest.created_at)


@transaction.atomic
def digest_decide(*, digest_id: int, now: datetime) -> list[int]:
    """Writes a digest's letters, once; the ids of those to send. Empty where that was done before.

    Holds the deployment, so that whoever writes events comes wholly before it or wholly after.
    """
    digest = Digest.objects.filter(pk=digest_id, decided_at=None).first()
    if digest is None:
        return []
    deployment = deployment_hold(deployment_id=digest.deployment_id)
    digest = Digest.objects.select_for_update().filter(pk=digest_id, decided_at=None).first()
    if digest is None or not _is_ready(digest, now):
        return []
    found = digests_of(deployment, now=now)
    digest.decided_at = now
    digest.told_on = local_day(deployment, now)
    digest.last_event = Event.objects.aggregate(newest=Max("pk"))["newest"] or 0
    digest.not_scanned = list(found.chat.not_scanned)
    digest.changed = found.chat.changed
    digest.headline = found.chat.headline[:300]
    digest.save()
    letters = list(_letters(deployment, digest, found, now))
    return [letter.pk for letter in letters if letter.state == Letter.State.WAITING]


def letters_now(*, deployment: Deployment, now: datetime) -> list[Drafted]:
    """What would be mailed if a digest were decided now, but for the links that end it. Nothing is stored."""
    found = digests_of(deployment, now=now)
    return list(_mails(deployment, found, stop=lambda *, address: f"{settings.BASE_URL}/account/"))


def _letters(
    deployment: Deployment, digest: Digest, found: Digests, now: datetime
) -> Iterator[Letter]:
    """Every letter of a digest, stored."""
    if settings.MAIL_IS_SET_UP:
        for drafted in _mails(deployment, found, stop=stop_link):
            letter = _stored(drafted.letter, digest, now)
            letter.owners.set(drafted.owner_ids)
            yield letter
    if found.chat.changed:
        for webhook in deployment.webhooks.all():
            yield _stored(_webhook_letter(webhook, found.chat, now), digest, now)


def _stored(letter: Letter, digest: Digest, now: datetime) -> Letter:
    letter.digest = digest
    letter.name, letter.subject = letter.name[:300], letter.subject[:400]
    letter.why = letter.why[:500]
    if letter.state == Letter.State.WAITING:
        letter.next_try_at = now
    letter.save()
    return letter


class _Stop(Protocol):
    """Makes the link that ends mail to an address."""

    def __call__(self, *, address: str) -> str: ...


def _mails(deployment: Deployment, found: Digests, *, stop: _Stop) -> Iterator[Drafted]:
    """The letters of a digest that go by mail: the managers', then the owners'."""
    links = Links(settings.BASE_URL, deployment.slug)
    if found.manager.changed:
        for manager in managers_of(deployment):
            yield _to_manager(manager, found.manager, links, stop)
    for told in found.owners:
        if told.changed:
            yield _to_owner(told, links, stop)


def _to_owner(told: OwnerDigest, links: Links, stop: _Stop) -> Drafted:
    """What one reader is sent, or why nothing is."""
    reader = told.reader
    letter = Letter(
        kind=Letter.Kind.OWNER, recipient=reader.address or reader.key, name=reader.name
    )
    if reader.unreachable:
        letter.state, letter.why = Letter.State.UNREACHABLE, reader.unreachable
        return Drafted(letter, None, reader.owner_ids)
    if reader.silent:
        letter.state = Letter.State.SILENT
        return Drafted(letter, None, reader.owner_ids)
    sheet = owner_sheet(told, links, stop=stop(address=reader.address))
    return _written(letter, told.subject, sheet, reader.owner_ids)


def _to_manager(manager: Recipient, told: ManagerDigest, links: Links, stop: _Stop) -> Drafted:
    """What one of those who run the deployment is sent."""
    letter = Letter(kind=Letter.Kind.MANAGER, recipient=manager.address.lower(), name=manager.name)
    if manager.silent:
        letter.state = Letter.State.SILENT
        return Drafted(letter, None, frozenset())
    sheet = manager_sheet(told, links, stop=stop(address=manager.address))
    return _written(letter, told.subject, sheet, frozenset())


def _written(letter: Letter, subject: str, sheet: Sheet, owner_ids: frozenset[int]) -> Drafted:
    letter.subject = subject
    letter.text, letter.html = sheet_as_text(sheet), sheet_as_html(sheet)
    return Drafted(letter, sheet, owner_ids)


def _webhook_letter(webhook: Webhook, told: ChatDigest, now: datetime) -> Letter:
    """What one webhook is posted."""
    links = Links(settings.BASE_URL, webhook.deployment.slug)
    letter = Letter(
        kind=Letter.Kind.WEBHOOK,
        recipient=f"webhook {webhook.pk}",
        name=webhook.name,
        webhook=webhook,
        subject=told.headline,
    )
    write = MESSAGES[webhook.format]
    message = write(told, links, public_id=str(letter.public_id), at=now)
    letter.text = json.dumps(message, ensure_ascii=False)
    return letter
