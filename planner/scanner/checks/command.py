"""Calls of Airflow's command line that 3.x does not take: told from what its own parsers take."""

from __future__ import annotations

from collections.abc import Iterator

from planner.domain.rules import CommandChange
from planner.rulebook.load import rulebook
from planner.scanner.around.command_lines import AIRFLOW
from planner.scanner.checks import Check
from planner.scanner.material import Command, Hit

_AUTH_MANAGER = "core.auth_manager"
"""Who sets it has chosen who keeps users: nothing else does that in a deployment."""


def _check(command: Command) -> Iterator[Hit]:
    book = rulebook().commands
    words = command.words[1:]
    name = next((path for path in _paths(words) if path in book.commands), "")
    if not name:
        return
    change = book.commands[name]
    if change.gone_since:
        if _is_for_one_side(command, change):
            return
        yield _hit(command, change, f"airflow {name}", name.replace(" ", "."))
        return
    taken = book.options.get(name, {})
    told: set[int] = set()
    for word in words[name.count(" ") + 1 :]:
        option = word.partition("=")[0] if word.startswith("--") else word[:2]
        option_change = (
            taken.get(option) if option == word.partition("=")[0] or _takes(word) else None
        )
        if option_change and id(option_change) not in told:
            told.add(id(option_change))
            symbol = f"{name.replace(' ', '.')}.{option}"
            yield _hit(command, option_change, f"airflow {name} {option}", symbol)


def _is_for_one_side(command: Command, change: CommandChange) -> bool:
    """Whether another branch of the same condition calls what 3.x has in its place."""
    instead, _, _ = change.instead.removeprefix(f"{AIRFLOW} ").partition(" -")
    return instead in command.beside


def _paths(words: tuple[str, ...]) -> Iterator[str]:
    """The names that a command may have, longest first."""
    yield " ".join(words[:2])
    yield words[0] if words else ""


def _takes(word: str) -> bool:
    """Whether a short option carries its value: ``-S/opt/dags``."""
    return word.startswith("-S") and len(word) > 2


def _hit(command: Command, change: CommandChange, shown: str, symbol: str) -> Hit:
    place = command.place
    if "provider" in change.on.values():
        message = f"`{shown}` needs the FAB provider and its auth manager on Airflow 3"
    else:
        message = f"`{shown}` is gone since Airflow {change.gone_since}"
        message += f": {change.instead}" if change.instead else ""
    hit = Hit(line=place.line, column=place.column, cell=place.cell, message=message, symbol=symbol)
    if "provider" in change.on.values():
        hit.unless_set = _AUTH_MANAGER
    if "kept" in change.on.values():
        hit.lines = [line for line, status in change.on.items() if status != "kept"]
    return hit


CHECK = Check("AF3-CLI", Command, _check)
