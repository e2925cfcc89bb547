"""Which finding is which, on real repositories month after month: as good as promised, and never worse than others."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from planner.domain.matching import match
from tests import series
from tests.series import Score, matched

SERIES = {folder.name: folder for folder in series.series_in()}
LEAST = {"openverse-catalog": 0.998}


def worst(found: Score) -> float:
    return min(found.precision, found.recall)


@pytest.mark.parametrize("name", SERIES)
def test_two_bare_reports_tell_which_finding_is_which(name: str) -> None:
    steps = list(series.steps_of(SERIES[name]))
    ours = series.score(steps, matched)
    assert worst(ours) >= LEAST.get(name, 0.99)
    for naive, key in series.NAIVE.items():
        theirs = series.score(steps, series.in_order(key))
        assert ours.precision >= theirs.precision, naive
        assert ours.recall >= theirs.recall, naive


@pytest.mark.parametrize("name", SERIES)
def test_the_text_of_lines_and_gits_renames_tell_the_rest(name: str) -> None:
    clone = series.clone_of(SERIES[name])
    if clone is None:
        pytest.skip(f"{series.SOURCES} names no clone of {name}")
    assert worst(series.score(list(series.steps_of(SERIES[name], clone)), matched)) >= 0.995


@pytest.mark.parametrize("name", SERIES)
def test_a_report_that_comes_again_in_another_order_changes_nothing(name: str) -> None:
    for report in series.reports_of(SERIES[name]):
        traces = series.traces_of(report)
        again = random.Random(report.name).sample(traces, len(traces))
        assert [again[hit] for hit in match(traces, again, {}).new_of] == traces


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("moved", [str.upper, "flows/{}".format, "{}".format])
def test_a_renamed_folder_or_a_letter_case_survives_whole(
    name: str, moved: Callable[[str], str]
) -> None:
    """Of every file at once, with everything in it one line further down."""
    for report in series.reports_of(SERIES[name])[::5]:
        old = series.traces_of(report)
        new = [trace._replace(path=moved(trace.path), line=trace.line + 1) for trace in old]
        assert match(old, new, {}).new_of == list(range(len(old)))


def test_a_newer_ruff_closes_nothing_that_it_still_sees() -> None:
    for (older, old), (newer, new) in series.ruff_upgrades():
        lost = [old[index] for index, hit in enumerate(match(old, new, {}).new_of) if hit < 0]
        assert not lost, f"{older} → {newer}"


def test_a_score_counts_what_is_right_and_leaves_out_what_the_truth_leaves_open(
    tmp_path: Path,
) -> None:
    step = next(series.steps_of(SERIES["openverse-catalog"]))
    assert worst(series.score([step], lambda step: [-1] * len(step.old))) == 0
    sure = dict(step.sure)
    perfect = series.score([step], lambda step: [sure.get(i, -1) for i in range(len(step.old))])
    assert worst(perfect) == 1.0
    assert series.series_in(tmp_path) == []
