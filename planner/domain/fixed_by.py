"""Which change to a file mended a finding: often one on another line, since one import edit mends thirty uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from planner.domain.identity import Trace

MOST_LINES = 1_000
"""Lines between the first and the last change of a file, above which nobody is told what mended what."""
_SHOWN = 120
"""Characters of a line that a sentence quotes."""

_IMPORTS = re.compile(
    r"\s*(?:from\s+[\w.]+\s+import\b|import\s|\w+(?:\s+as\s+\w+)?\s*,?\s*\)?\s*(?:#|$))"
)
"""An import, or a line of one that goes over several."""


@dataclass(frozen=True, slots=True)
class Change:
    """Lines of a file that an edit took out, and those it put there. Either may be none."""

    line: int
    """Of the file as it was, counted from 1."""
    before: tuple[str, ...]
    after: tuple[str, ...]

    def covers(self, line: int) -> bool:
        return self.line <= line < self.line + len(self.before)


def changes_between(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    """What was edited in a file, in its order; nothing where too much lies between the edits to compare."""
    most = min(len(before), len(after))
    top = 0
    while top < most and before[top] == after[top]:
        top += 1
    bottom = 0
    while bottom < most - top and before[-1 - bottom] == after[-1 - bottom]:
        bottom += 1
    old, new = before[top : len(before) - bottom], after[top : len(after) - bottom]
    if max(len(old), len(new)) > MOST_LINES:
        return []
    blocks = SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes()
    return [
        Change(top + a + 1, tuple(old[a:b]), tuple(new[c:d]))
        for kind, a, b, c, d in blocks
        if kind != "equal"
    ]


def fixed_by(finding: Trace, changes: Iterable[Change]) -> str:
    """What mended a finding, as a sentence; nothing where the changes do not tell.

    Args:
        finding: as it was last seen, in the file as it was.
        changes: what was edited in the file since.
    """
    changes = list(changes)
    here = next((change for change in changes if change.covers(finding.line)), None)
    if here is not None:
        return _of_its_line(finding.line, here)
    name = finding.symbol.rpartition(".")[2]
    importing = [change for change in changes if _imports(change.before, name)]
    if len(importing) != 1:
        return ""
    return _of_the_import(finding, importing[0], name)


def _of_its_line(line: int, change: Change) -> str:
    position = line - change.line
    was = _quoted(change.before[position])
    if not change.after:
        return f"line {line} was taken out: {was}"
    if len(change.before) == len(change.after):
        return f"line {line} was changed from {was} to {_quoted(change.after[position])}"
    return f"line {line} was rewritten: {was}"


def _of_the_import(finding: Trace, change: Change, name: str) -> str:
    number, was = next(
        (change.line + position, line)
        for position, line in enumerate(change.before)
        if _is_import_of(line, name)
    )
    now = next((line for line in change.after if _is_import_of(line, name)), None)
    how = f"changed to {_quoted(now)}" if now is not None else "taken out"
    return (
        f"line {finding.line} is as it was; the import on line {number}, {_quoted(was)}, was {how}"
    )


def _imports(lines: Iterable[str], name: str) -> bool:
    return any(_is_import_of(line, name) for line in lines)


def _is_import_of(line: str, name: str) -> bool:
    return bool(name) and name in re.findall(r"\w+", line) and _IMPORTS.match(line) is not None


def _quoted(line: str) -> str:
    text = " ".join(line.split())
    return f"`{text[:_SHOWN]}…`" if len(text) > _SHOWN else f"`{text}`"
