"""Which finding is which: measured on the history series beside naive identities, and timed.

``python -m tests.bench.matching [--million] [--misses]``. Where SERIES_SOURCES names clones of the series'
repositories (paths with ``:`` between them, of clones or of folders that hold some), the series are measured once
more with the text of the lines and git's renames.
"""

from __future__ import annotations

import gc
import random
import resource
import sys
import time
from collections.abc import Iterator
from itertools import pairwise

from planner.domain.identity import Trace
from planner.domain.matching import match
from tests import series
from tests.series import Score, matched

LEAST_BARE = 0.99
LEAST_WITH_SOURCES = 0.995
LEAST_OF = {("openverse-catalog", False): 0.998}
SIZES = (10_000, 100_000)
MILLION = 1_000_000
SECONDS_FOR_A_MILLION = 60.0
MEGABYTES_FOR_A_MILLION = 2000
ONE_FILE = 50_000
MOST_GROWTH = 1.6
"""How much more a finding may take among ten times as many."""


def main(*, million: bool = False, misses: bool = False) -> int:
    """Print both tables. Returns an exit status: 1 where a bound is missed."""
    return int(_identities(misses) | _rescans() | _versions() | _scale(million))


# ------------------------------------------------------------------ right and wrong


def _identities(misses: bool) -> bool:
    failed = False
    print(f"\n{'same finding?':<52}{'pairs':>7}{'precision':>11}{'recall':>8}")
    for folder in series.series_in():
        clone = series.clone_of(folder)
        for source in (None, clone) if clone else (None,):
            steps = list(series.steps_of(folder, source))
            seen_as = "lines and git" if source else "two bare reports"
            found = series.score(steps, matched)
            _print_row(f"{folder.name}, {seen_as}: Flightplan", found)
            least = LEAST_OF.get(
                (folder.name, source is not None), LEAST_WITH_SOURCES if source else LEAST_BARE
            )
            failed |= min(found.precision, found.recall) < least
            for name, key in series.NAIVE.items():
                _print_row(f"    {name}", series.score(steps, series.in_order(key)))
            if misses:
                print(*series.misses(steps, matched), sep="\n")
        if clone is None:
            print(f"{folder.name}: no clone in SERIES_SOURCES, so not with lines and git")
    return failed


def _print_row(name: str, found: Score) -> None:
    print(f"{name:<52}{found.there:>7,}{found.precision:>11.4f}{found.recall:>8.4f}")


def _rescans() -> bool:
    """Whether a report that comes again, in another order, changes anything."""
    changed = reports = 0
    for folder in series.series_in():
        for report in series.reports_of(folder):
            traces = series.traces_of(report)
            again = random.Random(reports).sample(traces, len(traces))
            hits = match(traces, again, {}).new_of
            changed += sum(
                hit < 0 or again[hit] != trace for trace, hit in zip(traces, hits, strict=True)
            )
            reports += 1
    print(f"\n{reports} reports read again in another order: {changed} findings changed")
    return changed > 0


def _versions() -> bool:
    """Whether a newer ruff closes what it still sees."""
    lost_anywhere = False
    print(f"\n{'one commit, read by another ruff':<36}{'before':>8}{'after':>8}{'lost':>6}")
    for (older, old), (newer, new) in series.ruff_upgrades():
        lost = sum(hit < 0 for hit in match(old, new, {}).new_of)
        print(f"{older + ' → ' + newer:<36}{len(old):>8}{len(new):>8}{lost:>6}")
        lost_anywhere |= lost > 0
    return lost_anywhere


# ------------------------------------------------------------------ time and memory


def _scale(million: bool) -> bool:
    failed = False
    per_finding: list[float] = []
    print(
        f"\n{'findings against findings':<36}{'seconds':>9}{'µs each':>9}{'paired':>11}{'peak MB':>9}"
    )
    for size in (*SIZES, MILLION) if million else SIZES:
        old, new = _months_apart(size)
        seconds = _timed(f"{len(old):,} against {len(new):,}", old, new)
        per_finding.append(seconds / size)
        failed |= size == MILLION and (
            seconds > SECONDS_FOR_A_MILLION or _peak_megabytes() > MEGABYTES_FOR_A_MILLION
        )
        del old, new
        gc.collect()
    for name, (old, new) in _one_file():
        _timed(name, old, new)
    return failed or any(later > MOST_GROWTH * before for before, later in pairwise(per_finding))


def _timed(name: str, old: list[Trace], new: list[Trace]) -> float:
    began = time.perf_counter()
    paired = sum(hit >= 0 for hit in match(old, new, {}).new_of)
    seconds = time.perf_counter() - began
    each = seconds / len(old) * 1e6
    print(f"{name:<36}{seconds:>9.2f}{each:>9.1f}{paired:>11,}{_peak_megabytes():>9,}")
    return seconds


def _peak_megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _months_apart(findings: int) -> tuple[list[Trace], list[Trace]]:
    """Files of a hundred findings of ten symbols; a hundredth is mended, as many are new, and lines have moved."""
    chance = random.Random(findings)
    old, new = [], []
    for file in range(findings // 100):
        path, line, shift = f"dags/team{file % 97}/dag_{file}.py", 0, 0
        for _finding in range(100):
            line += chance.randint(1, 12)
            place = (f"airflow.s{chance.randint(0, 9)}", line, chance.choice((2, 5, 9, 13)))
            shift += chance.randint(1, 30) * (chance.random() < 0.02)
            old.append(Trace(path, "AIR301", *place))
            if chance.random() > 0.01:
                new.append(old[-1]._replace(line=line + shift))
            if chance.random() < 0.01:
                shift += 3
                new.append(old[-1]._replace(line=line + shift + 1))
    return old, new


def _one_file() -> Iterator[tuple[str, tuple[list[Trace], list[Trace]]]]:
    """One file full of one problem: moved as a whole, and with a hundredth mended all over it."""
    old = [Trace("dags/all.py", "AIR301", "x", 3 * number, 5) for number in range(ONE_FILE)]
    moved = [trace._replace(line=trace.line + 4) for trace in old]
    yield f"one file of {ONE_FILE:,}, moved", (old, [*moved, old[-1]._replace(line=9 * ONE_FILE)])
    chance = random.Random(ONE_FILE)
    edited, shift = [], 0
    for trace in old:
        shift += chance.randint(0, 3) * (chance.random() < 0.01)
        if chance.random() > 0.01:
            edited.append(trace._replace(line=trace.line + shift))
    yield f"one file of {ONE_FILE:,}, edited", (old, edited)


if __name__ == "__main__":
    sys.exit(main(million="--million" in sys.argv, misses="--misses" in sys.argv))
