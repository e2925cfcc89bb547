"""What the ignore file at the root of a tree silences, for scans that nobody watches."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from planner.domain.rating import Rater
from planner.rulebook.load import rulebook
from planner.scanner.dags import dag_ids_by_file
from planner.scanner.result import ScanResult, Skipped, SkipReason
from planner.scanner.suppression import (
    IGNORE_FILE,
    BadIgnoreFile,
    Ignore,
    Sieve,
    read_ignores,
    sift,
)
from planner.scanner.text import text_of
from planner.scanner.tree import TreeFile, read_bytes


def sifted(
    result: ScanResult, ignores: Sequence[Ignore], *, today: dt.date
) -> tuple[ScanResult, Sieve]:
    """The result with what the entries silence marked, and what became of the entries."""
    book = rulebook()
    # Any target will do: what a rule is called does not depend on it.
    version = result.coverage.tool_version
    rater = Rater(book, target_line=book.default_target, tool_version=version)
    sieve = sift(
        result.observations,
        ignores,
        today=today,
        dag_ids=dag_ids_by_file(result),
        rule_of=lambda one: rater(one).rule_id,
    )
    suppressed = [*result.suppressed, *sieve.suppressed]
    return replace(result, observations=sieve.kept, suppressed=suppressed), sieve


def under_ignore_file(result: ScanResult, tree: Path, *, today: dt.date) -> ScanResult:
    """The result with what the tree's own ignore file silences marked.

    A file that cannot be understood silences nothing, and is among what was not checked.
    """
    content = read_bytes(TreeFile(IGNORE_FILE, str(tree / IGNORE_FILE)))
    if content is None:
        return result
    try:
        text = text_of(content.bytes)
        if text is None:
            raise BadIgnoreFile(f"{IGNORE_FILE}: is not UTF-8 text.")
        ignores = read_ignores(text, name=IGNORE_FILE, rulebook=rulebook())
    except BadIgnoreFile as error:
        flaw = Skipped(IGNORE_FILE, SkipReason.SYNTAX, f"{error} Nothing is ignored.")
        return replace(result, skipped=[flaw, *result.skipped])
    return sifted(result, ignores, today=today)[0]
