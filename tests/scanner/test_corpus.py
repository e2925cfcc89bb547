"""Every labelled case gives exactly what it is labelled with."""

from pathlib import Path

import pytest

from planner.scanner.checks import rules_checked
from tests.scanner.corpus import Case, cases, found_in

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_exactly_the_labelled_findings(case: Case, tmp_path: Path) -> None:
    assert found_in(case, tmp_path) == case.expect


def test_every_rule_has_hits_and_a_near_miss() -> None:
    without = {}
    for rule in rules_checked():
        own = [case for case in CASES if case.rule == rule]
        hits = sum(case.expect.total() > 0 for case in own)
        misses = sum(not case.expect for case in own)
        if hits < 2 or misses < 1:
            without[rule] = (hits, misses)
    assert not without
