"""A deployment in the sentence a manager would repeat: the verdict, and what stands before the next gate."""

from __future__ import annotations

from planner.domain.dates import short
from planner.domain.decision import Decision
from planner.domain.finding import Severity
from planner.domain.measure import GateState
from planner.domain.numbers import plural
from planner.domain.plan import Gate, Phase, Plan
from planner.domain.tally import Counts


def headline(decision: Decision, plan: Plan, counts: Counts, *, scanned: bool) -> str:
    """The answer of the overview."""
    verdict = decision.verdict.value
    return f"{verdict[0].upper()}{verdict[1:]}. {_what_stands(plan, counts, scanned=scanned)}"


def _what_stands(plan: Plan, counts: Counts, *, scanned: bool) -> str:
    phase = plan.current
    if not scanned:
        return "Nothing has been scanned yet, so nobody knows what stands in the way."
    if phase is None:
        return "Every gate has passed."
    left = counts.planned.of(Severity.ERROR).active.number
    gate, when = _next_gate(phase), _when(phase, plan)
    if gate.measure == "errors" and left:
        return f"{_errors(left)} between you and gate {phase.key}{when}."
    comma = "," if when else ""
    return f"Gate {phase.key}{when}{comma} waits for {gate.wants}. {_errors_after(left)}"


def _errors(left: int) -> str:
    return f"{plural(left, 'ERROR')} {'stands' if left == 1 else 'stand'}"


def _errors_after(left: int) -> str:
    if not left:
        return "No ERROR is open."
    return f"{plural(left, 'ERROR')} {'is' if left == 1 else 'are'} to be fixed before the cutover."


def _when(phase: Phase, plan: Plan) -> str:
    """', 3 days late', ', due 30 Oct'; nothing where no start is set."""
    if phase.slip_days and phase.end < plan.today:
        return f", {plural(phase.slip_days, 'day')} late"
    return "" if plan.proposed else f", due {short(phase.end, today=plan.today)}"


def _next_gate(phase: Phase) -> Gate:
    """What to talk about first: a gate that fails, then one that is not known, then one that waits."""
    order = (GateState.FAIL, GateState.UNKNOWN, GateState.WAITING)
    return min(phase.blocking, key=lambda gate: order.index(gate.state))


def next_gate(plan: Plan) -> tuple[Phase, Gate] | None:
    """The phase that is on and the gate it waits for; None when all have passed."""
    return (plan.current, _next_gate(plan.current)) if plan.current else None


def gates_sentence(plan: Plan) -> str:
    """'Gate A has passed. Gate B waits for 1 of 2: 0 ERROR.'"""
    passed = [phase.key for phase in plan.phases if phase.passed]
    before = f"Gate{'s' if len(passed) > 1 else ''} {', '.join(passed)} passed. " if passed else ""
    if plan.current is None:
        return "Every gate has passed."
    phase = plan.current
    waiting = len(phase.blocking)
    return (
        f"{before}Gate {phase.key} waits for {waiting} of {plural(len(phase.gates), 'condition')}."
    )
