"""Every benchmark: ``python -m tests.bench [ROUNDS]``. Ratios in one run; exit status 1 where one is missed."""

import sys

from tests.bench import dag_ids, ingest, prefilter, ruff_parity, scanner

rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
missed = [
    ingest.main(rounds),
    scanner.main(rounds),
    ruff_parity.main(),
    prefilter.main(),
    dag_ids.main(),
]
sys.exit(int(any(missed)))
