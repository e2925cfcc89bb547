"""The sources of a deployment, as pages and commands show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery

from planner.domain.schedule import in_words
from planner.models import Deployment, Scan, Source

UNFINISHED = (Scan.State.QUEUED, Scan.State.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One source with its newest scan."""

    source: Source
    schedule: str
    """The schedule in words; empty for uploads."""
    newest: Scan | None

    @property
    def is_fetched(self) -> bool:
        """False for uploads, which have no schedule and no button."""
        return self.source.kind != Source.Kind.UPLOAD

    @property
    def is_busy(self) -> bool:
        return self.newest is not None and self.newest.state in UNFINISHED


def source_rows(deployment: Deployment) -> list[SourceRow]:
    """Every source by name, with its newest scan. Two queries."""
    newest = Scan.objects.filter(source=OuterRef("pk")).order_by("-created_at", "-id")
    sources = list(
        Source.objects.filter(deployment=deployment).annotate(
            newest_id=Subquery(newest.values("pk")[:1])
        )
    )
    scans = Scan.objects.in_bulk([source.newest_id for source in sources if source.newest_id])
    return [
        SourceRow(
            source=source,
            schedule=in_words(source.schedule) if source.schedule else "",
            newest=scans.get(source.newest_id),
        )
        for source in sources
    ]


def source_named(deployment: Deployment, name: str) -> Source | None:
    """The deployment's source of that name."""
    return Source.objects.filter(deployment=deployment, name=name).first()


def source_by_id(deployment: Deployment, source_id: int) -> Source | None:
    """The deployment's source of that id."""
    return Source.objects.filter(deployment=deployment, pk=source_id).first()


def scanned_sources(deployment: Deployment | None = None) -> list[Source]:
    """Sources that Flightplan fetches by itself, of one deployment or of all, paused ones left out."""
    found = Source.objects.exclude(kind=Source.Kind.UPLOAD).filter(paused=False)
    if deployment is not None:
        found = found.filter(deployment=deployment)
    return list(found.select_related("deployment").order_by("deployment__slug", "name"))


def source_contents(source: Source) -> tuple[int, int]:
    """How many findings and scans go when the source is removed."""
    return source.findings.count(), source.scans.count()


def source_document(source: Source) -> dict[str, Any]:
    """The source for ``--json`` and the API. Names of environment variables, never a secret."""
    return {
        "deployment": source.deployment.slug,
        "name": source.name,
        "kind": source.kind,
        "location": source.location,
        "branch": source.branch,
        "root": source.root,
        "schedule": source.schedule,
        "paused": source.paused,
        "username_env": source.username_env,
        "password_env": source.password_env,
        "next_due_at": _iso(source.next_due_at),
        "last_scan": source.last_scan_id,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
