"""What would flip a verdict: the smallest change of each single input that changes it.

Nothing here knows how a verdict is made. Every candidate is judged by the same function that made the
verdict, so a flip is true by construction and exact at a boundary.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from planner.domain.facts import DeploymentFacts, line_of, version
from planner.domain.numbers import decimals

BANDWIDTH_GRAIN = 1000
"""Bandwidth is searched in thousandths of a quarter: finer than anyone plans."""
BANDWIDTH_MOST = 1000
DAG_COUNT_MOST = 1_000_000
"""The largest values that facts may hold."""

Judge = Callable[[DeploymentFacts], str]
"""The verdict for some facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """The smallest change of one input that changes the verdict."""

    key: str
    before: Any
    after: Any
    verdict: str
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "from": self.before,
            "to": self.after,
            "verdict": self.verdict,
            "sentence": self.sentence,
        }

    def apply(self, facts: DeploymentFacts) -> DeploymentFacts:
        changes: dict[str, Any] = {
            self.key: tuple(self.after) if isinstance(self.after, list) else self.after
        }
        return dataclasses.replace(facts, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSpace:
    """The versions that a search may try, oldest first."""

    airflow_lines: Sequence[str]
    python_lines: Sequence[str]


def flips_of(facts: DeploymentFacts, judge: Judge, space: SearchSpace) -> tuple[Flip, ...]:
    """Find every single input whose change would change the verdict, and the least such change."""
    now = judge(facts)
    searches = (
        _flag(
            facts, judge, now, "mlops_roadmap", "Without the MLOps roadmap", "With an MLOps roadmap"
        ),
        _flag(
            facts,
            judge,
            now,
            "hybrid_workload",
            "Without hybrid or edge work",
            "With hybrid or edge work",
        ),
        _providers(facts, judge, now),
        _python(facts, judge, now, space.python_lines),
        _current(facts, judge, now, space.airflow_lines),
        _bandwidth(facts, judge, now),
        _dag_count(facts, judge, now),
    )
    return tuple(flip for flip in searches if flip is not None)


def _flag(
    facts: DeploymentFacts, judge: Judge, now: str, key: str, without: str, with_it: str
) -> Flip | None:
    before = getattr(facts, key)
    return _flip_if_changed(facts, judge, now, key, not before, without if before else with_it)


def _providers(facts: DeploymentFacts, judge: Judge, now: str) -> Flip | None:
    named = facts.provider_dependencies
    after = () if named else ("a provider that needs 3.x",)
    words = (
        f"If {_listed(named)} stopped mattering" if named else "If you needed one provider of 3.x"
    )
    return _flip_if_changed(facts, judge, now, "provider_dependencies", after, words)


def _python(facts: DeploymentFacts, judge: Judge, now: str, lines: Sequence[str]) -> Flip | None:
    return _nearest_version(
        facts, judge, now, "python_target", lines, "With Python {} as the target"
    )


def _current(facts: DeploymentFacts, judge: Judge, now: str, lines: Sequence[str]) -> Flip | None:
    return _nearest_version(facts, judge, now, "current_version", lines, "On Airflow {} today")


def _nearest_version(
    facts: DeploymentFacts, judge: Judge, now: str, key: str, lines: Sequence[str], words: str
) -> Flip | None:
    for line in _nearest_first(getattr(facts, key), lines):
        flip = _flip_if_changed(facts, judge, now, key, line, words.format(line))
        if flip is not None:
            return flip
    return None


def _nearest_first(text: str, lines: Sequence[str]) -> Iterable[str]:
    """The other lines by their distance in the ladder, an older before a newer one of the same."""
    if not text:
        return lines
    here = version(line_of(text))
    older = [line for line in reversed(lines) if version(line) < here]
    newer = [line for line in lines if version(line) > here]
    steps = [(step, 0, line) for step, line in enumerate(older)]
    steps += [(step, 1, line) for step, line in enumerate(newer)]
    return [line for _, _, line in sorted(steps)]


def _bandwidth(facts: DeploymentFacts, judge: Judge, now: str) -> Flip | None:
    have = round(facts.bandwidth_quarters * BANDWIDTH_GRAIN, 6)

    def at(grains: int) -> DeploymentFacts:
        return dataclasses.replace(facts, bandwidth_quarters=grains / BANDWIDTH_GRAIN)

    grains = _nearest_number(
        lambda value: judge(at(value)) != now,
        below=math.ceil(have),
        above=math.floor(have),
        most=BANDWIDTH_MOST * BANDWIDTH_GRAIN,
    )
    if grains is None:
        return None
    after = grains / BANDWIDTH_GRAIN
    if grains < have:
        edge = (grains + 1) / BANDWIDTH_GRAIN
        lost = facts.bandwidth_quarters - edge
        words = f"Below {decimals(edge)} quarters" + (
            f", more than {decimals(lost)} less" if lost > 0 else ", any less than now"
        )
    else:
        words = (
            f"With {decimals(after)} quarters, {decimals(after - facts.bandwidth_quarters)} more"
        )
    return _flip_if_changed(facts, judge, now, "bandwidth_quarters", after, words)


def _dag_count(facts: DeploymentFacts, judge: Judge, now: str) -> Flip | None:
    count = _nearest_number(
        lambda value: judge(dataclasses.replace(facts, dag_count=value)) != now,
        below=facts.dag_count,
        above=facts.dag_count,
        most=DAG_COUNT_MOST,
    )
    if count is None:
        return None
    change = count - facts.dag_count
    words = f"With {count:,} DAGs, {abs(change):,} {'more' if change > 0 else 'fewer'}"
    return _flip_if_changed(facts, judge, now, "dag_count", count, words)


def _nearest_number(
    differs: Callable[[int], bool], *, below: int, above: int, most: int
) -> int | None:
    """The value nearest to ``below`` (downwards, to 0) or ``above`` (upwards, to ``most``) that differs.

    Each direction must differ for good once it differs, which holds for a gate on one number.
    """
    down = _least_step(lambda step: differs(below - step), below)
    up = _least_step(lambda step: differs(above + step), most - above)
    if down is None and up is None:
        return None
    if up is None or (down is not None and down <= up):
        return below - (down or 0)
    return above + up


def _least_step(differs: Callable[[int], bool], most: int) -> int | None:
    if most < 1 or not differs(most):
        return None
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        if differs(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _flip_if_changed(
    facts: DeploymentFacts, judge: Judge, now: str, key: str, after: Any, words: str
) -> Flip | None:
    verdict = judge(dataclasses.replace(facts, **{key: after}))
    if verdict == now:
        return None
    return Flip(
        key=key,
        before=_plain(getattr(facts, key)),
        after=_plain(after),
        verdict=verdict,
        sentence=f"{words}: {verdict}.",
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
