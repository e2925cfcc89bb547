"""Bytes of files as text."""

from __future__ import annotations

import re

_COOKIE = re.compile(rb"[ \t\f]*#[^\r\n]{0,200}?coding[:=][ \t]*([-\w.]{1,40})")


def text_of(content: bytes) -> str | None:
    """The text of a file, or None where it is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def declared_encoding(content: bytes) -> str:
    """The encoding that a Python file declares in its first two lines, if its bytes are that; else nothing."""
    for line in content.split(b"\n", 2)[:2]:
        match = _COOKIE.match(line)
        if match:
            name = match[1].decode("ascii", "replace").lower()
            try:
                content.decode(name)
            except (LookupError, ValueError):
                return ""
            return name
    return ""
