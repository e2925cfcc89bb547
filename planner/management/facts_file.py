"""Reading a facts file that a command was given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from planner.domain.facts_file import FactsFileRejected, read_facts_file
from planner.management.command import Command


def facts_values(command: Command, file: str) -> dict[str, Any]:
    """The values in the file; the command fails with one sentence where it cannot be read."""
    try:
        return read_facts_file(Path(file).read_bytes())
    except OSError as error:
        command.fail(f"{file}: cannot be read: {error.strerror}.")
    except FactsFileRejected as error:
        command.fail(f"{file}: {error}.")
