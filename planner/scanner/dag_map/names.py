"""What a full name says by itself: whose it is, whether it makes DAGs, where its value comes from."""

from __future__ import annotations

import re
import sys

_ELSEWHERE = frozenset(
    [
        "aiohttp",
        "airflow",
        "alembic",
        "argcomplete",
        "attr",
        "attrs",
        "azure",
        "boto3",
        "botocore",
        "celery",
        "click",
        "connexion",
        "cosmos",
        "cryptography",
        "dateutil",
        "dbt",
        "deprecated",
        "docker",
        "fastapi",
        "flask",
        "flask_appbuilder",
        "flask_login",
        "flask_wtf",
        "freezegun",
        "gevent",
        "google",
        "great_expectations",
        "httpx",
        "jinja2",
        "jwt",
        "kubernetes",
        "lazy_object_proxy",
        "marshmallow",
        "marshmallow_sqlalchemy",
        "moto",
        "numpy",
        "opentelemetry",
        "packaging",
        "pandas",
        "paramiko",
        "pendulum",
        "pluggy",
        "prison",
        "psutil",
        "psycopg2",
        "pydantic",
        "pymongo",
        "pyspark",
        "pytest",
        "pytz",
        "redis",
        "requests",
        "responses",
        "rich",
        "semver",
        "sentry_sdk",
        "setproctitle",
        "six",
        "slack_sdk",
        "snowflake",
        "sqlalchemy",
        "sqlalchemy_jsonfield",
        "starlette",
        "structlog",
        "tabulate",
        "tenacity",
        "tests_common",
        "time_machine",
        "toml",
        "typing_extensions",
        "urllib3",
        "werkzeug",
        "wtforms",
        "yaml",
    ]
)
"""Packages that are never part of a tree of DAGs, though nobody knows what their functions answer."""
_ORIGINS = tuple(
    (re.compile(pattern), why)
    for pattern, why in (
        (
            r"os\.(environ|getenv).*|environ(\..*)?|environs\..*|decouple\..*|dotenv\..*",
            "an environment variable",
        ),
        (r"airflow\.(\w+\.)*Variable(\..*)?", "an Airflow variable"),
        (r"airflow\.(\w+\.)*(Connection|BaseHook)(\..*)?", "an Airflow connection"),
        (r"airflow\.(\w+\.)*conf(\..*)?|airflow\.configuration.*", "an Airflow setting"),
        (
            r"(yaml|json|toml|tomllib|csv|glob|pathlib|pickle|configparser|importlib\.resources|pkgutil|shelve|io"
            r"|codecs|zipfile|hocon|pyhocon|jsonschema|omegaconf|hydra|ruamel)(\..*)?"
            r"|os\.(listdir|walk|scandir|stat|path\.(exists|isfile|isdir|getmtime)).*|pandas\.read_.*"
            r"|importlib\.import_module",
            "a file that is read at run time",
        ),
        (
            r"(datetime|time|pendulum|uuid|random|secrets|calendar|zoneinfo)(\..*)?",
            "the time or chance",
        ),
        (
            r"(requests|urllib|urllib3|http|boto3|botocore|sqlalchemy|psycopg2|sqlite3|google|azure|kubernetes|redis"
            r"|snowflake|socket|subprocess|slack_sdk)(\..*)?",
            "another system",
        ),
        (
            r"hashlib\..*|base64\..*|re\..*|string\..*|platform\..*|sys\..*|os\..*",
            "Python's library",
        ),
    )
)
_FACTORY = re.compile(
    r"(?:(?:create|make|build|generate|gen|load|register|get|new|define|construct|setup|produce)_(?:\w*_)?)?dags?|"
    r"\w*(?:[Dd]ag|DAG)|(?:create|make|build|generate|load|register|new)\w*D(?:ag|AG)s?"
)
_NO_FACTORY = re.compile(
    r"(?i)(?:trigger|run|test|delete|pause|unpause|clear|patch|bag)_?dag|get_dag"
)


def is_elsewhere(full: str) -> bool:
    """Whether a full name is surely none of the tree's own: Python's, Airflow's, or a well-known package's.

    Airflow's example DAGs import each other under Airflow's name.
    """
    head, _, rest = full.partition(".")
    if head == "airflow":
        return "example_dags" not in rest
    return head in sys.stdlib_module_names or head in _ELSEWHERE


def is_of_tasks(full: str) -> bool:
    """Whether a name is surely that of a task's class or the like, which changes nothing it is given."""
    return full.endswith(("Operator", "Sensor", "Hook", "Notifier", "TaskGroup", "Timetable"))


def may_be_ours(full: str) -> bool:
    """Whether a file of the tree may say more of a name that matters to DAGs."""
    return not is_elsewhere(full) and not is_of_tasks(full)


def names_factory(full: str) -> bool:
    """Whether a function of this name says that it makes DAGs."""
    last = full.rpartition(".")[2]
    return bool(_FACTORY.fullmatch(last)) and not _NO_FACTORY.fullmatch(last)


def origin_of(full: str) -> str:
    """Where a value comes from that a name outside of the tree gives, as a noun phrase."""
    for pattern, why in _ORIGINS:
        if pattern.fullmatch(full):
            return f"{why} (`{full}`)"
    if full.startswith("airflow."):
        return f"Airflow's own `{full}`"
    return f"`{full.lstrip('.')}`, which is not in the tree"


def outside_of(full: str) -> str:
    """The name where another file may say more about it; else empty."""
    return "" if is_elsewhere(full) else full
