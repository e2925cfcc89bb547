"""What runs in the worker: an id comes in, one service is called. Every task may run twice."""

from __future__ import annotations

import logging
from typing import Any

from celery import Task
from django.utils import timezone
from kombu.exceptions import OperationalError

from planner.celery import app
from planner.services.beat import beat_tick
from planner.services.digest import digest_decide, digests_due
from planner.services.letter import letter_send, letters_due
from planner.services.rescan import scan_run

_log = logging.getLogger(__name__)

OFFER_SECONDS = 600
"""An offer that no worker takes for this long is dropped; the sweep makes a new one."""


@app.task(ignore_result=True)
def tick(**kwargs: Any) -> None:
    """Every minute, from the beat."""
    now = timezone.now()
    for scan_id in beat_tick(now=now):
        enqueue_scan(scan_id)
    # After the rescans of this moment are queued: a digest waits for them.
    for digest_id in digests_due(now=now):
        _enqueue(decide_digest, digest_id=digest_id)
    for letter_id in letters_due(now=now):
        enqueue_letter(letter_id)


@app.task(ignore_result=True)
def run_scan(*, scan_id: int, **kwargs: Any) -> None:
    """Works a queued scan to its end."""
    scan_run(scan_id=scan_id, now=timezone.now())


@app.task(ignore_result=True)
def decide_digest(*, digest_id: int, **kwargs: Any) -> None:
    """Writes the letters of a digest and offers them."""
    for letter_id in digest_decide(digest_id=digest_id, now=timezone.now()):
        enqueue_letter(letter_id)


@app.task(ignore_result=True)
def send_letter(*, letter_id: int, **kwargs: Any) -> None:
    """Sends one letter of a digest."""
    letter_send(letter_id=letter_id, now=timezone.now())


def enqueue_scan(scan_id: int) -> None:
    """Offers a queued scan to a worker. Call it once the scan's row is committed."""
    _enqueue(run_scan, scan_id=scan_id)


def enqueue_letter(letter_id: int) -> None:
    """Offers a letter to a worker. Call it once the letter's row is committed."""
    _enqueue(send_letter, letter_id=letter_id)


def _enqueue(task: Task, **what: int) -> None:
    """The row is the truth: where the broker does not answer, a later tick offers it again."""
    try:
        task.apply_async(kwargs=what, expires=OFFER_SECONDS, retry_policy={"max_retries": 1})
    except (OperationalError, OSError) as error:
        asked = " ".join(f"{name}={number}" for name, number in what.items())
        _log.warning("%s waits for the sweep: the broker does not answer. %s", asked, error)
