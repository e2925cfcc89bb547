"""A deployment's digest as chats and other services read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from planner.domain.digest import (
    CHAT_PARTS,
    MOST_OWNERS,
    ChatDigest,
    OwnerCounts,
    one_line,
    summary,
)
from planner.domain.numbers import plural
from planner.rendering.digest import Links


def _lines(digest: ChatDigest) -> Iterator[tuple[str, str]]:
    """(name, what there is of it) of every owner that is told of."""
    for owner in digest.owners[:MOST_OWNERS]:
        yield owner.name, _counts(owner, digest)


def _counts(owner: OwnerCounts, digest: ChatDigest) -> str:
    told = {part: owner.counts.get(part, 0) for part in CHAT_PARTS}
    return summary(told, digest.due_by, digest.today)


def _notes(digest: ChatDigest) -> Iterator[str]:
    rest = len(digest.owners) - MOST_OWNERS
    if rest > 0:
        yield f"And {plural(rest, 'more owner', 'more owners')}."
    if digest.unowned_errors:
        have = "has" if digest.unowned_errors == 1 else "have"
        yield f"{plural(digest.unowned_errors, 'ERROR')} {have} no owner."
    yield from digest.not_scanned


def slack_message(digest: ChatDigest, links: Links, *, public_id: str, at: datetime) -> Any:
    """An incoming webhook's message in Slack's own mark-up."""
    head = f"<{links.overview}|{_slack(digest.deployment)}>: {_slack(digest.headline)}"
    owners = [f"• {_slack(name)}: {_slack(said)}" for name, said in _lines(digest)]
    return {"text": "\n".join([head, *owners, *map(_slack, _notes(digest))])}


def _slack(text: str) -> str:
    """Slack reads these three characters as mark-up wherever they stand; nothing else can mention or link."""
    text = one_line(text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def teams_message(digest: ChatDigest, links: Links, *, public_id: str, at: datetime) -> Any:
    """What a Teams workflow posts: an Adaptive Card. Text from outside stands in text runs, which know no mark-up."""
    body = [_run(f"{digest.deployment}: {digest.headline}", weight="Bolder")]
    body += [_run(f"{name}: {said}") for name, said in _lines(digest)]
    body += [_run(note, isSubtle=True) for note in _notes(digest)]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": "Open Flightplan", "url": links.overview}],
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _run(text: str, **look: Any) -> dict[str, Any]:
    run = {"type": "TextRun", "text": one_line(text), **look}
    return {"type": "RichTextBlock", "inlines": [run]}


def json_message(digest: ChatDigest, links: Links, *, public_id: str, at: datetime) -> Any:
    """Everything, for a program."""
    return {
        "id": public_id,
        "kind": "digest",
        "at": at.isoformat(),
        "deployment": {"slug": links.slug, "name": digest.deployment, "url": links.overview},
        "headline": digest.headline,
        "counts": _numbers(digest.counts),
        "unowned_errors": digest.unowned_errors,
        "owners": [
            {"name": owner.name, "counts": _numbers(owner.counts)} for owner in digest.owners
        ],
        "not_scanned": list(digest.not_scanned),
    }


def _numbers(counts: Mapping[Any, int]) -> dict[str, int]:
    return {part.value: counts.get(part, 0) for part in CHAT_PARTS}


MESSAGES: dict[str, Callable[..., Any]] = {
    "slack": slack_message,
    "teams": teams_message,
    "json": json_message,
}
"""By the webhook's format."""
