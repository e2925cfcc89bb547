"""What a finding's events say of its state: the answer that the stored state must agree with."""

from __future__ import annotations

from collections.abc import Iterable

from planner.domain.finding import CLOSED_STATES, State
from planner.domain.lifecycle import Kind, after
from planner.models import Event, Finding


def fold(kinds: Iterable[str]) -> tuple[State, bool]:
    """State and ``regressed`` flag of a finding with these events, oldest first."""
    state, regressed = State.OPEN, False
    for text in kinds:
        kind = Kind(text)
        if kind is Kind.OPENED:
            continue
        state = after(state, kind)
        if kind is Kind.REOPENED:
            regressed = True
        elif state in CLOSED_STATES:
            regressed = False
    return state, regressed


def disagreements() -> list[tuple[int, str, str]]:
    """Findings whose row says something else than their events: id, row, events."""
    kinds: dict[int, list[str]] = {}
    for finding_id, kind in Event.objects.order_by("pk").values_list("finding_id", "kind"):
        kinds.setdefault(finding_id, []).append(kind)
    found = []
    for key, state, regressed in Finding.objects.values_list("pk", "state", "regressed"):
        events = kinds.get(key, [])
        told = fold(events)
        if events[:1] != ["opened"] or told != (state, regressed):
            found.append((key, f"{state} {regressed}", f"{told} of {events}"))
    return found
