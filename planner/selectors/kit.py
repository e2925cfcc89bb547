"""What adoption kits say of a deployment."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from planner.domain.kit import KitValues
from planner.domain.utc_cron import monday_noon
from planner.models import Deployment
from planner.rulebook.load import rulebook
from planner.selectors.deployment import facts_of, target_line_of
from planner.selectors.local_time import zone_name
from planner.selectors.package import Package


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
