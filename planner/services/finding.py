"""What people do with findings: assign, claim, note, set a date. One finding or many, each in the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from planner.domain.lifecycle import Kind
from planner.domain.note import clean_note
from planner.domain.person import name_of
from planner.domain.web_link import LinkRefused, clean_link
from planner.models import Deployment, Owner, Source
from planner.selectors.ownership import assigner_for
from planner.services import bulk
from planner.services.finding_log import (
    ActionLog,
    FindingError,
    Outcome,
    clean_why,
    findings_step,
    locked,
    state_after,
)
from planner.services.ownership import owners_ensure


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
    log = ActionLog(deployment, now, user)
    for finding in locked(deployment, finding_ids):
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
    picked = [row for row in locked(deployment, finding_ids) if row.owner_picked]
    sources = Source.objects.in_bulk({finding.source_id for finding in picked})
    assigners = {pk: assigner_for(source) for pk, source in sources.items()}
    answers = {row.pk: assigners[row.source_id].assign(row.path) for row in picked}
    ids = owners_ensure(deployment=deployment, keys={key for key, _ in answers.values() if key})
    log = ActionLog(deployment, now, user)
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
    link: str = "",
) -> Outcome:
    """The owner says it is fixed. It counts as work until the next scan proves it.

    Args:
        link: where it was fixed, like a pull request.

    Raises:
        FindingError: the link is none that a page should show.
    """
    try:
        link = clean_link(link)
    except LinkRefused as refusal:
        raise FindingError("link", str(refusal)) from refusal
    log = ActionLog(deployment, now, user)
    why = clean_why(why)
    for finding in locked(deployment, finding_ids):
        if (state := state_after(finding, Kind.CLAIMED)) is None:
            log.leave()
        else:
            # A claim of its own: whatever was to happen to its DAG, the next scan proves it.
            log.add(finding, Kind.CLAIMED, why, {}, (state.value, None), link)
    log.write("state", "retirement_id")
    return log.outcome


@transaction.atomic
def finding_unclaim(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    now: datetime,
    user: User | None,
    why: str = "",
) -> Outcome:
    """Take a claim back."""
    return findings_step(deployment, finding_ids, Kind.UNCLAIMED, why, now, user)


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
    log = ActionLog(deployment, now, user)
    for finding in locked(deployment, finding_ids):
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
    log = ActionLog(deployment, now, user)
    for finding in locked(deployment, finding_ids):
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
    owners, dues, notes = (ActionLog(deployment, now, user) for _ in range(3))
    touched: set[int] = set()
    for finding in locked(deployment, by_id):
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


def _picked_because(user: User | None) -> str:
    return f"Picked by {name_of(user)}"[:200] if user else "Picked by a person"


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
