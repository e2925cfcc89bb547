"""Twenty reports for one deployment at the same moment, while people work: nothing is lost, nothing disagrees."""

from __future__ import annotations

import contextlib
import io
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from planner.domain.finding import ACTIVE_STATES
from planner.models import Deployment, Finding, Owner, Scan
from planner.selectors.scan import totals_of
from planner.services.finding import finding_assign, finding_claim
from planner.services.ingest import apply_scan
from planner.services.scan import scan_receive
from planner.services.token import token_make
from tests.event_log import disagreements
from tests.worker import upload, wait_until, web, worker

UPLOADS = 20


def variants(items: list[dict[str, Any]]) -> list[bytes]:
    """Twenty reports of one tree at different moments: some findings are gone, some lines moved, all shuffled."""
    dice, reports = random.Random(20), []
    for _ in range(UPLOADS):
        kept = [dict(item) for item in items if dice.random() > 0.08]
        for item in dice.sample(kept, 5):
            item["location"] = {**item["location"], "row": item["location"]["row"] + 1}
        dice.shuffle(kept)
        reports.append(json.dumps(kept).encode())
    return reports


@contextlib.contextmanager
def meanwhile(*deeds: Callable[[], object]) -> Iterator[list[BaseException]]:
    """Repeats each deed in a thread of its own until the block ends; what went wrong."""
    stop, wrong = threading.Event(), list[BaseException]()

    def repeat(deed: Callable[[], object]) -> None:
        try:
            while not stop.is_set():
                deed()
        except BaseException as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=repeat, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    try:
        yield wrong
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def test_twenty_uploads_at_once_end_in_one_state(
    deployment: Deployment,
    process_environment: dict[str, str],
    redis_url: str,
    reports: Path,
    alice: User,
    tmp_path: Path,
) -> None:
    items = json.loads((reports / "telemetry-airflow.ruff.json").read_text())
    first(deployment, items)
    owner = Owner.objects.create(deployment=deployment, key="ann", name="Ann")
    _, token = token_make(
        deployment=deployment, scope="import", expires_at=None, now=datetime.now(UTC)
    )
    environment = process_environment | {"REDIS_URL": redis_url}
    dice = random.Random(1)
    ids = list(Finding.objects.values_list("pk", flat=True))

    def some() -> list[int]:
        return dice.sample(ids, 6)

    def claim() -> None:
        finding_claim(deployment=deployment, finding_ids=some(), now=datetime.now(UTC), user=alice)

    def assign() -> None:
        finding_assign(
            deployment=deployment,
            finding_ids=some(),
            owner=owner,
            now=datetime.now(UTC),
            user=alice,
        )

    logs = tmp_path / "web.log", tmp_path / "worker.log"
    bodies = variants(items)
    with (
        web(environment, logs[0]) as address,
        worker(environment, logs[1], "--concurrency", "4"),
        meanwhile(claim, assign) as wrong,
    ):
        with ThreadPoolExecutor(UPLOADS) as senders:
            accepted = list(senders.map(lambda body: upload(address, token, body), bodies))
        wait_until(
            lambda: not Scan.objects.filter(finished_at=None).exists(), 120, logs[1].read_text
        )
    assert not wrong, wrong
    scans = Scan.objects.filter(cause="api")
    assert {str(key) for key in scans.values_list("public_id", flat=True)} == {
        one["scan"] for one in accepted
    }
    assert len(accepted) == len(set(scans.values_list("sha256", flat=True))) == UPLOADS
    assert Counter(scans.values_list("state", "error")) == {("done", ""): UPLOADS}
    for log in logs:
        assert "Traceback" not in log.read_text() and "deadlock" not in log.read_text()
    agrees(deployment)
    for scan in scans:
        counts = scan.counts
        seen = sum(
            counts[key] for key in ("new", "unchanged", "moved", "regressed", "contradicted")
        )
        assert seen + counts["told_twice"] == counts["received"]
        for kind, name in (("opened", "new"), ("fixed", "fixed"), ("reopened", "regressed")):
            events = Finding.objects.filter(events__scan=scan, events__kind=kind)
            assert events.count() == counts[name]


def first(deployment: Deployment, items: list[dict[str, Any]]) -> None:
    scan = scan_receive(
        deployment=deployment,
        source_name="",
        stream=io.BytesIO(json.dumps(items).encode()),
        file_name="first.json",
        options={"complete": True, "tool_version": "0.17.6"},
        cause="command",
        user=None,
        now=datetime.now(UTC),
    )
    assert apply_scan(scan_id=scan.pk, now=datetime.now(UTC)).state == Scan.State.DONE


def agrees(deployment: Deployment) -> None:
    """Rows agree with events, the open findings with the report that was applied last."""
    assert disagreements() == []
    last = Scan.objects.filter(state=Scan.State.DONE).order_by("finished_at", "pk").last()
    assert last is not None
    live = Finding.objects.filter(state__in=ACTIVE_STATES)
    assert live.count() == sum(last.counts["by_severity"].values())
    assert last.totals == totals_of(deployment)
    tally = Counter(live.values_list("rule_id", flat=True))
    assert dict(tally) == last.counts["by_rule"]
