"""Values for the official Helm chart that lay Airflow out as 2.x was: a webserver, and no dag-processor."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.material import ChartSection, Hit, Place

_SAYS_NOTHING_OF_PODS = frozenset(
    ["defaultUser", "enabled", "webserverConfig", "webserverConfigConfigMapName"]
)
"""The first user, and webserver_config.py, which other rules are about."""


def _check(section: ChartSection) -> Iterator[Hit]:
    if section.name == "dagProcessor" and section.off is not None:
        message = "the chart starts no dag-processor, without which Airflow 3 sees no DAGs"
        yield _hit(section.off, message, "dag-processor")
    is_used = section.keys - _SAYS_NOTHING_OF_PODS and section.off is None
    if section.name == "webserver" and is_used and "apiServer" not in section.beside:
        message = "`webserver` reaches no pod on Airflow 3: the chart reads `apiServer` instead"
        yield _hit(section.place, message, "helm.webserver")


def _hit(place: Place, message: str, symbol: str) -> Hit:
    return Hit(line=place.line, column=place.column, message=message, symbol=symbol)


CHECK = Check("AF3-COMPONENTS", ChartSection, _check)
