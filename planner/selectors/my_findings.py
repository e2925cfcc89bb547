"""The findings of one signed-in person, in all the deployments they may see: which there are, and which a form means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db.models import Case, CharField, Count, Q, QuerySet, Value, When

from planner.domain.access import Role
from planner.domain.finding import Category, State
from planner.domain.fix_time import IN_SHORT
from planner.domain.my_work import Fix, FixGroup, Place, fix_groups
from planner.domain.rating import instead_of, when_of
from planner.models import Deployment, Finding, Membership
from planner.rulebook.load import rulebook
from planner.selectors.access import deployments_of
from planner.selectors.claim import sent_back_ids
from planner.selectors.owner import owner_ids_of
from planner.selectors.work import active, week_end

if TYPE_CHECKING:
    from django.contrib.auth.models import User

VIEWS = {
    "week": "Due this week",
    "all": "All open",
    "sent-back": "Sent back",
    "claimed": "Claimed, awaiting a scan",
    "regressed": "Came back",
    "waived": "Waived",
    "fixed": "Fixed",
}
MyPicks = Mapping[Deployment, Sequence[int]]
"""Findings of one's own, by deployment."""


@dataclass(frozen=True, slots=True)
class MyCounts:
    """How much there is of each."""

    week: int
    """Due by Sunday, what is late and what was sent back included."""
    week_open: int
    """Of these, what nobody claimed yet."""
    late: int
    all: int
    open: int
    blocking: int
    minutes: int
    """For all that is open."""
    sent_back: int
    claimed: int
    regressed: int
    waived: int
    fixed: int

    def of(self, view: str) -> int:
        count: int = getattr(self, view.replace("-", "_"))
        return count


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of one's work a page or a form speaks of."""

    show: str = "week"
    fix: str = ""
    """The key of one fix."""
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Findings that a form names: one by one, by the fix, by a file of it, or everything in a view."""

    asked: Asked
    ids: tuple[int, ...] = ()
    fix: str = ""
    file: str = ""
    everything: bool = False


def my_picks(user: User, scope: Scope, *, today: date) -> MyPicks:
    """Those of the findings meant that belong to the person and that they may claim, by deployment."""
    mine = MyFindings(user, today)
    found: dict[Deployment, list[int]] = {}
    for deployment_id, key in _meant(mine, scope):
        if deployment_id in mine.claimable:
            found.setdefault(mine.by_id[deployment_id], []).append(key)
    return found


def _meant(mine: MyFindings, scope: Scope) -> Iterator[tuple[int, int]]:
    if not (scope.fix or scope.file or scope.everything):
        rows = mine.rows.filter(pk__in=scope.ids).order_by("pk")
        yield from rows.values_list("deployment_id", "pk")
        return
    wanted = scope.fix or scope.asked.fix
    for group in mine.groups(scope.asked.show):
        if wanted and not scope.file and group.key != wanted:
            continue
        for place in group.places:
            if not scope.file or file_scope(group, place.path, place.source_id) == scope.file:
                yield place.deployment_id, place.pk


def file_scope(group: FixGroup, path: str, source_id: int) -> str:
    """What forms name the places of one fix in one file by."""
    return f"{group.key} {source_id} {path}"


class MyFindings:
    """The findings of one person. What is open or claimed is read once."""

    def __init__(self, user: User, today: date) -> None:
        self.today = today
        self.deployments = list(deployments_of(user))
        self.by_id = {deployment.pk: deployment for deployment in self.deployments}
        self.claimable = _claimable(user, self.deployments)
        self.owner_ids = owner_ids_of(user, self.deployments)
        self.rows = Finding.objects.filter(
            deployment__in=self.deployments, owner__in=self.owner_ids
        ).exclude(category=Category.STYLE)
        self._rank = {deployment.pk: at for at, deployment in enumerate(self.deployments)}
        self.active = _places(self.rows.filter(active()))
        self.sent_back = sent_back_ids(self.rows)

    def groups(self, view: str) -> list[FixGroup]:
        """The fixes of a view, deployments by name."""
        found = fix_groups(
            self._in_view(view),
            fix_of=_fix_of,
            sent_back=self.sent_back,
            today=self.today,
            week_end=week_end(self.today),
        )
        return sorted(found, key=lambda group: self._rank[group.deployment_id])

    def order(self, group: FixGroup) -> list[Any]:
        """Where a group stands among all of them."""
        return [self._rank[group.deployment_id], *group.urgency]

    def counts(self) -> MyCounts:
        closed = self.rows.aggregate(
            waived=Count("pk", filter=Q(state=State.WAIVED)),
            fixed=Count("pk", filter=Q(state=State.FIXED)),
        )
        week = self._in_view("week")
        todo = [place for place in self.active if place.state == State.OPEN]
        return MyCounts(
            week=len(week),
            week_open=sum(place.state == State.OPEN for place in week),
            late=sum(place.due is not None and place.due < self.today for place in todo),
            all=len(self.active),
            open=len(todo),
            blocking=sum(place.category == Category.BLOCK for place in todo),
            minutes=sum(place.minutes for place in todo),
            sent_back=len(self._in_view("sent-back")),
            claimed=len(self.active) - len(todo),
            regressed=len(self._in_view("regressed")),
            **closed,
        )

    def _in_view(self, view: str) -> list[Place]:
        if view in (State.WAIVED, State.FIXED):
            return _places(self.rows.filter(state=view))
        end = week_end(self.today)
        fits: Callable[[Place], bool] = {
            "week": lambda place: (
                place.pk in self.sent_back or bool(place.due and place.due <= end)
            ),
            "sent-back": lambda place: place.pk in self.sent_back,
            "claimed": lambda place: place.state == State.CLAIMED,
            "regressed": lambda place: place.regressed,
        }.get(view, lambda place: True)
        return [place for place in self.active if fits(place)]


_OWN_WHEN = Case(
    *(When(fix__contains=f'"when":"{one}"', then=Value(one)) for one in IN_SHORT),
    default=Value(""),
    output_field=CharField(),
)


def _places(rows: QuerySet[Finding]) -> list[Place]:
    columns = [name if name != "own_when" else "own_when_" for name in Place._fields]
    found = rows.annotate(own_when_=_OWN_WHEN).order_by().values_list(*columns)
    return [Place._make(row) for row in found.iterator(chunk_size=5_000)]


@lru_cache(maxsize=20_000)
def _fix_of(rule_id: str, symbol: str, own_when: str) -> Fix:
    book = rulebook()
    rule = book.rules.get(rule_id)
    return Fix(
        rule_id,
        rule.title if rule else rule_id,
        instead_of(rule_id, symbol, book),
        own_when or when_of(rule_id, symbol, book),
    )


def _claimable(user: User, deployments: Iterable[Deployment]) -> set[int]:
    """Deployments in which the person's role lets them claim."""
    if user.is_superuser:
        return {deployment.pk for deployment in deployments}
    roles = Membership.objects.filter(user_id=user.pk).values_list("deployment_id", "role")
    return {deployment_id for deployment_id, role in roles if Role(role).reaches(Role.OWNER)}
