"""Gets a report from a web address, within limits and without looking where it must not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO
from urllib.parse import urljoin, urlsplit

import httpx

from planner.services.address import (
    Address,
    AddressRefused,
    address_check,
    without_credentials,
)

MOST_REDIRECTS = 5
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
"""Longest silence while the report is read."""
WHOLE_SECONDS = 300.0
"""Longest time for the whole report."""


class FetchFailed(Exception):
    """The report could not be had. The message is one sentence, without credentials."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and password for the address that the source names, and for no other."""

    username: str
    password: str = field(repr=False)


def report_fetch(
    *,
    url: str,
    target: IO[bytes],
    credentials: Credentials | None,
    allow_private: bool,
    most_bytes: int,
) -> int:
    """Writes the answer of a URL into ``target`` and returns its size in bytes.

    Redirects are followed up to five times and checked like the first address; credentials are
    sent to the first address's own origin only.

    Raises:
        FetchFailed: the address is refused, does not answer, answers an error, or answers too much.
    """
    deadline = time.monotonic() + WHOLE_SECONDS
    origin = _origin(url)
    with httpx.Client(trust_env=False, timeout=_timeout(), follow_redirects=False) as client:
        for _ in range(MOST_REDIRECTS + 1):
            sent = credentials if _origin(url) == origin else None
            with _answer(client, url, sent, allow_private) as response:
                if not response.has_redirect_location:
                    _must_be_ok(response, url)
                    return _copy(response, target, most_bytes, deadline, url)
                url = urljoin(url, response.headers["location"])
    raise FetchFailed(f"{without_credentials(url)} redirects more than {MOST_REDIRECTS} times")


@contextmanager
def _answer(
    client: httpx.Client, url: str, credentials: Credentials | None, allow_private: bool
) -> Iterator[httpx.Response]:
    parts = urlsplit(url)
    shown = without_credentials(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchFailed(f"{shown} is not an http or https address")
    address = _checked(parts.hostname, _port(url), allow_private)
    try:
        request = _request_to(client, url, address, credentials)
        response = client.send(request, stream=True)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchFailed(f"{shown} does not answer ({_reason(error)})") from error
    try:
        yield response
    finally:
        response.close()


def _request_to(
    client: httpx.Client, url: str, address: Address, credentials: Credentials | None
) -> httpx.Request:
    """A request to the number that was checked, under the name that was asked for."""
    parts = urlsplit(url)
    number = f"[{address.number}]" if ":" in address.number else address.number
    pinned = httpx.URL(url).copy_with(host=number, username=None, password=None)
    request = client.build_request(
        "GET",
        pinned,
        headers={
            "Host": parts.netloc.rpartition("@")[2],
            "Accept": "application/json, */*;q=0.5",
            "User-Agent": "flightplan",
        },
        extensions={"sni_hostname": address.host},
    )
    if credentials is not None:
        auth = httpx.BasicAuth(credentials.username, credentials.password)
        request = next(auth.auth_flow(request))
    return request


def _checked(host: str, port: int, allow_private: bool) -> Address:
    try:
        return address_check(host=host, port=port, allow_private=allow_private)
    except AddressRefused as error:
        raise FetchFailed(str(error)) from error


def _must_be_ok(response: httpx.Response, url: str) -> None:
    if response.status_code != httpx.codes.OK:
        raise FetchFailed(
            f"{without_credentials(url)} answers {response.status_code} {response.reason_phrase}".rstrip()
        )


def _copy(
    response: httpx.Response, target: IO[bytes], most_bytes: int, deadline: float, url: str
) -> int:
    size = 0
    try:
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > most_bytes:
                raise FetchFailed(
                    f"{without_credentials(url)} sends more than {most_bytes // 2**20} MB"
                )
            if time.monotonic() > deadline:
                raise FetchFailed(
                    f"{without_credentials(url)} is not finished after {WHOLE_SECONDS:.0f} seconds"
                )
            target.write(chunk)
    except httpx.HTTPError as error:
        raise FetchFailed(
            f"{without_credentials(url)} stops in the middle of the report ({_reason(error)})"
        ) from error
    return size


def _timeout() -> httpx.Timeout:
    return httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)


def _port(url: str) -> int:
    parts = urlsplit(url)
    try:
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise FetchFailed(f"{without_credentials(url)} names a port that does not exist") from None


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, _port(url)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
