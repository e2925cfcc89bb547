"""Who owns what in a deployment: the rules as the domain wants them, and what they would change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from planner.domain.finding import LIVE_STATES
from planner.domain.ownership import (
    Assigner,
    Author,
    is_by_last_change,
)
from planner.models import (
    Dag,
    Deployment,
    Finding,
    FolderRule,
    LastChange,
    Owner,
    OwnerAlias,
    Source,
)
from planner.rulebook.load import rulebook

_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Reassignment:
    """One finding that the rules, applied now, would give to someone else or for another reason."""

    finding_id: int
    before: str
    """Key of the owner it has, or empty."""
    because_before: str
    after: str
    written: str
    """How the new owner was written where the rules name it."""
    because: str


class Answer(NamedTuple):
    """Whom the rules name for a file."""

    key: str
    """Empty for nobody."""
    written: str
    """How the owner is written where the rules name it."""
    because: str

    @classmethod
    def of(cls, assigner: Assigner, path: str) -> Answer:
        key, because = assigner.assign(path)
        return cls(key or "", assigner.spellings.get(key, key) if key else "", because)


def assigner_for(source: Source) -> Assigner:
    """What assigns the findings of ``source``: its CODEOWNERS, its DAGs' owners, the folder rules and git."""
    return _assigners(source.deployment_id, [source])[source.pk]


def assigners_of(deployment: Deployment) -> dict[int, Assigner]:
    """The same for every source of a deployment, by the source's key, in seven queries."""
    return _assigners(deployment.pk, Source.objects.filter(deployment=deployment))


def _assigners(deployment_id: int, sources: Iterable[Source]) -> dict[int, Assigner]:
    by_id = {source.pk: source for source in sources}
    owners = Owner.objects.filter(deployment_id=deployment_id)
    rows = list(owners.values_list("key", "email", "active"))
    aliases = OwnerAlias.objects.filter(deployment_id=deployment_id)
    # What was said on purpose wins: a name, then an alias, then an address that several may share.
    people = {email.lower(): key for key, email, _active in rows if email}
    people |= dict(aliases.values_list("alias", "owner__key"))
    people |= {key: key for key, _email, _active in rows}
    dag_owners = _dag_owners(by_id)
    last_changes = _last_changes(by_id)
    folder_rules = folder_rules_of(deployment_id)
    inactive = {key for key, _email, active in rows if not active}
    return {
        pk: Assigner(
            source.codeowners,
            dag_owners[pk],
            folder_rules,
            people,
            not_people=rulebook().ownership["not_people"],
            inactive=inactive,
            last_changes=last_changes[pk],
        )
        for pk, source in by_id.items()
    }


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
    assigners = {source.pk: assigner_for(source)} if source else assigners_of(deployment)
    rows = (
        Finding.objects.filter(source__in=assigners, state__in=LIVE_STATES, owner_picked=False)
        .order_by("id")
        .values_list("id", "source_id", "path", "owner__key", "owner_because")
    )
    for finding_id, source_id, path, before, because in rows.iterator(chunk_size=_BATCH):
        assigner = assigners[source_id]
        answer = Answer.of(assigner, path)
        kept = by_scan and before and not assigner.is_gone(before) and is_by_last_change(because)
        if kept and is_by_last_change(answer.because):
            continue
        if (answer.key, answer.because) != (before or "", because):
            yield Reassignment(finding_id, before or "", because, *answer)


def _last_changes(sources: Collection[int]) -> dict[int, dict[str, Author]]:
    """By source and path."""
    found: dict[int, dict[str, Author]] = {pk: {} for pk in sources}
    rows = LastChange.objects.filter(source__in=sources).order_by()
    for source, path, key, name, on in rows.values_list(
        "source_id", "path", "key", "name", "on"
    ).iterator():
        found[source][path] = Author(key, name, on)
    return found


def _dag_owners(sources: Collection[int]) -> dict[int, dict[str, list[str]]]:
    """By source and path."""
    found: dict[int, dict[str, list[str]]] = {pk: {} for pk in sources}
    rows = Dag.objects.filter(source__in=sources)
    for source, path, names in rows.values_list("source_id", "path", "owners"):
        found[source].setdefault(path, []).extend(names)
    return found
