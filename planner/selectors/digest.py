"""What weekly digests are made from, and what the page about them shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import chain

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery

from planner.domain.access import Role
from planner.domain.dates import short, with_weekday
from planner.domain.digest import (
    HORIZON,
    Digests,
    Ground,
    Happened,
    Offer,
    Reader,
    Told,
    WaiversTold,
    digests,
    one_line,
)
from planner.domain.finding import ACTIVE_STATES, Category, Severity
from planner.domain.lifecycle import Kind
from planner.domain.ownership import InactiveCause
from planner.domain.person import name_of
from planner.domain.rating import instead_of
from planner.domain.schedule import in_words
from planner.models import (
    Deployment,
    Digest,
    Event,
    Finding,
    HandOver,
    Letter,
    MailStop,
    Membership,
    Owner,
    Scan,
    Source,
    Webhook,
)
from planner.rulebook.load import rulebook
from planner.selectors.local_time import local_day
from planner.selectors.waiver import waiver_notes
from planner.selectors.work import active, planned

FIRST_SPAN = timedelta(days=7)
"""How far back a deployment's first digest looks."""
MOST_ERROR = 200
UNFINISHED = (Scan.State.QUEUED, Scan.State.RUNNING)
_SENT_BY_OTHERS = ("upload", "command", "api")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Someone who runs the deployment and gets the manager's letter."""

    name: str
    address: str
    silent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPage:
    """The page about digests."""

    readers: list[Reader]
    managers: list[Recipient]
    webhooks: list[Webhook]
    last: Digest | None
    letters: list[Letter]
    waiting: Digest | None
    """One whose slot has come and that still waits for scans."""
    schedules: list[tuple[str, str]]
    """Sources with when they are scanned, in words."""

    @property
    def reached(self) -> int:
        return sum(reader.gets_mail for reader in self.readers)

    @property
    def unreachable(self) -> list[Reader]:
        return [reader for reader in self.readers if reader.unreachable]

    @property
    def silent(self) -> list[Reader]:
        return [reader for reader in self.readers if reader.silent and not reader.unreachable]


def digests_of(deployment: Deployment, *, now: datetime) -> Digests:
    """What would be told if a digest were decided now. Nine queries."""
    return digests(ground_of(deployment, now=now))


def ground_of(deployment: Deployment, *, now: datetime) -> Ground:
    """All that a digest rests on, since the one before it."""
    last = last_decided(deployment)
    today = local_day(deployment, now)
    events = _events_since(deployment, last, now)
    nobody = planned() & Q(owner__isnull=True, severity=Severity.ERROR)
    return Ground(
        deployment=deployment.name,
        today=today,
        told_on=last.told_on if last else None,
        happened=_happened(events),
        findings=_told(deployment, events, today),
        readers=readers_of(deployment),
        open_by_owner=_open_by_owner(deployment),
        unowned_errors=Finding.objects.filter(nobody, deployment=deployment).count(),
        offers=_offers(deployment, last),
        waivers=_waivers(deployment, today),
        not_scanned=tuple(not_scanned(deployment, last, now)),
    )


def _waivers(deployment: Deployment, today: date) -> WaiversTold:
    notes = waiver_notes(deployment, today=today)
    return WaiversTold(notes.ending, notes.first_end, notes.asked)


def _offers(deployment: Deployment, last: Digest | None) -> list[Offer]:
    """Hand-overs that wait for the one they name."""
    rows = (
        HandOver.objects.filter(
            deployment=deployment,
            settled_at=None,
            suggested__isnull=False,
            findings__owner=F("owner"),
            findings__state__in=ACTIVE_STATES,
        )
        .order_by()
        .values_list("suggested_id")
        .annotate(Count("findings"), Max("asked_at"))
    )
    since = last.decided_at if last else None
    return [Offer(owner, count, since is None or at >= since) for owner, count, at in rows]


def last_decided(deployment: Deployment) -> Digest | None:
    """The deployment's newest digest whose letters have been written."""
    return deployment.digests.filter(decided_at__isnull=False).order_by("-decided_at").first()


def _events_since(deployment: Deployment, last: Digest | None, now: datetime) -> QuerySet[Event]:
    events = Event.objects.filter(finding__deployment=deployment)
    if last is None or last.last_event is None:
        return events.filter(at__gte=now - FIRST_SPAN)
    return events.filter(pk__gt=last.last_event)


def _happened(events: QuerySet[Event]) -> Iterator[Happened]:
    rows = events.order_by("pk").values_list("finding_id", "kind", "change")
    for finding_id, kind, change in rows.iterator():
        before = _owner_before(change) if kind == Kind.ASSIGNED else None
        yield Happened(finding_id, kind, before)


def _owner_before(change: str) -> str | None:
    pair = json.loads(change).get("owner") if change else None
    return str(pair[0] or "") if pair else None


def _told(deployment: Deployment, events: QuerySet[Event], today: date) -> Iterator[Told]:
    soon = active() & Q(due__lt=today + HORIZON)
    rows = (
        Finding.objects.filter(deployment=deployment)
        .exclude(category=Category.STYLE)
        .order_by("pk")
        .values_list(
            *("pk", "owner_id", "state", "severity", "due", "path", "line"),
            *("rule_id", "symbol", "message"),
        )
    )
    # Two queries and not one with OR, which PostgreSQL answers by a look at every event per finding.
    told = rows.filter(pk__in=events.order_by().values("finding_id"))
    found = chain(rows.filter(soon).iterator(), told.exclude(soon).iterator())
    words = _words()
    for row in found:
        rule_id, symbol, message = row[-3:]
        title, fix = words(rule_id, symbol)
        yield Told._make((*row[:-3], title or message or rule_id, fix))


def _words() -> Callable[[str, str], tuple[str, str]]:
    """What is wrong and what to do instead, by rule and symbol."""
    book = rulebook()

    @cache
    def words(rule_id: str, symbol: str) -> tuple[str, str]:
        rule = book.rules.get(rule_id)
        return (rule.title if rule else ""), instead_of(rule_id, symbol, book)

    return words


def _open_by_owner(deployment: Deployment) -> dict[int, int]:
    rows = Finding.objects.filter(planned(), deployment=deployment, owner__isnull=False)
    return dict(rows.order_by().values_list("owner_id").annotate(Count("pk")))


# --- Who reads ---------------------------------------------------------------------------


def readers_of(deployment: Deployment) -> list[Reader]:
    """Everyone who may own findings; owners with the same address are one reader. Three queries."""
    owners = (
        Owner.objects.filter(deployment=deployment)
        .select_related("user", "deployment")
        .prefetch_related("aliases")
        .order_by("name", "pk")
    )
    stopped = stopped_addresses()
    together: dict[str, list[Owner]] = {}
    for owner in owners:
        address = "" if unreachable_because(owner) else address_of(owner).lower()
        together.setdefault(address or f"owner {owner.pk}", []).append(owner)
    return [_reader(key, group, stopped) for key, group in together.items()]


def _reader(key: str, owners: list[Owner], stopped: frozenset[str]) -> Reader:
    first = owners[0]
    keys = (name for owner in owners for name in (owner.key, *_aliases(owner)))
    return Reader(
        key=key,
        name=one_line(" and ".join(owner.name for owner in owners), 200),
        owner_ids=frozenset(owner.pk for owner in owners),
        owner_keys=tuple(keys),
        address=address_of(first),
        unreachable=unreachable_because(first),
        silent=any(_own_addresses(owner) & stopped for owner in owners),
    )


def _aliases(owner: Owner) -> list[str]:
    return [alias.alias for alias in owner.aliases.all()]


def address_of(owner: Owner) -> str:
    """Where an owner's mail goes: their own address, else that of their account."""
    account = owner.user
    if owner.email or account is None or not account.is_active:
        return owner.email
    return account.email if "@" in account.email else ""  # an account may be called anything


def _own_addresses(owner: Owner) -> set[str]:
    account = owner.user.email if owner.user else ""
    return {address.lower() for address in (owner.email, account) if address}


def unreachable_because(owner: Owner) -> str:
    """Why no mail reaches an owner, as it goes on after the name; empty where it may."""
    address = address_of(owner)
    if not owner.active:
        cause = InactiveCause(owner.inactive_cause or InactiveCause.HAND)
        return f"takes no findings: {cause.because(owner.inactive_by)}"
    if not address:
        return "has no e-mail address"
    if owner.mail_refused_at and owner.mail_refused_address.lower() == address.lower():
        day = short(local_day(owner.deployment, owner.mail_refused_at))
        return f"cannot be mailed: {address} was refused on {day}"
    return ""


def stopped_addresses() -> frozenset[str]:
    """Addresses that want no weekly mail."""
    return frozenset(MailStop.objects.values_list("address", flat=True))


def has_stopped(address: str) -> bool:
    """Whether an address wants no weekly mail."""
    return MailStop.objects.filter(address=address.strip().lower()).exists()


def managers_of(deployment: Deployment) -> list[Recipient]:
    """Who gets the manager's letter: the managers, or where there is none the admins. Two queries."""
    members = (
        Membership.objects.filter(
            deployment=deployment, role__in=(Role.MANAGER, Role.ADMIN), user__is_active=True
        )
        .filter(user__email__contains="@")
        .select_related("user")
        .order_by("user__username")
    )
    found = list(members)
    managers = [one.user for one in found if one.role == Role.MANAGER]
    stopped = stopped_addresses()
    people = {user.email.lower(): user for user in managers or [one.user for one in found]}
    return [
        Recipient(name_of(user), user.email, address in stopped) for address, user in people.items()
    ]


# --- What was not scanned ----------------------------------------------------------------


def not_scanned(deployment: Deployment, last: Digest | None, now: datetime) -> Iterator[str]:
    """One sentence for each source that should have been scanned since the last digest and was not."""
    since = last.decided_at if last and last.decided_at else now - FIRST_SPAN
    newest = (
        Scan.objects.filter(source=OuterRef("pk"))
        .exclude(cause__in=_SENT_BY_OTHERS)
        .order_by("-created_at", "-id")
    )
    sources = _scheduled(deployment).annotate(
        newest_state=Subquery(newest.values("state")[:1]),
        newest_at=Subquery(newest.values("created_at")[:1]),
        newest_error=Subquery(newest.values("error")[:1]),
    )
    rows = sources.values_list(
        "name", "created_at", "newest_state", "newest_at", "newest_error", named=True
    )
    for row in rows:
        name, error = one_line(row.name), one_line(row.newest_error or "", MOST_ERROR)
        if row.newest_at is None or row.newest_at < since:
            if row.newest_at or row.created_at < since:
                yield f"{name} was not scanned{_since(deployment, row.newest_at)}."
        elif row.newest_state in UNFINISHED:
            yield f"The scan of {name} has not finished."
        elif row.newest_state == Scan.State.HELD:
            yield f"The scan of {name} waits for a person to confirm it."
        elif row.newest_state in (Scan.State.FAILED, Scan.State.REJECTED):
            yield f"The scan of {name} failed: {error.rstrip('.')}."


def _since(deployment: Deployment, at: datetime | None) -> str:
    return f" since {with_weekday(local_day(deployment, at))}" if at else " yet"


def _scheduled(deployment: Deployment) -> QuerySet[Source]:
    return (
        Source.objects.filter(deployment=deployment, paused=False)
        .exclude(kind=Source.Kind.UPLOAD)
        .exclude(schedule="")
        .order_by("name")
    )


def is_scanning(deployment_id: int, asked_before: datetime) -> bool:
    """Whether a scan that was asked for by then is still to be finished."""
    return Scan.objects.filter(
        deployment_id=deployment_id, state__in=UNFINISHED, created_at__lte=asked_before
    ).exists()


# --- The page ----------------------------------------------------------------------------


def digest_page(deployment: Deployment) -> DigestPage:
    """Recipients, webhooks, and how the last digest went. Ten queries at most."""
    last = last_decided(deployment)
    return DigestPage(
        readers=readers_of(deployment),
        managers=managers_of(deployment),
        webhooks=list(deployment.webhooks.all()),
        last=last,
        letters=list(last.letters.defer("text", "html")) if last else [],
        waiting=deployment.digests.filter(decided_at=None).first(),
        schedules=[
            (name, _lower_first(in_words(schedule)))
            for name, schedule in _scheduled(deployment).values_list("name", "schedule")
        ],
    )


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def webhook_by_id(deployment: Deployment, webhook_id: int) -> Webhook | None:
    return deployment.webhooks.filter(pk=webhook_id).first()


def letter_by_id(deployment: Deployment, letter_id: int) -> Letter | None:
    return Letter.objects.filter(digest__deployment=deployment, pk=letter_id).first()
