"""Two scans of one file laid beside each other: which finding is which, from the order and the distances alone.

Edits insert, delete and change lines; they seldom reorder them. So the findings of a file are paired along one
chain that runs down both scans, and of all chains the one is taken in which the most findings find a partner with
the least said about edits in between: lines between two neighbours that are as many as before cost nothing.
The work grows with the number of findings, never with its square: a finding is only compared with a few.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from math import log2
from typing import NamedTuple

from planner.domain.identity import Trace

PARTNERS = 24
"""Findings of one rule and symbol in one file that are all compared with each other; of more, a few are."""
FEW = 3
"""Of larger groups: partners tried on either side of a place."""
LOOK_BACK = 5
"""Findings above one that the distance to is compared; what lies further counts as edited in between."""
LONG = 400
"""Pairs to compare, above which what is plainly the same at both ends of a file is set aside first."""

_WORD = re.compile(r"\w+")
_SAME_COLUMN = 0.6
_SAME_PLACE = 0.01
"""Of chains that explain as much, the one in which more has stayed where it was."""
_SAME_TEXT = 0.2
"""Little, for whoever has a text that occurs once is paired already, and the others have it in common. Between this
and ``_OTHER_TEXT`` lies what texts are worth that have some words in common."""
_OTHER_TEXT = -1.0
_MOST_FOR_AN_EDIT = 0.9


class _End(NamedTuple):
    """The best chain that ends with one pair."""

    worth: float
    old: int
    new: int
    shift: int
    """How many lines the pair moved down."""
    indent: int
    """How many columns it moved to the right."""
    before: _End | None


def aligned(
    old: Sequence[Trace],
    new: Sequence[Trace],
    old_members: Sequence[int],
    new_members: Sequence[int],
    fixed: Mapping[int, int],
) -> list[tuple[int, int]]:
    """Pairs of one file's findings along the best chain.

    Args:
        old_members: indices into ``old``, in the order of the file.
        new_members: indices into ``new``, likewise.
        fixed: pairs that are certain; the chain may pass through them, and pairs neither side otherwise.
    """
    pairs: list[tuple[int, int]] = []
    left, right = list(old_members), list(new_members)
    if len(left) * len(right) > LONG:
        pairs, left, right = _ends_set_aside(old, new, left, right)
    candidates = _candidates(old, new, left, right, fixed)
    end = _best_chain(old, new, left, right, candidates)
    while end is not None and end.before is not None:
        pairs.append((left[end.old], right[end.new]))
        end = end.before
    return pairs


def _ends_set_aside(
    old: Sequence[Trace], new: Sequence[Trace], left: list[int], right: list[int]
) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Pairs that lie at the same places from the top, or as far apart as before from the bottom; and the rest.

    Pairs that are certain cannot contradict these: they moved by one distance, or have a text of their own.
    """

    def alike(here: int, there: int, shift: int) -> bool:
        before, now = old[here], new[there]
        same_name = before[1:3] == now[1:3]
        return same_name and before.line + shift == now.line and before[4:] == now[4:]

    most = min(len(left), len(right))
    top = 0
    while top < most and alike(left[top], right[top], 0):
        top += 1
    top = max(0, top - LOOK_BACK)
    most -= top
    shift = new[right[-1]].line - old[left[-1]].line
    bottom = 0
    while bottom < most and alike(left[-1 - bottom], right[-1 - bottom], shift):
        bottom += 1
    bottom = max(0, bottom - LOOK_BACK)
    pairs = list(zip(left[:top], right[:top], strict=True))
    if bottom:
        pairs += zip(left[-bottom:], right[-bottom:], strict=True)
    return pairs, left[top : len(left) - bottom], right[top : len(right) - bottom]


def _candidates(
    old: Sequence[Trace],
    new: Sequence[Trace],
    left: Sequence[int],
    right: Sequence[int],
    fixed: Mapping[int, int],
) -> list[list[int]]:
    """For each entry of ``left`` the positions in ``right`` that it may be, ascending."""
    taken = set(fixed.values())
    where = {index: position for position, index in enumerate(right)}
    by_key: dict[tuple[str, str], list[int]] = defaultdict(list)
    for position, index in enumerate(right):
        if index not in taken:
            by_key[new[index][1:3]].append(position)
    count: dict[tuple[str, str], int] = defaultdict(int)
    for index in left:
        if index not in fixed:
            count[old[index][1:3]] += 1
    rank: dict[tuple[str, str], int] = defaultdict(int)
    found = []
    for index in left:
        if index in fixed:
            found.append([where[fixed[index]]] if fixed[index] in where else [])
            continue
        key = old[index][1:3]
        places = by_key.get(key, [])
        if len(places) <= PARTNERS:
            found.append(places)
        else:
            line = old[index].line
            nearest = bisect_left(places, line, key=lambda place: new[right[place]].line)
            from_top = rank[key]
            centres = (from_top, from_top + len(places) - count[key], nearest)
            chosen = {
                place
                for centre in centres
                for place in places[max(0, centre - FEW) : max(0, centre + FEW)]
            }
            found.append(sorted(chosen))
        rank[key] += 1
    return found


def _best_chain(
    old: Sequence[Trace],
    new: Sequence[Trace],
    left: Sequence[int],
    right: Sequence[int],
    candidates: Sequence[Sequence[int]],
) -> _End | None:
    """The end of the chain of most worth; None where there is no pair at all."""
    start = _End(0.0, -1, -1, 0, 0, None)
    above = _Highest(len(right))
    same_shift = {0: start}
    recent: list[list[_End]] = []
    for here, positions in enumerate(candidates):
        trace = old[left[here]]
        row = []
        for there in positions:
            other = new[right[there]]
            shift, indent = other.line - trace.line, other.column - trace.column
            far, along = above.below(there) or start, same_shift.get(shift, start)
            before, worth = start, _reached(start, shift, indent)
            for end in chain((far, along), *recent):
                if end.new < there and end.worth + _SAME_COLUMN > worth:
                    reached = _reached(end, shift, indent)
                    if reached > worth:
                        before, worth = end, reached
            row.append(_End(worth + _likeness(trace, other), here, there, shift, indent, before))
        for end in row:
            above.put(end)
            if end.shift not in same_shift or end.worth >= same_shift[end.shift].worth:
                same_shift[end.shift] = end
        if row:
            recent = [*recent[1 - LOOK_BACK :], row]
    return above.below(len(right))


def _reached(end: _End, shift: int, indent: int) -> float:
    """What a chain is worth that goes on from here with a pair moved so far, the pair itself not counted."""
    edited = shift - end.shift
    worth = end.worth
    if edited:
        worth -= min(_MOST_FOR_AN_EDIT, 0.25 + 0.1 * log2(abs(edited)))
    if indent and indent == end.indent:
        worth += _SAME_COLUMN
    return worth


def _likeness(old: Trace, new: Trace) -> float:
    worth = 1.0
    if old.column == new.column:
        worth += _SAME_COLUMN
        if old.line == new.line:
            worth += _SAME_PLACE
    if old.content and new.content:
        worth += _OTHER_TEXT + (_SAME_TEXT - _OTHER_TEXT) * _common(old.content, new.content)
    return worth


def _common(text: str, other: str) -> float:
    """Share of the words that two texts have in common."""
    if text == other:
        return 1.0
    words, others = _words(text), _words(other)
    return 2 * len(words & others) / max(1, len(words) + len(others))


@lru_cache(maxsize=10_000)
def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))


class _Highest:
    """The chain of most worth among those that end above a position (a tree of maxima)."""

    def __init__(self, size: int) -> None:
        self._tree: list[_End | None] = [None] * (size + 1)

    def put(self, end: _End) -> None:
        position = end.new + 1
        while position < len(self._tree):
            known = self._tree[position]
            if known is None or end.worth > known.worth:
                self._tree[position] = end
            position += position & -position

    def below(self, position: int) -> _End | None:
        best: _End | None = None
        while position > 0:
            known = self._tree[position]
            if known is not None and (best is None or known.worth > best.worth):
                best = known
            position -= position & -position
        return best
