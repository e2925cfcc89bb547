"""Owners on their way out, as the cells of their CSV."""

from __future__ import annotations

from collections.abc import Iterator

from planner.models import Deployment, Owner

OWNER_COLUMNS = ("key", "name", "kind", "email", "aliases", "active")


def owner_csv_rows(deployment: Deployment) -> Iterator[tuple[object, ...]]:
    """Every owner. Two queries."""
    owners = Owner.objects.filter(deployment=deployment).order_by("key").prefetch_related("aliases")
    for owner in owners:
        aliases = sorted(alias.alias for alias in owner.aliases.all())
        yield (
            owner.key,
            owner.name,
            owner.kind,
            owner.email,
            "; ".join(aliases),
            "yes" if owner.active else "no",
        )
