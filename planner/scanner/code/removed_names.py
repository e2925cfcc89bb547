"""The names that a rule is about, as its file in the rulebook lists them: one ``[[cases]]`` for each."""

from __future__ import annotations

import functools

from planner.rulebook.load import rulebook


@functools.cache
def names_of(rule: str) -> frozenset[str]:
    """Every name with a case of its own."""
    return frozenset(case.prefix for case in rulebook().rules[rule].cases)
