"""What runs in the worker: an id comes in, one service is called. Every task may run twice."""

from __future__ import annotations

import logging
from typing import Any

from django.utils import timezone
from kombu.exceptions import OperationalError

from planner.celery import app
from planner.services.beat import beat_tick
from planner.services.rescan import scan_run

_log = logging.getLogger(__name__)

OFFER_SECONDS = 600
"""An offer of a scan that no worker takes for this long is dropped; the sweep makes a new one."""


@app.task(ignore_result=True)
def tick(**kwargs: Any) -> None:
    """Every minute, from the beat."""
    for scan_id in beat_tick(now=timezone.now()):
        enqueue_scan(scan_id)


@app.task(ignore_result=True)
def run_scan(*, scan_id: int, **kwargs: Any) -> None:
    """Works a queued scan to its end."""
    scan_run(scan_id=scan_id, now=timezone.now())


def enqueue_scan(scan_id: int) -> None:
    """Offers a queued scan to a worker. Call it once the scan's row is committed.

    The row is the truth: where the broker does not answer, the sweep offers the scan later.
    """
    try:
        run_scan.apply_async(
            kwargs={"scan_id": scan_id}, expires=OFFER_SECONDS, retry_policy={"max_retries": 1}
        )
    except (OperationalError, OSError) as error:
        _log.warning("Scan %s waits for the sweep: the broker does not answer. %s", scan_id, error)
