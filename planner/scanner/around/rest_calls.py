"""Addresses of Airflow's REST API of 1.10 and 2.x in texts, and what shows that they are Airflow's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_PATH = re.compile(
    r"(?<![A-Za-z0-9_-])(?P<lead>/?)api/(?P<version>v1|experimental)(?P<rest>/[A-Za-z~_{}$\"'%+][^\s\"'`]{0,300}|/|(?![\w/-]))"
)
_AIRFLOWS_OWN = re.compile(
    r"/(?:dags?|dagRuns|dagSources|dagStats|dagWarnings|eventLogs|importErrors|taskInstances|xcomEntries|"
    r"dag_?stats|datasets/events)(?![\w-])|/~/dagRuns"
)
_EXPERIMENTAL = re.compile(r"/(?:dags|test|latest_runs|pools|lineage|info)\b")
_SHARED = re.compile(
    r"/(?:config|connections|datasets|health|permissions|plugins|pools|providers|roles|users|variables|version)\b"
)
_NEWER = re.compile(r"(?<![A-Za-z0-9_-])api/v2/(?P<what>[A-Za-z]\w{0,60})")
_WHAT = re.compile(r"/(\w{1,60})")
_OTHERS = re.compile(
    r"airbyte|amundsen|argo|apicurio|atlas|chartmuseum|dagu|databand|datahub|dbt|druid|grafana|harbor|kubeflow|"
    r"kubernetes|loki|marquez|mattermost|nessie|openlineage|openmetadata|prefect|prometheus|ranger|schema.?registry|"
    r"sentry|superset|trino|vault|zeppelin|/namespaces/",
    re.IGNORECASE,
)


class RestCall(NamedTuple):
    """One address. ``offset`` is where it begins in the text."""

    offset: int
    version: str
    path: str


def calls_in(
    line: str, *, of_airflow: bool, newer: frozenset[str] = frozenset()
) -> Iterator[RestCall]:
    """The addresses in one line, or one text of a program.

    Args:
        of_airflow: what is around the text speaks of Airflow: the file, for paths that only Airflow has.
        newer: what the file also asks the API of 3.x for, which makes it code for both sides.
    """
    for match in _PATH.finditer(line):
        rest = match["rest"]
        what = _WHAT.match(rest)
        if what and what[1] in newer:
            continue
        before = line[: match.start()].lower()
        if _OTHERS.search(before) or _OTHERS.search(rest):
            continue
        own = _EXPERIMENTAL if match["version"] == "experimental" else _AIRFLOWS_OWN
        if (own.match(rest) and (of_airflow or "airflow" in before)) or (
            "airflow" in before
            and (rest in ("", "/") or _SHARED.match(rest) or rest[1:2] in "{$\"'%+")
        ):
            yield RestCall(match.start(), match["version"], f"/api/{match['version']}")


def called_newer(texts: Iterable[str]) -> frozenset[str]:
    """What a file's texts also ask the API of 3.x for: ``dags``, ``variables``."""
    return frozenset(
        match["what"] for text in texts if "api/v2/" in text for match in _NEWER.finditer(text)
    )


def message_of(call: RestCall) -> str:
    """What is wrong with an address."""
    if call.version == "experimental":
        return "Airflow 3 does not serve `/api/experimental`; its API is `/api/v2`"
    return "Airflow 3 does not serve `/api/v1` any more; its API is `/api/v2`"
