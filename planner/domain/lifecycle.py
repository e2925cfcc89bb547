"""Events and states: what a person may do with a finding, and what a scan proves about it.

A finding's state is the fold of its append-only event log. Nothing here closes a finding unless its file was
scanned, its rule was run and the checker succeeded; every other kind of absence has a name of its own.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from planner.domain.finding import ACTIVE_STATES, CLOSED_STATES, LIVE_STATES, State
from planner.domain.report import Coverage


class Kind(StrEnum):
    """What an event of the log says happened."""

    OPENED = "opened"
    MOVED = "moved"
    FIXED = "fixed"
    REMOVED = "removed"
    REOPENED = "reopened"
    CONTRADICTED = "contradicted"
    CLAIMED = "claimed"
    UNCLAIMED = "unclaimed"
    WAIVED = "waived"
    WAIVER_ENDED = "waiver_ended"
    WAIVER_EXTENDED = "waiver_extended"
    WAIVER_ASKED = "waiver_asked"
    WAIVER_UNASKED = "waiver_unasked"
    WAIVER_DECLINED = "waiver_declined"
    SILENCED = "silenced"
    UNSILENCED = "unsilenced"
    ASSIGNED = "assigned"
    HANDOVER_ASKED = "handover_asked"
    HANDOVER_REFUSED = "handover_refused"
    HANDOVER_SETTLED = "handover_settled"
    HANDOVER_UNASKED = "handover_unasked"
    DUE_SET = "due_set"
    NOTED = "noted"
    RERATED = "rerated"


class NotAllowed(ValueError):
    """A step that the finding's state does not permit. The message is one sentence for a person."""


_STEPS: dict[Kind, dict[State, State]] = {
    Kind.OPENED: {},
    Kind.FIXED: dict.fromkeys(LIVE_STATES, State.FIXED),
    Kind.REMOVED: dict.fromkeys(LIVE_STATES, State.REMOVED),
    Kind.REOPENED: dict.fromkeys(CLOSED_STATES, State.OPEN),
    Kind.CONTRADICTED: {State.CLAIMED: State.OPEN},
    Kind.CLAIMED: {State.OPEN: State.CLAIMED},
    Kind.UNCLAIMED: {State.CLAIMED: State.OPEN},
    Kind.WAIVED: dict.fromkeys(ACTIVE_STATES, State.WAIVED),
    Kind.WAIVER_ENDED: {State.WAIVED: State.OPEN},
}
"""From which state to which. Kinds that are not listed leave the state as it is."""


def after(state: State, kind: Kind) -> State:
    """The state that follows.

    Raises:
        NotAllowed: the step makes no sense from this state.
    """
    steps = _STEPS.get(kind)
    if steps is None:
        return state
    if state not in steps:
        raise NotAllowed(f"A finding that is {state} cannot be {kind.replace('_', ' ')}.")
    return steps[state]


class Absence(StrEnum):
    """Why a known finding is not in a scan."""

    FIXED = "fixed"
    FILE_GONE = "file deleted"
    DAG_GONE = "DAG deleted"
    FILE_NOT_SCANNED = "file not scanned"
    RULE_NOT_RUN = "rule not run"
    LEFT_OUT = "some items of the report could not be read"
    UNKNOWN = "unknown"

    @property
    def closes_as(self) -> Kind | None:
        """The event that it proves; None where it proves nothing and no state changes."""
        return _CLOSING.get(self)


_CLOSING = {
    Absence.FIXED: Kind.FIXED,
    Absence.FILE_GONE: Kind.REMOVED,
    Absence.DAG_GONE: Kind.REMOVED,
}


PARSE_ERROR = "invalid-syntax"
CHECK_STOPPED = "check-stopped"
UNREAD = frozenset({PARSE_ERROR, CHECK_STOPPED})
"""The rules of files that could not be read, or not by every check: what else such a file may hold is not known."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What one scan proves about the absence of a finding."""

    coverage: Coverage
    unreadable: Collection[str] = field(default_factory=frozenset)
    """Files that the checker could not parse."""
    quiet_rules: Collection[str] = field(default_factory=frozenset)
    """Rules that only run on request (ruff's --preview) and of which a bare report shows no trace."""
    own_rules: Collection[str] = field(default_factory=frozenset)
    """Rules that this checker runs, whichever checker saw the finding last: ruff's rules run in the upgrade
    check too."""
    dags_gone: Collection[str] = field(default_factory=frozenset)
    """Files that are still there, but none of the DAGs that they had is in the code any more."""
    some_left_out: bool = False
    """Items could not be read; any absent finding may be one of them."""

    @property
    def looked_at_nothing(self) -> bool:
        """An empty folder, or one that was not there: no success, whatever the checker says."""
        return self.coverage.files is not None and not self.coverage.files

    def of(self, *, checker: str, path: str, rule_id: str) -> Absence:
        """Why a finding of ``checker`` at ``path`` is absent; see ``Absence.closes_as`` for what that proves."""
        if self.coverage.status not in ("success", "partial") or self.looked_at_nothing:
            return Absence.UNKNOWN
        if not self._ran(checker, rule_id):
            return Absence.RULE_NOT_RUN
        if self.some_left_out:
            return Absence.LEFT_OUT
        if self.coverage.files is not None:
            return self._by_files(path, rule_id)
        if not self.coverage.complete:
            return Absence.FILE_NOT_SCANNED
        if path in self.unreadable and rule_id not in UNREAD:
            return Absence.FILE_NOT_SCANNED
        return Absence.FIXED

    def _by_files(self, path: str, rule_id: str) -> Absence:
        files = self.coverage.files or frozenset()
        if path not in files:
            whole_tree = self.coverage.complete and self.coverage.status == "success"
            return Absence.FILE_GONE if whole_tree else Absence.FILE_NOT_SCANNED
        if path in self.unreadable and rule_id not in UNREAD:
            return Absence.FILE_NOT_SCANNED
        return Absence.DAG_GONE if path in self.dags_gone else Absence.FIXED

    def _ran(self, checker: str, rule_id: str) -> bool:
        if self.coverage.rules is not None:
            return rule_id in self.coverage.rules
        is_own = checker == self.coverage.checker or rule_id in self.own_rules
        return is_own and rule_id not in self.quiet_rules
