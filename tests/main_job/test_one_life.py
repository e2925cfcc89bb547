"""One finding of a real report, from first seen to waived, through the API and a worker on PostgreSQL."""

from __future__ import annotations

import copy
import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from planner.models import Deployment, Finding, Owner, Scan
from planner.services.finding import finding_assign, finding_claim, finding_note
from planner.services.token import token_make
from planner.services.waiver import finding_waive
from tests.event_log import disagreements
from tests.worker import upload, wait_until, web, worker

Items = list[dict[str, Any]]


def shifted(items: Items, path: str, lines: int) -> Items:
    """The same tree with so many lines more at the top of one file."""
    moved = copy.deepcopy(items)
    for item in moved:
        if item["filename"] == path:
            for key in ("location", "end_location"):
                item[key]["row"] += lines
    return moved


def without(items: Items, path: str, row: int) -> Items:
    return [item for item in items if (item["filename"], item["location"]["row"]) != (path, row)]


def test_one_finding_from_first_seen_to_waived(
    deployment: Deployment,
    process_environment: dict[str, str],
    redis_url: str,
    reports: Path,
    alice: User,
    bob: User,
    client_for: Callable[[User], Client],
    tmp_path: Path,
) -> None:
    items: Items = json.loads((reports / "telemetry-airflow.ruff.json").read_text())
    owner = Owner.objects.create(deployment=deployment, key="bob", name="Bob", user=bob)
    now = datetime.now(UTC)
    _, token = token_make(deployment=deployment, scope="import", expires_at=None, now=now)
    environment = process_environment | {"REDIS_URL": redis_url}
    log = tmp_path / "worker.log"
    with web(environment, tmp_path / "web.log") as address, worker(environment, log):

        def scan(report: Items) -> Scan:
            """What a scan in CI ends as."""
            answer = upload(address, token, json.dumps(report).encode())
            scans = Scan.objects.filter(public_id=answer["scan"])
            wait_until(lambda: scans.exclude(finished_at=None).exists(), 60, log.read_text)
            assert scans.get().state == Scan.State.DONE, scans.get().error
            assert disagreements() == []
            return scans.get()

        # First seen.
        scan(items)
        # Two of one line cannot be told apart by a person either: take one that is alone on its line.
        places = [(item["filename"], item["location"]["row"]) for item in items]
        path, row = next(place for place in places if places.count(place) == 1)
        finding = Finding.objects.get(path=path, line=row)
        key, first_seen = finding.pk, finding.first_seen
        one = {"deployment": deployment, "finding_ids": [key]}
        finding_assign(**one, owner=owner, now=datetime.now(UTC), user=alice)
        finding_note(**one, note="Ask Ada first", now=datetime.now(UTC), user=bob)

        # Moved.
        moved = shifted(items, path, 15)
        assert scan(moved).counts["moved"] >= 1
        finding.refresh_from_db()
        assert (finding.line, finding.state) == (row + 15, "open")

        # Claimed, then contradicted: its owner is told.
        finding_claim(**one, now=datetime.now(UTC), user=bob)
        assert scan(list(reversed(moved))).counts["contradicted"] == 1
        finding.refresh_from_db()
        assert finding.state == "open"
        mine = text_of(client_for(bob), "/me/")
        assert "Sent back. You said on" in mine and "still sees it" in mine

        # Fixed.
        fixed = without(moved, path, row + 15)
        assert scan(fixed).counts["fixed"] == 1
        finding.refresh_from_db()
        assert finding.state == "fixed" and finding.closed_at is not None

        # Regressed, with what people said of it.
        assert scan(moved).counts["regressed"] == 1
        finding.refresh_from_db()
        assert (finding.state, finding.regressed, finding.closed_at) == ("open", True, None)
        assert (finding.owner, finding.owner_picked, finding.note, finding.first_seen) == (
            owner,
            True,
            "Ask Ada first",
            first_seen,
        )

        # Waived, and no scan overrules that.
        today = datetime.now(UTC).date()
        finding_waive(
            **one,
            reason="Goes with the old cluster",
            expires_on=today + timedelta(days=30),
            today=today,
            now=datetime.now(UTC),
            user=alice,
        )
        scan(shifted(moved, path, 2))
        finding.refresh_from_db()
        assert (finding.state, finding.line) == ("waived", row + 17)

    assert list(finding.events.order_by("pk").values_list("kind", flat=True)) == [
        *("opened", "assigned", "noted", "moved", "claimed", "contradicted"),
        *("fixed", "reopened", "waived", "moved"),
    ]
    page = text_of(client_for(alice), f"/d/production/findings/{key}/")
    assert f"line {row} → {row + 15}" in page
    sentences = (
        "First found in the scan of",
        "found it in another place: line",
        "Bob claimed it fixed",
        "claimed fixed, but this scan still sees it",
        "no longer found it. Fixed: the file was scanned, the rule was run, and it is not there",
        "found it again: it was fixed before, and this scan sees it again",
        "Alice waived it until",
    )
    assert [words for words in sentences if words not in page] == []


def text_of(client: Client, address: str) -> str:
    text = re.sub(r"<[^>]+>", " ", client.get(address).content.decode())
    return " ".join(html.unescape(text).split())
