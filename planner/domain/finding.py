"""The vocabulary: what a finding is, how bad, of which kind, and in which state."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """How a finding behaves on the target release (domain.md §1)."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"


class Category(StrEnum):
    """Triage of a finding. STYLE is kept and counted apart, out of plans and gates."""

    BLOCK = "block"
    MIGRATE = "migrate"
    ADOPT = "adopt"
    STYLE = "style"


class Axis(StrEnum):
    """The five fronts of an upgrade; each has a named lead per deployment."""

    WORKERS = "workers"
    VERSIONING = "versioning"
    MLOPS = "mlops"
    UI = "ui"
    OTHER = "other"


class State(StrEnum):
    """Where a finding is in its life. ``regressed`` is a flag on OPEN, not a state."""

    OPEN = "open"
    CLAIMED = "claimed"
    FIXED = "fixed"
    REMOVED = "removed"
    WAIVED = "waived"


LIVE_STATES = (State.OPEN, State.CLAIMED, State.WAIVED)
"""States of a finding that the newest proof still sees in the code."""

CLOSED_STATES = (State.FIXED, State.REMOVED)
"""States that a scan has proved: the problem is no longer in the code."""

ACTIVE_STATES = (State.OPEN, State.CLAIMED)
"""States that count as work to do."""

CATEGORY_OF_SEVERITY = {
    Severity.ERROR: Category.BLOCK,
    Severity.WARNING: Category.MIGRATE,
    Severity.INFO: Category.ADOPT,
}
"""The default category, used unless the rulebook says otherwise."""


def dag_count(dag_ids: str) -> int:
    """How many DAGs a text with one id a line names."""
    return dag_ids.count("\n") + 1 if dag_ids else 0


SEVERITY_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
