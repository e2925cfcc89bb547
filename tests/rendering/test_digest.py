"""Digests as mail and as chats read them, beside golden files. REGOLD=1 writes those anew."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from planner.domain.digest import Digests, Ground, Happened, Reader, Told, WaiversTold, digests
from planner.rendering.chat import MESSAGES
from planner.rendering.digest import (
    WIDTH,
    Links,
    Sheet,
    manager_sheet,
    owner_sheet,
    sheet_as_html,
    sheet_as_text,
)

TODAY = date(2026, 11, 30)
DAY = timedelta(days=1)
LINKS = Links("https://flightplan.example.com", "production")
STOP = "https://flightplan.example.com/mail/stop/ImJvYkBleGFtcGxlLmNvbSI:1xVC9t:LNImHHOhps9rZX03h3/"

SUBDAG = (
    "A name or argument that Airflow 3 removed",
    "Rewrite the SubDAG as a TaskGroup in its parent: `airflow.utils.task_group.TaskGroup` works "
    "on 2.x and, with a warning, on 3.x. The tasks' ids and history change.",
)
MOVED = ("An import that moved to a provider", "Use airflow.providers.standard.operators.bash.")


def _findings() -> tuple[list[Told], list[Happened]]:
    findings: list[Told] = []
    events: list[Happened] = []

    def add(count: int, words: tuple[str, str], *kinds: str, **more: Any) -> None:
        before = more.pop("before", None)
        for _ in range(count):
            number = len(findings) + 1
            fields = {
                "owner_id": 1,
                "state": "open",
                "severity": "ERROR",
                "due": None,
                "path": f"dags/finance/rollup_{number}.py",
                "line": 10 * number,
                "title": words[0],
                "fix": words[1],
            }
            findings.append(Told(id=number, **{**fields, **more}))
            events.extend(Happened(number, kind, before) for kind in kinds)

    add(1, SUBDAG, "contradicted", due=date(2026, 12, 18))
    add(1, SUBDAG, due=TODAY - 10 * DAY)
    add(2, MOVED, due=date(2026, 12, 4), severity="WARNING")
    add(3, MOVED, "opened", severity="WARNING", due=date(2027, 2, 26))
    add(43, SUBDAG, "opened", due=date(2026, 12, 18))
    add(1, ("A file that does not parse", ""), "reopened", path="dags/é/\n<b>&.py", line=None)
    add(2, SUBDAG, "fixed", state="fixed")
    add(1, SUBDAG, "assigned", owner_id=2, before="bob")
    return findings, events


@pytest.fixture
def found() -> Digests:
    findings, events = _findings()
    return digests(
        Ground(
            deployment="Production",
            today=TODAY,
            told_on=TODAY - 7 * DAY,
            happened=events,
            findings=findings,
            readers=(
                Reader(
                    key="bob@example.com",
                    name="Bob",
                    owner_ids=frozenset([1]),
                    owner_keys=("bob",),
                    address="bob@example.com",
                ),
                Reader(
                    key="owner 2",
                    name="Ann <b> & Söhne",
                    owner_ids=frozenset([2]),
                    owner_keys=("ann",),
                    unreachable="has no e-mail address",
                ),
            ),
            open_by_owner={1: 51, 2: 1},
            unowned_errors=3,
            waivers=WaiversTold(ending=2, first_end=date(2026, 12, 4), asked=1),
            not_scanned=("The scan of dags failed: the repository does not answer.",),
        )
    )


@pytest.fixture
def sheet(found: Digests) -> Sheet:
    return owner_sheet(found.owners[0], LINKS, stop=STOP)


def _same(text: str, path: Path) -> None:
    if os.environ.get("REGOLD"):
        path.write_text(text)
    assert text == path.read_text()


def test_the_owners_mail_as_text(sheet: Sheet, golden: Path) -> None:
    _same(sheet_as_text(sheet), golden / "digest-owner.txt")


def test_the_owners_mail_as_html(sheet: Sheet, golden: Path) -> None:
    _same(sheet_as_html(sheet), golden / "digest-owner.html")


def test_the_managers_mail_as_text(found: Digests, golden: Path) -> None:
    sheet = manager_sheet(found.manager, LINKS, stop=STOP)
    _same(sheet_as_text(sheet), golden / "digest-manager.txt")


@pytest.mark.parametrize("form", sorted(MESSAGES))
def test_what_a_chat_is_posted(found: Digests, golden: Path, form: str) -> None:
    at = datetime(2026, 11, 30, 11, tzinfo=UTC)
    message = MESSAGES[form](found.chat, LINKS, public_id="11111111-2222", at=at)
    text = json.dumps(message, indent=2, ensure_ascii=False) + "\n"
    _same(text, golden / f"digest-{form}.json")


def test_the_text_fits_72_columns_but_for_addresses_and_paths(sheet: Sheet) -> None:
    for line in sheet_as_text(sheet).splitlines():
        assert len(line) <= WIDTH or "https://" in line or " " not in line.strip(), line


def test_every_link_is_absolute(sheet: Sheet) -> None:
    for link in re.findall(r'href="([^"]*)"', sheet_as_html(sheet)):
        assert link.startswith(LINKS.base)


def test_the_html_needs_no_picture_style_sheet_or_script(sheet: Sheet) -> None:
    seen: set[str] = set()

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.add(tag)
            assert "color" not in str(dict(attrs).get("style")), "a colour is unsafe in the dark"

    Tags().feed(sheet_as_html(sheet))
    assert not seen & {"img", "script", "link", "style", "b", "svg"}


@pytest.mark.parametrize(
    "name", ["<!channel>", "<https://evil.example|click>", "a & b", "*bold*\n\n<@U1>"]
)
def test_slack_reads_nothing_from_outside_as_its_own(found: Digests, name: str) -> None:
    owners = (found.chat.owners[0]._replace(name=name),)
    chat = _with(found.chat, owners=owners, deployment=name)
    text = MESSAGES["slack"](chat, LINKS, public_id="1", at=datetime.now(UTC))["text"]
    assert text.count("<") == text.count(">") == 1, text
    assert text.startswith(f"<{LINKS.overview}|")
    assert "&" not in re.sub(r"&(amp|lt|gt);", "", text)


def test_teams_shows_names_as_they_are(found: Digests) -> None:
    chat = _with(found.chat, deployment="**Pro** [x](https://evil.example)")
    card = MESSAGES["teams"](chat, LINKS, public_id="1", at=datetime.now(UTC))
    body = card["attachments"][0]["content"]["body"]
    assert {block["type"] for block in body} == {"RichTextBlock"}
    assert len(json.dumps(card)) < 28_000


def _with(chat: Any, **changes: Any) -> Any:
    return type(chat)(**{name: getattr(chat, name) for name in chat.__slots__} | changes)
