"""Offering work to the queue, which may be out."""

import logging

import pytest

from planner.celery import app
from planner.tasks import enqueue_scan


def test_a_broker_that_is_out_takes_nothing_down(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The scan's row is stored by then; the sweep offers it once the broker is back."""
    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)

    with caplog.at_level(logging.WARNING):
        enqueue_scan(7)

    assert "scan_id=7 waits for the sweep: the broker does not answer." in caplog.text
