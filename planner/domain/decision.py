"""When to upgrade: the published rule kept exact, and beside it what it rests on today.

``decide`` is the whole answer for one deployment. The verdict is the published score behind the bandwidth
gate; the second opinion, the evidence opinion, the flips and the effort stand beside it and never change it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from planner.domain.dates import with_year
from planner.domain.effort import Effort, Workload, estimate
from planner.domain.facts import DeploymentFacts, line_of, version
from planner.domain.flips import Flip, SearchSpace, flips_of
from planner.domain.numbers import plural, told_apart
from planner.domain.rules import Rulebook
from planner.domain.support import SupportClock, support_clock


class Verdict(StrEnum):
    NOW = "upgrade now"
    LATER = "upgrade in 6 months"
    DEFER = "defer"


class Opinion(StrEnum):
    NOW = "upgrade now"
    WAIT = "wait"
    DEFER = "defer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One line of the published score."""

    key: str
    label: str
    when: str
    worth: int
    applies: bool
    answer: str
    """The fact that decided it, as a person would say it."""
    truth: str
    """What is true of it today, in words."""
    source: str

    @property
    def points(self) -> int:
        return self.worth if self.applies else 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "points": self.points,
            "applies": self.applies,
            "worth": self.worth,
            "label": self.label,
            "answer": self.answer,
            "truth": self.truth,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The bandwidth gate, tested before the points. Numbers in senior-engineer quarters."""

    need: float
    have: float
    passes: bool
    need_text: str
    have_text: str
    """As many digits as tell the two apart."""
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "need": self.need,
            "have": self.have,
            "passes": self.passes,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion:
    """Any two of four signals, the gate ignored."""

    verdict: Opinion
    agrees: bool
    count: int
    needed: int
    keys: tuple[str, ...]
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict.value,
            "agrees": self.agrees,
            "count": self.count,
            "needed": self.needed,
            "of": list(self.keys),
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOpinion:
    """What the support clock alone says, still behind the gate."""

    verdict: Opinion
    agrees: bool
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        return {"verdict": self.verdict.value, "agrees": self.agrees, "sentence": self.sentence}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A fact that cannot be, or cannot go together with another. It keeps its points."""

    key: str
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        return {"key": self.key, "sentence": self.sentence}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict of a day and everything that stands beside it."""

    verdict: Verdict
    sentence: str
    points: int
    threshold: int
    most_points: int
    signals: tuple[Signal, ...]
    gate: Gate
    second_opinion: SecondOpinion
    evidence_opinion: EvidenceOpinion
    flips: tuple[Flip, ...]
    preconditions: tuple[str, ...]
    ci_first: bool
    """The first precondition is the check in CI."""
    contradictions: tuple[Contradiction, ...]
    support: SupportClock
    effort: Effort
    target: str
    """The release to go to: the newest of the target line."""
    decided_on: date

    def headline(self, name: str) -> str:
        """The verdict as a manager would repeat it: 'Upgrade Production now'."""
        if self.verdict is Verdict.DEFER:
            return f"Defer the upgrade of {name}"
        return f"Upgrade {name} {self.verdict.value.removeprefix('upgrade ')}"

    def as_dict(self) -> dict[str, Any]:
        """The document of ``decide --json``, and what a recorded decision freezes."""
        return {
            "verdict": self.verdict.value,
            "sentence": self.sentence,
            "points": self.points,
            "threshold": self.threshold,
            "most_points": self.most_points,
            "signals": [signal.as_dict() for signal in self.signals],
            "gate": self.gate.as_dict(),
            "second_opinion": self.second_opinion.as_dict(),
            "evidence_opinion": self.evidence_opinion.as_dict(),
            "flips": [flip.as_dict() for flip in self.flips],
            "preconditions": list(self.preconditions),
            "contradictions": [contradiction.as_dict() for contradiction in self.contradictions],
            "support": self.support.as_dict(),
            "effort": self.effort.as_dict(),
            "target": self.target,
            "decided_on": self.decided_on.isoformat(),
        }


def decide(
    facts: DeploymentFacts,
    rulebook: Rulebook,
    *,
    today: date,
    last_ci_check: date | None = None,
    workload: Workload | None = None,
) -> Decision:
    """Decide for one deployment.

    ``last_ci_check`` is the day of the newest complete scan that CI sent; ``workload`` is what the
    findings ask for, None where nothing was scanned yet.
    """
    signals = _signals(facts, rulebook)
    gate = _gate(facts, rulebook)
    verdict = _verdict(signals, gate, rulebook)
    support = support_clock(facts, rulebook.support, today=today)
    second = _second_opinion(signals, verdict, rulebook)
    evidence = _evidence_opinion(gate, support, verdict)
    return Decision(
        verdict=verdict,
        sentence=_sentence(verdict, signals, gate, second, evidence, support, rulebook),
        points=_points(signals),
        threshold=rulebook.decision["score"]["threshold"],
        most_points=sum(signal.worth for signal in signals),
        signals=signals,
        gate=gate,
        second_opinion=second,
        evidence_opinion=evidence,
        flips=flips_of(facts, _judge_by(rulebook), _search_space(rulebook)),
        preconditions=_preconditions(facts, rulebook, today=today, last_ci_check=last_ci_check),
        ci_first=bool(_ci_first(rulebook, today, last_ci_check)),
        contradictions=_contradictions(facts, support, rulebook),
        support=support,
        effort=estimate(
            facts, rulebook.decision["effort"], gate_quarters=gate.need, workload=workload
        ),
        target=(support.target or support.newest).latest,
        decided_on=today,
    )


def _judge_by(rulebook: Rulebook) -> Callable[[DeploymentFacts], str]:
    """The published verdict alone, for the search for flips."""

    def judge(facts: DeploymentFacts) -> str:
        return _verdict(_signals(facts, rulebook), _gate(facts, rulebook), rulebook).value

    return judge


# The published score


def _signals(facts: DeploymentFacts, rulebook: Rulebook) -> tuple[Signal, ...]:
    return tuple(_signal(facts, row, rulebook) for row in rulebook.decision["signals"])


def _signal(facts: DeploymentFacts, row: Mapping[str, Any], rulebook: Rulebook) -> Signal:
    value = getattr(facts, row["fact"])
    return Signal(
        key=row["key"],
        label=row["label"],
        when=row["when"],
        worth=row["points"],
        applies=_TESTS[row["test"]](value, row.get("value", "")),
        answer=_answer(value),
        truth=_truth(facts, row, rulebook),
        source=row["source"],
    )


_TESTS: Mapping[str, Callable[[Any, str], bool]] = {
    "yes": lambda value, _: bool(value),
    "any": lambda value, _: len(value) > 0,
    "at-least": lambda value, bound: bool(value) and version(value) >= version(bound),
    "below": lambda value, bound: bool(value) and version(value) < version(bound),
}
"""How a signal's ``test`` in the rulebook reads its fact."""


def _answer(value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, tuple):
        return ", ".join(value) or "None"
    return str(value) or "Not said"


def _points(signals: tuple[Signal, ...]) -> int:
    return sum(signal.points for signal in signals)


def _verdict(signals: tuple[Signal, ...], gate: Gate, rulebook: Rulebook) -> Verdict:
    if not gate.passes:
        return Verdict.DEFER
    enough = _points(signals) >= rulebook.decision["score"]["threshold"]
    return Verdict.NOW if enough else Verdict.LATER


def _gate(facts: DeploymentFacts, rulebook: Rulebook) -> Gate:
    """Compared as decimals, as they were written: 0.80 is not less than 400 / 500."""
    rule = rulebook.decision["gate"]
    least = Decimal(str(rule["minimum_quarters"]))
    need = max(least, Decimal(facts.dag_count) / Decimal(str(rule["dags_per_quarter"])))
    have = Decimal(str(facts.bandwidth_quarters))
    need_text, have_text = told_apart(need, have)
    passes = have >= need
    return Gate(
        need=float(need),
        have=float(have),
        passes=passes,
        need_text=need_text,
        have_text=have_text,
        sentence=f"need {need_text} quarters {'and' if passes else 'but'} have {have_text}",
    )


# The opinions beside it


def _second_opinion(
    signals: tuple[Signal, ...], verdict: Verdict, rulebook: Rulebook
) -> SecondOpinion:
    rule = rulebook.decision["second_opinion"]
    keys = tuple(rule["signals"])
    count = sum(signal.applies for signal in signals if signal.key in keys)
    opinion = Opinion.NOW if count >= rule["needed"] else Opinion.WAIT
    agrees = (opinion is Opinion.NOW) == (verdict is Verdict.NOW)
    return SecondOpinion(
        verdict=opinion,
        agrees=agrees,
        count=count,
        needed=rule["needed"],
        keys=keys,
        sentence=_second_sentence(opinion, agrees, verdict, count, len(keys), rule["needed"]),
    )


def _second_sentence(
    opinion: Opinion, agrees: bool, verdict: Verdict, count: int, of: int, needed: int
) -> str:
    counted = f"{count} of {of} where {needed} are enough, so it says {opinion.value}"
    if agrees:
        return f"{counted} and agrees with the published verdict."
    if verdict is Verdict.DEFER:
        return f"{counted}: it disagrees, because it ignores the gate that says {verdict.value}."
    return f"{counted}: it disagrees with the published verdict, {verdict.value}."


def _evidence_opinion(gate: Gate, support: SupportClock, verdict: Verdict) -> EvidenceOpinion:
    opinion = _evidence_verdict(gate, support)
    agrees = (opinion is Opinion.NOW) == (verdict is Verdict.NOW)
    return EvidenceOpinion(
        verdict=opinion, agrees=agrees, sentence=_evidence_sentence(opinion, support, verdict)
    )


def _evidence_verdict(gate: Gate, support: SupportClock) -> Opinion:
    if not gate.passes:
        return Opinion.DEFER
    return Opinion.NOW if support.current.past_end else Opinion.WAIT


def _evidence_sentence(opinion: Opinion, support: SupportClock, verdict: Verdict) -> str:
    clock = support.current.sentence
    if opinion is Opinion.DEFER:
        return (
            f"{clock} It would be upgrade now, but the gate comes first."
            if (support.current.past_end)
            else f"{clock} The gate comes first."
        )
    if opinion is Opinion.WAIT:
        return f"{clock} By the support clock alone there is no hurry."
    if verdict is Verdict.LATER:
        return f"{clock} Six months more are six months without security fixes, so it says upgrade now."
    return f"{clock} That alone says upgrade now."


def _sentence(
    verdict: Verdict,
    signals: tuple[Signal, ...],
    gate: Gate,
    second: SecondOpinion,
    evidence: EvidenceOpinion,
    support: SupportClock,
    rulebook: Rulebook,
) -> str:
    """The published verdict, then one sentence where opinions differ."""
    published = _published(verdict, _points(signals), rulebook.decision["score"]["threshold"], gate)
    differing = _differing(second, evidence, support)
    return f"{published} {differing}".rstrip()


def _published(verdict: Verdict, points: int, threshold: int, gate: Gate) -> str:
    if verdict is Verdict.DEFER:
        say = "says" if points == 1 else "say"
        return f"Defer: {gate.sentence}, whatever the {plural(points, 'point')} {say}."
    enough = "are enough" if verdict is Verdict.NOW else "are needed"
    return (
        f"{verdict.value.capitalize()}: {plural(points, 'point')} where {threshold} {enough},"
        f" and {gate.have_text} quarters where {gate.need_text} are needed."
    )


def _differing(second: SecondOpinion, evidence: EvidenceOpinion, support: SupportClock) -> str:
    by_rule = f"the second opinion (any {second.needed} of {len(second.keys)}) says {second.verdict.value}"
    by_clock = f"the support clock says {evidence.verdict.value}, because {_clock_reason(support)}"
    if second.agrees and evidence.agrees:
        return ""
    if evidence.agrees:
        return f"Opinions differ: {by_rule}."
    if second.agrees:
        return f"Opinions differ: {by_clock}."
    return f"Opinions differ: {by_rule}, and {by_clock}."


def _clock_reason(support: SupportClock) -> str:
    current = support.current
    if current.past_end and current.eol is not None:
        return (
            f"Airflow {current.line} reached its end of life on {with_year(current.eol)}"
            " and six months more are six months without security fixes"
        )
    if current.past_end:
        return f"Airflow {current.line} is long past its end of life"
    return f"Airflow {current.line} still gets security fixes"


# What the score rests on today


def _truth(facts: DeploymentFacts, row: Mapping[str, Any], rulebook: Rulebook) -> str:
    own = _OWN_TRUTHS.get(row["key"], lambda facts, rulebook: "")(facts, rulebook)
    return f"{own} {row['truth']}".strip()


def _provider_truth(facts: DeploymentFacts, rulebook: Rulebook) -> str:
    rows = rulebook.decision["providers"]
    return " ".join(_one_provider(name, rows) for name in facts.provider_dependencies)


def _one_provider(stated: str, rows: Mapping[str, Any]) -> str:
    name = provider_name(stated, rows["aliases"])
    if name in rows["need_3"]:
        return f"{stated} needs 3.x."
    if name in rows["first_needing_2_11"]:
        return (
            f"{stated} does not need 3.x: from {rows['first_needing_2_11'][name]} on it needs 2.11."
        )
    return f"{stated} was not checked here; it scores as stated."


def provider_name(stated: str, aliases: Mapping[str, str]) -> str:
    """The provider that a person means: 'Snowflake 6.x' → 'snowflake'."""
    text = stated.lower().replace("_", "-").removeprefix("apache-airflow-providers-")
    found = re.match(r"[a-z][a-z0-9.-]*(?: (?!v?\d)[a-z][a-z0-9.-]*)*", text)
    name = found.group().strip(".-").replace(" ", "-").replace(".", "-") if found else text
    return aliases.get(name, name)


def _python_truth(facts: DeploymentFacts, rulebook: Rulebook) -> str:
    if not facts.python_target:
        return ""
    first = rulebook.decision["python"]["first_line"].get(line_of(facts.python_target))
    if first is not None:
        return f"Python {line_of(facts.python_target)} needs Airflow {first} or later."
    return ""


_OWN_TRUTHS: Mapping[str, Callable[[DeploymentFacts, Rulebook], str]] = {
    "provider_dependency": _provider_truth,
    "python_target": _python_truth,
}
"""What can be said of this deployment's own answer, before the truth that holds for everyone."""


def _preconditions(
    facts: DeploymentFacts, rulebook: Rulebook, *, today: date, last_ci_check: date | None
) -> tuple[str, ...]:
    found = (_ci_first(rulebook, today, last_ci_check), _hop_first(facts, rulebook))
    return tuple(sentence for sentence in found if sentence)


def _ci_first(rulebook: Rulebook, today: date, last_ci_check: date | None) -> str:
    rule = rulebook.decision["precondition"]
    days = rule["scan_days"]
    if last_ci_check is not None and last_ci_check >= today - timedelta(days=days):
        return ""
    first = rule["sentence"].rstrip(".")
    why = (
        "no complete scan has come from CI yet"
        if last_ci_check is None
        else f"the last complete scan from CI is of {with_year(last_ci_check)}, over {days} days ago"
    )
    return f"{first[0].lower()}{first[1:]} ({why})"


def _hop_first(facts: DeploymentFacts, rulebook: Rulebook) -> str:
    oldest = rulebook.support["oldest_line"]
    if version(line_of(facts.current_version)) >= version(oldest):
        return ""
    stop = rulebook.support["stop_line"]
    return (
        f"first: go to {stop} on 2.x"
        f" (Airflow 3 migrates {oldest} or later, and {facts.current_version} is older)"
    )


def _contradictions(
    facts: DeploymentFacts, support: SupportClock, rulebook: Rulebook
) -> tuple[Contradiction, ...]:
    found = (
        _unreleased_target(facts, support, rulebook),
        _python_not_run_by_target(facts, support),
        _python_not_run_by_current(facts, support),
        _unreleased_current(facts, rulebook),
    )
    return tuple(contradiction for contradiction in found if contradiction is not None)


def _unreleased_target(
    facts: DeploymentFacts, support: SupportClock, rulebook: Rulebook
) -> Contradiction | None:
    target = support.target
    if target is None:
        return Contradiction(
            key="target_version",
            sentence=(
                f"Airflow {facts.target_version} is not a released line;"
                f" the newest is {support.newest.latest}."
            ),
        )
    if facts.target_version in rulebook.support["lines"][target.line]["yanked"]:
        trouble = "was withdrawn"
    elif _newer_than_latest(facts.target_version, target.latest):
        trouble = "is not released"
    else:
        return None
    return Contradiction(
        key="target_version",
        sentence=f"Airflow {facts.target_version} {trouble}; the newest of {target.line} is {target.latest}.",
    )


def _python_not_run_by_target(
    facts: DeploymentFacts, support: SupportClock
) -> Contradiction | None:
    target = support.target
    if not facts.python_target or target is None or target.runs(facts.python_target):
        return None
    return Contradiction(
        key="python_target",
        sentence=(
            f"Airflow {target.line} does not run on Python {facts.python_target}:"
            f" it was tested with {target.python[0]} to {target.python[-1]}."
        ),
    )


def _python_not_run_by_current(
    facts: DeploymentFacts, support: SupportClock
) -> Contradiction | None:
    current = support.current
    if not facts.python_current or not current.python or current.runs(facts.python_current):
        return None
    return Contradiction(
        key="python_current",
        sentence=(
            f"Airflow {current.line} was not tested with Python {facts.python_current},"
            f" only with {current.python[0]} to {current.python[-1]}. {current.python_note}".rstrip()
        ),
    )


def _unreleased_current(facts: DeploymentFacts, rulebook: Rulebook) -> Contradiction | None:
    line = line_of(facts.current_version)
    row = rulebook.support["lines"].get(line)
    last_line = rulebook.support["stop_line"]
    if row is None and version(line) > version(last_line):
        last = rulebook.support["lines"][last_line]["latest"]
    elif (
        row is not None
        and "latest" not in row["not_verified"]
        and _newer_than_latest(facts.current_version, row["latest"])
    ):
        last = row["latest"]
    else:
        return None
    return Contradiction(
        key="current_version",
        sentence=f"Airflow {facts.current_version} was never released: {last} is the last one.",
    )


def _newer_than_latest(text: str, latest: str) -> bool:
    """Only what is before a suffix counts: 2.9.3+astro.1 is a 2.9.3."""
    return bool(text) and version(text).release > version(latest).release


def _search_space(rulebook: Rulebook) -> SearchSpace:
    """Every 2.x line, and every Python that a listed line runs on."""
    lines = rulebook.support["lines"]
    newest_2 = version(rulebook.support["stop_line"])
    pythons = {python for row in lines.values() for python in row["python"]}
    return SearchSpace(
        airflow_lines=[f"{newest_2.major}.{minor}" for minor in range(newest_2.minor + 1)],
        python_lines=sorted(pythons, key=version),
    )
