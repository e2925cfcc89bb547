"""Whoever gets weekly mail can end it, by their account or by the link in each mail, and have it again."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core import signing

from planner.models import MailStop

_SALT = "planner.mail_stop"


class StopRefused(ValueError):
    """A link that Flightplan did not write. The message is one sentence."""


def stop_link(*, address: str) -> str:
    """The link that lets whoever reads mail at ``address`` end it without signing in."""
    return f"{settings.BASE_URL}/mail/stop/{signing.dumps(address.lower(), salt=_SALT)}/"


def stop_address(*, token: str) -> str:
    """Whose mail a link ends.

    Raises:
        StopRefused: the link was cut off or changed.
    """
    try:
        return str(signing.loads(token, salt=_SALT))
    except signing.BadSignature:
        raise StopRefused("This link is not whole. Copy all of it from the mail.") from None


def mail_stop(*, address: str, now: datetime) -> None:
    """Send no weekly mail to an address any more. What is on its way is not taken back."""
    MailStop.objects.get_or_create(address=address.strip().lower(), defaults={"stopped_at": now})


def mail_resume(*, address: str) -> None:
    """Send weekly mail to an address again."""
    MailStop.objects.filter(address=address.strip().lower()).delete()
