"""Owners who take no findings any more, what is still theirs, and to whom the rules would give it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from django.contrib.auth.models import User
from django.db.models import Count, Q, Value
from django.db.models.functions import Coalesce, Lower, NullIf

from planner.domain.finding import LIVE_STATES, Severity
from planner.domain.ownership import InactiveCause
from planner.models import Deployment, Finding, Owner
from planner.selectors.finding_page import live_waivers
from planner.selectors.finding_row import FindingRow, finding_rows
from planner.selectors.ownership import Answer, assigners_of

OWNERS_SHOWN = 50
"""Owners on one page; those with most findings come first, and go first once theirs are handed out."""
FINDINGS_SHOWN = 100
RECEIVERS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Receiver:
    """Whom the rules would give findings, and how many."""

    key: str
    """Empty for nobody."""
    name: str
    count: int


@dataclass(slots=True)
class Leaver:
    """An owner who takes no findings any more, with the live ones that are still theirs."""

    owner: Owner
    total: int = 0
    errors: int = 0
    warnings: int = 0
    infos: int = 0
    picked: int = 0
    """Of those, how many a person picked this owner for."""
    receivers: list[Receiver] = field(default_factory=list)
    """The one who would get most first."""

    @property
    def more_receivers(self) -> int:
        return max(0, len(self.receivers) - RECEIVERS_SHOWN)


@dataclass(frozen=True, slots=True)
class LeaversPage:
    """Everyone who takes no findings any more and has some still."""

    rows: list[Leaver]
    more: int
    idle: list[Owner]
    """Inactive owners with nothing left."""
    options: list[Owner]
    """Who can be given findings."""

    @property
    def findings(self) -> int:
        return sum(row.total for row in self.rows)


@dataclass(frozen=True, slots=True)
class Move:
    """One finding of someone who takes none any more, and whom the rules would give it."""

    row: FindingRow
    receiver: str
    because: str


@dataclass(frozen=True, slots=True)
class LeaverPage:
    """One of them, finding by finding."""

    leaver: Leaver
    moves: list[Move]
    next: int
    """The finding to go on after; 0 at the end."""
    options: list[Owner]


def leavers_page(deployment: Deployment) -> LeaversPage:
    """Inactive owners with their live findings, and what the rules now say of each. A fixed number of queries."""
    inactive = Owner.objects.filter(deployment=deployment, active=False).order_by("name", "pk")
    leavers = {owner.pk: Leaver(owner) for owner in inactive}
    _count(deployment, leavers)
    rows = sorted(leavers.values(), key=lambda row: (-row.total, row.owner.name.lower()))
    with_some = [row for row in rows if row.total]
    return LeaversPage(
        rows=with_some[:OWNERS_SHOWN],
        more=max(0, len(with_some) - OWNERS_SHOWN),
        idle=[row.owner for row in rows if not row.total],
        options=_options(deployment),
    )


def leaver_page(deployment: Deployment, owner: Owner, *, after: int = 0, today: date) -> LeaverPage:
    """One inactive owner's live findings, a page of them, each with whom the rules would give it."""
    leaver = Leaver(owner)
    _count(deployment, {owner.pk: leaver})
    mine = Finding.objects.filter(owner=owner, state__in=LIVE_STATES, pk__gt=after).order_by("pk")
    found = list(
        mine.select_related("owner", "source").prefetch_related(live_waivers())[
            : FINDINGS_SHOWN + 1
        ]
    )
    answers = rule_answers(deployment, ((one.source_id, one.path) for one in found))
    names = _names(deployment, (answer.key for answer in answers.values()))
    moves = []
    for row in finding_rows(found[:FINDINGS_SHOWN], today=today):
        answer = answers[row.finding.source_id, row.finding.path]
        moves.append(Move(row, names.get(answer.key, answer.written), answer.because))
    more = len(found) > FINDINGS_SHOWN
    return LeaverPage(
        leaver=leaver,
        moves=moves,
        next=found[FINDINGS_SHOWN - 1].pk if more else 0,
        options=_options(deployment),
    )


def leaver_finding_ids(owner: Owner) -> list[int]:
    """The live findings of an owner."""
    rows = Finding.objects.filter(owner=owner, state__in=LIVE_STATES).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def waiting_for_owner(deployment: Deployment) -> tuple[int, int]:
    """How many owners take no findings any more but have live ones, and how many those are."""
    waiting = Finding.objects.filter(
        deployment=deployment, state__in=LIVE_STATES, owner__active=False
    ).aggregate(owners=Count("owner", distinct=True), findings=Count("pk"))
    return waiting["owners"], waiting["findings"]


def rule_answers(
    deployment: Deployment, places: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], Answer]:
    """Whom the rules name for files of sources, those left out who take no findings."""
    wanted = set(places)
    assigners = assigners_of(deployment) if wanted else {}
    return {(source, path): Answer.of(assigners[source], path) for source, path in sorted(wanted)}


def unable_owners() -> Iterator[tuple[int, InactiveCause]]:
    """Owners who cannot take findings: their mail is refused for good, or they cannot sign in any more.

    An owner without an account goes by the address, unless somebody else signs in with the same one. Four queries.
    """
    owners = Owner.objects.annotate(
        address=Lower(Coalesce(NullIf("email", Value("")), "user__email"))
    )
    refused = owners.filter(mail_refused_at__isnull=False, address=Lower("mail_refused_address"))
    for pk in refused.values_list("pk", flat=True):
        yield pk, InactiveCause.MAIL
    disabled = User.objects.filter(is_active=False)
    enabled = User.objects.filter(is_active=True)
    gone = {email.lower() for email in disabled.values_list("email", flat=True) if email}
    if gone:
        here = enabled.annotate(address=Lower("email")).filter(address__in=gone)
        gone -= set(here.values_list("address", flat=True))
    by_address = Q(user__isnull=True, address__in=gone)
    for pk in owners.filter(Q(user__is_active=False) | by_address).values_list("pk", flat=True):
        yield pk, InactiveCause.SIGN_IN


def _count(deployment: Deployment, leavers: dict[int, Leaver]) -> None:
    """Add what is still theirs, and whom the rules would give it."""
    groups = list(
        Finding.objects.filter(owner__in=leavers, state__in=LIVE_STATES)
        .order_by()
        .values_list("owner_id", "source_id", "path", "severity", "owner_picked")
        .annotate(number=Count("pk"))
    )
    answers = rule_answers(deployment, ((source, path) for _, source, path, *_rest in groups))
    names = _names(deployment, (answer.key for answer in answers.values()))
    receivers: dict[int, Counter[tuple[str, str]]] = {pk: Counter() for pk in leavers}
    for owner_id, source, path, severity, picked, number in groups:
        leaver = leavers[owner_id]
        leaver.total += number
        leaver.errors += number * (severity == Severity.ERROR)
        leaver.warnings += number * (severity == Severity.WARNING)
        leaver.infos += number * (severity == Severity.INFO)
        leaver.picked += number * picked
        answer = answers[source, path]
        receivers[owner_id][answer.key, names.get(answer.key, answer.written)] += number
    for pk, found in receivers.items():
        receivers_of = [Receiver(key, name, count) for (key, name), count in found.items()]
        # Nobody comes last among equals.
        receivers_of.sort(key=lambda one: (-one.count, not one.key, one.name.lower()))
        leavers[pk].receivers = receivers_of


def _names(deployment: Deployment, keys: Iterable[str]) -> dict[str, str]:
    owners = Owner.objects.filter(deployment=deployment, key__in=set(keys))
    return dict(owners.values_list("key", "name"))


def _options(deployment: Deployment) -> list[Owner]:
    return list(Owner.objects.filter(deployment=deployment, active=True).order_by("name", "pk"))
