"""Links that people leave with what they do, like the pull request that fixed a finding."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

LONGEST = 500
_WORDS_LONGEST = 60
_NUMBERED = re.compile(r"/(pull|merge_requests|pull-requests|pullrequest)/(\d{1,9})(?:/|$)")
_UNWANTED = re.compile(r"[\s\x00-\x20\x7f-\x9f<>\"'`\\]")


class LinkRefused(ValueError):
    """No link that a page should show. The message is one sentence with the remedy."""


def clean_link(text: str) -> str:
    """The link as it is kept; nothing for nothing.

    Raises:
        LinkRefused: it is no http or https address, holds a password, or is too long.
    """
    link = text.strip()
    if not link:
        return ""
    if len(link) > LONGEST:
        raise LinkRefused(f"The link is longer than {LONGEST} characters. Give a shorter one.")
    try:
        parts = urlsplit(link)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme.lower() not in ("http", "https") or _UNWANTED.search(link):
        raise LinkRefused("Give a whole address, like https://github.com/team/dags/pull/12.")
    if "@" in parts.netloc:
        raise LinkRefused("Leave the user name and password out of the link.")
    return link


def link_words(link: str) -> str:
    """What a link is called: PR #2231, or its host and path, cut to what fits a line."""
    numbered = _NUMBERED.search(link)
    if numbered:
        sign = "!" if numbered[1] == "merge_requests" else "#"
        return f"{'MR' if sign == '!' else 'PR'} {sign}{numbered[2]}"
    words = link.split("://", 1)[-1].rstrip("/")
    return words if len(words) <= _WORDS_LONGEST else words[: _WORDS_LONGEST - 1] + "…"
