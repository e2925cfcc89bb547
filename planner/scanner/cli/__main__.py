"""``python -m planner.scanner.cli``: the same command where no script is installed."""

from planner.scanner.cli.run import command

command()
