"""The client package of Airflow 2's REST API among the requirements."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from planner.scanner.checks import Check
from planner.scanner.material import Hit, Requirement

_NEWEST = ("3.0.0", "3.1.0", "3.2.0", "3.3.0")


def _check(requirement: Requirement) -> Iterator[Hit]:
    if requirement.name != "apache-airflow-client" or not requirement.specifier:
        return
    try:
        asked = SpecifierSet(requirement.specifier)
    except InvalidSpecifier:
        return
    if (
        not any(asked.contains(version) for version in _NEWEST) and asked.contains("2.9.0")
    ) or _is_two(asked):
        place = requirement.place
        message = f"`apache-airflow-client{requirement.specifier}` calls `/api/v1`, which Airflow 3 does not serve"
        yield Hit(
            line=place.line, column=place.column, message=message, symbol="apache-airflow-client"
        )


def _is_two(asked: SpecifierSet) -> bool:
    """Whether it pins one release of 2.x."""
    return any(
        one.operator in ("==", "~=", "===") and one.version.startswith("2.") for one in asked
    )


CHECK = Check("AF3-REST-V1", Requirement, _check)
