"""Sets findings aside until a day, and brings them back when it is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from planner.domain.dates import with_year
from planner.domain.finding import ACTIVE_STATES, LIVE_STATES, State
from planner.domain.lifecycle import Kind, after
from planner.domain.ownership import pattern_is_valid
from planner.domain.person import name_of
from planner.domain.waiver import Scope, Spot, Term, settle
from planner.models import Deployment, Finding, Scan, Source, WaivedFinding, Waiver
from planner.rulebook.load import rulebook
from planner.selectors.local_time import local_day
from planner.selectors.waiver import fitting_findings, scope_of, waivers_that_hold
from planner.services import bulk
from planner.services.finding_log import (
    ActionLog,
    FindingError,
    Outcome,
    chunks,
    clean_why,
    locked,
)
from planner.services.revision import deployment_hold, revision_bump

_SPOT = ("pk", "state", "source_id", "rule_id", "path", "dag_ids")
_RAN_OUT = "The waiver ran out"
_ENDED_EARLY = "Ended early"
_OUT_OF_SCOPE = "It is no longer among what the waiver covers"


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
        FindingError: there is no reason, or the date is not in the future or too far away.
    """
    _, outcome = waiver_give(
        deployment=deployment,
        finding_ids=finding_ids,
        reason=reason,
        expires_on=expires_on,
        today=today,
        now=now,
        user=user,
    )
    return outcome


@transaction.atomic
def waiver_give(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    reason: str,
    expires_on: date,
    today: date,
    now: datetime,
    user: User,
) -> tuple[Waiver | None, Outcome]:
    """The same, with the waiver itself; None where none of the findings can be waived.

    Raises:
        FindingError: as :func:`finding_waive`.
    """
    reason = checked_terms(reason, expires_on, today)
    rows = list(locked(deployment, finding_ids))
    able = [row.pk for row in rows if row.state in ACTIVE_STATES]
    if not able:
        return None, Outcome(0, len(rows))
    waiver = Waiver.objects.create(
        deployment=deployment,
        reason=reason,
        approver=user,
        created_at=now,
        expires_on=expires_on,
    )
    _link((waiver.pk, key) for key in able)
    _settle(deployment, Q(pk__in=_covered([waiver.pk])), now, user=user)
    return waiver, Outcome(len(able), len(rows) - len(able))


@transaction.atomic
def waiver_add(
    *,
    deployment: Deployment,
    scope: Scope,
    reason: str,
    expires_on: date,
    today: date,
    now: datetime,
    user: User,
) -> Outcome:
    """Set aside all that fits ``scope``, what later scans find there as well, until the end of ``expires_on``.

    Raises:
        FindingError: nothing is named, the pattern is none, there is no reason, or the date cannot be.
    """
    scope = checked_scope(deployment, scope)
    reason = checked_terms(reason, expires_on, today)
    deployment_hold(deployment_id=deployment.pk)
    Waiver.objects.create(
        deployment=deployment,
        rule_id=scope.rule_id,
        pattern=scope.pattern,
        dag_id=scope.dag_id,
        source_id=scope.source_id,
        reason=reason,
        approver=user,
        created_at=now,
        expires_on=expires_on,
    )
    outcome = _settle(deployment, fitting_findings([scope]), now, user=user)
    revision_bump(deployment_id=deployment.pk)
    return outcome


@transaction.atomic
def waiver_extend(
    *, waiver: Waiver, expires_on: date, reason: str, today: date, now: datetime, user: User
) -> int:
    """Let a waiver that holds end on another day, by the word of ``user``; how many findings it hides.

    Raises:
        FindingError: it has ended, there is no reason, or the date cannot be.
    """
    deployment = deployment_hold(deployment_id=waiver.deployment_id)
    reason = checked_terms(reason, expires_on, today)
    waiver.refresh_from_db()
    if waiver.ended_at is not None:
        raise FindingError("expires_on", "It has ended already. Waive anew what came back.")
    change = {"waived_until": [waiver.expires_on.isoformat(), expires_on.isoformat()]}
    waiver.expires_on, waiver.reason, waiver.approver = expires_on, reason, user
    waiver.save(update_fields=["expires_on", "reason", "approver"])
    hidden = Finding.objects.filter(pk__in=_covered([waiver.pk]), state=State.WAIVED)
    log = ActionLog(deployment, now, user)
    for spot in _spots(hidden):
        log.add(spot, Kind.WAIVER_EXTENDED, reason, change, ())
    log.write()
    return log.outcome.changed


@transaction.atomic
def waiver_stop(*, waiver: Waiver, now: datetime, user: User) -> Outcome:
    """End a waiver before its day. What another one covers stays waived, and is counted as left."""
    deployment = deployment_hold(deployment_id=waiver.deployment_id)
    stopped = Waiver.objects.filter(pk=waiver.pk, ended_at=None)
    if not stopped.update(ended_at=now, ended_by=user):
        return Outcome(0, 0)
    revision_bump(deployment_id=deployment.pk)
    return _bring_back(deployment, [waiver.pk], _ENDED_EARLY, now, user)


@transaction.atomic
def waiver_end(
    *,
    deployment: Deployment,
    finding_ids: Iterable[int],
    now: datetime,
    user: User | None,
) -> Outcome:
    """Take findings out of the waivers that name them, before their time; a waiver that loses all has ended.

    What a waiver of a rule, path or DAG covers stays waived, and is counted as left.
    """
    ids = [row.pk for row in locked(deployment, finding_ids)]
    naming = deployment.waivers.filter(ended_at=None, rule_id="", pattern="", dag_id="")
    pairs = [
        pair
        for chunk in chunks(ids)
        for pair in WaivedFinding.objects.filter(waiver__in=naming, finding__in=chunk).values_list(
            "waiver_id", "finding_id"
        )
    ]
    taken = Counter(waiver_id for waiver_id, _ in pairs)
    sizes = WaivedFinding.objects.filter(waiver__in=list(taken)).values_list("waiver_id")
    emptied = {pk for pk, size in sizes.annotate(Count("pk")) if size == taken[pk]}
    # One that has lost everything keeps its list: that is what it hid.
    Waiver.objects.filter(pk__in=emptied).update(ended_at=now, ended_by=user)
    back = _bring_back(deployment, emptied, _ENDED_EARLY, now, user).changed
    rest = [pair for pair in pairs if pair[0] not in emptied]
    _unlink(rest)
    for chunk in chunks(sorted({finding_id for _, finding_id in rest})):
        chosen = Q(pk__in=chunk)
        back += _settle(
            deployment, chosen, now, user=user, why=_ENDED_EARLY, were_covered=chunk
        ).changed
    return Outcome(back, len(ids) - back)


def waivers_end(*, now: datetime) -> int:
    """End every waiver whose last day is over in its deployment's zone; how many findings came back.

    Safe to run any number of times.
    """
    came_back = 0
    # A day that is over in any zone of the world; each deployment's own zone decides below.
    over = Waiver.objects.filter(ended_at=None, expires_on__lte=now.date())
    ids = over.values_list("deployment_id", flat=True).distinct()
    for deployment in Deployment.objects.filter(pk__in=list(ids)):
        came_back += _waivers_end_of(deployment, now)
    return came_back


@transaction.atomic
def _waivers_end_of(deployment: Deployment, now: datetime) -> int:
    deployment_hold(deployment_id=deployment.pk)
    today = local_day(deployment, now)
    over = deployment.waivers.filter(ended_at=None, expires_on__lt=today)
    ids = list(over.values_list("pk", flat=True))
    over.update(ended_at=now)
    return _bring_back(deployment, ids, _RAN_OUT, now, None).changed


def waivers_settle(*, scan: Scan, source: Source | None, now: datetime) -> int:
    """Set aside what a scan found under a waiver, and bring back what has left one; how many were set aside.

    Runs inside the caller's transaction. ``source`` is the only one with changes, where there is such a one.
    """
    deployment = scan.deployment
    waivers = waivers_that_hold(deployment, local_day(deployment, now))
    if not waivers:
        return 0
    chosen = Q(pk__in=_covered([waiver.pk for waiver in waivers]))
    chosen |= fitting_findings(scope_of(waiver) for waiver in waivers)
    if source is not None:
        chosen &= Q(source=source)
    return _settle(deployment, chosen, now, scan=scan, why=_OUT_OF_SCOPE).changed


def checked_terms(reason: str, expires_on: date, today: date) -> str:
    """The reason as it is kept.

    Raises:
        FindingError: there is no reason, or the date is not in the future or too far away.
    """
    reason = clean_why(reason)
    if not reason:
        raise FindingError("reason", "Say why it can wait.")
    if expires_on <= today:
        raise FindingError("expires_on", "A waiver ends on a day after today.")
    last = today + timedelta(days=rulebook().decision["waiver"]["longest_days"])
    if expires_on > last:
        raise FindingError(
            "expires_on", f"Choose {with_year(last)} or earlier. You can extend it when it ends."
        )
    return reason


def checked_scope(deployment: Deployment, scope: Scope) -> Scope:
    """The scope as it is kept.

    Raises:
        FindingError: nothing is named, or the pattern or source is none.
    """
    pattern = " ".join(scope.pattern.replace("\0", "").split())
    kept = Scope(
        rule_id=scope.rule_id.replace("\0", "").strip(),
        pattern=pattern,
        dag_id=scope.dag_id.replace("\0", "").strip(),
        source_id=scope.source_id,
    )
    if kept.names_findings:
        raise FindingError("rule", "Name a rule, a path or a DAG.")
    if pattern and not pattern_is_valid(pattern):
        raise FindingError("path", "Write a folder or pattern as in CODEOWNERS, like dags/legacy/.")
    if kept.source_id is not None and not deployment.sources.filter(pk=kept.source_id).exists():
        raise FindingError("source", "Choose a source of this deployment.")
    return kept


def _bring_back(
    deployment: Deployment,
    ended: Collection[int],
    why: str,
    now: datetime,
    user: User | None,
) -> Outcome:
    """Let findings come back that only these ended waivers covered; the rest of them is left."""
    chosen = Q(state=State.WAIVED, pk__in=_covered(ended))
    covered = set(WaivedFinding.objects.filter(waiver__in=ended).values_list("finding", flat=True))
    return _settle(deployment, chosen, now, user=user, why=why, were_covered=covered)


def _settle(
    deployment: Deployment,
    chosen: Q,
    now: datetime,
    *,
    user: User | None = None,
    scan: Scan | None = None,
    why: str = "",
    were_covered: Collection[int] = frozenset(),
) -> Outcome:
    """Bring the chosen findings in line with the waivers that hold.

    ``why`` is told of those that come back; ``were_covered`` are findings whose waiver has just ended.
    """
    holding = waivers_that_hold(deployment, local_day(deployment, now))
    waivers = {waiver.pk: waiver for waiver in holding}
    terms = [Term(pk, scope_of(waiver)) for pk, waiver in waivers.items()]
    rows = Finding.objects.filter(chosen, deployment=deployment, state__in=LIVE_STATES)
    spots = list(_spots(rows))
    links = _links(waivers, rows, were_covered)
    settled = settle(terms, spots, links)
    _link(settled.joined)
    _unlink(settled.left)
    log = ActionLog(deployment, now, user, scan)
    for spot, covering in settled.set_aside:
        # The one that ends last says until when.
        last = max((waivers[pk] for pk in covering), key=lambda waiver: waiver.expires_on)
        state = after(spot.state, Kind.WAIVED)
        log.add(spot, Kind.WAIVED, last.reason, _change(last, scan), (state.value,))
    aside = log.outcome.changed
    for spot in settled.back:
        log.add(spot, Kind.WAIVER_ENDED, why, {}, (after(spot.state, Kind.WAIVER_ENDED).value,))
    log.write("state")
    changed = aside if scan is not None else log.outcome.changed
    return Outcome(changed, len(spots) - changed)


def _change(waiver: Waiver, scan: Scan | None) -> dict[str, list[str]]:
    change = {"waived_until": ["", waiver.expires_on.isoformat()]}
    scope = scope_of(waiver)
    if not scope.names_findings or scan is not None:
        change["waiver"] = ["", scope.words]
    if scan is not None:
        change["approver"] = ["", name_of(waiver.approver)]
    return change


def _spots(rows: QuerySet[Finding]) -> Iterator[Spot]:
    states = {state.value: state for state in State}
    found = rows.order_by("pk").values_list(*_SPOT)
    for pk, state, *rest in found.iterator(chunk_size=10_000):
        yield Spot(pk, states[state], *rest)


def _covered(waiver_ids: Collection[int]) -> QuerySet[WaivedFinding, int]:
    rows = WaivedFinding.objects.filter(waiver__in=waiver_ids)
    return rows.values_list("finding_id", flat=True)


_ENDED = 0
"""Stands for a waiver that has just ended."""


def _links(
    waivers: Collection[int], rows: QuerySet[Finding], were_covered: Collection[int]
) -> dict[int, set[int]]:
    """The waivers known to cover each of the findings."""
    links = {pk: {_ENDED} for pk in were_covered}
    known = WaivedFinding.objects.filter(waiver__in=list(waivers), finding__in=rows.values("pk"))
    for waiver_id, finding_id in known.values_list("waiver_id", "finding_id").iterator():
        links.setdefault(finding_id, set()).add(waiver_id)
    return links


def _link(pairs: Iterable[tuple[int, int]]) -> None:
    rows = list(pairs)
    if rows:
        bulk.insert(WaivedFinding, ("waiver_id", "finding_id"), rows)


def _unlink(pairs: Iterable[tuple[int, int]]) -> None:
    by_waiver: dict[int, list[int]] = {}
    for waiver_id, finding_id in pairs:
        by_waiver.setdefault(waiver_id, []).append(finding_id)
    for waiver_id, finding_ids in by_waiver.items():
        for chunk in chunks(finding_ids):
            WaivedFinding.objects.filter(waiver=waiver_id, finding__in=chunk).delete()
