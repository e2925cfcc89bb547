"""What people do with findings: assign, claim, waive, note, set a date. One finding or many, each in the log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db import transaction

from planner.domain.finding import State
from planner.domain.lifecycle import Kind, NotAllowed, after
from planner.domain.note import clean_note
from planner.domain.person import name_of
from planner.models import Deployment, Event, Finding, Owner, Source, Waiver
from planner.selectors.my_work import my_claimable
from planner.selectors.ownership import assigner_for
from planner.selectors.plan import local_day
from planner.services import bulk
from planner.services.ownership import owners_ensure
from planner.services.revision import revision_bump

_BATCH = 5_000
_EVENT_COLUMNS = ("finding_id", "kind", "at", "actor_id", "why", "change")
MAX_WHY = 500


class FindingError(ValueError):
    """Something that cannot be done with findings. ``field`` names what is wrong; the message is one sentence."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many findings changed, and how many were left because their state or value did not call for it."""

    changed: int
    left: int

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(self.changed + other.changed, self.left + other.left)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingEdit:
    """Changes to one finding as a CSV asks for them; None leaves a value as it is."""

    finding_id: int
    owner: Owner | None = None
    due: date | None = None
    note: str | None = None


@transaction.atomic
def finding_assign(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    owner: Owner,
    now: datetime,
    user: User | None,
) -> Outcome:
    """A person's pick of ``owner``, which no rule changes from then on."""
    if owner.deployment_id != deployment.pk:
        raise FindingError("owner", "Choose an owner of this deployment.")
    if not owner.active:
        raise FindingError("owner", f"{owner.name} no longer takes findings. Choose someone else.")
    because = _picked_because(user)
    log = _Log(deployment, now, user)
    for finding in _locked(deployment, finding_ids):
        if finding.owner_id == owner.pk and finding.owner_picked:
            log.leave()
            continue
        change = {"owner": [finding.owner_key or "", owner.key]}
        log.add(finding, Kind.ASSIGNED, because, change, (owner.pk, because, True))
    log.write("owner_id", "owner_because", "owner_picked")
    return log.outcome


@transaction.atomic
def finding_unpick(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    now: datetime,
    user: User | None,
) -> Outcome:
    """Take a person's pick back and let the rules decide again."""
    picked = [row for row in _locked(deployment, finding_ids) if row.owner_picked]
    sources = Source.objects.in_bulk({finding.source_id for finding in picked})
    assigners = {pk: assigner_for(source) for pk, source in sources.items()}
    answers = {row.pk: assigners[row.source_id].assign(row.path) for row in picked}
    ids = owners_ensure(deployment=deployment, keys={key for key, _ in answers.values() if key})
    log = _Log(deployment, now, user)
    for finding in picked:
        key, because = answers[finding.pk]
        change = {"owner": [finding.owner_key or "", key or ""]}
        values = (ids[key] if key else None, because, False)
        log.add(finding, Kind.ASSIGNED, because, change, values)
    log.write("owner_id", "owner_because", "owner_picked")
    return log.outcome


@transaction.atomic
def finding_claim(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    now: datetime,
    user: User | None,
    why: str = "",
) -> Outcome:
    """The owner says it is fixed. It counts as work until the next scan proves it."""
    return _step(deployment, finding_ids, Kind.CLAIMED, why, now, user)


@transaction.atomic
def finding_unclaim(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    now: datetime,
    user: User | None,
) -> Outcome:
    """Take a claim back."""
    return _step(deployment, finding_ids, Kind.UNCLAIMED, "", now, user)


@transaction.atomic
def finding_waive(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    reason: str,
    expires_on: date,
    today: date,
    now: datetime,
    user: User,
) -> Outcome:
    """Set findings aside until the end of ``expires_on``; ``user`` approves. They come back by themselves.

    Raises:
        FindingError: there is no reason, or the date is not in the future.
    """
    reason = _clean(reason)
    if not reason:
        raise FindingError("reason", "Say why it can wait.")
    if expires_on <= today:
        raise FindingError("expires_on", "A waiver ends on a day after today.")
    log = _Log(deployment, now, user)
    change = {"waived_until": ["", expires_on.isoformat()]}
    for finding in _locked(deployment, finding_ids):
        if (state := _state_after(finding, Kind.WAIVED)) is None:
            log.leave()
            continue
        log.add(finding, Kind.WAIVED, reason, change, (state.value,))
    log.write("state")
    Waiver.objects.bulk_create(
        (
            Waiver(
                finding_id=finding_id,
                reason=reason,
                approver_id=user.pk,
                created_at=now,
                expires_on=expires_on,
            )
            for finding_id in log.changed_ids
        ),
        batch_size=_BATCH,
    )
    return log.outcome


@transaction.atomic
def waiver_end(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    now: datetime,
    user: User | None,
) -> Outcome:
    """End waivers before their time."""
    ids = list(finding_ids)
    outcome = _step(deployment, ids, Kind.WAIVER_ENDED, "Ended early", now, user)
    for chunk in _chunks(ids):
        Waiver.objects.filter(
            finding__deployment=deployment, finding_id__in=chunk, ended_at=None
        ).update(ended_at=now)
    return outcome


def waivers_end(*, now: datetime) -> int:
    """End every waiver whose last day is over in its deployment's zone; how many findings came back.

    Safe to run any number of times.
    """
    came_back = 0
    # A day that is over in any zone of the world; each deployment's own zone decides below.
    over = Waiver.objects.filter(ended_at=None, expires_on__lte=now.date())
    ids = over.values_list("finding__deployment_id", flat=True).distinct()
    for deployment in Deployment.objects.filter(pk__in=list(ids)):
        came_back += _waivers_end_of(deployment, now)
    return came_back


@transaction.atomic
def _waivers_end_of(deployment: Deployment, now: datetime) -> int:
    today = local_day(deployment, now)
    over = Waiver.objects.filter(
        finding__deployment=deployment, ended_at=None, expires_on__lt=today
    )
    ids = list(over.values_list("finding_id", flat=True))
    if not ids:
        return 0
    still_waived = Waiver.objects.filter(
        finding__deployment=deployment, ended_at=None, expires_on__gte=today
    )
    renewed = set(still_waived.values_list("finding_id", flat=True))
    ended = [key for key in ids if key not in renewed]
    outcome = _step(deployment, ended, Kind.WAIVER_ENDED, "The waiver ran out", now, None)
    over.update(ended_at=now)
    return outcome.changed


@transaction.atomic
def finding_note(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    note: str,
    now: datetime,
    user: User | None,
) -> Outcome:
    """Write the note of findings; an empty one takes it away."""
    note = clean_note(note)
    log = _Log(deployment, now, user)
    for finding in _locked(deployment, finding_ids):
        if finding.note == note:
            log.leave()
            continue
        log.add(finding, Kind.NOTED, "", {"note": [finding.note, note]}, (note,))
    log.write("note")
    return log.outcome


@transaction.atomic
def finding_due_set(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    due: date | None,
    now: datetime,
    user: User | None,
) -> Outcome:
    """Set the due date of findings by hand; no rule changes it from then on."""
    log = _Log(deployment, now, user)
    for finding in _locked(deployment, finding_ids):
        if finding.due == due and finding.due_picked:
            log.leave()
            continue
        change = {"due": [_iso(finding.due), _iso(due)]}
        log.add(finding, Kind.DUE_SET, "", change, (bulk.day(due), True))
    log.write("due", "due_picked")
    return log.outcome


@transaction.atomic
def findings_edit(
    *,
    deployment: Deployment,
    edits: Sequence[FindingEdit],
    now: datetime,
    user: User | None,
) -> Outcome:
    """Apply many different edits at once; an edit that changes nothing writes nothing."""
    by_id = {edit.finding_id: edit for edit in edits}
    because = _picked_because(user)
    owners, dues, notes = (_Log(deployment, now, user) for _ in range(3))
    touched: set[int] = set()
    for finding in _locked(deployment, by_id):
        edit = by_id[finding.pk]
        if edit.owner is not None and edit.owner.pk != finding.owner_id:
            change = {"owner": [finding.owner_key or "", edit.owner.key]}
            values: tuple[Any, ...] = (edit.owner.pk, because, True)
            owners.add(finding, Kind.ASSIGNED, because, change, values)
            touched.add(finding.pk)
        if edit.due is not None and edit.due != finding.due:
            change = {"due": [_iso(finding.due), _iso(edit.due)]}
            dues.add(finding, Kind.DUE_SET, "", change, (bulk.day(edit.due), True))
            touched.add(finding.pk)
        if edit.note is not None and edit.note != finding.note:
            notes.add(finding, Kind.NOTED, "", {"note": [finding.note, edit.note]}, (edit.note,))
            touched.add(finding.pk)
    owners.write("owner_id", "owner_because", "owner_picked")
    dues.write("due", "due_picked")
    notes.write("note")
    return Outcome(len(touched), len(by_id) - len(touched))


def my_findings_claim(
    *, user: User, finding_ids: Iterable[int], now: datetime, why: str = ""
) -> Outcome:
    """Claim findings in any deployment; what is not the person's to claim is left out."""
    total = Outcome(0, 0)
    for deployment, ids in my_claimable(user, finding_ids).items():
        total += finding_claim(deployment=deployment, finding_ids=ids, now=now, user=user, why=why)
    return total


def my_findings_unclaim(*, user: User, finding_ids: Iterable[int], now: datetime) -> Outcome:
    """Take claims back in any deployment; what is not the person's is left out."""
    total = Outcome(0, 0)
    for deployment, ids in my_claimable(user, finding_ids).items():
        total += finding_unclaim(deployment=deployment, finding_ids=ids, now=now, user=user)
    return total


class _Log:
    """Collects the rows and events of one action, and writes them together."""

    def __init__(self, deployment: Deployment, now: datetime, user: User | None) -> None:
        self._deployment = deployment
        self._at = bulk.moment(now)
        self._actor = user.pk if user else None
        self._rows: list[tuple[Any, ...]] = []
        self._events: list[tuple[Any, ...]] = []
        self._left = 0

    @property
    def outcome(self) -> Outcome:
        return Outcome(len(self._rows), self._left)

    @property
    def changed_ids(self) -> list[int]:
        return [row[0] for row in self._rows]

    def leave(self) -> None:
        """Count a finding that stays as it is."""
        self._left += 1

    def add(
        self,
        finding: _Row,
        kind: Kind,
        why: str,
        change: dict[str, list[str]],
        values: tuple[Any, ...],
    ) -> None:
        """Note one finding's new ``values``, in the order of the columns that :meth:`write` gets."""
        text = json.dumps(change, ensure_ascii=False) if change else ""
        self._rows.append((finding.pk, *values))
        self._events.append((finding.pk, kind.value, self._at, self._actor, why[:MAX_WHY], text))

    def write(self, *columns: str) -> None:
        """Write all that was added. Runs inside the caller's transaction."""
        if not self._rows:
            return
        bulk.update(Finding, columns, self._rows)
        bulk.insert(Event, _EVENT_COLUMNS, self._events)
        revision_bump(deployment_id=self._deployment.pk)


def _step(
    deployment: Deployment,
    finding_ids: Iterable[int],
    kind: Kind,
    why: str,
    now: datetime,
    user: User | None,
) -> Outcome:
    log = _Log(deployment, now, user)
    why = _clean(why)
    for finding in _locked(deployment, finding_ids):
        if (state := _state_after(finding, kind)) is None:
            log.leave()
        else:
            log.add(finding, kind, why, {}, (state.value,))
    log.write("state")
    return log.outcome


def _state_after(finding: _Row, kind: Kind) -> State | None:
    """The state after ``kind``; None where the finding's state does not permit it."""
    try:
        return after(State(finding.state), kind)
    except NotAllowed:
        return None


class _Row(NamedTuple):
    """What the services need to know of a finding."""

    pk: int
    path: str
    state: str
    source_id: int
    owner_id: int | None
    owner_key: str | None
    owner_picked: bool
    due: date | None
    due_picked: bool
    note: str


_ROW_COLUMNS = (
    "pk",
    "path",
    "state",
    "source_id",
    "owner_id",
    "owner__key",
    "owner_picked",
    "due",
    "due_picked",
    "note",
)


def _locked(deployment: Deployment, finding_ids: Iterable[int]) -> Iterator[_Row]:
    """The findings of the deployment with these ids, held against a scan until the transaction ends."""
    rows = Finding.objects.filter(deployment=deployment).select_for_update(of=("self",))
    for chunk in _chunks(sorted(set(finding_ids))):
        found = rows.filter(pk__in=chunk).order_by("pk").values_list(*_ROW_COLUMNS)
        yield from map(_Row._make, found)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]


def _picked_because(user: User | None) -> str:
    return f"Picked by {name_of(user)}"[:200] if user else "Picked by a person"


def _clean(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:MAX_WHY]


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
