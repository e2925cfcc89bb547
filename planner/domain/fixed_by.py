"""Which commit mended a finding: often one that left its line alone, since one import edit mends thirty uses.

A commit is named as the one only where nothing else in the file's history since can have done it; else all that
can have done it are named together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from planner.domain.change import Changes, Known
from planner.domain.commits import Commit, FileEdit, Hunk
from planner.domain.dates import with_year
from planner.domain.identity import Trace, line_in_cell
from planner.domain.lifecycle import Absence
from planner.domain.numbers import plural

_DOTTED = re.compile(r"[A-Za-z_][\w.]*")
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
"""What must not reach a page or a mail: control characters, and what turns the direction of text."""
_LONGEST_NAME, _LONGEST_SUBJECT = 60, 90
_MOST_NAMED = 4
"""Commits that a sentence names where it cannot tell which one it was."""


class _Touch(NamedTuple):
    commit: Commit
    edit: FileEdit


class Mending:
    """Answers which commit mended what, from the commits between two scans, oldest first.

    ``same_check`` says that both scans looked for the same with the same tool. Otherwise what is not seen any
    more may be the tool's doing, and only a commit that touched the finding's line or import is named.
    """

    def __init__(self, commits: Iterable[Commit], *, same_check: bool) -> None:
        self._same_check = same_check
        self._touches: dict[str, list[_Touch]] = {}
        origin: dict[str, str] = {}
        for commit in commits:
            for edit in commit.edits:
                # What was made since may stand where a deleted file stood: it goes on with that one's story.
                first = origin.pop(edit.was, edit.was) if edit.was else edit.now
                self._touches.setdefault(first, []).append(_Touch(commit, edit))
                if edit.now:
                    origin[edit.now] = first

    def of(self, finding: Trace) -> str:
        """Which commit mended a finding, as it was last seen; empty where that cannot be told."""
        touches = self._touches.get(finding.path, [])
        reasons = self._reasons(finding, touches)
        is_clear = len(touches) == 1 or all(edit.hunks is not None for _, edit in touches)
        if len(reasons) == 1 and is_clear:
            commit, reason = next(iter(reasons.values()))
            return f"fixed in {_told(commit)} ({reason})"
        if len(touches) == 1 and self._same_check and not reasons:
            return f"fixed in {_told(touches[0].commit)} (the one commit to this file since)"
        if reasons or (touches and self._same_check):
            return f"fixed in {_one_of([touch.commit for touch in touches])}"
        return ""

    def of_removed(self, path: str) -> str:
        """Which commit deleted a file; empty where that cannot be told."""
        deletions = [touch for touch in self._touches.get(path, []) if not touch.edit.now]
        return f"deleted in {_told(deletions[-1].commit)}" if deletions else ""

    def _reasons(self, finding: Trace, touches: Sequence[_Touch]) -> dict[str, tuple[Commit, str]]:
        """The commits that touched the finding's line or the import of its name, and which of the two."""
        reasons: dict[str, tuple[Commit, str]] = {}
        cell, line = line_in_cell(finding.line)
        # A notebook's lines are not those of its file.
        place: range | None = range(line, line + 1) if line and not cell else None
        for commit, edit in touches:
            if _takes_import_of(edit, finding.symbol):
                reasons[commit.sha] = (commit, "the import of its name was changed")
            if edit.hunks is None:
                reasons.setdefault(commit.sha, (commit, "much of its file was changed"))
                place = None
            elif place is not None:
                place, is_touched = _followed(place, edit.hunks)
                if is_touched:
                    reasons[commit.sha] = (commit, f"line {line} was changed")
        return reasons


def name_fixes(
    changes: Changes, known: Sequence[Known], mending: Mending, *, seen_at_start: Iterable[int]
) -> None:
    """Add to why a finding is closed which commit did it, where that can be told.

    Args:
        seen_at_start: ids of the findings that the scan of the first commit saw; of others the place is not known.
    """
    certain = set(seen_at_start)
    for position, step in enumerate(changes.closed):
        one = known[step.known]
        if one.id not in certain:
            continue
        if step.absence is Absence.FILE_GONE:
            told = mending.of_removed(one.trace.path)
        else:
            told = mending.of(one.trace)
        if told:
            changes.closed[position] = step._replace(why=f"{step.why}; {told}")


def _followed(place: range, hunks: Sequence[Hunk]) -> tuple[range | None, bool]:
    """Where lines are after an edit (None: taken out), and whether it touched them."""
    shift = grown = 0
    start, stop = place.start, place.stop
    is_touched = False
    for line, removed, added in hunks:
        end = line + removed
        if end <= place.start and (removed or line <= place.start):
            shift += added - removed
        elif line < place.stop and (removed or line > place.start):
            is_touched = True
            start, stop = min(start, line), max(stop, end)
            grown += added - removed
    after = range(start + shift, stop + shift + grown)
    return (after if after else None), is_touched


def _takes_import_of(edit: FileEdit, symbol: str) -> bool:
    name = symbol.rpartition(".")[2] if _DOTTED.fullmatch(symbol) else ""
    return bool(name) and any(name in re.findall(r"\w+", line) for line in edit.imports)


def _told(commit: Commit) -> str:
    """3f2a91c by Ada on 12 Nov 2026: “Move to TaskGroup”."""
    author, subject = _shown(commit.author, _LONGEST_NAME), _shown(commit.subject, _LONGEST_SUBJECT)
    by = f" by {author}" if author else ""
    said = f": “{subject}”" if subject else ""
    return f"{commit.short}{by} on {with_year(commit.on)}{said}"


def _one_of(commits: Sequence[Commit]) -> str:
    every = list({commit.sha: commit for commit in commits}.values())
    named = ", ".join(commit.short for commit in every[:_MOST_NAMED])
    more = f" and {len(every) - _MOST_NAMED} more" if len(every) > _MOST_NAMED else ""
    return f"one of {plural(len(every), 'commit')} to this file since: {named}{more}"


def _shown(text: str, longest: int) -> str:
    """Text of a stranger as one short line."""
    line = " ".join(_UNSHOWN.sub(" ", text).split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"
