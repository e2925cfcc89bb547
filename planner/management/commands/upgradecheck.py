"""The scanner. The same command as the console's ``upgradecheck``, to the letter."""

from __future__ import annotations

import sys

from planner.management.command import Command as BaseCommand
from planner.scanner.cli import main


class Command(BaseCommand):
    help = "Say what code and configuration must change for Airflow 3; see upgradecheck --help."

    def run_from_argv(self, argv: list[str]) -> None:
        """The command reads its own arguments, and needs nothing that Django would set up."""
        sys.exit(main(argv[2:]))

    def print_help(self, prog_name: str, subcommand: str) -> None:
        main(["--help"])
