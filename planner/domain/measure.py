"""What live data says of a plan's gates and activities. Each measure has a name that templates use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from planner.domain.dates import short
from planner.domain.decision import provider_name
from planner.domain.facts import DeploymentFacts, line_of, version
from planner.domain.finding import Severity
from planner.domain.freshness import aged
from planner.domain.numbers import plural
from planner.domain.rules import Rulebook
from planner.domain.tally import Counts


class GateState(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    WAITING = "waiting"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What has been looked at, and when. Days are in the deployment's zone."""

    sources: int = 0
    missing: tuple[str, ...] = ()
    """Names of sources without a complete scan."""
    complete_at: date | None = None
    """The day of the newest complete scan; with several sources, of the one that is longest ago."""
    scanned_at: date | None = None
    """The newest scan of any kind."""
    ci_at: date | None = None
    """The newest complete scan that CI sent."""
    imports_at: date | None = None
    """The newest import check of a 3.x environment."""

    @property
    def complete(self) -> bool:
        return self.complete_at is not None and not self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Everything that measures may look at."""

    counts: Counts
    """Style left out."""
    facts: DeploymentFacts
    sight: Sight
    rulebook: Rulebook
    today: date
    fresh_days: int
    named_families: frozenset[str] = frozenset()
    """Families that some activity of the template counts."""
    subdag_dags: int | None = None
    """How many DAGs hold SubDAGs; None where findings do not name their DAGs."""

    @property
    def target_line(self) -> str:
        return (
            line_of(self.facts.target_version)
            if self.facts.target_version
            else self.rulebook.default_target
        )

    @property
    def stop_line(self) -> str:
        return str(self.rulebook.support["stop_line"])

    @property
    def below_stop_line(self) -> bool:
        return version(line_of(self.facts.current_version)) < version(self.stop_line)

    @property
    def errors(self) -> Counts:
        return self.counts.of(Severity.ERROR)

    def is_fresh(self, day: date | None) -> bool:
        return day is not None and (self.today - day).days <= self.fresh_days

    def when(self, day: date) -> str:
        """'of 19 Oct, 3 days old'."""
        return f"of {short(day, today=self.today)}, {aged(day, self.today)}"

    def next_python(self) -> str:
        """The Python that today's line, the stop line and the target all run; empty where none is known."""
        lines = self.rulebook.support["lines"]
        ends = [self.stop_line, self.target_line, line_of(self.facts.current_version)]
        known = [set(lines[line]["python"]) for line in ends if line in lines]
        shared = set.intersection(*known) if known else set()
        wanted = [self.facts.python_current, self.facts.python_target]
        kept = [line_of(python) for python in wanted if python and line_of(python) in shared]
        return kept[0] if kept else max(shared, key=version, default="")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a gate's measure found. ``signable`` where data cannot tell and a person may."""

    state: GateState
    evidence: str
    signable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an activity is."""

    total: int
    done: int
    waived: int = 0
    minutes: int = 0
    owners: tuple[tuple[str, int], ...] = ()
    evidence: str = ""


# --- Gates -----------------------------------------------------------------------------------------------


def read_gate(measure: str, ground: Ground, *, ask: str = "") -> Reading:
    """What a gate's measure says today. ``ask`` is what a person signs where data cannot tell."""
    return _GATES[measure](ground, ask)


def _unseen(ground: Ground, of_what: str) -> Reading | None:
    """The answer where the newest complete scan is missing or too old to prove anything."""
    sight = ground.sight
    if sight.scanned_at is None:
        return Reading(GateState.UNKNOWN, "Nothing has been scanned yet.")
    if not sight.complete:
        return Reading(
            GateState.UNKNOWN, f"No complete scan{_of_sources(sight)}, so {of_what} is not proved."
        )
    assert sight.complete_at is not None
    if not ground.is_fresh(sight.complete_at):
        return Reading(
            GateState.UNKNOWN,
            f"The newest complete scan is {aged(sight.complete_at, ground.today)}; "
            f"after {ground.fresh_days} days it no longer proves {of_what}.",
        )
    return None


def _of_sources(sight: Sight) -> str:
    return f" of {', '.join(sight.missing)}" if sight.missing else ""


def _errors_gate(ground: Ground, ask: str) -> Reading:
    left = ground.errors.active
    seen = ground.sight.complete_at or ground.sight.scanned_at
    if left.number:
        back = f"; {left.regressed:,} came back" if left.regressed else ""
        where = f" in the scan {ground.when(seen)}" if seen else ""
        return Reading(GateState.FAIL, f"{left.number:,} ERROR open{where}{back}.")
    unseen = _unseen(ground, "0 ERROR")
    if unseen:
        return unseen
    assert seen is not None
    # Waived is not fixed: another gate asks a person to sign for them, and this one does not hide them.
    waived = f"; {ground.errors.waived:,} waived" if ground.errors.waived else ""
    return Reading(GateState.PASS, f"0 ERROR in the complete scan {ground.when(seen)}{waived}.")


def _waived_gate(ground: Ground, ask: str) -> Reading:
    waived = ground.errors.waived
    if waived:
        sentence = f"{plural(waived, 'ERROR')} {'is' if waived == 1 else 'are'} waived. {ask}"
        return Reading(GateState.WAITING, sentence, signable=True)
    if ground.sight.scanned_at is None:
        return Reading(GateState.UNKNOWN, "Nothing has been scanned yet.")
    return Reading(GateState.PASS, "No waiver covers an ERROR.")


def _owned_gate(ground: Ground, ask: str) -> Reading:
    left = ground.errors.active
    without_owner = left.number - left.owned
    without_date = left.number - left.owned_and_dated - without_owner
    lacking = [
        f"{number:,} {'has' if number == 1 else 'have'} {what}"
        for number, what in ((without_owner, "no owner"), (without_date, "an owner but no date"))
        if number
    ]
    return _all_of(ground, left.number, lacking, "an owner and a date")


def _owners_gate(ground: Ground, ask: str) -> Reading:
    left = ground.errors.active
    without = left.number - left.owned
    lacking = [f"{without:,} {'has' if without == 1 else 'have'} no owner"] if without else []
    return _all_of(ground, left.number, lacking, "an owner")


def _all_of(ground: Ground, total: int, lacking: list[str], what: str) -> Reading:
    if lacking:
        return Reading(GateState.FAIL, f"Of {plural(total, 'open ERROR')}, {', '.join(lacking)}.")
    if not ground.sight.complete:
        return _unseen(ground, "the list of ERRORs") or Reading(GateState.UNKNOWN, "")
    if not total:
        return Reading(GateState.PASS, "No ERROR is open.")
    return Reading(GateState.PASS, f"{total:,} of {total:,} open ERRORs have {what}.")


def _inventory_gate(ground: Ground, ask: str) -> Reading:
    sight = ground.sight
    if sight.scanned_at is None:
        return Reading(GateState.FAIL, "Nothing has been scanned yet.")
    if not sight.complete or sight.complete_at is None:
        return Reading(GateState.FAIL, f"No complete scan{_of_sources(sight)} yet.")
    return Reading(
        GateState.PASS,
        f"{plural(sight.sources, 'source')} scanned completely; "
        f"{'that scan is' if sight.sources == 1 else 'the oldest scan is'} "
        f"{ground.when(sight.complete_at)}.",
    )


def _ci_gate(ground: Ground, ask: str) -> Reading:
    seen = ground.sight.ci_at
    days = ground.rulebook.decision["precondition"]["scan_days"]
    if seen is None:
        return Reading(GateState.FAIL, "No complete scan has come from CI yet.")
    if (ground.today - seen).days > days:
        return Reading(
            GateState.FAIL,
            f"The last complete scan from CI is {ground.when(seen)}; {days} days are allowed.",
        )
    return Reading(GateState.PASS, f"Complete scan from CI {ground.when(seen)}.")


def _imports_gate(ground: Ground, ask: str) -> Reading:
    seen = ground.sight.imports_at
    if seen is None:
        return Reading(
            GateState.WAITING, f"No import check of a {ground.target_line} environment yet."
        )
    failing = _import_errors(ground)
    if failing:
        sentence = f"{plural(failing, 'import error')} in the import check {ground.when(seen)}."
        return Reading(GateState.FAIL, sentence)
    if not ground.is_fresh(seen):
        return Reading(
            GateState.UNKNOWN,
            f"The import check is {aged(seen, ground.today)}; "
            f"after {ground.fresh_days} days it proves nothing.",
        )
    return Reading(GateState.PASS, f"0 import errors in the import check {ground.when(seen)}.")


def _import_errors(ground: Ground) -> int:
    rules = ground.rulebook.rules
    checks = {rule.id for rule in rules.values() if rule.checker == "import-check"}
    return ground.counts.active.where(lambda row: row.rule_id in checks).number


def _python_gate(ground: Ground, ask: str) -> Reading:
    python, wanted = ground.facts.python_current, ground.next_python()
    if not python:
        return Reading(GateState.UNKNOWN, "The facts do not say which Python production runs.")
    if line_of(python) == wanted:
        sentence = f"Production runs Python {python}; {ground.stop_line} and {ground.target_line} run it too."
        return Reading(GateState.PASS, sentence)
    return Reading(
        GateState.FAIL, f"Production runs Python {python}; the way goes through {wanted or 'none'}."
    )


def _stop_line_gate(ground: Ground, ask: str) -> Reading:
    current = ground.facts.current_version
    if ground.below_stop_line:
        return Reading(GateState.FAIL, f"The facts say that production runs {current}.")
    return Reading(GateState.PASS, f"Production runs {current}.")


def _warnings_gate(ground: Ground, ask: str) -> Reading:
    left = ground.counts.of(Severity.WARNING).active.number
    if left:
        return Reading(GateState.FAIL, f"{plural(left, 'WARNING')} open in the code.")
    return _unseen(ground, "0 WARNING") or Reading(GateState.WAITING, ask, signable=True)


def _signature_gate(ground: Ground, ask: str) -> Reading:
    return Reading(GateState.WAITING, ask, signable=True)


SIGNED_MEASURES = frozenset({"parity", "soak", "signature"})
"""What no data can tell: a named person signs."""

_GATES: Mapping[str, Callable[[Ground, str], Reading]] = {
    "errors": _errors_gate,
    "waived": _waived_gate,
    "owned": _owned_gate,
    "owners": _owners_gate,
    "inventory": _inventory_gate,
    "ci": _ci_gate,
    "imports": _imports_gate,
    "python": _python_gate,
    "stop-line": _stop_line_gate,
    "warnings": _warnings_gate,
    **dict.fromkeys(SIGNED_MEASURES, _signature_gate),
}


# --- Activities ------------------------------------------------------------------------------------------


def read_activity(
    measure: str, ground: Ground, *, families: frozenset[str], passed: bool, evidence: str
) -> Progress:
    """How far an activity is. ``passed``: its phase's gate has, which is all that tells of work by hand."""
    counted = _COUNTED.get(measure)
    if counted:
        return _progress(counted(ground, families), ground, evidence)
    return _SINGLE[measure](ground, passed, evidence)


def _progress(counts: Counts, ground: Ground, evidence: str) -> Progress:
    return Progress(
        total=counts.number,
        done=counts.closed,
        waived=counts.waived,
        minutes=counts.minutes,
        owners=counts.owners(),
        evidence=evidence or _counted_words(counts, ground),
    )


def _counted_words(counts: Counts, ground: Ground) -> str:
    if not counts.number:
        return _none_found(ground)
    waived = f", {counts.waived:,} waived" if counts.waived else ""
    back = f", {counts.regressed:,} came back" if counts.regressed else ""
    return f"{counts.closed:,} of {counts.number:,} done{waived}{back}"


def _none_found(ground: Ground) -> str:
    if ground.sight.scanned_at is None:
        return "Not scanned yet"
    return "None found" if ground.sight.complete else "None found so far; the scan is not complete"


_COUNTED: Mapping[str, Callable[[Ground, frozenset[str]], Counts]] = {
    "family": lambda ground, families: ground.counts.in_families(families),
    "other-errors": lambda ground, families: ground.errors.outside_families(ground.named_families),
    "warnings": lambda ground, families: ground.counts.of(Severity.WARNING),
}


def _by_gate(measure: str) -> Callable[[Ground, bool, str], Progress]:
    """Done when the gate of the same measure passes; its evidence says why."""

    def read(ground: Ground, passed: bool, evidence: str) -> Progress:
        reading = read_gate(measure, ground)
        return Progress(
            total=1,
            done=int(reading.state is GateState.PASS),
            evidence=evidence or reading.evidence,
        )

    return read


def _inventory(ground: Ground, passed: bool, evidence: str) -> Progress:
    sight = ground.sight
    total = max(1, sight.sources)
    done = 0 if sight.complete_at is None else total - len(sight.missing)
    return Progress(total=total, done=done, evidence=_inventory_gate(ground, "").evidence)


def _owned(ground: Ground, passed: bool, evidence: str) -> Progress:
    return _given(ground, ground.errors.active.owned_and_dated, "owned and dated")


def _owners(ground: Ground, passed: bool, evidence: str) -> Progress:
    return _given(ground, ground.errors.active.owned, "owned")


def _given(ground: Ground, done: int, what: str) -> Progress:
    left = ground.errors.active
    if not left.number:
        return Progress(total=0, done=0, evidence=_none_found(ground))
    return Progress(
        total=left.number,
        done=done,
        owners=left.owners(),
        evidence=f"{done:,} of {left.number:,} {what}",
    )


def _xcom_backend(ground: Ground, passed: bool, evidence: str) -> Progress:
    found = ground.counts.in_families({"xcom-backend"})
    if found.number:
        return _progress(found, ground, evidence)
    if ground.facts.custom_xcom_backend:
        sentence = "The facts name a custom backend; no scan has found its class."
        return Progress(total=1, done=int(passed), evidence=sentence)
    return Progress(total=0, done=0, evidence="The facts name no custom backend.")


def _rescan(ground: Ground, passed: bool, evidence: str) -> Progress:
    reading = _errors_gate(ground, "")
    return Progress(total=1, done=int(reading.state is GateState.PASS), evidence=reading.evidence)


def _dags(ground: Ground, passed: bool, evidence: str) -> Progress:
    total = ground.facts.dag_count
    words = evidence or (
        f"{plural(total, 'DAG')} run" if passed else "No staging runs are read yet"
    )
    return Progress(total=total, done=total if passed else 0, evidence=words)


def _providers(ground: Ground, passed: bool, evidence: str) -> Progress:
    named = ground.facts.provider_dependencies
    words = [_of_provider(name, ground) for name in named]
    total = max(1, len(named))
    return Progress(
        total=total,
        done=total if passed else 0,
        evidence="; ".join(words) or "No provider is named in the facts.",
    )


def _of_provider(name: str, ground: Ground) -> str:
    known: Mapping[str, Any] = ground.rulebook.decision["providers"]
    name = provider_name(name, known["aliases"])
    if name in known["need_3"]:
        return f"{name} needs 3.x and comes with the cutover"
    if floor := known["first_needing_2_11"].get(name):
        return f"{name} {floor} is the first that needs {ground.stop_line}"
    return f"{name} was not looked up"


def _hand(ground: Ground, passed: bool, evidence: str) -> Progress:
    return Progress(
        total=1, done=int(passed), evidence=evidence or "By hand; done when the gate passes"
    )


_SINGLE: Mapping[str, Callable[[Ground, bool, str], Progress]] = {
    "ci": _by_gate("ci"),
    "python": _by_gate("python"),
    "stop-line": _by_gate("stop-line"),
    "inventory": _inventory,
    "owned": _owned,
    "owners": _owners,
    "xcom-backend": _xcom_backend,
    "rescan": _rescan,
    "dags": _dags,
    "providers": _providers,
    "hand": _hand,
}

GATE_MEASURES = frozenset(_GATES)
ACTIVITY_MEASURES = frozenset(_SINGLE) | frozenset(_COUNTED)
