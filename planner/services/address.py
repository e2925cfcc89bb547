"""Which network addresses a source may lie at, so that no page can be used to look inside the network."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit


class AddressRefused(ValueError):
    """The address is private or cannot be found. The message is one sentence."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host that may be connected to, at one of the numbers that were checked."""

    host: str
    port: int
    number: str


def address_check(*, host: str, port: int, allow_private: bool) -> Address:
    """The host's first address, after every one of its addresses has been checked.

    Connect to ``number``, not to ``host``: a second look-up may answer differently.

    Raises:
        AddressRefused: the host has no address, or one that is not public.
    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"the host {host} cannot be found ({_reason(error)})") from error
    numbers = [str(answer[4][0]) for answer in answers]
    if not allow_private:
        for number in numbers:
            if not is_public(number):
                raise AddressRefused(
                    f"{host} is the private address {number}; "
                    "set ALLOW_PRIVATE_ADDRESSES=true to let sources and webhooks lie there"
                )
    return Address(host=host, port=port, number=numbers[0])


def is_public(number: str) -> bool:
    """Whether an IP address is one that the whole internet can reach."""
    address = ipaddress.ip_address(number.split("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if mapped is not None:
        address = mapped
    return address.is_global and not address.is_multicast


def without_credentials(url: str) -> str:
    """The address as it may be printed: no user name, no password, no query."""
    parts = urlsplit(url)
    if not parts.netloc:
        return url
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
