"""Owners, their other names, folder rules, and handing findings out by the rules."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.db.models.fields.reverse_related import ForeignObjectRel, ManyToManyRel

from planner.domain.lifecycle import Kind
from planner.domain.ownership import MAX_KEY, InactiveCause, owner_key, pattern_is_valid
from planner.domain.person import name_of
from planner.models import (
    Deployment,
    Event,
    Finding,
    FolderRule,
    NotTheSame,
    Owner,
    OwnerAlias,
    Scan,
    Source,
)
from planner.selectors.inactive_owner import unable_owners
from planner.selectors.ownership import Reassignment, reassignments
from planner.services import bulk
from planner.services.owner_standing import owner_resume, owner_stop
from planner.services.revision import deployment_hold, revision_bump


class OwnerError(ValueError):
    """An owner, alias or rule that cannot be. ``field`` names what is wrong; the message is one sentence."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class RulesApplied:
    """What applying the rules changed."""

    reassigned: int
    reworded: int
    """Same owner, another reason."""
    handed_over: Sequence[Reassignment] = field(default=(), compare=False)
    """Who had each of the reassigned ones before, and who has it now."""


def owners_ensure(
    *, deployment: Deployment, keys: Iterable[str], spellings: Mapping[str, str] | None = None
) -> dict[str, int]:
    """The ids of the owners with these keys, by key; those nobody knows yet are made.

    ``spellings`` tells how a key was written where it was met, for the new owner's name.
    """
    wanted = set(keys)
    known = _owner_ids(deployment, wanted)
    missing = sorted(wanted - known.keys())
    if not missing:
        return known
    names = spellings or {}
    Owner.objects.bulk_create(
        (_new_owner(deployment, key, names.get(key, key)) for key in missing),
        ignore_conflicts=True,
        batch_size=1000,
    )
    return known | _owner_ids(deployment, missing)


def owner_add(
    *,
    deployment: Deployment,
    name: str,
    email: str = "",
    aliases: Iterable[str] = (),
    kind: str = "",
) -> Owner:
    """Add a person or team.

    Raises:
        OwnerError: the name is empty or taken, or the e-mail is none.
    """
    key = owner_key(name)
    if not key:
        raise OwnerError("name", "The owner needs a name.")
    with transaction.atomic():
        if key in _names_in_use(deployment, [key]):
            raise OwnerError(
                "name", f'"{name.strip()}" is already an owner or another name of one.'
            )
        owner = _new_owner(deployment, key, " ".join(name.split()).lstrip("@"))
        owner.kind = _kind(kind) if kind else owner.kind
        owner.email = _email(email) if email.strip() else owner.email
        owner.save()
        aliases_set(owner=owner, aliases=aliases)
        revision_bump(deployment_id=deployment.pk)
    return owner


def owner_edit(
    *,
    owner: Owner,
    name: str,
    email: str,
    kind: str,
    active: bool,
    aliases: Iterable[str],
    now: datetime,
    user: User | None,
    cause: InactiveCause = InactiveCause.HAND,
) -> Owner:
    """Change an owner; its key, which commands and CSV name it by, stays.

    ``cause`` is kept with one who takes no findings from now on.

    Raises:
        OwnerError: the name is empty, the e-mail is none, an alias belongs to someone else, or the owner
            is to take findings but cannot sign in.
    """
    name = " ".join(name.replace("\0", "").split())[:MAX_KEY]
    if not name:
        raise OwnerError("name", "The owner needs a name.")
    with transaction.atomic():
        owner.name, owner.email, owner.kind = name, _email(email), _kind(kind)
        owner.save(update_fields=["name", "email", "kind"])
        if active:
            _resume(owner)
        else:
            owner_stop(owner=owner, cause=cause, by=name_of(user) if user else "", now=now)
        aliases_set(owner=owner, aliases=aliases)
        revision_bump(deployment_id=owner.deployment_id)
    return owner


def owner_link(*, owner: Owner, user: User) -> None:
    """Say that an owner is somebody who signs in.

    Raises:
        OwnerError: it is somebody else already.
    """
    linked = Owner.objects.filter(pk=owner.pk).filter(Q(user=None) | Q(user=user))
    with transaction.atomic():
        if not linked.update(user=user):
            raise OwnerError("user", f"{owner.name} signs in as somebody else already.")
        revision_bump(deployment_id=owner.deployment_id)


def aliases_set(*, owner: Owner, aliases: Iterable[str]) -> None:
    """Make these, and only these, the other names of ``owner``.

    Raises:
        OwnerError: one of them is another owner's name.
    """
    wanted = {key for key in map(owner_key, aliases) if key and key != owner.key}
    with transaction.atomic():
        current = set(owner.aliases.values_list("alias", flat=True))
        new = sorted(wanted - current)
        taken = sorted(_names_in_use(owner.deployment, new))
        if taken:
            raise OwnerError(
                "aliases", f'"{taken[0]}" is another owner. Merge the two to make them one.'
            )
        owner.aliases.filter(alias__in=current - wanted).delete()
        OwnerAlias.objects.bulk_create(
            OwnerAlias(deployment_id=owner.deployment_id, owner=owner, alias=alias) for alias in new
        )


@transaction.atomic
def owner_merge(*, owner: Owner, into: Owner, now: datetime, user: AbstractBaseUser | None) -> int:
    """Make ``owner`` another name of ``into``, which takes over everything; how many findings moved.

    Raises:
        OwnerError: the two are one already or belong to different deployments.
    """
    if owner.pk == into.pk or owner.deployment_id != into.deployment_id:
        raise OwnerError("into", "Choose another owner of this deployment to merge into.")
    if owner.active and not into.active:
        raise OwnerError("into", f"{into.name} takes no findings any more. Merge the other way.")
    deployment_hold(deployment_id=into.deployment_id)
    ids = list(Finding.objects.filter(owner=owner).values_list("pk", flat=True))
    why = f"{owner.name} and {into.name} are the same"
    _assigned_events(((key, owner.key, into.key, why[:500]) for key in ids), now, user)
    NotTheSame.objects.filter(one__in=(owner, into), other__in=(owner, into)).delete()
    _take_over(owner, into)
    _keep_login(owner, into)
    key = owner.key
    owner.delete()
    OwnerAlias.objects.create(deployment_id=into.deployment_id, owner=into, alias=key)
    revision_bump(deployment_id=into.deployment_id)
    return len(ids)


def owners_part(*, one: Owner, other: Owner) -> None:
    """Keep that a person said these two are not the same, so that nobody is asked again."""
    if one.pk != other.pk and one.deployment_id == other.deployment_id:
        NotTheSame.objects.get_or_create(one=one, other=other)


@transaction.atomic
def folder_rule_add(*, deployment: Deployment, pattern: str, owner: Owner) -> FolderRule:
    """Give findings below ``pattern`` to ``owner``, from the next scan or "Apply rules again" on.

    Raises:
        OwnerError: the pattern cannot match any path, or is there already.
    """
    pattern = " ".join(pattern.replace("\0", "").split())
    if not pattern_is_valid(pattern) or len(pattern) > 500:
        raise OwnerError(
            "pattern", "Write a folder or pattern as in CODEOWNERS, like dags/finance/."
        )
    if FolderRule.objects.filter(deployment=deployment, pattern=pattern).exists():
        raise OwnerError("pattern", f"There is already a rule for {pattern}. Remove it first.")
    rule = FolderRule.objects.create(deployment=deployment, pattern=pattern, owner=owner)
    revision_bump(deployment_id=deployment.pk)
    return rule


@transaction.atomic
def folder_rule_remove(*, rule: FolderRule) -> None:
    """Forget a folder rule. Findings keep their owners until the rules are applied again."""
    deployment_id = rule.deployment_id
    rule.delete()
    revision_bump(deployment_id=deployment_id)


@transaction.atomic
def rules_apply(
    *,
    deployment: Deployment,
    now: datetime,
    user: AbstractBaseUser | None,
    source: Source | None = None,
    scan: Scan | None = None,
) -> RulesApplied:
    """Hand out every live finding, or those of one source, again by the rules; a person's pick is never touched.

    ``scan`` is the one that brought what the rules now say. Where there is one, no person asked for it, so who was
    given a file for changing it last keeps it.
    """
    deployment_hold(deployment_id=deployment.pk)
    changes = list(reassignments(deployment, source, by_scan=scan is not None))
    spellings = {change.after: change.written for change in changes if change.after}
    ids = owners_ensure(deployment=deployment, keys=spellings, spellings=spellings)
    rows = ((change.finding_id, ids.get(change.after), change.because) for change in changes)
    bulk.update(Finding, ("owner_id", "owner_because"), rows)
    moved = [change for change in changes if change.before != change.after]
    _assigned_events(
        ((one.finding_id, one.before, one.after, one.because) for one in moved), now, user, scan
    )
    if changes:
        revision_bump(deployment_id=deployment.pk)
    return RulesApplied(len(moved), reworded=len(changes) - len(moved), handed_over=moved)


def _assigned_events(
    changes: Iterable[tuple[int, str, str, str]],
    now: datetime,
    user: AbstractBaseUser | None,
    scan: Scan | None = None,
) -> None:
    """Log findings that changed hands: finding, owner before, owner after, and why."""
    at, actor, scan_id = bulk.moment(now), user.pk if user else None, scan.pk if scan else None
    bulk.insert(
        Event,
        ("finding_id", "kind", "at", "actor_id", "scan_id", "why", "change"),
        (
            (
                key,
                Kind.ASSIGNED.value,
                at,
                actor,
                scan_id,
                why,
                json.dumps({"owner": [before, after]}),
            )
            for key, before, after, why in changes
        ),
    )


def _owner_ids(deployment: Deployment, keys: Collection[str]) -> dict[str, int]:
    rows = Owner.objects.filter(deployment=deployment).values_list("key", "pk")
    return {key: pk for key, pk in rows if key in keys}


def _names_in_use(deployment: Deployment, names: Collection[str]) -> set[str]:
    keys = Owner.objects.filter(deployment=deployment, key__in=names)
    aliases = OwnerAlias.objects.filter(deployment=deployment, alias__in=names)
    return {*keys.values_list("key", flat=True), *aliases.values_list("alias", flat=True)}


def _new_owner(deployment: Deployment, key: str, name: str) -> Owner:
    is_email = email_is_valid(key)
    team = "/" in key and not is_email
    return Owner(
        deployment=deployment,
        key=key,
        name=name.replace("\0", "")[:MAX_KEY],
        kind=Owner.Kind.TEAM if team else Owner.Kind.PERSON,
        email=key if is_email else "",
    )


def _resume(owner: Owner) -> None:
    """Let an owner take findings again; mail is then tried once more."""
    if owner.active:
        return
    if dict(unable_owners()).get(owner.pk) is InactiveCause.SIGN_IN:
        raise OwnerError(
            "active",
            f"{owner.name} cannot take findings: the sign-in is disabled. Enable it first, or give"
            " them another address.",
        )
    owner.mail_refused_at, owner.mail_refused_address = None, ""
    owner.save(update_fields=["mail_refused_at", "mail_refused_address"])
    owner_resume(owner=owner)


def _take_over(owner: Owner, into: Owner) -> None:
    """Let ``into`` stand wherever ``owner`` does, in whatever table."""
    for relation in Owner._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel):
            continue
        if isinstance(relation, ManyToManyRel):
            rows = relation.related_model._base_manager.filter(**{relation.field.name: owner})
            for row in rows:
                getattr(row, relation.field.name).add(into)
        elif not relation.related_model._meta.auto_created:
            rows = relation.related_model._base_manager.filter(**{relation.field.name: owner})
            rows.update(**{relation.field.name: into})


def _keep_login(owner: Owner, into: Owner) -> None:
    into.user = into.user or owner.user
    into.email = into.email or owner.email
    into.save(update_fields=["user", "email"])


def _kind(kind: str) -> str:
    if kind not in Owner.Kind.values:
        raise OwnerError("kind", "An owner is a person or a team.")
    return kind


def _email(text: str) -> str:
    text = text.strip()
    if text and not email_is_valid(text):
        raise OwnerError("email", f'"{text}" is not an e-mail address.')
    return text


def email_is_valid(text: str) -> bool:
    """Whether it can be an owner's address."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
