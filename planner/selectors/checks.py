"""Which kinds of check a deployment has had, and which not yet. Listed on every page that counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Max

from planner.domain.report import Coverage
from planner.models import Deployment, Scan

CODE_CHECKERS = ("ruff", "upgradecheck")
"""Checkers that read DAG code."""

_APPLIED = (Scan.State.DONE, Scan.State.DUPLICATE)
CI_CAUSES = ("api", "ci")
"""Causes of scans that a CI job sent."""
_RECENT = 50
"""Scans from CI that are looked through for a complete one."""


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of check. ``remedy`` says how to have it."""

    key: str
    label: str
    done: bool
    at: datetime | None
    remedy: str
    needed_for_cutover: bool


_KINDS: tuple[tuple[str, str, tuple[str, ...], str, bool], ...] = (
    (
        "code",
        "DAG code (ruff's AIR rules)",
        CODE_CHECKERS,
        "upload a ruff report or add a source",
        True,
    ),
    (
        "beyond-ruff",
        "what ruff cannot see (templates, database access, scripts, settings, packages)",
        ("upgradecheck",),
        "add the repository as a source, or run `upgradecheck` in CI",
        False,
    ),
    (
        "imports",
        "imports on a real 3.x environment",
        ("import-check",),
        "upload `airflow dags list-import-errors -o json` of a 3.x environment "
        "(an empty answer needs its Airflow version)",
        True,
    ),
    (
        "configuration",
        "airflow.cfg",
        ("config-lint",),
        "upload the text of `airflow config lint` (2.11 or 3.x)",
        False,
    ),
    (
        "inventory",
        "the DAG inventory of Airflow itself",
        ("inventory",),
        "upload `airflow dags list -o json`",
        False,
    ),
)


def checked_by(coverage: Coverage) -> str:
    """What a scan is filed under. An import check counts only where it is known to come from a 3.x environment."""
    if coverage.checker == "import-check" and "airflow-3" not in coverage.flags:
        return "import-check-2x"
    return coverage.checker


def checks_of(deployment: Deployment) -> list[Check]:
    """Every kind of check with the time it was last done. One query."""
    return checks_by_deployment([deployment])[deployment.pk]


def checks_by_deployment(deployments: Iterable[Deployment]) -> dict[int, list[Check]]:
    """The checks of several deployments by their key. One query."""
    newest: dict[int, dict[str, datetime]] = {deployment.pk: {} for deployment in deployments}
    applied = Scan.objects.filter(deployment__in=newest, state__in=_APPLIED)
    for row in (
        applied.order_by()
        .values("deployment_id", "tool")
        .annotate(finished=Max("finished_at"), again=Max("confirmed_at"))
    ):
        at = max(filter(None, (row["finished"], row["again"])))
        newest[row["deployment_id"]][row["tool"]] = at
    return {key: _checks(done) for key, done in newest.items()}


def _checks(newest: Mapping[str, datetime]) -> list[Check]:
    checks = []
    for key, label, tools, remedy, needed in _KINDS:
        at = max((newest[tool] for tool in tools if tool in newest), default=None)
        checks.append(
            Check(key, label, done=at is not None, at=at, remedy=remedy, needed_for_cutover=needed)
        )
    return checks


def ci_checked_on(deployment: Deployment) -> date | None:
    """The day of the newest complete code scan that a CI job sent."""
    newest = Scan.objects.filter(
        deployment=deployment,
        state__in=_APPLIED,
        cause__in=CI_CAUSES,
        tool__in=CODE_CHECKERS,
    ).order_by("-finished_at")
    for scan in newest.only("coverage", "finished_at")[:_RECENT]:
        if scan.coverage.get("complete") and scan.finished_at:
            return scan.finished_at.date()
    return None
