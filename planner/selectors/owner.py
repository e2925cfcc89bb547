"""Owners with what is on their plate, and which owners a signed-in person is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from django.db.models import Count, Q, QuerySet

from planner.domain.finding import Severity, State
from planner.models import Deployment, Finding, FolderRule, Owner, OwnerAlias, Source
from planner.selectors.digest import unreachable_because
from planner.selectors.finding_filter import FindingFilter, findings_of
from planner.selectors.finding_page import finding_page
from planner.selectors.finding_row import FindingRow, finding_rows
from planner.selectors.inactive_owner import waiting_for_owner
from planner.selectors.same_owner import Pair, likely_pairs
from planner.selectors.work import late, planned, this_week

if TYPE_CHECKING:
    from django.contrib.auth.models import User

OWNER_KINDS = Owner.Kind.choices
"""What an owner can be, with the words for it."""

PRINT_LIMIT = 500
"""Findings of one owner on one page; the rest is a link to the list."""


@dataclass(frozen=True, slots=True)
class OwnerRow:
    """An owner with counts of work to do; style is left out."""

    owner: Owner
    open: int
    errors: int
    late: int
    this_week: int
    claimed: int
    unreachable: str
    """Why no mail reaches one who takes findings, as it goes on after the name."""


@dataclass(frozen=True, slots=True)
class OwnersPage:
    """The page of owners."""

    rows: list[OwnerRow]
    unowned: int
    unowned_errors: int
    picked: int
    alike: list[Pair]
    """Owners that are likely one."""
    waiting_owners: int
    """Owners who take no findings any more and still have some."""
    waiting_findings: int
    """Those findings."""
    rules: list[FolderRule]
    options: list[Owner]
    sources: list[SourceRules]
    """By name."""

    @property
    def owned(self) -> int:
        return sum(row.open for row in self.rows)

    @property
    def owning(self) -> int:
        """Owners with at least one open finding."""
        return sum(1 for row in self.rows if row.open)


@dataclass(frozen=True, slots=True)
class SourceRules:
    """What a source brings to the rules."""

    name: str
    codeowners_lines: int
    history_gap: str
    """Why git does not tell of every file who changed it last, in a sentence."""


@dataclass(frozen=True, slots=True)
class FileGroup:
    """An owner's findings in one file."""

    path: str
    rows: list[FindingRow]


@dataclass(frozen=True, slots=True)
class OwnerPage:
    """One owner's open findings, by file."""

    files: list[FileGroup]
    shown: int
    total: int
    errors: int
    late: int
    options: list[Owner]
    aliases: list[str]


def owners_with_counts(deployment: Deployment, *, today: date) -> list[OwnerRow]:
    """Every owner, the one with the most work first. Two queries."""
    work = planned("findings__")
    owners = (
        Owner.objects.filter(deployment=deployment)
        .select_related("user", "deployment")
        .prefetch_related("aliases")
        .annotate(
            n_open=Count("findings", filter=work),
            n_errors=Count("findings", filter=work & Q(findings__severity=Severity.ERROR)),
            n_late=Count("findings", filter=work & late(today, "findings__")),
            n_week=Count(
                "findings",
                filter=work & this_week(today, "findings__"),
            ),
            n_claimed=Count("findings", filter=work & Q(findings__state=State.CLAIMED)),
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
            unreachable_because(owner) if owner.active else "",
        )
        for owner in owners
    ]


def owners_page(deployment: Deployment, *, today: date) -> OwnersPage:
    """Who owns how much, what nobody owns, and the rules. Seven queries."""
    rows = owners_with_counts(deployment, today=today)
    work = planned()
    nobody = work & Q(owner__isnull=True)
    numbers = Finding.objects.filter(deployment=deployment).aggregate(
        unowned=Count("pk", filter=nobody),
        unowned_errors=Count("pk", filter=nobody & Q(severity=Severity.ERROR)),
        picked=Count("pk", filter=work & Q(owner_picked=True)),
    )
    sources = Source.objects.filter(deployment=deployment)
    texts = sources.values_list("name", "codeowners", "last_scan__coverage")
    waiting_owners, waiting_findings = waiting_for_owner(deployment)
    return OwnersPage(
        rows=rows,
        **numbers,
        alike=likely_pairs(deployment, [row.owner for row in rows]),
        waiting_owners=waiting_owners,
        waiting_findings=waiting_findings,
        rules=list(folder_rules(deployment)),
        options=sorted(
            (row.owner for row in rows if row.owner.active), key=lambda owner: owner.name.lower()
        ),
        sources=[
            SourceRules(name, _rule_lines(text), (coverage or {}).get("history_gap", ""))
            for name, text, coverage in texts
        ],
    )


def owner_page(deployment: Deployment, owner: Owner, *, today: date) -> OwnerPage:
    """One owner's open findings, by file. Five queries."""
    filters = FindingFilter(owner=owner.key, sort="path")
    page = finding_page(deployment, filters, today=today, size=PRINT_LIMIT)
    rows = finding_rows(page.rows, today=today)
    mine = findings_of(deployment, filters, today=today)
    numbers = mine.aggregate(
        total=Count("pk"),
        errors=Count("pk", filter=Q(severity=Severity.ERROR)),
        late=Count("pk", filter=late(today)),
    )
    return OwnerPage(
        files=file_groups(rows),
        shown=len(rows),
        **numbers,
        options=[other for other in owner_options(deployment) if other.pk != owner.pk],
        aliases=sorted(owner.aliases.values_list("alias", flat=True)),
    )


def file_groups(rows: Iterable[FindingRow]) -> list[FileGroup]:
    """Rows by file; they must be in the order of their paths."""
    return [
        FileGroup(path, list(part))
        for path, part in groupby(rows, key=lambda row: row.finding.path)
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


def _rule_lines(codeowners: str) -> int:
    """Lines of a CODEOWNERS text that say something."""
    lines = (line.strip() for line in codeowners.splitlines())
    return sum(1 for line in lines if line and not line.startswith("#"))
