"""Loads the sample deployments: real findings of public DAG repositories, made-up facts and teams."""

from __future__ import annotations

import gzip
import io
import tomllib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import transaction

from planner.models import Deployment, Owner, Scan
from planner.services.deployment import facts_store
from planner.services.ingest import apply_scan, receive_report, source_for

FOLDER = Path(__file__).parent.parent / "sample"
ORIGIN = "the sample"


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample deployment and whether it was there already."""

    deployment: Deployment
    is_new: bool


def sample_load(*, now: datetime, user: User) -> list[Sample]:
    """Load what is missing of the sample. What people changed in it since stays as it is.

    Args:
        user: who signs in to look at it; the sample's largest team becomes theirs.
    """
    return [
        _once(slug, name, reports, now, user)
        for slug, name, reports in (
            ("sample", "telemetry", [FOLDER / "telemetry.json.gz"]),
            ("sample-history", "catalog", sorted((FOLDER / "history").glob("*.json.gz"))),
        )
    ]


@transaction.atomic
def _once(slug: str, name: str, reports: list[Path], now: datetime, user: User) -> Sample:
    existing = Deployment.objects.filter(slug=slug).first()
    if existing is not None:
        return Sample(existing, is_new=False)
    facts = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    deployment = facts_store(slug=slug, values=facts, origin=ORIGIN, now=now)
    source = source_for(deployment=deployment)
    source.codeowners = (FOLDER / "CODEOWNERS").read_text()
    source.save(update_fields=["codeowners"])
    zone = ZoneInfo(facts["time_zone"])
    for report, at in zip(reports, _mondays(len(reports), now, zone), strict=True):
        _scan(deployment, report, at)
    teams = Owner.objects.filter(deployment=deployment)
    teams.update(kind=Owner.Kind.TEAM)
    teams.filter(key="data-platform").update(user=user)
    deployment.refresh_from_db()
    return Sample(deployment, is_new=True)


def _scan(deployment: Deployment, report: Path, at: datetime) -> None:
    scan = receive_report(
        source=source_for(deployment=deployment),
        stream=io.BytesIO(gzip.decompress(report.read_bytes())),
        file_name=report.name.removesuffix(".gz"),
        options={"complete": True, "tool_version": "0.17.6"},
        cause="command",
        user=None,
        now=at,
    )
    scan = apply_scan(scan_id=scan.pk, now=at)
    if scan.state != Scan.State.DONE:
        raise RuntimeError(f"The sample report {report.name} ended as {scan.state}: {scan.error}")


def _mondays(count: int, now: datetime, zone: ZoneInfo) -> list[datetime]:
    """The last ``count`` Mondays at 12:00 in the zone that lie before now, oldest first."""
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    newest = datetime.combine(monday, time(12), zone)
    if newest >= now:
        newest -= timedelta(weeks=1)
    return [newest - timedelta(weeks=weeks) for weeks in reversed(range(count))]
