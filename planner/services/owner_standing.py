"""Whether an owner takes findings, and why not: said by a person or a file, or seen from sign-ins and mail."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from planner.domain.ownership import InactiveCause
from planner.models import Owner
from planner.selectors.inactive_owner import unable_owners
from planner.services.revision import revision_bump

_SEEN = (InactiveCause.SIGN_IN, InactiveCause.MAIL)
"""Causes that come and go by themselves."""
_FIELDS = ("active", "inactive_cause", "inactive_by", "inactive_since")


def owner_stop(*, owner: Owner, cause: InactiveCause, by: str, now: datetime) -> None:
    """Let an owner take no findings any more; one who takes none already keeps the first reason."""
    if not owner.active:
        return
    owner.active, owner.inactive_cause = False, cause.value
    owner.inactive_by, owner.inactive_since = by[:200], now
    owner.save(update_fields=_FIELDS)


def owner_resume(*, owner: Owner) -> None:
    """Let an owner take findings again."""
    if owner.active:
        return
    owner.active, owner.inactive_cause = True, ""
    owner.inactive_by, owner.inactive_since = "", None
    owner.save(update_fields=_FIELDS)


@transaction.atomic
def owners_notice(*, now: datetime) -> int:
    """Stop owners whose sign-in is disabled or whose mail is refused; resume those for whom that has passed.

    What a person or a file said stays as it is. How many changed.
    """
    unable = dict(unable_owners())
    stopped = Owner.objects.filter(pk__in=unable, active=True)
    passed = Owner.objects.filter(active=False, inactive_cause__in=_SEEN).exclude(pk__in=unable)
    changed = [*stopped.select_for_update(), *passed.select_for_update()]
    for owner in changed:
        if owner.active:
            owner_stop(owner=owner, cause=unable[owner.pk], by="", now=now)
        else:
            owner_resume(owner=owner)
    for deployment_id in sorted({owner.deployment_id for owner in changed}):
        revision_bump(deployment_id=deployment_id)
    return len(changed)
