"""API tokens: told once, kept as a hash, ended by time or by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from planner.models import ApiToken, Deployment
from planner.services.token import TokenError, span_of, token_make, token_revoke, token_verify

NOW = datetime(2026, 10, 21, 9, 0, tzinfo=UTC)


def test_a_token_proves_itself_until_it_expires(deployment: Deployment) -> None:
    token, text = token_make(
        deployment=deployment, scope="import", expires_at=NOW + timedelta(days=90), now=NOW
    )
    assert token_verify(text=text, now=NOW) == token
    assert token_verify(text=text, now=NOW + timedelta(days=89)) == token
    assert token_verify(text=text, now=NOW + timedelta(days=90)) is None
    assert token_verify(text=text[:-1], now=NOW) is None
    assert token_verify(text="", now=NOW) is None


def test_a_revoked_token_ends_at_once(deployment: Deployment) -> None:
    token, text = token_make(deployment=deployment, scope="read", expires_at=None, now=NOW)
    token_revoke(token=token, now=NOW)
    assert token_verify(text=text, now=NOW) is None


def test_the_text_is_stored_nowhere(deployment: Deployment) -> None:
    _, text = token_make(deployment=deployment, scope="read", expires_at=None, now=NOW)
    stored = ApiToken.objects.values().get()
    assert not any(text in str(value) or text[8:] in str(value) for value in stored.values())


def test_a_scope_that_does_not_exist_is_refused(deployment: Deployment) -> None:
    with pytest.raises(TokenError, match="use import or read"):
        token_make(deployment=deployment, scope="write", expires_at=None, now=NOW)
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("text", "span"),
    [("90d", timedelta(days=90)), ("12h", timedelta(hours=12)), (" 8 w ", timedelta(weeks=8))],
)
def test_spans(text: str, span: timedelta) -> None:
    assert span_of(text) == span


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "0d", "99999d", "1y", "1.5d"])
def test_a_text_that_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(TokenError, match="write it like 90d"):
        span_of(text)
