"""``python -m planner.scanner.cli``: the same command where no script is installed."""

import sys

from planner.scanner.cli.run import main

sys.exit(main())
