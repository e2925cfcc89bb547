"""A deployment's plan: phases with dates, activities with numbers, gates with their evidence.

Derived every time from facts, counts and scans; nothing of it is stored but a start, a template and the
signatures under gates that no data can answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from string import Formatter
from typing import Any

from planner.domain.calendar import WORKING_DAYS_A_WEEK, Blackout, WorkingCalendar, months_after
from planner.domain.dates import short, with_weekday
from planner.domain.due import Milestone
from planner.domain.facts import DeploymentFacts
from planner.domain.finding import Axis, Severity
from planner.domain.measure import (
    ACTIVITY_MEASURES,
    GATE_MEASURES,
    GateState,
    Ground,
    Reading,
    Sight,
    read_activity,
    read_gate,
)
from planner.domain.numbers import plural
from planner.domain.rules import Rulebook
from planner.domain.tally import Counts

DEFAULT_TEMPLATE = "nine-weeks"
FIRST_START, LAST_START = date(2015, 1, 1), date(2100, 1, 1)
"""Starts outside these are typing mistakes."""


class PlanError(ValueError):
    """A template or start that cannot be used. The message is one sentence with the remedy."""


class PhaseState(StrEnum):
    PASSED = "passed"
    RUNNING = "running"
    LATE = "late"
    NOT_STARTED = "not started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A named person's word that a gate has passed."""

    person: str
    on: date
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    key: str
    text: str
    measure: str
    axis: Axis
    total: int
    done: int
    waived: int
    unit: str
    families: tuple[str, ...]
    due: date
    minutes: int
    owners: tuple[tuple[str, int], ...]
    """Owners of what is open and how many each has; the empty name is nobody."""
    evidence: str

    @property
    def is_done(self) -> bool:
        return self.total > 0 and self.done >= self.total

    @property
    def share(self) -> float:
        return self.done / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    key: str
    text: str
    wants: str
    """What it waits for, as a sentence would go on: 'the check in CI'."""
    measure: str
    state: GateState
    evidence: str
    signable: bool
    """Data cannot tell, and a named person may."""
    signed_by: str = ""
    signed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    key: str
    name: str
    when: str
    """'Weeks 3 to 6', 'Month 2'."""
    start: date
    end: date
    open_end: bool
    """No end is planned; ``end`` is the day on which its gate is first looked at."""
    state: PhaseState
    axes: tuple[Axis, ...]
    activities: tuple[Activity, ...]
    gates: tuple[Gate, ...]
    risk: str
    slip_days: int
    expected_end: date
    """``end`` moved by the slip, on a working day."""

    @property
    def passed(self) -> bool:
        return self.state is PhaseState.PASSED

    @property
    def blocking(self) -> tuple[Gate, ...]:
        """The gates that have not passed."""
        return tuple(gate for gate in self.gates if gate.state is not GateState.PASS)

    @property
    def progress(self) -> float:
        """Share of its gates that have passed, for the route on the overview."""
        return 1 - len(self.blocking) / len(self.gates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One row of the before/after table."""

    key: str
    label: str
    before: str
    now: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    template: str
    name: str
    view: str
    unit: str
    start: date
    proposed: bool
    """Nobody has set a start yet; this is the next Monday."""
    today: date
    target_line: str
    phases: tuple[Phase, ...]
    cutover: tuple[date, date]
    """The Friday and the Monday of the cutover weekend."""
    cutover_wished: tuple[date, date]
    """The same, if there were no blackouts."""
    blackouts: tuple[Blackout, ...]
    """Those that moved the cutover from the one weekend to the other."""
    before_after: tuple[Comparison, ...]
    days_off: tuple[tuple[date, str], ...]
    """Holidays within the plan that were stepped over."""
    knows_days_off: bool
    """False where nobody has said when people are off, so that every weekday counts as worked."""

    @property
    def current(self) -> Phase | None:
        """The first phase whose gate has not passed; None when all have."""
        return next((phase for phase in self.phases if not phase.passed), None)

    @property
    def slip_days(self) -> int:
        return max(phase.slip_days for phase in self.phases)

    def gate(self, key: str) -> Gate | None:
        """One gate by its key, like ``C.parity``."""
        return next(
            (gate for phase in self.phases for gate in phase.gates if gate.key == key), None
        )

    def gates_measuring(self, measure: str) -> tuple[Gate, ...]:
        """Gates of one measure, whatever the template calls them: ``parity``, ``imports``, ``errors``."""
        return tuple(
            gate for phase in self.phases for gate in phase.gates if gate.measure == measure
        )

    def before_cutover(self) -> tuple[Phase, ...]:
        """The phases whose gates must have passed before the cutover weekend."""
        return tuple(phase for phase in self.phases if phase.end < self.cutover[0])

    @property
    def proves_no_errors(self) -> bool:
        """True where every gate on open ERRORs has passed, which takes a scan that proves it."""
        gates = self.gates_measuring("errors")
        return bool(gates) and all(gate.state is GateState.PASS for gate in gates)

    def as_dict(self) -> dict[str, Any]:
        """The document of ``plan --json``."""
        return {
            "template": self.template,
            "name": self.name,
            "start": self.start.isoformat(),
            "start_proposed": self.proposed,
            "today": self.today.isoformat(),
            "target": self.target_line,
            "sentence": sentence(self),
            "slip_days": self.slip_days,
            "cutover": [day.isoformat() for day in self.cutover],
            "cutover_moved_by": [blackout.line for blackout in self.blackouts],
            "phases": [_phase_dict(phase) for phase in self.phases],
            "before_after": [
                {
                    "key": row.key,
                    "label": row.label,
                    "before": row.before,
                    "now": row.now,
                    "after": row.after,
                }
                for row in self.before_after
            ],
            "days_off": [{"day": day.isoformat(), "name": name} for day, name in self.days_off],
        }


def _phase_dict(phase: Phase) -> dict[str, Any]:
    return {
        "key": phase.key,
        "name": phase.name,
        "when": phase.when,
        "start": phase.start.isoformat(),
        "end": phase.end.isoformat(),
        "open_end": phase.open_end,
        "state": phase.state.value,
        "slip_days": phase.slip_days,
        "expected_end": phase.expected_end.isoformat(),
        "axes": [axis.value for axis in phase.axes],
        "activities": [_activity_dict(activity) for activity in phase.activities],
        "gates": [_gate_dict(gate) for gate in phase.gates],
        "risk": phase.risk,
    }


def _activity_dict(activity: Activity) -> dict[str, Any]:
    return {
        "key": activity.key,
        "text": activity.text,
        "total": activity.total,
        "done": activity.done,
        "waived": activity.waived,
        "unit": activity.unit,
        "axis": activity.axis.value,
        "families": list(activity.families),
        "due": activity.due.isoformat(),
        "minutes": activity.minutes,
        "owners": [{"owner": name or None, "open": number} for name, number in activity.owners],
        "evidence": activity.evidence,
    }


def _gate_dict(gate: Gate) -> dict[str, Any]:
    return {
        "key": gate.key,
        "text": gate.text,
        "state": gate.state.value,
        "evidence": gate.evidence,
        "signable": gate.signable,
        "signed_by": gate.signed_by or None,
        "signed_on": gate.signed_on.isoformat() if gate.signed_on else None,
    }


# --- Building --------------------------------------------------------------------------------------------


def templates(rulebook: Rulebook) -> dict[str, str]:
    """Keys of the plan templates and their names, the default one first."""
    ordered = sorted(rulebook.plans, key=lambda key: (key != DEFAULT_TEMPLATE, key))
    return {key: rulebook.plans[key]["name"] for key in ordered}


def proposed_start(calendar: WorkingCalendar, today: date) -> date:
    """The next Monday, today included, or the first working day after it."""
    return calendar.first_from(today + timedelta(days=-today.weekday() % 7))


def check_start(start: date) -> None:
    """
    Raises:
        PlanError: no plan can start then.
    """
    if not FIRST_START <= start <= LAST_START:
        raise PlanError(
            f"A plan cannot start on {start}; use a date between {FIRST_START} and {LAST_START}."
        )


def build_plan(
    template: str,
    *,
    counts: Counts,
    facts: DeploymentFacts,
    calendar: WorkingCalendar,
    start: date | None,
    today: date,
    signatures: Mapping[str, Signature],
    rulebook: Rulebook,
    sight: Sight,
    subdag_dags: int | None = None,
) -> Plan:
    """The plan of one deployment as it stands today. ``start`` None proposes the next Monday.

    Raises:
        PlanError: there is no such template, it names what is not known, or no plan can start on that day.
    """
    if template not in rulebook.plans:
        known = ", ".join(templates(rulebook))
        raise PlanError(f'"{template}" is not a plan template; use one of {known}.')
    raw = rulebook.plans[template]
    check_template(raw)
    begin = proposed_start(calendar, today) if start is None else start
    check_start(begin)
    begin = calendar.first_from(begin)
    ground = Ground(
        counts=counts.planned,
        facts=facts,
        sight=sight,
        rulebook=rulebook,
        today=today,
        fresh_days=raw["fresh_days"],
        named_families=_named_families(raw),
        subdag_dags=subdag_dags,
    )
    windows = [_window(row, calendar, begin) for row in raw["phases"]]
    cutover = _cutover(raw, windows, calendar)
    wished = _cutover_without_blackouts(raw, calendar, begin)
    windows = _moved_after(raw, windows, calendar, cutover[0] - wished[0])
    builder = _Builder(ground, signatures, calendar, begin, cutover)
    phases = _with_slip(
        [builder.phase(row, window) for row, window in zip(raw["phases"], windows, strict=True)],
        calendar,
        today,
        cutover,
    )
    return Plan(
        template=template,
        name=raw["name"],
        view=raw["view"],
        unit=raw["unit"],
        start=begin,
        proposed=start is None,
        today=today,
        target_line=ground.target_line,
        phases=tuple(phases),
        cutover=cutover,
        cutover_wished=wished,
        blackouts=calendar.blackouts_in(wished[0], cutover[1]) if wished != cutover else (),
        before_after=tuple(
            builder.comparison(row) for row in raw["before_after"] if builder.holds(row)
        ),
        days_off=tuple(calendar.days_off(begin, phases[-1].end)),
        knows_days_off=bool(calendar.country or calendar.extra),
    )


def _named_families(raw: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        family
        for phase in raw["phases"]
        for activity in phase["activities"]
        for family in activity.get("families", ())
    )


def _window(row: Mapping[str, Any], calendar: WorkingCalendar, start: date) -> tuple[date, date]:
    """First and last working day of a phase, before any slip."""
    if "months" in row:
        first, last = row["months"]
        begin = months_after(start, first - 1)
        after = months_after(start, last)
        return calendar.first_from(begin), calendar.last_until(after - timedelta(days=1))
    first, last = row["weeks"]
    begin = calendar.add(start, (first - 1) * WORKING_DAYS_A_WEEK)
    end = calendar.add(start, last * WORKING_DAYS_A_WEEK - 1)
    return calendar.weekend_from(end) if row.get("window") == "weekend" else (begin, end)


def _cutover(
    raw: Mapping[str, Any], windows: Sequence[tuple[date, date]], calendar: WorkingCalendar
) -> tuple[date, date]:
    """The phase that is a weekend, or the first whole weekend of the last phase."""
    for row, window in zip(raw["phases"], windows, strict=True):
        if row.get("window") == "weekend":
            return window
    return calendar.weekend_from(windows[-1][0])


def _cutover_without_blackouts(
    raw: Mapping[str, Any], calendar: WorkingCalendar, begin: date
) -> tuple[date, date]:
    free = replace(calendar, blackouts=())
    return _cutover(raw, [_window(row, free, begin) for row in raw["phases"]], free)


def _moved_after(
    raw: Mapping[str, Any],
    windows: Sequence[tuple[date, date]],
    calendar: WorkingCalendar,
    later: timedelta,
) -> list[tuple[date, date]]:
    """The windows, with what follows the cutover as much later as blackouts have moved it."""
    if not later:
        return list(windows)
    at = next((n for n, row in enumerate(raw["phases"]) if row.get("window") == "weekend"), None)
    if at is None:
        # The cutover lies in the last phase, which then ends later.
        start, end = windows[-1]
        return [*windows[:-1], (start, calendar.first_from(end + later))]
    moved = [
        (calendar.first_from(start + later), calendar.first_from(end + later))
        for start, end in windows[at + 1 :]
    ]
    return [*windows[: at + 1], *moved]


def errors_milestone(
    template: str, *, start: date, calendar: WorkingCalendar, rulebook: Rulebook
) -> Milestone:
    """When the plan expects no ERROR to be open: the end of the first phase whose gate says so.

    Raises:
        PlanError: there is no such template, or none of its gates is about ERRORs.
    """
    if template not in rulebook.plans:
        raise PlanError(f'"{template}" is not a plan template.')
    raw = rulebook.plans[template]
    begin = calendar.first_from(start)
    windows = [_window(row, calendar, begin) for row in raw["phases"]]
    cutover, _monday = _cutover(raw, windows, calendar)
    for row, (_first, last) in zip(raw["phases"], windows, strict=True):
        if any(gate["measure"] == "errors" for gate in row["gates"]):
            phase = f"phase {row['key']} ({row['name']})"
            return Milestone(phase=phase, end=last, cutover=cutover)
    raise PlanError(f'The template "{template}" has no gate about ERRORs.')


class _Builder:
    """Builds phases one after the other: whether a gate may pass early depends on those before it."""

    def __init__(
        self,
        ground: Ground,
        signatures: Mapping[str, Signature],
        calendar: WorkingCalendar,
        start: date,
        cutover: tuple[date, date],
    ) -> None:
        self.ground, self.signatures, self.calendar = ground, signatures, calendar
        self.start, self.cutover = start, cutover
        self.blanks = _blanks(ground)
        self.all_passed = True
        self.last_end = start
        """No phase begins before the one before it has ended; adoption begins on the Monday itself."""

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether what exists only under a condition exists here."""
        return _CONDITIONS[row["only"]](self.ground) if "only" in row else True

    def phase(self, row: Mapping[str, Any], window: tuple[date, date]) -> Phase:
        start, end = max(window[0], self.last_end), window[1]
        started = self.ground.today >= start
        rows = [gate for gate in row["gates"] if self.holds(gate)]
        gates = tuple(self._gate(gate, started, end) for gate in rows)
        passed = all(gate.state is GateState.PASS for gate in gates)
        self.all_passed &= passed
        self.last_end = end
        return Phase(
            key=row["key"],
            name=row["name"],
            when=_when(row),
            start=start,
            end=end,
            open_end=row.get("open_end", False),
            state=self._state(passed, started, end),
            axes=tuple(Axis(axis) for axis in row["axes"]),
            activities=self._activities(row, (start, end), passed),
            gates=gates,
            risk=row["risk"],
            slip_days=0,
            expected_end=end,
        )

    def _state(self, passed: bool, started: bool, end: date) -> PhaseState:
        if passed:
            return PhaseState.PASSED
        if self.ground.today > end:
            return PhaseState.LATE
        return PhaseState.RUNNING if started else PhaseState.NOT_STARTED

    def _gate(self, row: Mapping[str, Any], started: bool, end: date) -> Gate:
        ask = row.get("ask", "").format_map(self.blanks)
        reading = read_gate(row["measure"], self.ground, ask=ask)
        signature = self.signatures.get(row["key"]) if reading.signable else None
        if signature:
            note = f": {signature.note}" if signature.note else "."
            signed = f"Signed by {signature.person} on {short(signature.on, today=self.ground.today)}{note}"
            reading = Reading(GateState.PASS, signed, signable=True)
        elif not self._has_happened(end):
            reading = replace(
                reading,
                state=GateState.WAITING,
                signable=False,
                evidence=f"Not yet. {reading.evidence}",
            )
        elif not started:
            reading = self._before_its_time(reading)
        return Gate(
            key=row["key"],
            text=row["text"].format_map(self.blanks),
            wants=row["wants"].format_map(self.blanks),
            measure=row["measure"],
            state=reading.state,
            evidence=reading.evidence,
            signable=reading.signable,
            signed_by=signature.person if signature else "",
            signed_on=signature.on if signature else None,
        )

    def _has_happened(self, end: date) -> bool:
        """False for a gate of the cutover or after it while the cutover has not begun: nobody saw it pass."""
        return end < self.cutover[0] or self.ground.today >= self.cutover[0]

    def _before_its_time(self, reading: Reading) -> Reading:
        """A gate of a phase that has not begun waits, unless it and all before it have passed already."""
        if reading.state is GateState.PASS and self.all_passed:
            return reading
        if reading.signable:
            return reading
        return replace(
            reading, state=GateState.WAITING, evidence=f"Not started. {reading.evidence}"
        )

    def _activities(
        self, row: Mapping[str, Any], window: tuple[date, date], passed: bool
    ) -> tuple[Activity, ...]:
        built = [
            self._activity(entry, window, passed)
            for entry in row["activities"]
            if self.holds(entry)
        ]
        return tuple(
            activity for activity in built if activity.measure != "other-errors" or activity.total
        )

    def _activity(
        self, row: Mapping[str, Any], window: tuple[date, date], passed: bool
    ) -> Activity:
        families = frozenset(row.get("families", ()))
        progress = read_activity(
            row["measure"],
            self.ground,
            families=families,
            passed=passed,
            evidence=row.get("evidence", ""),
        )
        return Activity(
            key=row["key"],
            text=row["text"].format_map(self.blanks),
            measure=row["measure"],
            axis=Axis(row["axis"]),
            total=progress.total,
            done=progress.done,
            waived=progress.waived,
            unit=_UNITS.get(row["measure"], "step"),
            families=tuple(sorted(families)),
            due=self._due(row, window),
            minutes=progress.minutes,
            owners=progress.owners,
            evidence=progress.evidence,
        )

    def _due(self, row: Mapping[str, Any], window: tuple[date, date]) -> date:
        start, end = window
        if row.get("due") == "start":
            return start
        if row.get("due") == "cutover":
            return min(end, self.cutover[1])
        if "week" in row:
            due = self.calendar.add(self.start, row["week"] * WORKING_DAYS_A_WEEK - 1)
            return max(start, min(end, due))
        return end

    def comparison(self, row: Mapping[str, Any]) -> Comparison:
        return Comparison(
            key=row["key"],
            label=row["label"],
            before=row["before"].format_map(self.blanks),
            now=row["now"].format_map(self.blanks),
            after=row["after"].format_map(self.blanks),
        )


_CONDITIONS = {
    "below-stop-line": lambda ground: ground.below_stop_line,
    "hybrid": lambda ground: ground.facts.hybrid_workload,
    "no-hybrid": lambda ground: not ground.facts.hybrid_workload,
    "mlops": lambda ground: ground.facts.mlops_roadmap,
    "custom-xcom": lambda ground: ground.facts.custom_xcom_backend,
    "no-custom-xcom": lambda ground: not ground.facts.custom_xcom_backend,
}
_UNITS = {
    "family": "finding",
    "other-errors": "finding",
    "warnings": "finding",
    "owned": "finding",
    "owners": "finding",
    "xcom-backend": "finding",
    "dags": "DAG",
    "inventory": "source",
    "providers": "provider",
}


def _when(row: Mapping[str, Any]) -> str:
    unit = "week" if "weeks" in row else "month"
    first, last = row[f"{unit}s"]
    if row.get("open_end"):
        return f"From {unit} {first}"
    return (
        f"{unit.capitalize()} {first}"
        if first == last
        else f"{unit.capitalize()}s {first} to {last}"
    )


BLANKS = frozenset(
    {
        *("subdags", "removed_calls", "datasets", "other_errors", "errors", "warnings"),
        *("errors_ever", "warnings_ever", "subdags_ever", "subdags_left", "datasets_ever"),
        *("datasets_left", "xcom_left", "dags", "current", "target", "release", "executor"),
        *("stop", "python"),
    }
)
"""Every name that a template's text may leave blank."""


def _blanks(ground: Ground) -> dict[str, str]:
    """What fills the blanks of this deployment's plan."""
    counts, facts = ground.counts, ground.facts

    def said(number: int) -> str:
        return f"{number:,}" if ground.sight.scanned_at else "not scanned yet"

    def ever(family: str) -> str:
        return said(counts.in_families({family}).number)

    def left(family: str) -> str:
        return said(counts.in_families({family}).active.number)

    target = (
        ground.rulebook.support["lines"]
        .get(ground.target_line, {})
        .get("latest", ground.target_line)
    )
    warnings = counts.of(Severity.WARNING)
    return {
        "subdags": ever("subdags")
        if ground.subdag_dags is None
        else plural(ground.subdag_dags, "DAG"),
        "removed_calls": ever("removed-api"),
        "datasets": ever("assets"),
        "other_errors": said(ground.errors.outside_families(ground.named_families).number),
        "errors": said(ground.errors.active.number),
        "warnings": said(warnings.active.number),
        "errors_ever": said(ground.errors.number),
        "warnings_ever": said(warnings.number),
        "subdags_ever": ever("subdags"),
        "subdags_left": left("subdags"),
        "datasets_ever": ever("assets"),
        "datasets_left": left("assets"),
        "xcom_left": left("xcom-backend"),
        "dags": plural(facts.dag_count, "DAG"),
        "current": facts.current_version,
        "target": ground.target_line,
        "release": target,
        "executor": facts.executor,
        "stop": ground.stop_line,
        "python": ground.next_python() or "one that both sides run",
    }


def _with_slip(
    phases: Sequence[Phase], calendar: WorkingCalendar, today: date, cutover: tuple[date, date]
) -> list[Phase]:
    """A phase past its end without its gate slips, and moves everything after it by as many days."""
    slipped: list[Phase] = []
    moved = 0
    for phase in phases:
        if not phase.passed and not phase.open_end:
            moved = max(moved, (today - phase.end).days)
        slip = 0 if phase.passed else moved
        expected = _slipped_end(phase, slip, calendar, cutover) if slip else phase.end
        slipped.append(replace(phase, slip_days=slip, expected_end=expected))
    return slipped


def _slipped_end(
    phase: Phase, slip: int, calendar: WorkingCalendar, cutover: tuple[date, date]
) -> date:
    """Where a phase ends after its slip: on a working day, and the cutover on a weekend that is free for it."""
    if (phase.start, phase.end) == cutover:
        return calendar.weekend_from(phase.start + timedelta(days=slip))[1]
    return calendar.first_from(phase.end + timedelta(days=slip))


# --- In words --------------------------------------------------------------------------------------------


def sentence(plan: Plan) -> str:
    """The plan in the words a manager would repeat."""
    length = f"{plan.name} to Airflow {plan.target_line}"
    friday, monday = plan.cutover
    weekend = (
        f"{with_weekday(friday, today=plan.today)} to {with_weekday(monday, today=plan.today)}"
    )
    start = with_weekday(plan.start, today=plan.today)
    if plan.proposed:
        return f"{length}: a start on {start} puts the cutover on {weekend}."
    if plan.current is None:
        return f"{length}: every gate has passed."
    if plan.today < plan.start and plan.current is plan.phases[0]:
        return f"{length}: it starts on {start}, with the cutover on {weekend}."
    return f"{length}: {_passed_words(plan)}, {_gate_words(plan.current, plan.today)}."


def days_off_sentence(plan: Plan) -> str:
    """What the dates take for days off, so that nobody finds Christmas among the working days too late.

    And which blackouts moved the cutover, where some did.
    """
    return f"{_days_off(plan)} {blackout_sentence(plan)}".rstrip()


def _days_off(plan: Plan) -> str:
    if not plan.knows_days_off:
        return "No public holidays or days off are set, so every weekday counts as worked."
    if not plan.days_off:
        return "No public holiday or day off lies within the plan."
    days = ", ".join(f"{short(day, today=plan.today)} {name}" for day, name in plan.days_off)
    return f"Days off stepped over: {days}."


def blackout_sentence(plan: Plan) -> str:
    """Which weekend the cutover would be on without blackouts, and which moved it; empty where none did."""
    if not plan.blackouts:
        return ""
    wished, found = (
        with_weekday(weekend[0], today=plan.today)
        for weekend in (plan.cutover_wished, plan.cutover)
    )
    why = " and ".join(blackout.words for blackout in plan.blackouts)
    return f"The cutover moved from {wished} to {found}, because nothing is cut over on: {why}."


def _passed_words(plan: Plan) -> str:
    passed = [phase.key for phase in plan.phases if phase.passed]
    if not passed:
        return "no gate has passed yet"
    return f"gate{'s' if len(passed) > 1 else ''} {', '.join(passed)} passed"


def _gate_words(phase: Phase, today: date) -> str:
    if phase.open_end:
        return f"and gate {phase.key} is looked at on {short(phase.end, today=today)}"
    days = (phase.end - today).days
    if days < 0:
        return f"and gate {phase.key} is {plural(-days, 'day')} late"
    if days == 0:
        return f"and gate {phase.key} is due today"
    return f"and gate {phase.key} is due in {plural(days, 'day')}"


_TEXTS = ("text", "wants", "ask", "before", "now", "after")


def check_template(raw: Mapping[str, Any]) -> None:
    """
    Raises:
        PlanError: a measure, condition, axis or blank of the template is not known.
    """
    for phase in raw["phases"]:
        for kind, known in (("activities", ACTIVITY_MEASURES), ("gates", GATE_MEASURES)):
            for row in phase[kind]:
                if row["measure"] not in known:
                    raise PlanError(f'{row["key"]}: "{row["measure"]}" is not a measure of {kind}.')
                _check_row(row)
    for row in raw["before_after"]:
        _check_row(row)


def _check_row(row: Mapping[str, Any]) -> None:
    if row.get("only", "hybrid") not in _CONDITIONS:
        raise PlanError(f'{row["key"]}: "{row["only"]}" is not a condition.')
    if row.get("axis", Axis.OTHER) not in set(Axis):
        raise PlanError(f'{row["key"]}: "{row["axis"]}" is not an axis.')
    for text in (row.get(name, "") for name in _TEXTS):
        for _, blank, _, _ in Formatter().parse(text):
            if blank is not None and blank not in BLANKS:
                raise PlanError(f"{row['key']}: {{{blank}}} is not a blank that can be filled.")
