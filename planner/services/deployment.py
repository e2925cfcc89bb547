"""Creates deployments and stores what is known about them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from planner.domain.dates import with_year
from planner.domain.facts import FACT_KEYS, FactError, FactErrors, facts_from
from planner.models import Deployment, Membership, Role
from planner.rulebook.load import rulebook
from planner.services.ingest import source_for
from planner.services.rerate import findings_rerate

_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_LONGEST_SLUG = 80
_TAKEN_BY_PAGES = ("new",)
NOT_STATED = "not stated, the usual value"


@transaction.atomic
def facts_store(
    *,
    slug: str,
    values: Mapping[str, Any],
    origin: str,
    now: datetime,
    user: User | None = None,
    must_be_new: bool = False,
) -> Deployment:
    """Create the deployment, or change the facts given and keep its others.

    Without a target the newest supported line is proposed. ``origin`` says where the values came from
    ("file facts.toml") and is kept with each of them, with the day. ``user`` becomes admin of a
    deployment that this creates.

    Raises:
        FactErrors: the slug or a value cannot be, or the slug is taken where it must be new; nothing
            was stored.
    """
    _check_slug(slug)
    deployment = Deployment.objects.select_for_update().filter(slug=slug).first()
    if deployment is None:
        return _create(slug, values, origin, now, user)
    if must_be_new:
        raise FactErrors([FactError("slug", f'"{slug}" is taken by another deployment')])
    return _change(deployment, values, origin, now)


def _check_slug(slug: str) -> None:
    if not slug:
        raise FactErrors([FactError("slug", "is missing")])
    if len(slug) > _LONGEST_SLUG:
        sentence = f"may have {_LONGEST_SLUG} characters, not {len(slug)}"
        raise FactErrors([FactError("slug", sentence)])
    if not _SLUG.fullmatch(slug):
        sentence = f'"{slug}" must be small letters, digits and hyphens, like production-eu'
        raise FactErrors([FactError("slug", sentence)])
    if slug in _TAKEN_BY_PAGES:
        raise FactErrors([FactError("slug", f'"{slug}" is the address of a page; choose another')])


def _create(
    slug: str,
    values: Mapping[str, Any],
    origin: str,
    now: datetime,
    user: User | None,
) -> Deployment:
    facts, sources = _checked(values, {}, {}, origin, now)
    deployment = Deployment.objects.create(
        slug=slug, name=facts["name"], facts=facts, fact_sources=sources
    )
    source_for(deployment=deployment)
    if user is not None:
        Membership.objects.create(deployment=deployment, user=user, role=Role.ADMIN)
    return deployment


def _change(
    deployment: Deployment, values: Mapping[str, Any], origin: str, now: datetime
) -> Deployment:
    facts, sources = _checked(values, deployment.facts, deployment.fact_sources, origin, now)
    if facts != deployment.facts:
        deployment.revision += 1
    deployment.name = facts["name"]
    deployment.facts = facts
    deployment.fact_sources = sources
    deployment.save(update_fields=["name", "facts", "fact_sources", "revision", "updated_at"])
    findings_rerate(deployment=deployment, now=now)
    return deployment


def _checked(
    values: Mapping[str, Any],
    known: Mapping[str, Any],
    known_sources: Mapping[str, str],
    origin: str,
    now: datetime,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The facts to store, whole, and where each came from."""
    from_origin = f"{origin}, {with_year(now.date())}"
    facts = facts_from({**known, **values}).as_dict()
    sources = {
        key: from_origin if key in values else known_sources.get(key, NOT_STATED)
        for key in FACT_KEYS
    }
    if not facts["target_version"]:
        facts["target_version"] = rulebook().default_target
        sources["target_version"] = "not stated, the newest supported line"
    return facts, sources
