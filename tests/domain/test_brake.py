"""Which scans wait for a person, at the very numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.brake import Brake, Toll
from planner.rulebook.load import rulebook

BRAKE = Brake(**rulebook().decision["hold"])


def toll(**numbers: int) -> Toll:
    return Toll(**{"live": 0, "closing": 0, "leaving": 0, "seen": 1, "seen_before": 1, **numbers})


@pytest.mark.parametrize(
    ("closing", "leaving", "live", "is_held"),
    [
        (20, 0, 20, False),  # not more than 20
        (21, 0, 70, False),  # exactly 30 %
        (21, 0, 69, True),
        (0, 21, 69, True),
        (20, 1, 69, True),  # one rule for both together
        (300, 0, 1000, False),
        (301, 0, 1000, True),
        (150, 151, 1000, True),
        (0, 0, 0, False),
    ],
)
def test_more_than_thirty_percent_and_more_than_twenty_wait(
    closing: int, leaving: int, live: int, is_held: bool
) -> None:
    assert bool(BRAKE.why_held(toll(closing=closing, leaving=leaving, live=live))) is is_held


def test_nothing_after_many_waits_even_where_nothing_would_close() -> None:
    assert not BRAKE.why_held(toll(seen=0, seen_before=4, closing=4, live=4))
    assert "the one before it found 5." in BRAKE.why_held(toll(seen=0, seen_before=5))
    assert not BRAKE.why_held(toll(seen=1, seen_before=5_000))


def test_it_says_what_would_happen_in_words() -> None:
    both = BRAKE.why_held(toll(closing=1_200, leaving=3, live=2_000))
    assert both.startswith(
        "This scan would close 1,200 of 2,000 live findings and take 3 from their owners. "
        "More than 30 % and more than 20 wait for a person"
    )
    assert "would take 40 of 90 live findings from their owners." in BRAKE.why_held(
        toll(leaving=40, live=90)
    )


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 2000))
def test_whom_it_takes_findings_from_counts_as_much_as_what_it_closes(
    closing: int, leaving: int, live: int
) -> None:
    one = BRAKE.why_held(toll(closing=closing, leaving=leaving, live=live))
    other = BRAKE.why_held(toll(closing=leaving, leaving=closing, live=live))
    changing = closing + leaving
    assert bool(one) is bool(other) is (changing > 20 and changing > 0.3 * live + 1e-9)
