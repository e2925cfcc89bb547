"""Airflow settings in environment variables, whatever sets them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.scanner.around.shell import Snippet
from planner.scanner.material import Place, Setting

NAME = re.compile(r"AIRFLOW__([A-Z][A-Z0-9_.]*?)__([A-Z][A-Z0-9_]*)")
"""``AIRFLOW__SECTION__OPTION``."""

_SENSITIVE = frozenset(
    [
        "broker_url",
        "fernet_key",
        "flower_basic_auth",
        "internal_api_secret_key",
        "jwt_secret",
        "password",
        "result_backend",
        "secret_key",
        "sentry_dsn",
        "smtp_password",
        "smtp_user",
        "sql_alchemy_conn",
    ]
)
"""Options whose value Airflow also takes from a command or a secrets backend."""

_ANYWHERE = re.compile(
    r"(?P<name>AIRFLOW__[A-Z][A-Z0-9_.]{0,80}?__[A-Z][A-Z0-9_]{0,120})"
    r"(?P<quote>[\"']?)\]?[ \t]*(?P<sign>:=|=>|[:=,])[ \t]*"
    r"(?P<value>\"[^\"\n]{0,2000}\"|'[^'\n]{0,2000}'|[^\s,;\"'}{]{0,2000})"
)


def setting_of(
    section: str, option: str, value: str | None, place: Place, origin: str = "cfg"
) -> Setting:
    """A setting by its section and option, in any case.

    ``sql_alchemy_conn_cmd`` and ``_secret`` set the option to what a command or a secrets backend says.
    """
    section, option = section.strip().lower(), option.strip().lower()
    for ending in ("_cmd", "_secret"):
        if option.endswith(ending) and option.removesuffix(ending) in _SENSITIVE:
            return Setting(section, option.removesuffix(ending), None, place, origin)
    return Setting(section, option, value, place, origin)


def setting_of_variable(name: str, value: str | None, place: Place) -> Iterator[Setting]:
    """What an environment variable sets, where it is one of Airflow's."""
    match = NAME.fullmatch(name)
    if match:
        yield setting_of(match[1], match[2], known(value), place, "environment")


def known(value: str | None) -> str | None:
    """A value as written; None where it is only put in at run time."""
    if value is None or "$" in value or "{{" in value:
        return None
    return value


def settings_anywhere(snippet: Snippet) -> Iterator[Setting]:
    """Variables in text of no known format: ``NAME=value``, ``"NAME": "value"``, ``NAME = "value"``."""
    if "AIRFLOW__" not in snippet.text:
        return
    for match in _ANYWHERE.finditer(snippet.text):
        value = match["value"]
        value = value[1:-1] if value[:1] in ("'", '"') else value
        if match["sign"] != ",":
            yield from setting_of_variable(match["name"], value, snippet.place(match.start()))


SECTIONS = frozenset(
    [
        "api",
        "api_auth",
        "celery",
        "celery_broker_transport_options",
        "celery_kubernetes_executor",
        "cli",
        "core",
        "dag_processor",
        "database",
        "debug",
        "elasticsearch",
        "elasticsearch_configs",
        "email",
        "execution_api",
        "fab",
        "kerberos",
        "kubernetes",
        "kubernetes_environment_variables",
        "kubernetes_executor",
        "kubernetes_labels",
        "kubernetes_secrets",
        "lineage",
        "local_kubernetes_executor",
        "logging",
        "metrics",
        "opensearch",
        "operators",
        "policy",
        "scheduler",
        "secrets",
        "sensors",
        "sentry",
        "smtp",
        "traces",
        "triggerer",
        "webserver",
        "workers",
    ]
)
"""Sections of airflow.cfg, of any version."""
TELLING_SECTIONS = frozenset(
    [
        "celery",
        "core",
        "dag_processor",
        "kubernetes_executor",
        "scheduler",
        "triggerer",
        "webserver",
    ]
)
"""Those that show that a table is Airflow's: other programs' settings have an api and a logging too."""
