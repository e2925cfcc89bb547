"""The upgrade check against ruff's own time on the same tree, as ratios in one run.

What is timed is the whole program, start and report included, as a person waits for it: with an empty cache,
with the cache that the first run left, and ruff alone with the options that a scan gives it. Medians of rounds that
take turns, because the machine is not always idle. Memory is that of all its processes together, ruff included.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from planner.scanner.ruff_here import ruff_program
from planner.scanner.ruff_run import OPTIONS
from tests.bench import trees

MOST_MEGABYTES = 1000
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Limits:
    """How often ruff's own time, and how many seconds on top."""

    cold: float
    warm: float = 1.2
    cold_extra: float = 0.5
    warm_extra: float = 0.3


FEW = Limits(cold=3.0)
"""For trees with at most a tenth of their lines in files that mention Airflow."""
MANY = Limits(cold=8.0)


def main(rounds: int) -> int:
    """Measure every tree. Returns an exit status: 1 where a limit is missed."""
    print(f"\nThe upgrade check, medians of {rounds} rounds on {os.cpu_count()} cores")
    print(f"{'tree':<22}{'files':>8}{'lines':>11}{'Airflow':>9}{'ruff':>8}{'cold':>8}{'warm':>8}")
    failed = False
    for name, tree, limits in (
        ("installed packages", trees.installed(), FEW),
        ("nearly all Airflow", trees.nearly_all_airflow(), MANY),
        ("generated", trees.generated(), MANY),
    ):
        failed |= _compare(name, tree, limits, rounds)
    return int(failed)


def _compare(name: str, tree: Path, limits: Limits, rounds: int) -> bool:
    files, lines, share = _size(tree)
    ruff, cold, warm = [], [], []
    peak = 0.0
    with tempfile.TemporaryDirectory(prefix="fpb-") as folder:
        cache, report = Path(folder) / "cache", Path(folder) / "report.json"
        for _ in range(rounds):
            ruff.append(_seconds(_ruff(tree)))
            shutil.rmtree(cache, ignore_errors=True)
            with _Memory() as memory:
                cold.append(_seconds(_check(tree, report), cache))
                first = report.read_bytes()
            peak = max(peak, memory.megabytes)
            warm.append(_seconds(_check(tree, report), cache))
            assert report.read_bytes() == first, "the cache changed the report"
    base, slow, fast = map(statistics.median, (ruff, cold, warm))
    print(f"{name:<22}{files:>8,}{lines:>11,}{share:>9.0%}{base:>7.2f}s{slow:>7.2f}s{fast:>7.2f}s")
    return any(
        [
            _missed("cold", slow, limits.cold, limits.cold_extra, base),
            _missed("warm", fast, limits.warm, limits.warm_extra, base),
            _missed_memory(peak),
        ]
    )


def _missed(what: str, took: float, times: float, extra: float, base: float) -> bool:
    allowed = times * base + extra
    is_missed = took > allowed
    mark = "MISSED" if is_missed else "ok"
    print(
        f"  {what}: ({took:.2f} s − {extra} s) ÷ ruff = {max(took - extra, 0) / base:.2f} (≤ {times})  {mark}"
    )
    return is_missed


def _missed_memory(peak: float) -> bool:
    is_missed = peak > MOST_MEGABYTES
    print(f"  memory: {peak:.0f} MB (≤ {MOST_MEGABYTES})  {'MISSED' if is_missed else 'ok'}")
    return is_missed


def _size(tree: Path) -> tuple[int, int, float]:
    """Python files, their lines, and the share of lines in files that mention Airflow."""
    files = lines = airflow = 0
    for file in tree.rglob("*.py"):
        content = file.read_bytes()
        files += 1
        lines += content.count(b"\n")
        airflow += content.count(b"\n") if b"airflow" in content else 0
    return files, lines, airflow / max(lines, 1)


def _ruff(tree: Path) -> Sequence[str]:
    return [ruff_program(), "check", *OPTIONS, str(tree)]


def _check(tree: Path, report: Path) -> Sequence[str]:
    return [
        *(sys.executable, "-m", "planner.scanner.cli", str(tree), "--root", str(tree)),
        *("--format", "report"),
        *("--output", str(report), "--fail-on", "never"),
    ]


def _seconds(command: Sequence[str], cache: Path | None = None) -> float:
    environment = os.environ | ({"XDG_CACHE_HOME": str(cache)} if cache else {})
    start = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=_ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    took = time.perf_counter() - start
    if done.returncode not in (0, 1, 3):
        raise SystemExit(done.stderr.decode())
    return took


class _Memory:
    """The most that this process's descendants held together, looked at a few times a second (Linux only)."""

    def __enter__(self) -> _Memory:
        self.megabytes = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self.megabytes = max(self.megabytes, _descendants_megabytes(os.getpid()))


def _descendants_megabytes(pid: int) -> float:
    parents: dict[int, int] = {}
    pages: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            pages[int(entry.name)] = int((entry / "statm").read_text().split()[1])
        except (OSError, IndexError):  # it has ended meanwhile
            continue
        parents[int(entry.name)] = int(fields[1])

    def is_below(each: int) -> bool:
        return each > 1 and (parents.get(each) == pid or is_below(parents.get(each, 0)))

    held = sum(pages[each] for each in pages if is_below(each))
    return held * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
