"""Who owns what in a deployment: the rules as the domain wants them, and what they would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from planner.domain.finding import LIVE_STATES
from planner.domain.ownership import (
    Assigner,
    Author,
    codeowners_problems,
    is_by_last_change,
)
from planner.models import Deployment, Finding, FolderRule, Owner, OwnerAlias, Source
from planner.rulebook.load import rulebook

_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Reassignment:
    """One finding that the rules, applied now, would give to someone else or for another reason."""

    finding_id: int
    before: str
    """Key of the owner it has, or empty."""
    after: str
    written: str
    """How the new owner was written where the rules name it."""
    because: str


@dataclass(frozen=True, slots=True)
class RulesPreview:
    """What applying the rules again would change, by whom it moves between."""

    moves: list[tuple[str, str, int]]
    """(from, to, findings), the most first; an empty name is nobody."""
    reassigned: int
    picked: int
    """Findings that a person picked an owner for; they stay."""
    bad_lines: list[tuple[str, int, str]]
    """(source, line, text) of CODEOWNERS lines that cannot match anything."""


def rules_preview(deployment: Deployment) -> RulesPreview:
    """What applying the rules again would change. Writes nothing."""
    moves = Counter(
        (change.before, change.after)
        for change in reassignments(deployment)
        if change.before != change.after
    )
    picked = Finding.objects.filter(
        deployment=deployment, state__in=LIVE_STATES, owner_picked=True
    ).count()
    return RulesPreview(
        moves=[(before, after, count) for (before, after), count in moves.most_common()],
        reassigned=moves.total(),
        picked=picked,
        bad_lines=[
            (source.name, line.number, line.text)
            for source in Source.objects.filter(deployment=deployment)
            for line in codeowners_problems(source.codeowners)
        ],
    )


def assigner_for(source: Source, *, codeowners: str | None = None) -> Assigner:
    """What assigns the findings of ``source``: its CODEOWNERS, its DAGs' owners and the folder rules.

    ``codeowners`` is used in place of the stored text where a scan has just brought a newer one.
    """
    owners = Owner.objects.filter(deployment_id=source.deployment_id)
    aliases = OwnerAlias.objects.filter(deployment_id=source.deployment_id)
    # What was said on purpose wins: a name, then an alias, then an address that several may share.
    people = {email.lower(): key for email, key in owners.values_list("email", "key") if email}
    people |= dict(aliases.values_list("alias", "owner__key"))
    people |= {key: key for key in owners.values_list("key", flat=True)}
    return Assigner(
        source.codeowners if codeowners is None else codeowners,
        _dag_owners(source),
        folder_rules_of(source.deployment_id),
        people,
        not_people=rulebook().ownership["not_people"],
        inactive=set(owners.filter(active=False).values_list("key", flat=True)),
        last_changes=_last_changes(source),
    )


def folder_rules_of(deployment_id: int) -> list[tuple[str, str]]:
    """The folder rules as (pattern, owner key), in the order in which later ones win."""
    rules = FolderRule.objects.filter(deployment_id=deployment_id).order_by("id")
    return list(rules.values_list("pattern", "owner__key"))


def reassignments(
    deployment: Deployment, source: Source | None = None, *, by_scan: bool = False
) -> Iterator[Reassignment]:
    """What applying the rules again would change, in all sources or one; a person's picks are left out.

    ``by_scan``: nobody asked, so who was given a file for changing it last keeps it. Else whoever mends half
    of a file would be handed the other half.
    """
    for one in [source] if source else Source.objects.filter(deployment=deployment):
        assigner = assigner_for(one)
        rows = (
            Finding.objects.filter(source=one, state__in=LIVE_STATES, owner_picked=False)
            .order_by("id")
            .values_list("id", "path", "owner__key", "owner_because")
        )
        for finding_id, path, before, because in rows.iterator(chunk_size=_BATCH):
            key, reason = assigner.assign(path)
            kept = (
                by_scan and before and not assigner.is_gone(before) and is_by_last_change(because)
            )
            if kept and is_by_last_change(reason):
                continue
            if (key, reason) != (before, because):
                written = assigner.spellings.get(key, key) if key else ""
                yield Reassignment(finding_id, before or "", key or "", written, reason)


def _last_changes(source: Source) -> dict[str, Author]:
    rows = source.last_changes.values_list("path", "key", "name", "on")
    return {path: Author(key, name, on) for path, key, name, on in rows.iterator()}


def _dag_owners(source: Source) -> dict[str, list[str]]:
    owners: dict[str, list[str]] = {}
    for path, names in source.dags.values_list("path", "owners"):
        owners.setdefault(path, []).extend(names)
    return owners
