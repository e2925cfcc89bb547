"""Every benchmark: ``python -m tests.bench [ROUNDS] [--million] [--misses]``.

Ratios in one run; exit status 1 where one is missed. ``--million`` also matches a million findings against a
million, ``--misses`` lists every finding of the history series that was matched wrongly.
"""

import sys

from tests.bench import dag_ids, forecast, ingest, matching, prefilter, ruff_parity, scanner

rounds = next((int(word) for word in sys.argv[1:] if word.isdigit()), 3)
missed = [
    matching.main(million="--million" in sys.argv, misses="--misses" in sys.argv),
    forecast.main(),
    ingest.main(rounds),
    scanner.main(rounds),
    ruff_parity.main(),
    prefilter.main(),
    dag_ids.main(),
]
sys.exit(int(any(missed)))
