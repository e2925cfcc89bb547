"""What a weekly digest tells whom: the events since the last one and today's findings in, letters' content out.

A digest goes out only where something has changed for its reader: something is new, back, sent back, theirs or
no longer theirs, closed on proof, or has come within a week of its day or past it. A list that is just as late as
last week is no change by itself; it is in the letter once there is one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from planner.domain.dates import with_weekday
from planner.domain.finding import ACTIVE_STATES, SEVERITY_ORDER, Severity, State
from planner.domain.lifecycle import Kind
from planner.domain.numbers import plural

HORIZON = timedelta(days=7)
"""What is due before this much has passed is due this week."""
LONG_LATE = timedelta(days=7)
"""What is late by this much goes to the manager."""
MOST_GROUPS = 6
MOST_PLACES = 5
"""Places of one fix that a letter names."""
MOST_OWNERS = 20
_KEPT = 64
_IN_SUBJECT = 4
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters that are no white space, those that turn the direction of text, and halves of characters."""


class Part(StrEnum):
    """What a digest tells of a finding, in the order of its sections."""

    CONTRADICTED = "contradicted"
    OVERDUE = "overdue"
    DUE = "due"
    NEW = "new"
    BACK = "back"
    OFFERED = "offered"
    ARRIVED = "arrived"
    FIXED = "fixed"
    GONE = "gone"
    LEFT = "left"


class Words(NamedTuple):
    """How a part is told. ``{n}`` is '3 findings', ``{by}`` the last day on which something is due."""

    heading: str
    one: str
    many: str
    short: str
    """In the subject, after the number."""
    short_many: str = ""
    """The same of several, where that differs."""


_CLAIMED = "did not hold: a scan still sees"
WORDS: dict[Part, Words] = {
    Part.CONTRADICTED: Words(
        "Claims sent back",
        f"1 claim {_CLAIMED} the finding, so it is open again.",
        f"{{n}} claimed as fixed {_CLAIMED} them, so they are open again.",
        "claim sent back",
        "claims sent back",
    ),
    Part.OVERDUE: Words("Overdue", "1 finding is overdue.", "{n} are overdue.", "overdue"),
    Part.DUE: Words(
        "Due this week", "1 finding is due by {by}.", "{n} are due by {by}.", "due by {by}"
    ),
    Part.NEW: Words("New", "1 finding is new.", "{n} are new.", "new"),
    Part.BACK: Words(
        "Came back",
        "1 finding came back: it was closed before, or its waiver ended.",
        "{n} came back: they were closed before, or their waivers ended.",
        "came back",
    ),
    Part.OFFERED: Words(
        "Yours, others say",
        "Of 1 finding its owner says that it is yours.",
        "Of {n} their owners say that they are yours.",
        "offered to you",
    ),
    Part.ARRIVED: Words(
        "Now yours", "1 finding became yours.", "{n} became yours.", "moved to you"
    ),
    Part.FIXED: Words(
        "Verified",
        "1 finding is fixed, and a scan has proved it.",
        "{n} are fixed, and a scan has proved it.",
        "verified",
    ),
    Part.GONE: Words(
        "Gone",
        "1 finding is gone with its file or DAG.",
        "{n} are gone with their files or DAGs.",
        "gone",
    ),
    Part.LEFT: Words(
        "No longer yours",
        "1 finding went to someone else.",
        "{n} went to someone else.",
        "moved away",
    ),
}
_SUBJECT_ORDER = (
    *(Part.NEW, Part.DUE, Part.OVERDUE, Part.CONTRADICTED, Part.FIXED),
    *(Part.BACK, Part.ARRIVED, Part.OFFERED, Part.GONE, Part.LEFT),
)
CHAT_PARTS = (*_SUBJECT_ORDER[:6], Part.GONE)
"""What is told of a whole deployment: moves within it cancel out."""


class Happened(NamedTuple):
    """An event of the log."""

    finding_id: int
    kind: str
    owner_before: str | None
    """The key of the owner before it, where the owner changed; empty for nobody."""


class Offer(NamedTuple):
    """Findings that their owners say are this owner's, who has not answered yet."""

    owner_id: int
    number: int
    is_news: bool


class Told(NamedTuple):
    """A finding as digests tell it."""

    id: int
    owner_id: int | None
    state: str
    severity: str
    due: date | None
    path: str
    line: int | None
    title: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whoever reads one letter: an owner, or several that share an address."""

    key: str
    """Tells readers apart: the address, or the owner's key where there is none."""
    name: str
    owner_ids: frozenset[int]
    owner_keys: tuple[str, ...]
    """Every key and alias that the log may know them by, the owner's own key first."""
    address: str = ""
    unreachable: str = ""
    """Why no letter goes out, as it goes on after the name; empty where one does."""
    silent: bool = False
    """They have turned their mail off."""

    @property
    def gets_mail(self) -> bool:
        return bool(self.address) and not self.unreachable and not self.silent


class Place(NamedTuple):
    """One finding in a letter."""

    id: int
    path: str
    line: int | None
    severity: str
    due: date | None
    state: str


@dataclass(slots=True)
class Group:
    """Findings of one section that the same fix mends; of those that left, whom they went to."""

    title: str
    fix: str
    count: int = 0
    rank: int = 9
    places: list[Place] = field(default_factory=list)

    def add(self, told: Told) -> None:
        self.count += 1
        self.rank = min(self.rank, SEVERITY_ORDER[Severity(told.severity)])
        place = Place(told.id, one_line(told.path), told.line, told.severity, told.due, told.state)
        self.places.append(place)
        if len(self.places) > _KEPT:
            self.trim()

    def trim(self) -> None:
        """Keep the most urgent places."""
        self.places.sort(key=_urgency)
        del self.places[MOST_PLACES:]


def _urgency(place: Place) -> tuple[int, date, str, int]:
    rank = SEVERITY_ORDER[Severity(place.severity)]
    return rank, place.due or date.max, place.path, place.line or 0


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a letter."""

    part: Part
    sentence: str
    count: int
    groups: tuple[Group, ...]
    more: int
    """Findings that are counted but not named."""

    @property
    def heading(self) -> str:
        return WORDS[self.part].heading


@dataclass(slots=True)
class Account:
    """What there is to tell one reader, while it is being collected."""

    counts: Counter[Part] = field(default_factory=Counter)
    groups: dict[Part, dict[tuple[str, str], Group]] = field(default_factory=dict)
    due_by: date | None = None
    changed: bool = False

    def add(self, part: Part, told: Told, title: str, fix: str, *, is_news: bool) -> None:
        self.counts[part] += 1
        self.changed |= is_news
        if part is Part.DUE and told.due:
            self.due_by = max(self.due_by or told.due, told.due)
        by_fix = self.groups.setdefault(part, {})
        if (title, fix) not in by_fix:
            by_fix[title, fix] = Group(title, fix)
        by_fix[title, fix].add(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerDigest:
    """One reader's letter of one deployment."""

    deployment: str
    reader: Reader
    today: date
    sections: tuple[Section, ...]
    counts: Mapping[Part, int]
    due_by: date | None
    changed: bool
    """Whether there is anything to write for."""
    not_scanned: tuple[str, ...]

    @property
    def subject(self) -> str:
        """'3 new, 2 due by Fri 4 Dec, 1 overdue — Production'."""
        return f"{summary(self.counts, self.due_by, self.today)} — {one_line(self.deployment, 60)}"


@dataclass(slots=True)
class LateOwner:
    """What one owner has had for a week too long."""

    name: str
    count: int = 0
    errors: int = 0
    oldest: date = date.max


class Unreachable(NamedTuple):
    """An owner with open findings whom no letter reaches."""

    name: str
    open: int
    why: str


class WaiversTold(NamedTuple):
    """What those who approve waivers have to look at."""

    ending: int = 0
    """Waivers that end soon."""
    first_end: date | None = None
    asked: int = 0
    """Requests that wait for an answer."""


_NO_WAIVERS = WaiversTold()


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerDigest:
    """The letter of those who run a deployment."""

    deployment: str
    today: date
    late: tuple[LateOwner, ...]
    unowned_errors: int
    unreachable: tuple[Unreachable, ...]
    waivers: WaiversTold
    not_scanned: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether there is anything that only a manager can mend."""
        waivers = self.waivers.ending or self.waivers.asked
        return bool(self.late or self.unowned_errors or self.unreachable or waivers)

    @property
    def late_count(self) -> int:
        return sum(owner.count for owner in self.late)

    @property
    def subject(self) -> str:
        """'12 overdue by a week or more, 3 ERRORs without an owner — Production'."""
        said = (
            (self.late_count, "overdue by a week or more"),
            (self.unowned_errors, f"ERROR{'s'[: self.unowned_errors != 1]} without an owner"),
            (len(self.unreachable), f"owner{'s'[: len(self.unreachable) != 1]} out of reach"),
            (self.waivers.asked, f"waiver{'s'[: self.waivers.asked != 1]} asked for"),
            (self.waivers.ending, f"waiver{'s'[: self.waivers.ending != 1]} ending"),
        )
        parts = ", ".join(f"{number:,} {words}" for number, words in said if number)
        return f"{parts} — {one_line(self.deployment, 60)}"


class OwnerCounts(NamedTuple):
    """One owner in what a whole deployment is told."""

    name: str
    counts: Mapping[Part, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDigest:
    """What a chat or a webhook is told of a whole deployment."""

    deployment: str
    today: date
    counts: Mapping[Part, int]
    due_by: date | None
    changed: bool
    owners: tuple[OwnerCounts, ...]
    """Whoever has any of it, the most overdue first."""
    unowned_errors: int
    not_scanned: tuple[str, ...]

    @property
    def headline(self) -> str:
        told = {part: self.counts.get(part, 0) for part in CHAT_PARTS}
        return summary(told, self.due_by, self.today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What digests are made from."""

    deployment: str
    today: date
    told_on: date | None
    """The day of the last digest; None where there was none."""
    happened: Iterable[Happened]
    """Events since then, in order."""
    findings: Iterable[Told]
    """Work to do that is due within the horizon or late, and whatever had an event."""
    readers: Sequence[Reader]
    open_by_owner: Mapping[int, int]
    unowned_errors: int
    offers: Iterable[Offer] = ()
    waivers: WaiversTold = _NO_WAIVERS
    not_scanned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Digests:
    """All letters of one deployment and one slot."""

    owners: tuple[OwnerDigest, ...]
    """One for every reader who has anything at all, changed or not."""
    manager: ManagerDigest
    chat: ChatDigest


@dataclass(slots=True)
class _Since:
    """What happened to one finding since the last digest."""

    kinds: set[str] = field(default_factory=set)
    owner_before: str | None = None
    """The first owner that an event of the time tells of."""


_RISEN = frozenset({Kind.OPENED, Kind.REOPENED, Kind.WAIVER_ENDED})
_BACK = frozenset({Kind.REOPENED, Kind.WAIVER_ENDED})
_CLOSED = {State.FIXED: (Kind.FIXED, Part.FIXED), State.REMOVED: (Kind.REMOVED, Part.GONE)}


def digests(ground: Ground) -> Digests:
    """Decide who is told what."""
    return _Collector(ground).collect()


class _Collector:
    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._since = _happened(ground.happened)
        self._reader_of = {key: reader for reader in ground.readers for key in reader.owner_ids}
        self._by_name = {key: reader for reader in ground.readers for key in reader.owner_keys}
        self._accounts: dict[str, Account] = {}
        self._whole = Account()
        self._late: dict[str, LateOwner] = {}

    def collect(self) -> Digests:
        for told in self._ground.findings:
            self._take(told)
        for offer in self._ground.offers:
            self._offer(offer)
        return Digests(
            owners=tuple(
                self._letter(reader, self._accounts[reader.key])
                for reader in self._ground.readers
                if reader.key in self._accounts
            ),
            manager=self._manager(),
            chat=self._chat(),
        )

    def _take(self, told: Told) -> None:
        since = self._since.get(told.id, _NOTHING)
        reader = self._reader_of.get(told.owner_id) if told.owner_id else None
        before = self._before(since, reader)
        arrived = before is not _SAME
        for part, is_news in self._parts(told, since):
            self._add(reader, part, told, is_news=is_news)
        if told.state in ACTIVE_STATES and arrived and not _RISEN & since.kinds:
            if reader:
                self._add(reader, Part.ARRIVED, told, is_news=True, whole=False)
            if isinstance(before, Reader):
                to = f"To {reader.name}" if reader else "To nobody yet"
                account = self._accounts.setdefault(before.key, Account())
                account.add(Part.LEFT, told, to, "", is_news=True)

    def _offer(self, offer: Offer) -> None:
        reader = self._reader_of.get(offer.owner_id)
        if reader:
            account = self._accounts.setdefault(reader.key, Account())
            account.counts[Part.OFFERED] += offer.number
            account.changed |= offer.is_news

    def _before(self, since: _Since, reader: Reader | None) -> Reader | _Same | None:
        """Who had it before; ``_SAME`` where it has not changed hands."""
        if since.owner_before is None:
            return _SAME
        before = self._by_name.get(since.owner_before)
        return _SAME if before is reader else before

    def _parts(self, told: Told, since: _Since) -> Iterable[tuple[Part, bool]]:
        """What to tell of it, and whether that is a change."""
        if told.state in _CLOSED:
            kind, part = _CLOSED[State(told.state)]
            if kind in since.kinds:
                yield part, True
        if told.state not in ACTIVE_STATES:
            return
        if Kind.CONTRADICTED in since.kinds and told.state == State.OPEN:
            yield Part.CONTRADICTED, True
        elif _BACK & since.kinds:
            yield Part.BACK, True
        elif Kind.OPENED in since.kinds:
            yield Part.NEW, True
        if told.due is None:
            return
        today, last = self._ground.today, self._ground.told_on
        redated = last is None or Kind.DUE_SET in since.kinds
        if told.due < today:
            self._note_late(told)
            yield Part.OVERDUE, redated or told.due >= (last or today)
        elif told.due < today + HORIZON:
            yield Part.DUE, redated or told.due >= (last or today) + HORIZON

    def _add(
        self, reader: Reader | None, part: Part, told: Told, *, is_news: bool, whole: bool = True
    ) -> None:
        title, fix = one_line(told.title, 160), one_line(told.fix, 400)
        if whole:
            self._whole.add(part, told, "", "", is_news=is_news)
        if reader:
            account = self._accounts.setdefault(reader.key, Account())
            account.add(part, told, title, fix, is_news=is_news)

    def _note_late(self, told: Told) -> None:
        if told.due is None or told.due > self._ground.today - LONG_LATE:
            return
        reader = self._reader_of.get(told.owner_id) if told.owner_id else None
        key = reader.key if reader else ""
        name = reader.name if reader else "Nobody yet"
        late = self._late.setdefault(key, LateOwner(name))
        late.count += 1
        late.errors += told.severity == Severity.ERROR
        late.oldest = min(late.oldest, told.due)

    def _letter(self, reader: Reader, account: Account) -> OwnerDigest:
        today = self._ground.today
        return OwnerDigest(
            deployment=self._ground.deployment,
            reader=reader,
            today=today,
            sections=tuple(_section(part, account, today) for part in Part if account.counts[part]),
            counts=dict(account.counts),
            due_by=account.due_by,
            changed=account.changed,
            not_scanned=self._ground.not_scanned,
        )

    def _manager(self) -> ManagerDigest:
        ground = self._ground
        late = sorted(self._late.values(), key=lambda one: (-one.count, one.name))
        unreachable = (
            Unreachable(reader.name, number, reader.unreachable)
            for reader in ground.readers
            if reader.unreachable
            and (number := sum(ground.open_by_owner.get(key, 0) for key in reader.owner_ids))
        )
        return ManagerDigest(
            deployment=ground.deployment,
            today=ground.today,
            late=tuple(late),
            unowned_errors=ground.unowned_errors,
            unreachable=tuple(sorted(unreachable, key=lambda one: (-one.open, one.name))),
            waivers=ground.waivers,
            not_scanned=ground.not_scanned,
        )

    def _chat(self) -> ChatDigest:
        ground = self._ground
        rows = (
            OwnerCounts(reader.name, dict(self._accounts[reader.key].counts))
            for reader in ground.readers
            if reader.key in self._accounts
        )
        told = [row for row in rows if any(row.counts.get(part) for part in CHAT_PARTS)]
        told.sort(key=lambda row: tuple(-row.counts.get(part, 0) for part in Part))
        return ChatDigest(
            deployment=ground.deployment,
            today=ground.today,
            counts=dict(self._whole.counts),
            due_by=self._whole.due_by,
            changed=self._whole.changed,
            owners=tuple(told),
            unowned_errors=ground.unowned_errors,
            not_scanned=ground.not_scanned,
        )


class _Same:
    """The owner has not changed."""


_SAME = _Same()
_NOTHING = _Since()


def _happened(events: Iterable[Happened]) -> dict[int, _Since]:
    found: dict[int, _Since] = {}
    for event in events:
        since = found.setdefault(event.finding_id, _Since())
        since.kinds.add(event.kind)
        if since.owner_before is None:
            since.owner_before = event.owner_before
    return found


def _section(part: Part, account: Account, today: date) -> Section:
    groups = sorted(account.groups.get(part, {}).values(), key=lambda one: (one.rank, -one.count))
    shown = groups[:MOST_GROUPS]
    for group in shown:
        group.trim()
    count = account.counts[part]
    named = sum(len(group.places) for group in shown)
    return Section(
        part, _sentence(part, count, account.due_by, today), count, tuple(shown), count - named
    )


def _sentence(part: Part, count: int, due_by: date | None, today: date) -> str:
    words = WORDS[part]
    form = words.one if count == 1 else words.many
    return form.format(n=plural(count, "finding"), by=_by(due_by, today))


def _by(due_by: date | None, today: date) -> str:
    return with_weekday(due_by, today=today) if due_by else ""


def summary(counts: Mapping[Part, int], due_by: date | None, today: date) -> str:
    """'3 new, 2 due by Fri 4 Dec, 1 overdue': what weighs most, in one line."""
    by = _by(due_by, today)
    said = [
        f"{counts[part]:,} {_short(WORDS[part], counts[part]).format(by=by)}"
        for part in _SUBJECT_ORDER
        if counts.get(part)
    ]
    return ", ".join(said[:_IN_SUBJECT]) or "Nothing new"


def _short(words: Words, count: int) -> str:
    return words.short if count == 1 else words.short_many or words.short


@lru_cache(maxsize=4096)
def one_line(text: str, most: int = 300) -> str:
    """Text from outside as one line: no line breaks, no control or direction characters, not too long."""
    folded = " ".join(_UNWANTED.sub("", text).split())
    return folded if len(folded) <= most else folded[: most - 1] + "…"
