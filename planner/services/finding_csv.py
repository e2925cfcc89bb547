"""Takes back the CSV of findings: first what it would change, then the change itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import transaction

from planner.domain.finding import LIVE_STATES
from planner.models import Deployment, Finding, Owner
from planner.parsers.csv_file import CsvProblem, CsvRejected
from planner.parsers.finding_csv import CsvRow, read_finding_csv
from planner.selectors.owner import owners_by_name
from planner.services.finding import FindingEdit, findings_edit
from planner.services.finding_log import Outcome
from planner.services.kept_file import ImportGone, file_keep, file_kept
from planner.services.ownership import owners_ensure

__all__ = [
    "CsvRejected",
    "ImportGone",
    "Preview",
    "import_apply",
    "import_apply_stored",
    "import_preview",
    "import_store",
]

_BATCH = 5_000
_T = TypeVar("_T")


_PURPOSE = "finding.import"


@dataclass(frozen=True, slots=True)
class Change:
    """One finding that the file would change; each pair is before and after, empty where it stays."""

    finding_id: int
    line: int
    path: str
    owner: tuple[str, str] | None
    due: tuple[date | None, date] | None
    note: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would change."""

    changes: list[Change]
    unchanged: int
    problems: list[CsvProblem]
    new_owners: dict[str, str]
    """Owners nobody knows yet, by key, as they are written in the file."""


@dataclass(frozen=True, slots=True)
class _Now:
    """A finding as it stands."""

    path: str
    owner: str
    due: date | None
    note: str


def import_preview(*, deployment: Deployment, content: bytes) -> Preview:
    """What the file would change, line by line. Writes nothing.

    Raises:
        CsvRejected: it is not such a CSV.
    """
    csv = read_finding_csv(content)
    owners = owners_by_name(deployment)
    problems = list(csv.problems)
    changes: list[Change] = []
    new_owners: dict[str, str] = {}
    unchanged = csv.blank
    for row, finding_id, now in _resolved(deployment, csv.rows, problems):
        owner = owners.get(row.owner)
        if owner is not None and not owner.active:
            problems.append(CsvProblem(row.line, f"{owner.name} no longer takes findings."))
            continue
        if row.owner and owner is None:
            new_owners.setdefault(row.owner, row.owner_written)
        change = _change(row, finding_id, now, owner.key if owner else row.owner)
        if change is None:
            unchanged += 1
        else:
            changes.append(change)
    problems.sort(key=lambda problem: problem.line)
    return Preview(changes, unchanged, problems, new_owners)


@transaction.atomic
def import_apply(
    *,
    deployment: Deployment,
    content: bytes,
    create_owners: bool,
    now: datetime,
    user: User | None,
) -> Outcome:
    """Apply what the preview shows. Without ``create_owners`` lines with an unknown owner keep theirs.

    Raises:
        CsvRejected: it is not such a CSV.
    """
    preview = import_preview(deployment=deployment, content=content)
    if create_owners:
        owners_ensure(deployment=deployment, keys=preview.new_owners, spellings=preview.new_owners)
    owners = owners_by_name(deployment)
    edits = [_edit(change, owners) for change in preview.changes]
    return findings_edit(deployment=deployment, edits=edits, now=now, user=user)


def import_store(*, deployment: Deployment, content: bytes, user: User, now: datetime) -> str:
    """Keep a previewed file until it is applied; the token that names it."""
    return file_keep(purpose=_PURPOSE, deployment=deployment, content=content, user=user, now=now)


def import_apply_stored(
    *,
    deployment: Deployment,
    token: str,
    create_owners: bool,
    now: datetime,
    user: User,
) -> Outcome:
    """Apply a kept file, once.

    Raises:
        ImportGone: the token names no file of this person and deployment.
        CsvRejected: the file is not such a CSV.
    """
    with file_kept(purpose=_PURPOSE, deployment=deployment, token=token, user=user) as content:
        return import_apply(
            deployment=deployment, content=content, create_owners=create_owners, now=now, user=user
        )


def _edit(change: Change, owners: dict[str, Owner]) -> FindingEdit:
    return FindingEdit(
        finding_id=change.finding_id,
        owner=owners.get(change.owner[1]) if change.owner else None,
        due=change.due[1] if change.due else None,
        note=change.note[1] if change.note else None,
    )


def _change(row: CsvRow, finding_id: int, now: _Now, owner: str) -> Change | None:
    new_owner = (now.owner, owner) if owner and owner != now.owner else None
    new_due = (now.due, row.due) if row.due and row.due != now.due else None
    new_note = (now.note, row.note) if row.note and row.note != now.note else None
    if new_owner is None and new_due is None and new_note is None:
        return None
    return Change(finding_id, row.line, now.path, new_owner, new_due, new_note)


def _resolved(
    deployment: Deployment, rows: list[CsvRow], problems: list[CsvProblem]
) -> Iterator[tuple[CsvRow, int, _Now]]:
    """Every row with each finding it speaks of; rows that speak of none become problems."""
    by_id = _findings_by_id(deployment, [row.finding_id for row in rows if row.finding_id])
    by_path = _findings_by_path(deployment, [row.path for row in rows if row.path])
    spoken_for: dict[int, int] = {}
    for row in rows:
        found = _spoken_of(row, by_id, by_path)
        if not found:
            problems.append(CsvProblem(row.line, _not_found(row)))
        for finding_id, now in found:
            earlier = spoken_for.setdefault(finding_id, row.line)
            if earlier != row.line:
                sentence = (
                    f"Finding {finding_id} is in line {earlier} already; this line is left out."
                )
                problems.append(CsvProblem(row.line, sentence))
                continue
            yield row, finding_id, now


def _spoken_of(
    row: CsvRow,
    by_id: dict[int, _Now],
    by_path: dict[str, list[tuple[int, str, _Now]]],
) -> list[tuple[int, _Now]]:
    if row.finding_id is not None:
        return [(row.finding_id, by_id[row.finding_id])] if row.finding_id in by_id else []
    return [
        (finding_id, now)
        for finding_id, source, now in by_path.get(row.path, [])
        if row.source in ("", source)
    ]


def _not_found(row: CsvRow) -> str:
    if row.finding_id is not None:
        return f"This deployment has no finding {row.finding_id}."
    return f"No live finding lies in {row.path}."


_COLUMNS = ("pk", "source__name", "path", "owner__key", "due", "note")


def _findings_by_id(deployment: Deployment, ids: list[int]) -> dict[int, _Now]:
    found: dict[int, _Now] = {}
    for chunk in _chunks(sorted(set(ids))):
        rows = Finding.objects.filter(deployment=deployment, pk__in=chunk)
        for pk, _source, path, owner, due, note in rows.values_list(*_COLUMNS):
            found[pk] = _Now(path, owner or "", due, note)
    return found


def _findings_by_path(
    deployment: Deployment, paths: list[str]
) -> dict[str, list[tuple[int, str, _Now]]]:
    found: dict[str, list[tuple[int, str, _Now]]] = {}
    for chunk in _chunks(sorted(set(paths))):
        rows = Finding.objects.filter(
            deployment=deployment, path__in=chunk, state__in=LIVE_STATES
        ).order_by("pk")
        for pk, source, path, owner, due, note in rows.values_list(*_COLUMNS):
            found.setdefault(path, []).append((pk, source, _Now(path, owner or "", due, note)))
    return found


def _chunks(items: list[_T]) -> Iterable[list[_T]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))
