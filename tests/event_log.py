"""What a finding's events say of its state: the answer that the stored state must agree with."""

from __future__ import annotations

from collections.abc import Iterable

from planner.domain.finding import CLOSED_STATES, State
from planner.domain.lifecycle import Kind, after


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
