"""How old the last scan is, as the page of scans says it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from planner.models import Deployment
from planner.selectors.scan_history import scan_history
from tests.factories import make_scan, make_source

MONDAY = datetime(2026, 10, 19, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("later", "age"),
    [
        (timedelta(seconds=40), "less than a minute"),
        (timedelta(hours=20), "20 hours"),
        (timedelta(days=5, hours=22), "six days"),
        (timedelta(days=6), "six days"),
    ],
)
def test_days_are_counted_as_on_a_calendar(
    deployment: Deployment, later: timedelta, age: str
) -> None:
    make_scan(make_source(deployment), at=MONDAY)
    assert scan_history(deployment, None, MONDAY + later).age == age
