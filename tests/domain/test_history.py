"""Events in words."""

from __future__ import annotations

import pytest

from planner.domain.history import change_from, sentence
from planner.domain.lifecycle import Kind


@pytest.mark.parametrize(
    ("kind", "why", "change", "words"),
    [
        ("opened", "", {}, "First found in the scan of 12 Oct."),
        ("claimed", "in #12", {}, "Alice claimed it fixed: in #12."),
        ("unclaimed", "", {}, "Alice took the claim back."),
        (
            "moved",
            "line 3 → 5, same text",
            {},
            "The scan of 12 Oct found it in another place: line 3 → 5, same text.",
        ),
        ("assigned", "", {"owner": ["", "ana"]}, "Assigned to ana."),
        (
            "assigned",
            "Picked by Alice",
            {"owner": ["bea", "ana"]},
            "Assigned to ana, before bea: Picked by Alice.",
        ),
        ("assigned", "", {"owner": ["bea", ""]}, "Went back to nobody, before bea."),
        (
            "waived",
            "Needs a provider.",
            {"waived_until": ["", "2026-11-06"]},
            "Alice waived it until 6 Nov 2026: Needs a provider.",
        ),
        (
            "due_set",
            "",
            {"due": ["2026-10-01", "2026-11-06"]},
            "Alice set it due 6 Nov 2026, before 1 Oct 2026.",
        ),
        ("noted", "", {"note": ["", "<b>"]}, "Alice noted: <b>"),
        ("something_new", "who knows", {}, "Something new: who knows."),
    ],
)
def test_an_event_is_a_sentence(
    kind: str, why: str, change: dict[str, list[str]], words: str
) -> None:
    assert (
        sentence(kind=kind, why=why, change=change, actor="Alice", scan="the scan of 12 Oct")
        == words
    )


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_event_has_its_own_words(kind: Kind) -> None:
    words = sentence(kind=kind, why="", change={}, actor="", scan="")
    assert words.endswith(".")
    assert words != kind.replace("_", " ").capitalize() + "."


def test_an_event_without_change_has_none() -> None:
    assert change_from("") == {}
