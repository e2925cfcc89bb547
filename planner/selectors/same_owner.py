"""Owners that are likely one, and what merging two of them would move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from planner.domain.finding import LIVE_STATES
from planner.domain.same_owner import Called, Likely, likely_same
from planner.models import AxisLead, Deployment, Finding, FolderRule, NotTheSame, Owner
from planner.rulebook.load import rulebook


@dataclass(frozen=True, slots=True)
class Pair:
    """Two owners that read alike."""

    keep: Owner
    """The one with more to do."""
    merge: Owner
    alike: tuple[str, str]


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What would move from one owner to the other."""

    owner: Owner
    into: Owner
    live: int
    closed: int
    rules: int
    leads: int
    names: list[str]
    """What the other owner would be called besides."""


def likely_pairs(deployment: Deployment, owners: Sequence[Owner]) -> list[Pair]:
    """Pairs that are likely one. ``owners`` come with their aliases, the one with most to do first. One query."""
    by_key = {owner.key: owner for owner in owners}
    said = NotTheSame.objects.filter(one__deployment=deployment)
    found = likely_same(
        [_called(owner) for owner in owners],
        common=rulebook().ownership["not_people"],
        apart={frozenset(pair) for pair in said.values_list("one__key", "other__key")},
    )
    return [_pair(likely, by_key) for likely in found]


def merge_preview(owner: Owner, into: Owner) -> MergePreview:
    """What merging would move. Writes nothing. Four queries."""
    live = Q(state__in=LIVE_STATES)
    numbers = Finding.objects.filter(owner=owner).aggregate(
        live=Count("pk", filter=live), closed=Count("pk", filter=~live)
    )
    return MergePreview(
        owner=owner,
        into=into,
        **numbers,
        rules=FolderRule.objects.filter(owner=owner).count(),
        leads=AxisLead.objects.filter(owner=owner).count(),
        names=[owner.key, *sorted(owner.aliases.values_list("alias", flat=True))],
    )


def _called(owner: Owner) -> Called:
    aliases = [alias.alias for alias in owner.aliases.all()]
    names = (owner.key, owner.name, owner.email, *aliases)
    return Called(owner.key, tuple(name for name in names if name), owner.user_id)


def _pair(likely: Likely, by_key: dict[str, Owner]) -> Pair:
    return Pair(keep=by_key[likely.one], merge=by_key[likely.other], alike=likely.alike)
