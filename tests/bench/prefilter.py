"""What the byte filter passes over would have told nothing: every file of every release, looked at with and without."""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

from planner.scanner.facts import FileFacts, facts_of
from planner.scanner.readers import reader_of
from planner.scanner.tree import LARGEST_FILE
from tests.bench import trees


def told(facts: FileFacts) -> tuple[object, ...]:
    """What the filter must not change. Names of imports are read without a parser where it passes a file over."""
    return (
        [(hit.rule, hit.line, hit.column, hit.symbol) for hit in facts.hits],
        facts.dags,
        facts.dag_code and facts.dag_code.awaits,
        facts.settings,
        facts.requirements,
        facts.pythons,
        facts.processes,
    )


def main() -> int:
    """Compare every tree. Returns an exit status: 1 where the filter loses anything."""
    print(f"\n{'byte filter':<36}{'files':>8}{'hits':>8}{'with':>8}{'without':>9}{'lost':>6}")
    lost_anywhere = False
    for name, tree in trees.every_release():
        lost_anywhere |= _compare(name, tree)
        gc.collect()
    return int(lost_anywhere)


def _compare(name: str, tree: Path) -> bool:
    files = hits = 0
    seconds = [0.0, 0.0]
    lost: list[str] = []
    for file in sorted(tree.rglob("*")):
        path = file.relative_to(tree).as_posix()
        reader = reader_of(path)
        if reader is None or not file.is_file() or file.stat().st_size > LARGEST_FILE:
            continue
        content = file.read_bytes()
        answers = []
        for look_everywhere in (False, True):
            start = time.process_time()
            answers.append(facts_of(path, content, reader, look_everywhere=look_everywhere))
            seconds[look_everywhere] += time.process_time() - start
        files += 1
        hits += len(answers[0].hits)
        if told(answers[0]) != told(answers[1]):
            lost.append(path)
    print(f"{name:<36}{files:>8,}{hits:>8,}{seconds[0]:>7.1f}s{seconds[1]:>8.1f}s{len(lost):>6,}")
    for path in lost:
        print(f"  lost: {path}")
    return bool(lost)


if __name__ == "__main__":
    sys.exit(main())
