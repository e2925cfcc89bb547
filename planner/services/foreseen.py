"""Writes down what a scan would do, where a person is to look at it before it is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from planner.domain.change import Changes, Known, Step
from planner.domain.identity import line_in_cell
from planner.domain.lifecycle import Kind
from planner.models import Finding, ForeseenChange, Scan
from planner.selectors.ownership import Reassignment
from planner.selectors.scan_changes import NOT_COVERED
from planner.services import bulk
from planner.services.sightings import Sightings

MOST_LINES = 50_000
"""Lines of each kind that are written down; the rest is counted."""

_COLUMNS = (
    "scan_id",
    "kind",
    "finding_id",
    "rule_id",
    "path",
    "line",
    "why",
    "owner_before",
    "owner_after",
)

_PLACE = ("rule_id", "path", "line")


def foreseen_write(
    *,
    scan: Scan,
    known: Sequence[Known],
    sightings: Sightings,
    changes: Changes,
    handed_over: Sequence[Reassignment],
) -> None:
    """Write what the scan would change, one line a finding."""
    owners = _owner_keys([known[step.known].id for step in changes.closed[:MOST_LINES]])
    lines = _Lines(scan, known, owners)
    bulk.insert(ForeseenChange, _COLUMNS, lines.of_steps(changes))
    bulk.insert(ForeseenChange, _COLUMNS, lines.of_new(sightings, changes.new))
    bulk.insert(ForeseenChange, _COLUMNS, lines.not_covered(changes))
    # Rows are made while the database reads them, so what needs queries is made before.
    bulk.insert(ForeseenChange, _COLUMNS, list(lines.handed_over(handed_over)))


def foreseen_drop(*, scan: Scan) -> None:
    """Forget what a scan would do, once it is decided."""
    ForeseenChange.objects.filter(scan=scan).delete()


def _owner_keys(ids: Sequence[int]) -> dict[int, str]:
    rows = Finding.objects.filter(owner__isnull=False).values_list("pk", "owner__key")
    return {key: owner for chunk in _chunks(ids) for key, owner in rows.filter(pk__in=chunk)}


def _chunks(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), 5_000):
        yield rows[start : start + 5_000]


class _Lines:
    """Rows as ``_COLUMNS`` names them, at most ``MOST_LINES`` of each kind."""

    def __init__(self, scan: Scan, known: Sequence[Known], owners: dict[int, str]) -> None:
        self._scan_id = scan.pk
        self._known = known
        self._owners = owners

    def of_steps(self, changes: Changes) -> Iterator[tuple[Any, ...]]:
        for steps in (changes.closed, changes.reopened, changes.contradicted, changes.moved):
            for step in islice(steps, MOST_LINES):
                yield self._of_step(step)

    def _of_step(self, step: Step) -> tuple[Any, ...]:
        one = self._known[step.known]
        return self._row(step.kind, one, step.why, self._owners.get(one.id, ""), "")

    def of_new(self, sightings: Sightings, new: Iterable[int]) -> Iterator[tuple[Any, ...]]:
        for index in islice(new, MOST_LINES):
            trace = sightings.traces[index]
            place = (trace.rule, trace.path, line_in_cell(trace.line)[1] or None)
            yield (self._scan_id, Kind.OPENED.value, None, *place, "", "", "")

    def not_covered(self, changes: Changes) -> Iterator[tuple[Any, ...]]:
        for absence, places in changes.not_covered.items():
            for place in islice(places, MOST_LINES):
                yield self._row(NOT_COVERED, self._known[place], absence.value, "", "")

    def handed_over(self, handed_over: Sequence[Reassignment]) -> Iterator[tuple[Any, ...]]:
        """An inventory of Airflow hands over findings of other sources too."""
        for some in _chunks(handed_over[:MOST_LINES]):
            rows = Finding.objects.filter(pk__in=[one.finding_id for one in some])
            places = {key: place for key, *place in rows.values_list("pk", *_PLACE)}
            for one in some:
                owners = (one.before[:200], one.after[:200])
                yield (
                    *(self._scan_id, Kind.ASSIGNED.value, one.finding_id),
                    *(*places[one.finding_id], one.because[:500], *owners),
                )

    def _row(self, kind: str, one: Known, why: str, before: str, after: str) -> tuple[Any, ...]:
        trace = one.trace
        place = (trace.rule, trace.path, line_in_cell(trace.line)[1] or None)
        return (self._scan_id, str(kind), one.id, *place, why[:500], before[:200], after[:200])
