"""A parsed report made ready for comparison: rated, relative to a root, in memory, nothing written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from planner.domain.identity import Trace, identity_text, line_in_file
from planner.domain.lifecycle import UNREAD, Proof
from planner.domain.matching import told_twice
from planner.domain.paths import PathRefused, RootChoice, choose_root, relative_to
from planner.domain.rating import Rater, rules_not_run
from planner.domain.report import Coverage, Excerpt, Observation, Problem, Report
from planner.domain.rules import Rating, Rulebook

_MOST_PROBLEMS = 100
"""Problems kept with a scan; the rest is counted."""


@dataclass(slots=True)
class Sightings:
    """Parallel lists, one entry a sighting."""

    observations: list[Observation]
    ratings: list[Rating]
    traces: list[Trace]
    root: RootChoice
    coverage: Coverage
    unreadable: frozenset[str]
    told_twice: int = 0
    """Sightings left out because another one says the same of the same place."""

    def proof(self, rulebook: Rulebook) -> Proof:
        """What this report proves about what is not in it."""
        quiet = rules_not_run(
            rulebook,
            tool_version=self.coverage.tool_version,
            preview="preview" in self.coverage.flags,
            seen={rating.rule_id for rating in self.ratings},
        )
        own = {rule.id for rule in rulebook.rules.values() if rule.checker == self.coverage.checker}
        return Proof(self.coverage, unreadable=self.unreadable, quiet_rules=quiet, own_rules=own)

    def counts(self) -> dict[str, dict[str, int]]:
        """How many sightings there are by severity, category, rule and axis."""
        per_rating = Counter(map(id, self.ratings))
        by_id = {id(rating): rating for rating in self.ratings}
        totals: dict[str, Counter[str]] = {
            key: Counter() for key in ("by_severity", "by_category", "by_rule", "by_axis")
        }
        for key, count in per_rating.items():
            rating = by_id[key]
            totals["by_severity"][rating.severity] += count
            totals["by_category"][rating.category] += count
            totals["by_rule"][rating.rule_id] += count
            totals["by_axis"][rating.axis] += count
        return {key: dict(sorted(counter.items())) for key, counter in totals.items()}


def read_sightings(
    report: Report,
    *,
    rulebook: Rulebook,
    target_line: str,
    root: str,
    known_paths: Callable[[], Collection[str]],
) -> Sightings:
    """Read a report to its end. ``report.problems`` is complete afterwards.

    Args:
        root: the root that the sender named, or empty.
        known_paths: gives the files that the source already knows, which tell the root of absolute paths;
            asked only where nothing else names it.
    """
    observations = list(report.observations)
    raw_paths = {observation.path for observation in observations}
    raw_paths.update(entry.path for entry in report.dags)
    choice = choose_root(raw_paths, named=root, base=report.base, known=known_paths)
    relative = _relative_paths(raw_paths, choice, report)
    if len(relative) < len(raw_paths):
        observations = [seen for seen in observations if seen.path in relative]
    rater = Rater(rulebook, target_line=target_line, tool_version=report.coverage.tool_version)
    ratings = [rater(observation) for observation in observations]
    traces = _traces(observations, ratings, relative)
    if repeated := told_twice(traces):
        kept = [index for index in range(len(traces)) if index not in repeated]
        observations = [observations[index] for index in kept]
        ratings = [ratings[index] for index in kept]
        traces = [traces[index] for index in kept]
    return Sightings(
        observations=observations,
        ratings=ratings,
        traces=traces,
        root=choice,
        coverage=_relative_coverage(report.coverage, choice),
        unreadable=frozenset(
            relative[observation.path]
            for observation, rating in zip(observations, ratings, strict=True)
            if rating.rule_id in UNREAD
        ),
        told_twice=len(repeated),
    )


def _relative_paths(paths: Collection[str], choice: RootChoice, report: Report) -> dict[str, str]:
    """Every path below the root. One that leads out of it becomes a problem of the report."""
    relative = {}
    for path in sorted(paths):
        try:
            relative[path] = relative_to(choice.root, path)
        except PathRefused as refusal:
            report.problems.append(Problem(None, "file", str(refusal)))
    return relative


def _traces(
    observations: list[Observation], ratings: list[Rating], relative: dict[str, str]
) -> list[Trace]:
    texts: dict[tuple[str, str], str] = {}
    traces = []
    for observation, rating in zip(observations, ratings, strict=True):
        key = (observation.symbol, observation.message)
        text = texts.get(key)
        if text is None:
            text = texts[key] = identity_text(*key)
        traces.append(
            Trace(
                relative[observation.path],
                rating.rule_id,
                text,
                line_in_file(observation.line, observation.cell),
                observation.column or 0,
                observation.content,
            )
        )
    return traces


def _relative_coverage(coverage: Coverage, choice: RootChoice) -> Coverage:
    if coverage.files is None:
        return coverage
    return replace(
        coverage, files=frozenset(relative_to(choice.root, path) for path in coverage.files)
    )


def problem_lines(report: Report, excerpts: Mapping[int, Excerpt]) -> list[dict[str, Any]]:
    """The refused items as they are kept with the scan, the first with the lines around them."""
    kept: list[dict[str, Any]] = [
        {
            "index": problem.index,
            "field": problem.field,
            "sentence": problem.sentence,
            **excerpt_entry(excerpts.get(-1 if problem.index is None else problem.index)),
        }
        for problem in report.problems[:_MOST_PROBLEMS]
    ]
    if len(report.problems) > _MOST_PROBLEMS:
        more = len(report.problems) - _MOST_PROBLEMS
        kept.append({"index": None, "field": "", "sentence": f"{more} more items have problems."})
    return kept


def excerpt_entry(excerpt: Excerpt | None) -> dict[str, Any]:
    """An excerpt as it is kept with a problem, if there is one."""
    return {} if excerpt is None else {"excerpt": asdict(excerpt)}
