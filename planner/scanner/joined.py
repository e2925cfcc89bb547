"""What Flightplan's own checks and ruff see, as observations of one kind that are told once each."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

import msgspec

from planner.domain.rating import when_of
from planner.domain.report import Observation
from planner.parsers.fix import Fix, fix_bytes
from planner.parsers.ruff import SYNTAX
from planner.rulebook.load import rulebook
from planner.scanner.facts import FileFacts
from planner.scanner.material import Hit
from planner.scanner.result import SkipReason

_KINDS = (SkipReason.PYTHON_2, SkipReason.NEWER)


def observation_of(hit: Hit) -> Observation:
    """What one of Flightplan's own checks saw."""
    return Observation(
        rule=hit.rule,
        path=hit.path,
        line=hit.line,
        column=hit.column,
        end_line=hit.end_line,
        end_column=hit.end_column,
        cell=hit.cell,
        message=hit.message,
        symbol=hit.symbol,
        content=hit.content,
        fix=_fix_of(hit) if hit.edits else b"",
    )


def _fix_of(hit: Hit) -> bytes:
    return fix_bytes(Fix("safe" if hit.is_safe else "unsafe", hit.message, hit.edits))


def joined(
    path: str,
    facts: FileFacts,
    ruffs: Sequence[Observation],
    *,
    target: str,
    settings: Container[str],
) -> list[Observation]:
    """Everything that a file by itself gives reason to tell, in order of place.

    Args:
        target: the line that is aimed at.
        settings: the options that the tree is known to set.
    """
    own = []
    for hit in facts.hits:
        if not hit.if_used and hit.holds(target, settings):
            hit.path = path
            own.append(observation_of(hit))
    return sorted(together([told_apart(one, facts) for one in ruffs], own), key=place_of)


def together(ruffs: Sequence[Observation], own: Iterable[Observation]) -> list[Observation]:
    """Ruff's observations, and our own that ruff did not make too: of a name in the file, or of a word on the line.

    Where ruff told of the very place, our edits go along with what it said.
    """
    told = {_subject(found) for found in ruffs if found.symbol}
    lent: dict[tuple[Any, ...], bytes] = {}
    untold = []
    for found in own:
        if not found.symbol or _subject(found) not in told:
            untold.append(found)
        elif found.fix:
            lent[_spot(found)] = _when_told(found)
    return [*(_with_own_fix(one, lent.get(_spot(one))) for one in ruffs), *untold]


def _with_own_fix(found: Observation, fix: bytes | None) -> Observation:
    return msgspec.structs.replace(found, own_fix=fix) if fix else found


def _when_told(found: Observation) -> bytes:
    """The fix with its time: another tool's rule does not say it."""
    fix = msgspec.json.decode(found.fix, type=Fix)
    fix.when = when_of(found.rule, found.symbol, rulebook())
    return fix_bytes(fix)


def _spot(found: Observation) -> tuple[Any, ...]:
    return found.path, found.cell, found.line, found.column, found.symbol


def _subject(found: Observation) -> tuple[str, int | None, str]:
    is_name = found.symbol.startswith("airflow.")
    return found.path, None if is_name else found.line, found.symbol


def told_apart(found: Observation, facts: FileFacts | None) -> Observation:
    """What ruff says of a file that does not parse, or better what kind of file it is."""
    if found.rule == SYNTAX and facts and facts.flaw_reason in _KINDS:
        found.message = facts.flaw
    return found


def place_of(found: Observation) -> tuple[str, int, int, int, str, str]:
    """To sort by."""
    return (
        found.path,
        found.cell or 0,
        found.line or 0,
        found.column or 0,
        found.rule,
        found.message,
    )
