"""The console command ``upgradecheck``. It needs neither Django nor a database."""

from planner.scanner.cli.run import command, main

__all__ = ["command", "main"]
