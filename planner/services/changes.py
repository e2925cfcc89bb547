"""Writes what a scan changed: rows and events, by the hundred thousand if need be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from planner.domain.change import Changes, Known, Step
from planner.domain.finding import SEVERITY_ORDER, State, dag_count
from planner.domain.lifecycle import Kind, after
from planner.domain.ownership import Assigner
from planner.domain.rating import when_of
from planner.domain.report import Observation
from planner.domain.rules import Rating
from planner.domain.silencing import MARK, silencing_from, silencing_part
from planner.models import Event, Finding, Scan, Source
from planner.rulebook.load import rulebook
from planner.selectors.dag import dag_ids_by_path
from planner.selectors.due import due_rule_of
from planner.selectors.local_time import local_day
from planner.selectors.ownership import assigner_for
from planner.selectors.scan import newest_applied
from planner.services import bulk
from planner.services.ownership import owners_ensure
from planner.services.sightings import Sightings

_NEW_COLUMNS = (
    "id",
    "deployment_id",
    "source_id",
    "first_scan_id",
    "first_seen",
    "state",
    "regressed",
    "owner_picked",
    "due_picked",
    "note",
    "unseen_because",
    "checker",
    "reported_severity",
    "due",
    "known",
    "severity",
    "severity_rank",
    "category",
    "axis",
    "minutes",
    "owner_id",
    "owner_because",
    "rule_id",
    "path",
    "line",
    "column",
    "end_line",
    "cell",
    "symbol",
    "message",
    "content",
    "dag_ids",
    "dag_count",
    "fix",
    "extra",
)
_SEEN_COLUMNS = (
    "checker",
    "known",
    "severity",
    "severity_rank",
    "category",
    "axis",
    "minutes",
    "rule_id",
    "path",
    "line",
    "column",
    "end_line",
    "cell",
    "symbol",
    "message",
    "content",
    "dag_ids",
    "dag_count",
    "fix",
    "extra",
)
_PLACE_COLUMNS = (
    "path",
    "line",
    "column",
    "end_line",
    "cell",
    "dag_ids",
    "dag_count",
    "fix",
)
"""All that can change of a finding which the same tool sees again, with the same rule and words, elsewhere."""
_EVENT_COLUMNS = ("finding_id", "kind", "at", "scan_id", "why", "change")


def changes_write(
    *,
    scan: Scan,
    source: Source,
    known: Sequence[Known],
    sightings: Sightings,
    changes: Changes,
    now: datetime,
) -> None:
    """Write one comparison's outcome. Runs inside the caller's transaction."""
    writer = _Writer(scan, source, known, sightings, changes, now)
    writer.open_new()
    writer.refresh_seen()
    writer.set_states()


def ran_as(scan: Scan) -> tuple[str, Any]:
    """What a checker's words depend on: its version and how it was asked."""
    return scan.tool_version, scan.coverage.get("flags")


def _terms(rating: Rating) -> tuple[Any, ...]:
    """known, severity, severity_rank, category, axis, minutes."""
    return (
        rating.known,
        rating.severity.value,
        SEVERITY_ORDER[rating.severity],
        rating.category.value,
        rating.axis.value,
        rating.minutes,
    )


def silencing_change(before: bytes, today: bytes) -> tuple[Kind, str] | None:
    """The event that tells how the code silences a finding since today, where it did otherwise before."""
    was, now = silencing_from(before), silencing_from(today)
    if now is None:
        return (Kind.UNSILENCED, "") if was else None
    if was is not None and was.word == now.word:
        return None
    return Kind.SILENCED, now.sentence.replace("`", "")


class _Writer:
    def __init__(
        self,
        scan: Scan,
        source: Source,
        known: Sequence[Known],
        sightings: Sightings,
        changes: Changes,
        now: datetime,
    ) -> None:
        self._scan = scan
        self._scan_id = scan.pk
        self._source = source
        self._known = known
        self._sightings = sightings
        self._changes = changes
        self._now = bulk.moment(now)
        self._today = local_day(source.deployment, now)
        self._dag_ids = dag_ids_by_path(source)

    def open_new(self) -> None:
        new = self._changes.new
        ids = bulk.reserve_ids(Finding, len(new))
        # Rows are made while the database reads them, so whatever needs a query comes first.
        owner_of = self._owners(self._sightings.traces[index].path for index in new)
        bulk.insert(Finding, _NEW_COLUMNS, self._new_rows(ids, owner_of))
        bulk.insert(Event, _EVENT_COLUMNS, (self._event(key, Kind.OPENED, "") for key in ids))
        if self._scan.counts["silenced"]:
            self._tell_silencing((key, b"", index) for key, index in zip(ids, new, strict=True))

    def _new_rows(
        self, ids: list[int], owner_of: Callable[[str], tuple[int | None, str]]
    ) -> Iterator[tuple[Any, ...]]:
        terms_of = self._terms_by_rating()
        fixed = (
            self._source.deployment_id,
            self._source.pk,
            self._scan.pk,
            self._now,
            State.OPEN.value,
            False,
            False,
            False,
            "",
            "",
            self._scan.tool,
        )
        observations, ratings = self._sightings.observations, self._sightings.ratings
        traces = self._sightings.traces
        for key, index in zip(ids, self._changes.new, strict=True):
            observation = observations[index]
            trace = traces[index]
            yield (
                key,
                *fixed,
                *terms_of(ratings[index], observation),
                *owner_of(trace.path),
                trace.rule,
                *self._place(observation, trace.path),
            )

    def _place(self, observation: Observation, path: str) -> tuple[Any, ...]:
        return (
            path,
            observation.line,
            observation.column,
            observation.end_line,
            observation.cell,
            observation.symbol[:300],
            observation.message.replace("\0", ""),
            observation.content[:300],
            *self._dags(observation, path),
            observation.fix.decode(),
            observation.extra.decode(),
        )

    def _dags(self, observation: Observation, path: str) -> tuple[str, int]:
        """The DAGs that it blocks, one id a line, and how many."""
        dag_ids = observation.dag_id or self._dag_ids.get(path, "")
        return dag_ids, dag_count(dag_ids)

    def _terms_by_rating(self) -> Callable[[Rating, Observation], tuple[Any, ...]]:
        # Ratings are shared between sightings and outlive this loop, so their identity is a fair key.
        remembered: dict[int, tuple[Any, ...]] = {}
        book = rulebook()
        rule = due_rule_of(self._source.deployment)

        def terms_of(rating: Rating, observation: Observation) -> tuple[Any, ...]:
            found = remembered.get(id(rating))
            if found is None:
                due = rule.due(
                    first_seen=self._today,
                    severity=rating.severity,
                    category=rating.category,
                    when=when_of(rating.rule_id, observation.symbol, book),
                )
                found = remembered[id(rating)] = (
                    observation.severity[:20],
                    bulk.day(due),
                    *_terms(rating),
                )
            return found

        return terms_of

    def _owners(self, paths: Iterator[str]) -> Callable[[str], tuple[int | None, str]]:
        """Owner and reason by path; owners nobody knows yet are made."""
        assigner: Assigner = assigner_for(self._source)
        assigned = {path: assigner.assign(path) for path in set(paths)}
        keys = {key for key, _because in assigned.values() if key}
        ids = owners_ensure(
            deployment=self._source.deployment, keys=keys, spellings=assigner.spellings
        )
        rows = {
            path: (ids[key] if key else None, because) for path, (key, because) in assigned.items()
        }
        return rows.__getitem__

    def refresh_seen(self) -> None:
        """Give every finding that this scan saw its place of today. What has not changed is not written."""
        traces, tool = self._sightings.traces, self._scan.tool
        previous = newest_applied(self._source, tool, before=self._scan)
        same_tool = previous is not None and ran_as(previous) == ran_as(self._scan)
        seen, moved, refreshed = self._seen_pairs(), [], []
        silenced = self._silenced()
        may_differ = bool(silenced or self._scan.counts["silenced"])
        for known, sighting in seen:
            before, today = self._known[known].trace, traces[sighting]
            same_words = before.content == today.content and before.problem == today.problem
            if may_differ:
                # An entry of the ignore file silences, and its last day passes, with no code changed.
                extra = self._sightings.observations[sighting].extra
                same_words &= silenced.get(self._known[known].id, b"") == silencing_part(extra)
            if not (same_tool and same_words and self._known[known].checker == tool):
                refreshed.append((known, sighting))
            elif before != today:
                moved.append((known, sighting))
        if moved:
            bulk.update(Finding, _PLACE_COLUMNS, self._moved_rows(moved))
        if refreshed:
            bulk.update(Finding, _SEEN_COLUMNS, self._seen_rows(refreshed))
        events = (self._event(self._id(step), Kind.MOVED, step.why) for step in self._changes.moved)
        bulk.insert(Event, _EVENT_COLUMNS, events)
        self._follow_files()
        if may_differ:
            ids = ((self._known[known].id, sighting) for known, sighting in seen)
            self._tell_silencing((key, silenced.get(key, b""), index) for key, index in ids)
        self._keep_last_seen(seen, previous)

    def _follow_files(self) -> None:
        """Take what lies unseen in a renamed file along to its new path."""
        followed = self._changes.followed
        if followed:
            rows = ((self._known[one.known].id, one.path) for one in followed)
            bulk.update(Finding, ("path",), rows)
            events = (
                self._event(self._known[one.known].id, Kind.MOVED, one.why) for one in followed
            )
            bulk.insert(Event, _EVENT_COLUMNS, events)

    def _tell_silencing(self, pairs: Iterable[tuple[int, bytes, int]]) -> None:
        """Say in the log what is silenced since this scan, and what no longer is.

        ``pairs`` are findings' keys, what was kept of those that were silenced before, and sightings.
        """
        events = []
        for key, before, sighting in pairs:
            today = silencing_part(self._sightings.observations[sighting].extra)
            if before != today and (change := silencing_change(before, today)):
                events.append(self._event(key, *change))
        bulk.insert(Event, _EVENT_COLUMNS, events)

    def _silenced(self) -> dict[int, bytes]:
        """What is kept of the findings of this source that somebody had silenced in the code."""
        applied = Scan.objects.filter(source=self._source, state=Scan.State.DONE)
        if not applied.filter(counts__silenced__gt=0).exists():
            return {}  # spares looking through every finding where nobody silences anything
        rows = Finding.objects.filter(source=self._source, extra__contains=MARK)
        return {key: extra.encode() for key, extra in rows.values_list("pk", "extra")}

    def _seen_pairs(self) -> list[tuple[int, int]]:
        changes = self._changes
        steps = chain(changes.moved, changes.reopened, changes.contradicted)
        return [*changes.unchanged, *((step.known, step.sighting) for step in steps)]

    def _keep_last_seen(self, seen: list[tuple[int, int]], previous: Scan | None) -> None:
        """Name the last scan that saw a finding only where this one, of the same checker, does not."""
        rows = Finding.objects.filter(source=self._source, last_scan__isnull=False)
        named: dict[int, str] = dict(rows.values_list("pk", "unseen_because"))
        seen_again = [key for known, _ in seen if (key := self._known[known].id) in named]
        bulk.mark(Finding, "last_scan_id", None, seen_again)
        if previous is not None:
            unseen = (self._known[index] for index in self._changes.unseen)
            missed = [one.id for one in unseen if one.checker == self._scan.tool]
            lost = [key for key in missed if key not in named]
            bulk.mark(Finding, "last_scan_id", previous.pk, lost)
        self._say_why_unseen(seen_again, named)

    def _say_why_unseen(self, seen_again: list[int], told: Mapping[int, str]) -> None:
        """Keep why this scan did not look for a finding of its own checker; ``told`` is what was kept before."""
        looked_for = [*seen_again, *map(self._id, self._changes.closed)]
        now = {key: "" for key in looked_for if told.get(key)}
        for absence, places in self._changes.not_covered.items():
            for one in map(self._known.__getitem__, places):
                if one.checker == self._scan.tool and told.get(one.id) != absence.value:
                    now[one.id] = absence.value
        by_reason: dict[str, list[int]] = {}
        for key, reason in now.items():
            by_reason.setdefault(reason, []).append(key)
        for reason, keys in by_reason.items():
            bulk.mark(Finding, "unseen_because", reason, keys)

    def _moved_rows(self, pairs: list[tuple[int, int]]) -> Iterator[tuple[Any, ...]]:
        for known, sighting in pairs:
            path = self._sightings.traces[sighting].path
            observation = self._sightings.observations[sighting]
            yield (
                self._known[known].id,
                path,
                observation.line,
                observation.column,
                observation.end_line,
                observation.cell,
                *self._dags(observation, path),
                observation.fix.decode(),
            )

    def _seen_rows(self, pairs: list[tuple[int, int]]) -> Iterator[tuple[Any, ...]]:
        # Ratings are shared between sightings and outlive this loop, so their identity is a fair key.
        rated: dict[int, tuple[Any, ...]] = {}
        for known, sighting in pairs:
            trace = self._sightings.traces[sighting]
            rating = self._sightings.ratings[sighting]
            terms = rated.get(id(rating))
            if terms is None:
                terms = rated[id(rating)] = _terms(rating)
            yield (
                self._known[known].id,
                self._scan.tool,
                *terms,
                trace.rule,
                *self._place(self._sightings.observations[sighting], trace.path),
            )

    def set_states(self) -> None:
        """Close what is proved gone, reopen what came back, send back claims that do not hold."""
        changes = self._changes
        closed = (
            (self._id(step), after(self._state(step), step.kind), False, self._now)
            for step in changes.closed
        )
        back = (
            (self._id(step), after(self._state(step), step.kind), True, None)
            for step in changes.reopened
        )
        bulk.update(Finding, ("state", "regressed", "closed_at"), chain(closed, back))
        sent_back = (
            (self._id(step), after(self._state(step), step.kind)) for step in changes.contradicted
        )
        bulk.update(Finding, ("state",), sent_back)
        steps = chain(changes.closed, changes.reopened, changes.contradicted)
        events = (self._event(self._id(step), step.kind, step.why) for step in steps)
        bulk.insert(Event, _EVENT_COLUMNS, events)

    def _id(self, step: Step) -> int:
        return self._known[step.known].id

    def _state(self, step: Step) -> State:
        return self._known[step.known].state

    def _event(self, finding_id: int, kind: Kind, why: str) -> tuple[Any, ...]:
        return (finding_id, kind.value, self._now, self._scan_id, why[:500], "")
