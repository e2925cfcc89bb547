"""What a scan means for whoever ran it: each finding with its owner and remedy, and whether it fails."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import msgspec

from planner.domain.finding import Severity
from planner.domain.lifecycle import UNREAD
from planner.domain.ownership import Assigner
from planner.domain.rating import Rater, instead_of, when_of
from planner.domain.report import Observation
from planner.domain.rules import Rule, Rulebook
from planner.parsers.fix import Fix
from planner.scanner.dags import dag_ids_by_file, owners_by_file
from planner.scanner.result import ScanResult, Skipped
from planner.scanner.suppression import IGNORED, Ignore

NOBODY = "nobody yet"


class Exit(IntEnum):
    """The command's exit codes (contract)."""

    CLEAN = 0
    NEW_ERRORS = 1
    USAGE = 2
    GAPS = 3


@dataclass(frozen=True, slots=True)
class Found:
    """One finding that counts."""

    seen: Observation
    rule_id: str
    rule: Rule | None
    when: str
    """When it can be fixed: now, shim, provider or after."""
    fix: Fix | None
    """What a machine would write instead."""
    instead: str
    owner: str
    """As people write it; empty where nobody is known."""
    because: str
    """Who says so."""
    dag_ids: tuple[str, ...]
    is_known: bool
    """The baseline lists it."""

    @property
    def is_safely_fixed_now(self) -> bool:
        """An edit that changes nothing else, and runs on both sides of the upgrade."""
        return self.fix is not None and self.fix.applicability == "safe" and self.fix.side == "now"

    @property
    def is_error(self) -> bool:
        return self.seen.severity == Severity.ERROR


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that a format prints."""

    result: ScanResult
    target: str
    findings: list[Found]
    blocking: frozenset[int]
    """Indices of findings that fail the run."""
    gaps: list[Skipped]
    """What was not checked although code may lie there, and that nobody has listed."""
    has_baseline: bool
    fail_on: str
    patch: str = ""
    """The patch that this run writes."""
    unused: Sequence[Ignore] = ()
    expired: Sequence[Ignore] = ()
    notes: list[str] = field(default_factory=list)
    """Sentences about this run."""

    @property
    def exit(self) -> Exit:
        """3 wins over 1: who has not seen everything cannot say that the rest is all."""
        if self.gaps or self.result.coverage.status != "success":
            return Exit.GAPS
        return Exit.NEW_ERRORS if self.blocking else Exit.CLEAN

    def count(self, severity: Severity) -> int:
        return sum(found.seen.severity == severity for found in self.findings)

    @property
    def blocked(self) -> list[Found]:
        return [self.findings[index] for index in sorted(self.blocking)]


def found_in(
    result: ScanResult, *, target: str, rulebook: Rulebook, known: frozenset[int]
) -> list[Found]:
    """Every finding that counts with what the rulebook and the tree say of it."""
    rater = Rater(rulebook, target_line=target, tool_version=result.coverage.tool_version)
    owners = Owners(result, rulebook)
    dag_ids = dag_ids_by_file(result)
    when_told, instead_told, owner_told = (  # the same few again and again
        functools.cache(functools.partial(when_of, rulebook=rulebook)),
        functools.cache(functools.partial(instead_of, rulebook=rulebook)),
        functools.cache(owners.of),
    )
    found = []
    for index, one in enumerate(result.observations):
        rule_id = rater(one).rule_id
        owner, because = owner_told(one.path)
        fix = msgspec.json.decode(one.fix, type=Fix) if one.fix else None
        found.append(
            Found(
                seen=one,
                rule_id=rule_id,
                rule=rulebook.rules.get(rule_id),
                when=(fix.when if fix else "") or when_told(rule_id, one.symbol),
                fix=fix,
                instead=instead_told(rule_id, one.symbol),
                owner=owner,
                because=because,
                dag_ids=tuple(dag_ids.get(one.path, ())),
                is_known=index in known,
            )
        )
    return found


class Owners:
    """Who to ask about a file: CODEOWNERS first, then the DAG's own owner."""

    def __init__(self, result: ScanResult, rulebook: Rulebook) -> None:
        self._assigner = Assigner(
            result.codeowners,
            {path: [owner] for path, owner in owners_by_file(result.dags).items()},
            [],
            {},
            not_people=rulebook.ownership["not_people"],
        )

    def of(self, path: str) -> tuple[str, str]:
        """The owner's name as it is written, and where that is said."""
        key, because = self._assigner.assign(path)
        return (self._assigner.spellings.get(key, key), because) if key else ("", because)


def gaps_in(result: ScanResult, findings: Sequence[Found]) -> list[Skipped]:
    """What was not checked, without the files that the baseline or the ignore file lists as unreadable."""
    excused = {
        found.seen.path for found in findings if found.seen.rule in UNREAD and found.is_known
    }
    excused |= {
        silenced.observation.path
        for silenced in result.suppressed
        if silenced.kind == IGNORED and silenced.observation.rule in UNREAD
    }
    return [gap for gap in result.gaps if gap.path not in excused]


def blocking(findings: Sequence[Found], fail_on: str) -> frozenset[int]:
    """Which findings fail the run."""
    if fail_on == "never":
        return frozenset()
    return frozenset(
        index
        for index, found in enumerate(findings)
        if found.is_error and (fail_on == "errors" or not found.is_known)
    )
