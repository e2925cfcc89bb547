"""By when a finding is due."""

from datetime import date

import pytest

from planner.domain.due import due_date
from planner.domain.finding import Category, Severity

DAYS = {"ERROR": 30, "WARNING": 90}
FIRST_SEEN = date(2026, 10, 1)


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
    assert (
        due_date(first_seen=FIRST_SEEN, severity=severity, category=category, days=DAYS, when=when)
        == due
    )
