"""One action on many findings: the rows it may change, held against a scan, and the log that it leaves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

from django.contrib.auth.models import User

from planner.domain.finding import State
from planner.domain.lifecycle import Kind, NotAllowed, after
from planner.models import Deployment, Event, Finding, Scan
from planner.services import bulk
from planner.services.revision import deployment_hold, revision_bump

BATCH = 5_000
MAX_WHY = 500
_EVENT_COLUMNS = ("finding_id", "kind", "at", "actor_id", "scan_id", "why", "change", "link")


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


class LockedFinding(NamedTuple):
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


class Keyed(Protocol):
    """Whatever knows a finding's key."""

    @property
    def pk(self) -> int: ...


class ActionLog:
    """Collects the rows and events of one action, and writes them together."""

    def __init__(
        self,
        deployment: Deployment,
        now: datetime,
        user: User | None,
        scan: Scan | None = None,
    ) -> None:
        self._deployment = deployment
        self._at = bulk.moment(now)
        self._actor = user.pk if user else None
        self._scan = scan.pk if scan else None
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
        finding: Keyed,
        kind: Kind,
        why: str,
        change: dict[str, list[str]],
        values: tuple[Any, ...],
        link: str = "",
    ) -> None:
        """Note one finding's new ``values``, in the order of the columns that :meth:`write` gets."""
        text = json.dumps(change, ensure_ascii=False) if change else ""
        self._rows.append((finding.pk, *values))
        said = (kind.value, self._at, self._actor, self._scan, why[:MAX_WHY], text, link)
        self._events.append((finding.pk, *said))

    def write(self, *columns: str) -> None:
        """Write all that was added, of findings only these columns. Runs inside the caller's transaction."""
        if not self._rows:
            return
        if columns:
            bulk.update(Finding, columns, self._rows)
        bulk.insert(Event, _EVENT_COLUMNS, self._events)
        revision_bump(deployment_id=self._deployment.pk)


def findings_step(
    deployment: Deployment,
    finding_ids: Iterable[int],
    kind: Kind,
    why: str,
    now: datetime,
    user: User | None,
) -> Outcome:
    """One step of the life of these findings, where their state permits it."""
    log = ActionLog(deployment, now, user)
    why = clean_why(why)
    for finding in locked(deployment, finding_ids):
        if (state := state_after(finding, kind)) is None:
            log.leave()
        else:
            log.add(finding, kind, why, {}, (state.value,))
    log.write("state")
    return log.outcome


def state_after(finding: LockedFinding, kind: Kind) -> State | None:
    """The state after ``kind``; None where the finding's state does not permit it."""
    try:
        return after(State(finding.state), kind)
    except NotAllowed:
        return None


def locked(deployment: Deployment, finding_ids: Iterable[int]) -> Iterator[LockedFinding]:
    """The findings of the deployment with these ids, held against scans and other people until the transaction ends."""
    deployment_hold(deployment_id=deployment.pk)
    rows = Finding.objects.filter(deployment=deployment)
    for chunk in chunks(sorted(set(finding_ids))):
        found = rows.filter(pk__in=chunk).order_by("pk").values_list(*_ROW_COLUMNS)
        yield from map(LockedFinding._make, found)


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Keys in such numbers as one statement takes."""
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def clean_why(text: str) -> str:
    """A reason as one line, no longer than the log holds."""
    return " ".join(text.replace("\0", "").split())[:MAX_WHY]
