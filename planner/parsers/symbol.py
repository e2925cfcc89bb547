"""The Airflow name or argument that a message is about."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"`([^`\s]+)`")
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_EXPLICIT = re.compile(r"explicit `(\w+)` argument")
MAX_SYMBOL = 300
"""Longest symbol that is stored."""


def symbol_of(message: str) -> str:
    """The first quoted dotted name or argument: ``airflow.DAG``, ``schedule_interval``, ``datetime.now``.

    A decorator counts only where nothing else is named, and of "should have an explicit `x` argument"
    the argument is meant.
    """
    if found := _EXPLICIT.search(message):
        return found.group(1)
    fallback = ""
    for quoted in _QUOTED.findall(message):
        name = quoted.removesuffix("()")
        if _NAME.fullmatch(name):
            return name[:MAX_SYMBOL]
        if not fallback and name[:1] == "@" and _NAME.fullmatch(name[1:]):
            fallback = name[1 : MAX_SYMBOL + 1]
    return fallback
