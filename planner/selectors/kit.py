"""What adoption kits say of a deployment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.urls import reverse

from planner.domain.kit import KitValues
from planner.domain.utc_cron import monday_noon
from planner.models import Deployment, Source
from planner.rulebook.load import rulebook
from planner.selectors.checks import ci_checked_on
from planner.selectors.deployment import facts_of, target_line_of
from planner.selectors.local_time import zone_name
from planner.selectors.package import Package


@dataclass(frozen=True, slots=True, kw_only=True)
class CiStanding:
    """Whether the check runs in CI, as the decision and the plan ask for it."""

    seen_on: date | None
    """Of the newest complete scan from CI."""
    days: int
    """How old it may be."""
    works: bool
    target: str
    fetched: list[str]
    """Sources whose code Flightplan scans by itself."""


def ci_standing(deployment: Deployment, *, today: date) -> CiStanding:
    """How things stand with the check in CI. Two queries."""
    book = rulebook()
    seen_on = ci_checked_on(deployment)
    days = book.decision["precondition"]["scan_days"]
    scanned = Source.objects.filter(
        deployment=deployment, kind__in=(Source.Kind.FOLDER, Source.Kind.GIT), paused=False
    )
    return CiStanding(
        seen_on=seen_on,
        days=days,
        works=seen_on is not None and seen_on >= today - timedelta(days=days),
        target=target_line_of(deployment, book),
        fetched=list(scanned.values_list("name", flat=True)),
    )


def kit_values(deployment: Deployment, package: Package, *, year: int) -> KitValues:
    """The values of a deployment, and of the package that the app serves."""
    zone = zone_name(deployment)
    return KitValues(
        address=settings.BASE_URL,
        slug=deployment.slug,
        deployment=deployment.name,
        zone=zone,
        weekly=monday_noon(zone, year),
        target=target_line_of(deployment, rulebook()),
        current=facts_of(deployment).current_version,
        wheel_address=f"{settings.BASE_URL}{reverse('dist-file', args=[package.name])}",
        wheel_sha256=package.sha256,
        dependencies=package.dependencies,
    )
