"""What is known about a deployment, checked field by field. Versions are compared as versions."""

from __future__ import annotations

import dataclasses
import functools
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging.version import InvalidVersion, Version


class FactError(ValueError):
    """A fact that cannot be true. ``field`` names it; the message is one sentence with the remedy."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field = field
        self.sentence = sentence


class FactErrors(ValueError):
    """Every wrong fact of one submission, so that a form can show them all at once."""

    def __init__(self, errors: list[FactError]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = errors


def version(text: str) -> Version:
    """Parse a version. 2.10 is newer than 2.8, and 3.9 is older than 3.12.

    Raises:
        InvalidVersion: the text is not a version.
    """
    return Version(text)


def line_of(text: str) -> str:
    """The release line of a version: '2.9.3' → '2.9'."""
    parsed = version(text)
    return f"{parsed.major}.{parsed.minor}"


EXECUTORS = (
    "LocalExecutor",
    "CeleryExecutor",
    "KubernetesExecutor",
    "SequentialExecutor",
    "CeleryKubernetesExecutor",
    "LocalKubernetesExecutor",
    "EdgeExecutor",
)
DATABASES = ("postgresql", "mysql", "sqlite")
HOSTINGS = ("open-source", "astronomer", "mwaa", "composer")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentFacts:
    """The facts the decision, the plan and the runbook are made from (domain.md §3).

    ``bandwidth_quarters`` is in senior-engineer quarters of 13 weeks; ``metadata_db_gb`` in gigabytes.
    """

    name: str
    current_version: str
    dag_count: int
    target_version: str = ""
    executor: str = "CeleryExecutor"
    python_current: str = ""
    python_target: str = ""
    mlops_roadmap: bool = False
    hybrid_workload: bool = False
    provider_dependencies: tuple[str, ...] = ()
    bandwidth_quarters: float = 0.0
    metadata_db: str = "postgresql"
    metadata_db_gb: float | None = None
    custom_xcom_backend: bool = False
    hosting: str = "open-source"
    time_zone: str = "UTC"
    engineers: int = 2

    def as_dict(self) -> dict[str, Any]:
        """Plain values, lists instead of tuples; the inverse of ``facts_from``."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in dataclasses.asdict(self).items()
        }


FACT_KEYS = tuple(field.name for field in dataclasses.fields(DeploymentFacts))
_REQUIRED = tuple(
    field.name
    for field in dataclasses.fields(DeploymentFacts)
    if field.default is dataclasses.MISSING
)


def facts_from(values: Mapping[str, Any]) -> DeploymentFacts:
    """Check every value and build the facts.

    Raises:
        FactErrors: one or more values are missing, unknown or impossible.
    """
    errors = [
        FactError(key, f"is not a fact; the facts are {', '.join(FACT_KEYS)}")
        for key in values
        if key not in FACT_KEYS
    ]
    errors += [FactError(key, "is missing") for key in _REQUIRED if values.get(key) in (None, "")]
    checked: dict[str, Any] = {}
    for key in FACT_KEYS:
        if key not in values or values[key] is None:
            continue
        try:
            checked[key] = _CHECKS[key](key, values[key])
        except FactError as error:
            errors.append(error)
    if errors:
        raise FactErrors(errors)
    return DeploymentFacts(**checked)


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise FactError(key, f"must be text in quotes, not {value!r}")
    if len(value) > 200 or any(ord(char) < 32 for char in value):
        raise FactError(key, "must be one line of at most 200 characters")
    return value.strip()


def _version_text(key: str, value: Any) -> str:
    text = _text(key, value)
    if not text:
        return ""
    try:
        parsed = version(text)
    except InvalidVersion:
        raise FactError(key, f'"{text}" is not a version; write it like 2.9.3') from None
    if len(parsed.release) < 2:
        raise FactError(key, f'"{text}" needs a minor number, like {parsed.major}.9')
    return text


def _airflow_version(key: str, value: Any) -> str:
    text = _version_text(key, value)
    if text and not 1 <= version(text).major <= 3:
        raise FactError(key, f"Airflow {text} does not exist; write a version like 2.9.3")
    return text


def _target_version(key: str, value: Any) -> str:
    text = _airflow_version(key, value)
    if text and version(text).major != 3:
        raise FactError(key, f"Flightplan plans moves to Airflow 3; {text} is not a 3.x release")
    return text


def _current_version(key: str, value: Any) -> str:
    text = _airflow_version(key, value)
    if text and version(text).major >= 3:
        raise FactError(key, f"{text} is already Airflow 3; Flightplan plans moves from 2.x")
    return text


def _python_version(key: str, value: Any) -> str:
    text = _version_text(key, value)
    if text and (version(text).major != 3 or not 6 <= version(text).minor <= 20):
        raise FactError(key, f"Airflow does not run on Python {text}; write a version like 3.12")
    return text


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise FactError(key, f"must be true or false, not {value!r}")
    return value


def _number(key: str, value: Any, *, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FactError(key, f"must be a number, not {value!r}")
    if not least <= value <= most:
        raise FactError(key, f"must lie between {least:g} and {most:g}, not {value:g}")
    return float(value)


def _whole(key: str, value: Any, *, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise FactError(key, f"must be a whole number, not {value!r}")
    if not least <= value <= most:
        raise FactError(key, f"must lie between {least} and {most:,}, not {value}")
    return value


def _choice(key: str, value: Any, choices: tuple[str, ...]) -> str:
    text = _text(key, value)
    if text not in choices:
        raise FactError(key, f'"{text}" is not one of {", ".join(choices)}')
    return text


def _executor(key: str, value: Any) -> str:
    text = _text(key, value)
    unknown = [name for name in (part.strip() for part in text.split(",")) if name not in EXECUTORS]
    if unknown:
        raise FactError(key, f'"{unknown[0]}" is not one of {", ".join(EXECUTORS)}')
    return text


def _names(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise FactError(key, 'must be a list of names, like ["snowflake"]')
    return tuple(name for name in (_text(key, name) for name in value) if name)


def _name(key: str, value: Any) -> str:
    text = _text(key, value)
    if not text:
        raise FactError(key, "is missing")
    return text


@functools.cache
def _zone_names() -> frozenset[str]:
    """Listing them walks the zone database, which does not change while we run."""
    return frozenset(zoneinfo.available_timezones())


def _time_zone(key: str, value: Any) -> str:
    text = _text(key, value)
    if text not in _zone_names():
        raise FactError(key, f'"{text}" is not a time zone; write one like Europe/Berlin')
    return text


_CHECKS = {
    "name": _name,
    "current_version": _current_version,
    "target_version": _target_version,
    "dag_count": lambda key, value: _whole(key, value, least=0, most=1_000_000),
    "executor": _executor,
    "python_current": _python_version,
    "python_target": _python_version,
    "mlops_roadmap": _flag,
    "hybrid_workload": _flag,
    "provider_dependencies": _names,
    "bandwidth_quarters": lambda key, value: _number(key, value, least=0, most=1000),
    "metadata_db": lambda key, value: _choice(key, value, DATABASES),
    "metadata_db_gb": lambda key, value: _number(key, value, least=0, most=1_000_000),
    "custom_xcom_backend": _flag,
    "hosting": lambda key, value: _choice(key, value, HOSTINGS),
    "time_zone": _time_zone,
    "engineers": lambda key, value: _whole(key, value, least=1, most=10_000),
}
