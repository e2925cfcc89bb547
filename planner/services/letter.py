"""Sends the letters of digests from their outbox: each at most once, none lost in silence.

A worker takes a letter, prepares (connects, signs in), marks it as handed over, and only then hands it over. What
breaks before that mark is tried again with growing pauses. What breaks after it may have arrived, so it is not sent
again by itself but shown as unknown, for a person to decide; receivers that can tell a repetition get it again.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F, Q

from planner.models import Letter, Owner, Webhook
from planner.services.lease import RunningClock
from planner.services.mail_stop import stop_link
from planner.services.post import PostFailed, PostLater, PostUnsure
from planner.services.webhook import SecretMissing, webhook_post

LEASE = timedelta(minutes=5)
"""Longer than any server may take; a worker that is silent for longer is gone."""
OFFER_EVERY = timedelta(minutes=2)
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180))
"""Between one try and the next; after the last one it has failed."""
_OPEN = (Letter.State.WAITING, Letter.State.TAKEN, Letter.State.HANDED)
SENDABLE = (Letter.State.FAILED, Letter.State.UNKNOWN, Letter.State.REFUSED)
"""Letters that a person may have sent again."""

_log = logging.getLogger(__name__)


class LetterRefused(ValueError):
    """A letter that cannot be sent again. The message is one sentence."""


class _Lost(Exception):
    """Another worker has the letter."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How one try ended. WAITING means: again later."""

    state: Letter.State
    why: str = ""


def letters_due(*, now: datetime) -> list[int]:
    """Ids of letters to offer to a worker; those whose worker is gone are settled first."""
    gone = Letter.objects.filter(lease_until__lt=now)
    gone.filter(state=Letter.State.TAKEN).update(
        state=Letter.State.WAITING, next_try_at=now, lease_until=None
    )
    handed = gone.filter(state=Letter.State.HANDED)
    why = "The worker stopped while this was handed over, so it may have arrived."
    handed.filter(webhook__format=Webhook.Format.JSON).update(
        state=Letter.State.WAITING, next_try_at=now, lease_until=None
    )
    handed.update(state=Letter.State.UNKNOWN, why=why, lease_until=None, next_try_at=None)
    waiting = Letter.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=now),
        state=Letter.State.WAITING,
        next_try_at__lte=now,
    )
    ids = list(waiting.order_by("next_try_at", "pk").values_list("pk", flat=True))
    # Offered once per span, however many ticks pass before a worker has time.
    Letter.objects.filter(pk__in=ids, state=Letter.State.WAITING).update(
        lease_until=now + OFFER_EVERY
    )
    return ids


def letter_send(*, letter_id: int, now: datetime) -> None:
    """Tries to send a letter. Harmless to call again: one that is sent, or that another worker has, is left alone."""
    clock = RunningClock(now)
    letter = _take(letter_id, now)
    if letter is None:
        return
    send = _post if letter.kind == Letter.Kind.WEBHOOK else _mail
    try:
        outcome = send(letter, clock)
    except _Lost:
        _log.warning("letter %s was taken over by another worker", letter_id)
        return
    _settle(letter, outcome, clock())


def _take(letter_id: int, now: datetime) -> Letter | None:
    """The letter, where it waits for its turn and nobody else has it."""
    due = Letter.objects.filter(pk=letter_id, state=Letter.State.WAITING, next_try_at__lte=now)
    taken = due.update(
        state=Letter.State.TAKEN, attempts=F("attempts") + 1, lease_until=now + LEASE
    )
    if not taken:
        return None
    return Letter.objects.select_related("webhook", "digest__deployment").get(pk=letter_id)


def _hand_over(letter: Letter, now: datetime) -> None:
    """From here on the letter is not tried again by itself.

    Raises:
        _Lost: another worker has it.
    """
    _write(letter, Letter.State.TAKEN, state=Letter.State.HANDED, lease_until=now + LEASE)


def _write(letter: Letter, *states: Letter.State, **values: object) -> None:
    own = Letter.objects.filter(pk=letter.pk, attempts=letter.attempts, state__in=states)
    if not own.update(**values):
        raise _Lost


@transaction.atomic
def _settle(letter: Letter, outcome: _Outcome, now: datetime) -> None:
    state, why = outcome.state, outcome.why[:500]
    if state == Letter.State.WAITING and letter.attempts > len(PAUSES):
        state = Letter.State.FAILED
        why = f"Given up after {letter.attempts} tries. {why}"[:500]
    again = state == Letter.State.WAITING
    mine = Letter.objects.filter(
        pk=letter.pk, attempts=letter.attempts, state__in=(Letter.State.TAKEN, Letter.State.HANDED)
    )
    # A letter that the sweep has settled meanwhile is as this worker, which knows, says it is.
    unknown = Letter.objects.filter(
        pk=letter.pk, attempts=letter.attempts, state=Letter.State.UNKNOWN
    )
    (mine | unknown).update(
        state=state,
        why=why,
        lease_until=None,
        next_try_at=now + PAUSES[letter.attempts - 1] if again else None,
        sent_at=now if state == Letter.State.SENT else None,
    )
    if state == Letter.State.SENT and letter.kind != Letter.Kind.WEBHOOK:
        _mail_arrived(letter)
    if state == Letter.State.REFUSED:
        for owner in letter.owners.all():
            mail_refused(owner=owner, address=letter.recipient, now=now)


def mail_refused(*, owner: Owner, address: str, now: datetime) -> None:
    """Note that a mail server refused an owner's address for good. Another address is tried again."""
    owner.mail_refused_at, owner.mail_refused_address = now, address
    owner.save(update_fields=["mail_refused_at", "mail_refused_address"])


def _mail_arrived(letter: Letter) -> None:
    """An address that takes mail again is no longer noted as refused."""
    letter.owners.filter(mail_refused_address__iexact=letter.recipient).update(
        mail_refused_at=None, mail_refused_address=""
    )


@transaction.atomic
def letter_again(*, letter: Letter, now: datetime) -> None:
    """Send a letter once more that failed, was refused, or may not have arrived.

    Raises:
        LetterRefused: it was sent, is on its way, or has nothing in it.
    """
    again = Letter.objects.filter(pk=letter.pk, state__in=SENDABLE).exclude(text="")
    if letter.kind == Letter.Kind.WEBHOOK:
        again = again.filter(webhook__isnull=False)
    if not again.update(
        state=Letter.State.WAITING, attempts=0, next_try_at=now, lease_until=None, why=""
    ):
        raise LetterRefused("That letter cannot be sent again.")


# --- Mail -------------------------------------------------------------------------------


def _mail(letter: Letter, clock: Callable[[], datetime]) -> _Outcome:
    connection = get_connection()
    try:
        connection.open()
    except (SMTPException, OSError) as error:
        return _Outcome(Letter.State.WAITING, f"The mail server does not answer: {error}")
    _hand_over(letter, clock())
    try:
        return _deliver(letter, connection)
    finally:
        _hang_up(connection)


def _deliver(letter: Letter, connection: BaseEmailBackend) -> _Outcome:
    try:
        connection.send_messages([letter_message(letter)])
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        refused = f"{letter.recipient} was refused: {code} {_said(said)}"
        state = Letter.State.REFUSED if code >= 500 else Letter.State.WAITING
        return _Outcome(state, refused)
    except smtplib.SMTPResponseException as error:
        state = Letter.State.FAILED if error.smtp_code >= 500 else Letter.State.WAITING
        return _Outcome(state, f"The mail server says {error.smtp_code} {_said(error.smtp_error)}")
    except (SMTPException, OSError) as error:
        return _Outcome(
            Letter.State.UNKNOWN, f"The mail server broke off, so it may have arrived: {error}"
        )
    except ValueError as error:
        return _Outcome(Letter.State.FAILED, f"{letter.recipient} cannot be written to: {error}")
    return _Outcome(Letter.State.SENT)


def _hang_up(connection: BaseEmailBackend) -> None:
    """The letter is settled by now; how the server says good-bye changes nothing."""
    try:
        connection.close()
    except (SMTPException, OSError) as error:
        _log.info("the mail server did not close the connection well: %s", error)


def letter_message(letter: Letter) -> EmailMultiAlternatives:
    """The mail of a letter. Sent again it is the same mail to whoever tells mails by their id."""
    stop = stop_link(address=letter.recipient)
    _name, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    message = EmailMultiAlternatives(
        subject=" ".join(letter.subject.split()),
        body=letter.text,
        to=[letter.recipient],
        headers={
            "Message-ID": f"<{letter.public_id}@{sender.rpartition('@')[2]}>",
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(letter.html, "text/html")
    return message


def _said(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    return " ".join(text.split())[:300]


# --- Webhooks ---------------------------------------------------------------------------


def _post(letter: Letter, clock: Callable[[], datetime]) -> _Outcome:
    webhook = letter.webhook
    if webhook is None:
        return _Outcome(Letter.State.FAILED, "The webhook was removed.")
    _hand_over(letter, clock())
    try:
        webhook_post(webhook=webhook, body=letter.text.encode(), key=str(letter.public_id))
    except (PostFailed, SecretMissing) as error:
        return _Outcome(Letter.State.FAILED, _sentence(error))
    except PostLater as error:
        return _Outcome(Letter.State.WAITING, _sentence(error))
    except PostUnsure as error:
        # Whoever reads JSON tells a repetition by its id; a chat would show it twice.
        tells = webhook.format == Webhook.Format.JSON
        state = Letter.State.WAITING if tells else Letter.State.UNKNOWN
        return _Outcome(state, f"{_sentence(error)} It may have arrived.")
    return _Outcome(Letter.State.SENT)


def _sentence(error: Exception) -> str:
    text = str(error).strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
