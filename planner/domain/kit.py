"""What adoption kits say of a deployment and of the package that they install."""

from __future__ import annotations

from dataclasses import dataclass

from planner.domain.utc_cron import UtcCron


@dataclass(frozen=True, slots=True, kw_only=True)
class KitValues:
    """Everything that a kit's files are filled in with."""

    address: str
    """Where Flightplan is, without a slash at the end."""
    slug: str
    deployment: str
    zone: str
    weekly: UtcCron
    target: str
    """The release line that findings are rated for."""
    current: str
    """The Airflow version that runs today."""
    wheel_address: str
    wheel_sha256: str
    dependencies: str
    """What the wheel needs, with the hash of every file."""
