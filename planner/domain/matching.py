"""Which finding of this scan is which of the last: the only place that says "same".

Evidence is tried in passes, the strongest first, and every pair keeps its reason:

1. the file (``renames.py``): the same path, git's own rename, a rename of letter case only, or one vanished and one appeared
   file that can only be each other;
2. within a file, the same rule and symbol: same text of the line where both sides have it, else in order,
   else the place predicted from the findings around it;
3. what is left at exactly the same place with the same symbol: a rule that was renumbered.

Anything ambiguous stays unmatched: a new finding is a smaller lie than a wrong one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from planner.domain.identity import Trace
from planner.domain.renames import renamed_files

COMPARISONS = 40_000
"""Largest group, old × new findings of one rule and symbol in one file, that is compared pair by pair."""


@dataclass(slots=True)
class Matching:
    """``new_of[i]`` is the index of the new trace that the old trace ``i`` became, or -1."""

    new_of: list[int]
    renamed: dict[str, str] = field(default_factory=dict)
    """Old path → new path, for every file that moved."""
    by_git: frozenset[str] = frozenset()
    """Old paths in ``renamed`` that git itself names."""


def match(
    old: Sequence[Trace],
    new: Sequence[Trace],
    renames: Mapping[str, str],
    still_there: Set[str] = frozenset(),
) -> Matching:
    """Pair the findings of two scans of one source.

    Args:
        old: the findings known so far.
        new: the findings of this scan.
        renames: git's rename map, old path → new path; empty where there is none.
        still_there: files that this scan looked at, which therefore cannot have been renamed away.
    """
    renamed = renamed_files(old, new, renames, still_there)
    matching = Matching(
        new_of=[-1] * len(old),
        renamed=renamed,
        by_git=frozenset(path for path in renamed if renames.get(path) == renamed[path]),
    )
    old_groups = _groups(old, renamed)
    new_groups = _groups(new, {})
    uneven: dict[str, list[tuple[list[int], list[int]]]] = defaultdict(list)
    for key, old_members in old_groups.items():
        new_members = new_groups.get(key)
        if new_members is None:
            continue
        if len(old_members) == 1 == len(new_members):
            matching.new_of[old_members[0]] = new_members[0]
            continue
        rest_old, rest_new = _pair_by_content(old, new, old_members, new_members, matching.new_of)
        if len(rest_old) == len(rest_new):
            _pair_in_order(rest_old, rest_new, matching.new_of)
        elif rest_old and rest_new:
            uneven[key[0]].append((rest_old, rest_new))
    if uneven:
        _pair_by_prediction(old, new, uneven, old_groups, matching.new_of)
    _pair_renumbered(old, new, renamed, matching.new_of)
    return matching


def explain(old: Trace, new: Trace, *, by_git: bool) -> str:
    """Why two traces are the same finding, as a person would say it; empty where nothing moved."""
    parts = []
    if old.line != new.line:
        evidence = (
            "same text" if old.content and old.content == new.content else "same order in the file"
        )
        parts.append(f"line {old.line} → {new.line}, {evidence}")
    if old.path != new.path:
        seen_by = "as git says" if by_git else "the only file it can be"
        parts.append(f"file renamed from {old.path}, {seen_by}")
    if old.rule != new.rule:
        parts.append(f"rule {old.rule} is now {new.rule}, same place")
    return "; ".join(parts)


# ------------------------------------------------------------------ within a file


def _groups(
    traces: Sequence[Trace], renamed: Mapping[str, str]
) -> dict[tuple[str, str, str], list[int]]:
    """Indices of the traces by (path, rule, symbol), each list in the order of the file."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for index, (path, rule, symbol, _line, _column, _content) in enumerate(traces):
        key = (renamed.get(path, path) if renamed else path, rule, symbol)
        members = groups.get(key)
        if members is None:
            groups[key] = [index]
        else:
            members.append(index)
    for members in groups.values():
        if len(members) > 1:
            members.sort(key=lambda index: traces[index][3:])
    return groups


def _pair_in_order(old_members: list[int], new_members: list[int], new_of: list[int]) -> None:
    for old_index, new_index in zip(old_members, new_members, strict=True):
        new_of[old_index] = new_index


def _pair_by_content(
    old: Sequence[Trace],
    new: Sequence[Trace],
    old_members: list[int],
    new_members: list[int],
    new_of: list[int],
) -> tuple[list[int], list[int]]:
    """Pair members whose line text is the same and equally frequent on both sides; return the rest."""
    if not old[old_members[0]].content or not new[new_members[0]].content:
        return old_members, new_members
    old_by_text, new_by_text = _by_text(old, old_members), _by_text(new, new_members)
    paired_old: set[int] = set()
    paired_new: set[int] = set()
    for text, old_same in old_by_text.items():
        new_same = new_by_text.get(text, [])
        if text and len(old_same) == len(new_same):
            _pair_in_order(old_same, new_same, new_of)
            paired_old.update(old_same)
            paired_new.update(new_same)
    return (
        [index for index in old_members if index not in paired_old],
        [index for index in new_members if index not in paired_new],
    )


def _by_text(traces: Sequence[Trace], members: Iterable[int]) -> dict[str, list[int]]:
    by_text: dict[str, list[int]] = {}
    for index in members:
        by_text.setdefault(traces[index].content, []).append(index)
    return by_text


def _pair_by_prediction(
    old: Sequence[Trace],
    new: Sequence[Trace],
    uneven: Mapping[str, list[tuple[list[int], list[int]]]],
    old_groups: Mapping[tuple[str, str, str], list[int]],
    new_of: list[int],
) -> None:
    """Where a group grew or shrank, the findings around it tell how far the lines have moved."""
    members_by_path: dict[str, list[int]] = defaultdict(list)
    for (path, _rule, _symbol), members in old_groups.items():
        if path in uneven:
            members_by_path[path].extend(members)
    for path, groups in uneven.items():
        shift = _Shift(
            [
                (old[index].line, new[new_of[index]].line)
                for index in members_by_path[path]
                if new_of[index] >= 0
            ]
        )
        for old_members, new_members in groups:
            _pair_nearest(old, new, old_members, new_members, shift, new_of)


class _Shift:
    """How far lines have moved at each height of a file, from the pairs that are certain."""

    def __init__(self, anchors: list[tuple[int, int]]) -> None:
        anchors = sorted(set(anchors))
        self._lines = [old_line for old_line, _new_line in anchors]
        self._offsets = [new_line - old_line for old_line, new_line in anchors]

    def predictions(self, line: int) -> set[int]:
        """Where a line is expected now: by the certain pair above it, and by the one below."""
        if not self._lines:
            return {line}
        above = bisect_right(self._lines, line)
        neighbours = {max(above - 1, 0), min(above, len(self._lines) - 1)}
        return {line + self._offsets[index] for index in neighbours}


def _pair_nearest(
    old: Sequence[Trace],
    new: Sequence[Trace],
    old_members: list[int],
    new_members: list[int],
    shift: _Shift,
    new_of: list[int],
) -> None:
    old_members, new_members = _pair_moved_together(
        old, new, old_members, new_members, shift, new_of
    )
    free = _by_place(new, new_members)
    left = []
    for index in old_members:
        places = ((line, old[index].column) for line in shift.predictions(old[index].line))
        hit = next((place for place in places if free.get(place)), None)
        if hit is None:
            left.append(index)
        else:
            new_of[index] = free[hit].pop(0)
    remaining = [index for members in free.values() for index in members]
    remaining.sort(key=lambda index: new[index][3:])
    _pair_smaller_side(old, new, left, remaining, shift, new_of)


def _by_place(traces: Sequence[Trace], members: Iterable[int]) -> dict[tuple[int, int], list[int]]:
    by_place: dict[tuple[int, int], list[int]] = {}
    for index in members:
        by_place.setdefault((traces[index].line, traces[index].column), []).append(index)
    return by_place


def _pair_moved_together(
    old: Sequence[Trace],
    new: Sequence[Trace],
    old_members: list[int],
    new_members: list[int],
    shift: _Shift,
    new_of: list[int],
) -> tuple[list[int], list[int]]:
    """Pair the findings that moved by one and the same distance, the largest such set first; return the rest."""
    while 1 < len(old_members) * len(new_members) <= COMPARISONS:
        distances = Counter(
            (new[right].line - old[left].line, new[right].column - old[left].column)
            for left in old_members
            for right in new_members
        )
        expected = {
            (line - old[left].line, 0)
            for left in old_members
            for line in shift.predictions(old[left].line)
        }
        distance, together = max(
            distances.items(), key=lambda item: (item[1], item[0] in expected, -abs(item[0][0]))
        )
        if together < 2:
            break
        places = _by_place(new, new_members)
        for left in old_members:
            place = (old[left].line + distance[0], old[left].column + distance[1])
            if places.get(place):
                new_of[left] = places[place].pop(0)
        old_members = [left for left in old_members if new_of[left] < 0]
        new_members = sorted(
            (right for members in places.values() for right in members),
            key=lambda right: new[right][3:],
        )
    return old_members, new_members


def _pair_smaller_side(
    old: Sequence[Trace],
    new: Sequence[Trace],
    old_members: list[int],
    new_members: list[int],
    shift: _Shift,
    new_of: list[int],
) -> None:
    """Give each finding of the smaller side its nearest partner in order, one sweep, no alignment table."""
    if len(old_members) == len(new_members):
        _pair_in_order(old_members, new_members, new_of)
        return
    expected = [min(shift.predictions(old[index].line)) for index in old_members]
    actual = [new[index].line for index in new_members]
    if len(old_members) < len(new_members):
        for few, many in _sweep(expected, actual):
            new_of[old_members[few]] = new_members[many]
    else:
        for few, many in _sweep(actual, expected):
            new_of[old_members[many]] = new_members[few]


def _sweep(few: list[int], many: list[int]) -> list[tuple[int, int]]:
    """Pair every entry of ``few`` with a near one of ``many``, both ascending, order kept."""
    pairs = []
    start = 0
    for position, line in enumerate(few):
        last = len(many) - (len(few) - position)
        best = start
        while best < last and abs(many[best + 1] - line) < abs(many[best] - line):
            best += 1
        pairs.append((position, best))
        start = best + 1
    return pairs


def _pair_renumbered(
    old: Sequence[Trace], new: Sequence[Trace], renamed: Mapping[str, str], new_of: list[int]
) -> None:
    """What is left on both sides at one place with one symbol is one finding under a new rule."""
    old_left = [index for index, hit in enumerate(new_of) if hit < 0]
    if not old_left:
        return
    taken = {hit for hit in new_of if hit >= 0}
    places: dict[tuple[str, str, int, int], list[int]] = defaultdict(list)
    for index, trace in enumerate(new):
        if index not in taken:
            places[(trace.path, trace.symbol, trace.line, trace.column)].append(index)
    if not places:
        return
    claims: dict[tuple[str, str, int, int], list[int]] = defaultdict(list)
    for index in old_left:
        trace = old[index]
        place = (renamed.get(trace.path, trace.path), trace.symbol, trace.line, trace.column)
        if place in places:
            claims[place].append(index)
    for place, claimants in claims.items():
        if len(claimants) == 1 == len(places[place]):
            new_of[claimants[0]] = places[place][0]
