"""By when a finding is due."""

from datetime import date

import pytest

from planner.domain.calendar import working_calendar
from planner.domain.due import DueRule, Milestone
from planner.domain.finding import Category, Severity
from planner.domain.plan import errors_milestone
from planner.rulebook.load import rulebook

DAYS = {"ERROR": 30, "WARNING": 90}
FIRST_SEEN = date(2026, 10, 1)
PHASE_B = Milestone(
    phase="phase B (Block-tier)", end=date(2026, 10, 30), cutover=date(2026, 11, 20)
)


@pytest.mark.parametrize(
    ("severity", "category", "when", "due"),
    [
        (Severity.ERROR, Category.BLOCK, "now", date(2026, 10, 31)),
        (Severity.WARNING, Category.MIGRATE, "shim", date(2026, 12, 30)),
        (Severity.INFO, Category.ADOPT, "now", None),
        (Severity.ERROR, Category.STYLE, "now", None),
        (Severity.ERROR, Category.BLOCK, "after", None),
    ],
)
def test_due_follows_the_severity(
    severity: Severity, category: Category, when: str, due: date | None
) -> None:
    rule = DueRule(days=DAYS)
    assert rule.due(first_seen=FIRST_SEEN, severity=severity, category=category, when=when) == due


@pytest.mark.parametrize(
    ("first_seen", "due"),
    [
        (date(2026, 3, 1), date(2026, 10, 30)),
        (date(2026, 10, 30), date(2026, 10, 30)),
        (date(2026, 10, 31), date(2026, 11, 19)),
        (date(2026, 11, 19), date(2026, 11, 19)),
        (date(2026, 11, 20), date(2026, 12, 20)),
    ],
)
def test_errors_are_due_when_the_phase_ends_that_fixes_them(first_seen: date, due: date) -> None:
    """Found later they have days, but not beyond the eve of the cutover while that is ahead."""
    rule = DueRule(days=DAYS, milestone=PHASE_B)
    assert rule.due(first_seen=first_seen, severity=Severity.ERROR, category=Category.BLOCK) == due


def test_the_plan_moves_errors_alone_and_nothing_that_waits_for_the_flip() -> None:
    rule = DueRule(days=DAYS, milestone=PHASE_B)
    warning = {"severity": Severity.WARNING, "category": Category.MIGRATE}
    assert rule.due(first_seen=FIRST_SEEN, **warning) == date(2026, 12, 30)
    error = {"severity": Severity.ERROR, "category": Category.BLOCK}
    assert rule.due(first_seen=FIRST_SEEN, **error, when="after") is None


@pytest.mark.parametrize(
    ("template", "phase", "end"),
    [
        ("nine-weeks", "phase B (Block-tier)", date(2026, 10, 30)),
        ("six-months", "phase 2 (Deprecation clean-up)", date(2026, 11, 20)),
    ],
)
def test_each_template_says_when_no_error_may_be_open(template: str, phase: str, end: date) -> None:
    found = errors_milestone(
        template, start=date(2026, 9, 21), calendar=working_calendar(), rulebook=rulebook()
    )
    assert (found.phase, found.end) == (phase, end)
    assert found.end < found.cutover


def test_the_rule_is_told_in_words() -> None:
    rule = DueRule(days=DAYS, milestone=PHASE_B)
    today = date(2026, 10, 2)
    assert rule.in_words(Severity.WARNING, today=today) == "90 days after a scan first sees it"
    assert rule.in_words(Severity.ERROR, today=today) == (
        "on Fri 30 Oct, when phase B (Block-tier) of the plan ends; one found later 30 days after "
        "it is first seen, but by 19 Nov while the cutover is ahead"
    )
