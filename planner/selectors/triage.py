"""What the triage page shows: notes of the chosen releases or pasted ones, met with the open findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count

from planner.domain.finding import ACTIVE_STATES, Axis, Category
from planner.domain.release_notes import Note, curated, lines_up_to, read_notes
from planner.domain.rules import Rulebook
from planner.domain.triage import CODE, AxisTriage, Bucket, RuleCount, Sorted, Triage, Use, triage
from planner.models import AxisLead, Deployment, Finding, Owner, PastedNotes
from planner.rulebook.load import rulebook
from planner.selectors.checks import checks_of
from planner.selectors.deployment import target_line_of

TARGET = "target"
ALL = "all"
CHECKERS = {
    "code": CODE,
    "beyond-ruff": "upgradecheck",
    "imports": "import-check",
    "configuration": "config-lint",
}
"""Which kind of check a checker's rules need."""
BUCKETS = {
    Bucket.BLOCK: ("Block", "Has to be done before the cutover: it fails on the target."),
    Bucket.MIGRATE: (
        "Migrate",
        "Works on the target, with a warning. The backlog after the cutover.",
    ),
    Bucket.ADOPT: ("Adopt", "New, and worth having here."),
}
"""Title and meaning of what is shown as a table."""
MOST_PASTED = 20
"""Pasted notes that are offered, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Notes one may read: ``key`` goes in the address."""

    key: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRow:
    """One note in its bucket, with its axis in words and the axis's lead."""

    sorted: Sorted
    label: str
    lead: Owner | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisRow:
    """One axis with its lead, and (bucket, findings, notes) of each bucket."""

    axis: AxisTriage
    lead: Owner | None
    cells: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketTable:
    """What one bucket holds, from release notes and from findings."""

    bucket: Bucket
    title: str
    meaning: str
    notes: tuple[NoteRow, ...]
    rules: tuple[RuleCount, ...]
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TriagePage:
    """Everything on the page."""

    triage: Triage
    chosen: str
    """The key of the notes that are shown."""
    choices: tuple[Choice, ...]
    pasted: PastedNotes | None
    """The pasted notes that were chosen, or None for curated ones."""
    pasted_choices: tuple[Choice, ...]
    leads: Mapping[str, Owner]
    """By axis; an axis without one is absent."""
    target_line: str
    scanned: bool
    counts: Mapping[str, int]
    """Open findings: block, migrate, adopt."""

    @property
    def tables(self) -> tuple[BucketTable, ...]:
        """Block, migrate, adopt: notes and findings of each."""
        return tuple(
            BucketTable(
                bucket=bucket,
                title=BUCKETS[bucket][0],
                meaning=BUCKETS[bucket][1],
                notes=self._with_leads(self.triage.notes_in(bucket)),
                rules=self.triage.rules_in(Category(bucket.value)),
                findings=self.counts[bucket.value],
            )
            for bucket in BUCKETS
        )

    @property
    def adopted(self) -> int:
        """New features worth having."""
        return len(self.triage.notes_in(Bucket.ADOPT))

    @property
    def aside(self) -> tuple[NoteRow, ...]:
        return self._with_leads(self.triage.notes_in(Bucket.ASIDE))

    @property
    def axes(self) -> tuple[AxisRow, ...]:
        return tuple(
            AxisRow(
                axis=row,
                lead=self.leads.get(row.axis),
                cells=tuple(
                    (bucket.value, row.findings[Category(bucket.value)], row.notes[bucket])
                    for bucket in BUCKETS
                ),
            )
            for row in self.triage.axes
        )

    def _with_leads(self, rows: tuple[Sorted, ...]) -> tuple[NoteRow, ...]:
        labels = {row.axis: row.label for row in self.triage.axes}
        return tuple(
            NoteRow(sorted=row, label=labels[row.note.axis], lead=self.leads.get(row.note.axis))
            for row in rows
        )


def triage_page(deployment: Deployment, *, notes: str) -> TriagePage | None:
    """The triage of one deployment, or None where ``notes`` names none of its choices. Five queries at most.

    ``notes`` is ``target`` (every line up to the target), ``all``, a release line, or ``pasted-<id>``.
    """
    book = rulebook()
    target = target_line_of(deployment, book)
    offered = list(PastedNotes.objects.filter(deployment=deployment).defer("text")[:MOST_PASTED])
    read = _notes(deployment, notes or TARGET, target, book)
    if read is None:
        return None
    found, left_out, pasted = read
    unchecked = {
        CHECKERS[check.key]: check.label
        for check in checks_of(deployment)
        if not check.done and check.key in CHECKERS
    }
    sorted_notes = triage(
        found,
        uses=uses_of(deployment),
        facts=deployment.facts,
        target_line=target,
        unchecked=unchecked,
        rulebook=book,
        left_out=left_out,
    )
    return TriagePage(
        triage=sorted_notes,
        chosen=notes or TARGET,
        choices=_choices(notes or TARGET, target, book),
        pasted=pasted,
        pasted_choices=tuple(
            Choice(
                key=_key(row), label=row.title, chosen=pasted is not None and row.pk == pasted.pk
            )
            for row in offered
        ),
        leads=leads_of(deployment),
        target_line=target,
        scanned=CODE not in unchecked,
        counts={
            category.value: sorted_notes.findings_in(category)
            for category in (Category.BLOCK, Category.MIGRATE, Category.ADOPT)
        },
    )


def uses_of(deployment: Deployment) -> list[Use]:
    """Open findings by rule, name, category and axis. One query whose size is that of the vocabulary."""
    rows = (
        Finding.objects.filter(deployment=deployment, state__in=ACTIVE_STATES)
        .order_by()
        .values_list("rule_id", "symbol", "category", "axis")
        .annotate(findings=Count("pk"))
        .order_by("rule_id", "symbol", "category", "axis")
    )
    return [
        Use(
            rule_id=rule_id,
            symbol=symbol,
            category=Category(category),
            axis=Axis(axis),
            findings=findings,
        )
        for rule_id, symbol, category, axis, findings in rows
    ]


def leads_of(deployment: Deployment) -> dict[str, Owner]:
    """Who leads each axis that has a lead."""
    rows = AxisLead.objects.filter(deployment=deployment).select_related("owner")
    return {row.axis: row.owner for row in rows}


def pasted_of_deployment(deployment: Deployment, notes_id: int) -> PastedNotes | None:
    return PastedNotes.objects.filter(deployment=deployment, pk=notes_id).first()


def _notes(
    deployment: Deployment, chosen: str, target: str, book: Rulebook
) -> tuple[list[Note], int, PastedNotes | None] | None:
    """(notes, bullets left out, the pasted row) of a choice."""
    lines = {TARGET: lines_up_to(book, target), ALL: book.target_lines}
    lines |= {line: (line,) for line in book.target_lines}
    if chosen in lines:
        return curated(book, lines[chosen]), 0, None
    number = chosen.removeprefix("pasted-")
    if not (chosen.startswith("pasted-") and number.isdecimal() and len(number) < 19):
        return None
    pasted = pasted_of_deployment(deployment, int(number))
    if pasted is None:
        return None
    notes, left_out = read_notes(pasted.text, link=pasted.url, rulebook=book)
    return notes, left_out, pasted


def _choices(chosen: str, target: str, book: Rulebook) -> tuple[Choice, ...]:
    rows = [
        (TARGET, f"Up to {target}"),
        *((line, line) for line in book.target_lines),
        (ALL, "All 3.x"),
    ]
    return tuple(Choice(key=key, label=label, chosen=key == chosen) for key, label in rows)


def _key(row: PastedNotes) -> str:
    return f"pasted-{row.pk}"
