"""Makes, checks and revokes the API tokens of a deployment. Only a token's hash is stored."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from django.db.models import Q

from planner.models import ApiToken, Deployment

_SPAN = re.compile(r"^(\d{1,4})\s*([dhw])$")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class TokenError(ValueError):
    """What was asked of a token cannot be. The message is one sentence."""


def token_make(
    *, deployment: Deployment, scope: str, expires_at: datetime | None, now: datetime
) -> tuple[ApiToken, str]:
    """A new token and the text that proves it, which is told this once and stored nowhere.

    Raises:
        TokenError: the scope does not exist or the token would be over before it began.
    """
    if scope not in ApiToken.Scope.values:
        raise TokenError(f'"{scope}" is not a scope; use {" or ".join(ApiToken.Scope.values)}')
    if expires_at is not None and expires_at <= now:
        raise TokenError("the token would expire before it is used")
    text = f"fp_{scope}_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        deployment=deployment,
        scope=scope,
        token_hash=_hash(text),
        created_at=now,
        expires_at=expires_at,
    )
    return token, text


def token_revoke(*, token: ApiToken, now: datetime) -> ApiToken:
    """Ends a token at once."""
    token.revoked_at = now
    token.save(update_fields=["revoked_at"])
    return token


def token_verify(*, text: str, now: datetime) -> ApiToken | None:
    """The living token that the text proves, or None."""
    wanted = _hash(text)
    token = (
        ApiToken.objects.select_related("deployment")
        .filter(token_hash=wanted, revoked_at=None)
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .first()
    )
    if token is None or not hmac.compare_digest(token.token_hash, wanted):
        return None
    return token


def span_of(text: str) -> timedelta:
    """'90d' as a length of time; also hours (h) and weeks (w).

    Raises:
        TokenError: the text is no such length.
    """
    match = _SPAN.match(text.strip())
    if match is None or int(match[1]) == 0:
        raise TokenError(f'"{text}" is not a length of time; write it like 90d, 12h or 8w')
    return int(match[1]) * _UNITS[match[2]]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
