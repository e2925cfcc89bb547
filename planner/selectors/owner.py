"""Owners with what is on their plate, and which owners a signed-in person is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Count, Q, QuerySet

from planner.domain.finding import ACTIVE_STATES, Category, Severity, State
from planner.models import Deployment, Finding, FolderRule, Owner, OwnerAlias
from planner.selectors.access import deployments_of
from planner.selectors.finding import week_end

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MY_LIST_LIMIT = 300
"""Findings shown on one's own page at once; the rest is a link to the list."""


@dataclass(frozen=True, slots=True)
class OwnerRow:
    """An owner with counts of work to do; style is left out."""

    owner: Owner
    open: int
    errors: int
    late: int
    this_week: int
    claimed: int


@dataclass(frozen=True, slots=True)
class MyCounts:
    """The numbers of one's own page."""

    open: int
    errors: int
    blocking: int
    late: int
    this_week: int
    """Due by Sunday, what is late included."""
    claimed: int
    regressed: int
    fixed: int
    deployments: int
    files: int


def owners_with_counts(deployment: Deployment, *, today: date) -> list[OwnerRow]:
    """Every owner, the one with the most work first. Two queries."""
    active = Q(findings__state__in=ACTIVE_STATES) & ~Q(findings__category=Category.STYLE)
    owners = (
        Owner.objects.filter(deployment=deployment)
        .select_related("user")
        .prefetch_related("aliases")
        .annotate(
            n_open=Count("findings", filter=active),
            n_errors=Count("findings", filter=active & Q(findings__severity=Severity.ERROR)),
            n_late=Count("findings", filter=active & Q(findings__due__lt=today)),
            n_week=Count(
                "findings",
                filter=active & Q(findings__due__gte=today, findings__due__lte=week_end(today)),
            ),
            n_claimed=Count("findings", filter=active & Q(findings__state=State.CLAIMED)),
        )
        .order_by("-n_open", "name", "pk")
    )
    return [
        OwnerRow(
            owner,
            owner.n_open,
            owner.n_errors,
            owner.n_late,
            owner.n_week,
            owner.n_claimed,
        )
        for owner in owners
    ]


def owner_options(deployment: Deployment) -> list[Owner]:
    """Owners who can be given findings, by name."""
    return list(Owner.objects.filter(deployment=deployment, active=True).order_by("name", "pk"))


def owner_named(deployment: Deployment, name: str) -> Owner | None:
    """The owner with this key or alias."""
    owners = Owner.objects.filter(deployment=deployment)
    keyed = owners.filter(key=name).first()
    return keyed or owners.filter(aliases__alias=name).first()


def owners_by_name(deployment: Deployment) -> dict[str, Owner]:
    """Every key and alias with its owner."""
    owners = Owner.objects.filter(deployment=deployment).prefetch_related("aliases")
    found: dict[str, Owner] = {}
    for owner in owners:
        found |= {alias.alias: owner for alias in owner.aliases.all()}
        found[owner.key] = owner
    return found


def owner_by_id(deployment: Deployment, owner_id: int) -> Owner | None:
    return (
        Owner.objects.filter(deployment=deployment, pk=owner_id)
        .select_related("deployment")
        .first()
    )


def folder_rules(deployment: Deployment) -> QuerySet[FolderRule]:
    """The folder rules in the order in which later ones win."""
    return FolderRule.objects.filter(deployment=deployment).select_related("owner").order_by("pk")


def folder_rule_by_id(deployment: Deployment, rule_id: int) -> FolderRule | None:
    return FolderRule.objects.filter(deployment=deployment, pk=rule_id).first()


def owner_ids_of(user: User, deployments: Iterable[Deployment]) -> list[int]:
    """The owners, in these deployments, that the signed-in person is: by account, e-mail or user name."""
    names = {name.lower() for name in (user.email, user.get_username()) if name}
    owners = Owner.objects.filter(deployment__in=list(deployments))
    mine = Q(user=user) | Q(key__in=names)
    if user.email:
        mine |= Q(email__iexact=user.email)
    aliased = OwnerAlias.objects.filter(alias__in=names).values("owner")
    return list(owners.filter(mine | Q(pk__in=aliased)).values_list("pk", flat=True))


def owns_all(user: User, deployment: Deployment, finding_ids: Iterable[int]) -> bool:
    """True where every one of these findings belongs to the signed-in person."""
    ids = set(finding_ids)
    owners = owner_ids_of(user, [deployment])
    mine = Finding.objects.filter(deployment=deployment, pk__in=ids, owner__in=owners).count()
    return mine == len(ids)


def my_findings(user: User, *, state: str, due: str, today: date) -> tuple[list[Finding], int]:
    """What is on the signed-in person's plate, by deployment and file; and how many there are in all."""
    deployments = list(deployments_of(user))
    rows = Finding.objects.filter(owner__in=owner_ids_of(user, deployments))
    rows = rows.exclude(category=Category.STYLE).filter(_mine(state, due, today))
    shown = rows.select_related("deployment", "source", "owner").order_by(
        "deployment__name", "path", "severity_rank", "line", "pk"
    )
    found = list(shown[: MY_LIST_LIMIT + 1])
    total = len(found) if len(found) <= MY_LIST_LIMIT else rows.count()
    return found[:MY_LIST_LIMIT], total


def my_counts(user: User, *, today: date) -> MyCounts:
    """The numbers of the signed-in person's page. Three queries."""
    deployments = list(deployments_of(user))
    rows = Finding.objects.filter(owner__in=owner_ids_of(user, deployments))
    active = Q(state__in=ACTIVE_STATES)
    numbers = rows.exclude(category=Category.STYLE).aggregate(
        open=Count("pk", filter=active),
        errors=Count("pk", filter=active & Q(severity=Severity.ERROR)),
        blocking=Count("pk", filter=active & Q(category=Category.BLOCK)),
        late=Count("pk", filter=active & Q(due__lt=today)),
        this_week=Count("pk", filter=active & Q(due__lte=week_end(today))),
        claimed=Count("pk", filter=Q(state=State.CLAIMED)),
        regressed=Count("pk", filter=active & Q(regressed=True)),
        fixed=Count("pk", filter=Q(state=State.FIXED)),
        deployments=Count("deployment", filter=active, distinct=True),
        files=Count("path", filter=active, distinct=True),
    )
    return MyCounts(**numbers)


def _mine(state: str, due: str, today: date) -> Q:
    if state in ("claimed", "fixed", "waived"):
        return Q(state=state)
    active = Q(state__in=ACTIVE_STATES)
    if state == "regressed":
        return active & Q(regressed=True)
    # Late work is due this week too.
    return active & Q(due__lte=week_end(today)) if due == "week" else active
