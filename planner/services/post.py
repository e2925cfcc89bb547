"""Posts a digest to a webhook, through the same guard as everything that Flightplan fetches."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from planner.services.address import Address, AddressRefused, address_check

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 20.0
SIGNATURE = "X-Flightplan-Signature"
_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
_PORTS = {"https": 443, "http": 80}


class PostFailed(Exception):
    """Nothing was taken, and trying again would not help. The message is one sentence without the address."""


class PostLater(Exception):
    """Nothing was taken this time; it may be another time. The message is one sentence without the address."""


class PostUnsure(Exception):
    """The connection broke after the message was on its way: it may have been taken."""


@dataclass(frozen=True, slots=True)
class Post:
    """What is posted, and where to."""

    url: str
    body: bytes
    idempotency_key: str
    secret: str = ""
    """Signs the body where there is one."""


def post_send(*, post: Post, allow_private: bool) -> None:
    """Posts JSON; redirects are not followed.

    Raises:
        PostFailed: the address is refused or wrong, or the receiver says no for good.
        PostLater: the receiver cannot be reached or asks to come back.
        PostUnsure: it is not known whether the receiver took it.
    """
    parts = urlsplit(post.url)
    address = _checked(post.url, allow_private)
    timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    number = f"[{address.number}]" if ":" in address.number else address.number
    pinned = httpx.URL(post.url).copy_with(host=number, username=None, password=None)
    try:
        with httpx.Client(trust_env=False, timeout=timeout, follow_redirects=False) as client:
            request = client.build_request(
                "POST",
                pinned,
                content=post.body,
                headers={**_headers(post), "Host": parts.netloc.rpartition("@")[2]},
                extensions={"sni_hostname": address.host},
            )
            answer = client.send(request, stream=True)
            status, reason = answer.status_code, answer.reason_phrase
            answer.close()
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise PostLater(f"{address.host} cannot be reached ({_reason(error)})") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PostUnsure(f"{address.host} broke off ({_reason(error)})") from error
    _judge(status, f"{address.host} answers {status} {reason}".rstrip())


def _headers(post: Post) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "flightplan",
        "Idempotency-Key": post.idempotency_key,
    }
    if post.secret:
        headers[SIGNATURE] = signature(post.body, post.secret)
    return headers


def signature(body: bytes, secret: str) -> str:
    """What a receiver that knows the secret computes from the body as well."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _judge(status: int, said: str) -> None:
    if 200 <= status < 300:
        return
    if status in _LATER or status >= 500:
        raise PostLater(said)
    if 300 <= status < 400:
        raise PostFailed(f"{said}; use the address that it redirects to")
    raise PostFailed(f"{said}; check the webhook's address")


def _checked(url: str, allow_private: bool) -> Address:
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS[parts.scheme]
        return address_check(host=parts.hostname or "", port=port, allow_private=allow_private)
    except (AddressRefused, ValueError, KeyError) as error:
        if isinstance(error, AddressRefused):
            raise PostFailed(str(error)) from error
        raise PostFailed("the webhook's address cannot be used") from error


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
