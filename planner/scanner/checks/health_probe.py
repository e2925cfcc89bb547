"""Health probes of the 2.x webserver."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.material import Hit, Probe

_HEALTH = re.compile(
    r"(?:^|:\d{2,5}|https?://[^/\s]{1,200}|\})(?:/airflow)?(?P<path>/(?:api/v1/)?health)/?(?=$|[\s\"'?|])"
)
_OTHERS = (":8974", ":8794", ":9200", ":3000", "/api/v2/")
"""The scheduler's own health server, the log server and other products."""


def _check(probe: Probe) -> Iterator[Hit]:
    found = _HEALTH.search(probe.url)
    if not found or any(other in probe.url for other in _OTHERS):
        return
    if probe.of_webserver or "airflow" in probe.url.lower() or "webserver" in probe.url:
        message = (
            "the api-server answers at `/api/v2/monitor/health`; `/health` is 404 on Airflow 3"
        )
        yield Hit(
            line=probe.place.line, column=probe.place.column, message=message, symbol="health"
        )


CHECK = Check("AF3-COMPONENTS", Probe, _check)
