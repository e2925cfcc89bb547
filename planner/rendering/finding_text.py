"""Findings as lines of text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from planner.domain.numbers import plural

WIDEST = 120


def finding_lines(documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One or two lines a finding, and how many there were at the end."""
    count = 0
    for document in documents:
        count += 1
        yield from _lines(document)
    yield "No findings match." if not count else f"{plural(count, 'finding')}."


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    where = document["file"]
    if document["line"] is not None:
        where = f"{where}:{document['line']}"
    state = _state(document)
    owner = document["owner"] or "nobody"
    due = f", due {document['due']}" if document["due"] else ""
    yield _plain(
        f"{document['id']:>7}  {document['severity']:<7}  {document['rule_id']}  {where}"
        f"  {state}  {owner}{due}"
    )
    message = _plain(document["message"])
    if message:
        yield " " * 18 + (message if len(message) <= WIDEST else message[: WIDEST - 1] + "…")


def _state(document: Mapping[str, Any]) -> str:
    if document["waived"]:
        return f"waived until {document['waived']['until']}"
    state = "came back" if document["regressed"] else document["state"]
    return f"{state}, silenced in the code" if document["silenced"] else str(state)


def _plain(text: str) -> str:
    """Text without control characters, which a terminal would obey."""
    return "".join(sign if sign.isprintable() else " " for sign in text).rstrip()
