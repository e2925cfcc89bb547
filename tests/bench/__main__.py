"""Every benchmark: ``python -m tests.bench [ROUNDS]``. Ratios in one run; exit status 1 where one is missed."""

import sys

from tests.bench import ingest

sys.exit(ingest.main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
