"""Which finding of this scan is which of the last: the only place that says "same".

Evidence is tried in passes, the strongest first, and every pair keeps its reason:

1. the file (``renames.py``): the same path, git's own rename, a rename of letter case only, or one vanished and one appeared
   file that can only be each other;
2. within a file, the same rule and symbol: one on both sides, or as many as before that moved alike, or a text of the
   line that occurs once; for the others the two scans are laid beside each other (``alignment.py``); then code that
   was moved as a block, and at last what lies nearest;
3. what is left at the same place with the same symbol, or with a fuller name for it: a rule that was renumbered.

Anything ambiguous stays unmatched: a new finding is a smaller lie than a wrong one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from planner.domain.alignment import aligned
from planner.domain.identity import Trace, line_in_cell
from planner.domain.renames import renamed_files

COMPARISONS = 2_500
"""Old × new findings of one rule and symbol in one file up to which blocks of moved code are looked for."""

_OF_MOVES = "AIR3"
"""How the ids of ruff's rules about names that Airflow 3 removed or moved begin."""


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
    *,
    still_there: Set[str] = frozenset(),
    deleted: Set[str] = frozenset(),
) -> Matching:
    """Pair the findings of two scans of one source.

    Args:
        old: the findings known so far.
        new: the findings of this scan.
        renames: git's rename map, old path → new path; empty where there is none.
        still_there: files that this scan looked at, which therefore cannot have been renamed away.
        deleted: files that git says were deleted; of these only the letter case may have changed.
    """
    renamed = renamed_files(old, new, renames, still_there=still_there, deleted=deleted)
    matching = Matching(
        new_of=[-1] * len(old),
        renamed=renamed,
        by_git=frozenset(path for path in renamed if renames.get(path) == renamed[path]),
    )
    old_groups = _groups(old, renamed)
    new_groups = _groups(new, {})
    unclear: set[str] = set()
    for key, old_members in old_groups.items():
        new_members = new_groups.get(key)
        if new_members is None:
            continue
        if len(old_members) == 1 == len(new_members):
            matching.new_of[old_members[0]] = new_members[0]
        elif _moved_alike(old, new, old_members, new_members):
            _pair_in_order(old_members, new_members, matching.new_of)
        else:
            unclear.add(key[0])
            _pair_by_rare_text(old, new, old_members, new_members, matching.new_of)
    if unclear:
        _pair_aligned(old, new, old_groups, new_groups, unclear, matching.new_of)
    _pair_renumbered(old, new, renamed, matching.new_of)
    return matching


def explain(old: Trace, new: Trace, *, by_git: bool) -> str:
    """Why two traces are the same finding, as a person would say it; empty where nothing moved."""
    parts = []
    if old.line != new.line:
        evidence = (
            "same text" if old.content and old.content == new.content else "same order in the file"
        )
        parts.append(f"{_move_of_line(old.line, new.line)}, {evidence}")
    if old.path != new.path:
        seen_by = "as git says" if by_git else "the only file it can be"
        parts.append(f"file renamed from {old.path}, {seen_by}")
    if old.rule != new.rule:
        place = "place" if old.line == new.line else "name"
        parts.append(f"rule {old.rule} is now {new.rule}, same {place}")
    if old.symbol != new.symbol:
        parts.append(f"{old.symbol} is now told of as {new.symbol}, same place")
    return "; ".join(parts)


def _move_of_line(old: int, new: int) -> str:
    (cell, line), (cell_now, line_now) = line_in_cell(old), line_in_cell(new)
    if cell == cell_now:
        place = f"cell {cell}, line" if cell else "line"
        return f"{place} {line} → {line_now}"
    return f"cell {cell}, line {line} → cell {cell_now}, line {line_now}"


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


def _moved_alike(
    old: Sequence[Trace], new: Sequence[Trace], old_members: list[int], new_members: list[int]
) -> bool:
    """As many as before, all moved by one distance: nothing speaks against their order."""
    if len(old_members) != len(new_members):
        return False
    shift = new[new_members[0]].line - old[old_members[0]].line
    return all(
        old[left].line + shift == new[right].line and old[left][4:] == new[right][4:]
        for left, right in zip(old_members, new_members, strict=True)
    )


def _pair_by_rare_text(
    old: Sequence[Trace],
    new: Sequence[Trace],
    old_members: list[int],
    new_members: list[int],
    new_of: list[int],
) -> None:
    """Pair members whose line has a text that occurs once on both sides."""
    if not old[old_members[0]].content or not new[new_members[0]].content:
        return
    new_by_text = _by_text(new, new_members)
    for text, old_same in _by_text(old, old_members).items():
        new_same = new_by_text.get(text, [])
        if text and len(old_same) == 1 == len(new_same):
            new_of[old_same[0]] = new_same[0]


def _by_text(traces: Sequence[Trace], members: Iterable[int]) -> dict[str, list[int]]:
    by_text: dict[str, list[int]] = {}
    for index in members:
        by_text.setdefault(traces[index].content, []).append(index)
    return by_text


def _pair_aligned(
    old: Sequence[Trace],
    new: Sequence[Trace],
    old_groups: Mapping[tuple[str, str, str], list[int]],
    new_groups: Mapping[tuple[str, str, str], list[int]],
    unclear: Set[str],
    new_of: list[int],
) -> None:
    """Lay the two scans of a file beside each other where a group alone does not tell."""
    old_files, new_files = _files(old, old_groups, unclear), _files(new, new_groups, unclear)
    for path, old_members in old_files.items():
        fixed = {index: new_of[index] for index in old_members if new_of[index] >= 0}
        for left, right in aligned(old, new, old_members, new_files[path], fixed):
            new_of[left] = right
    for key, old_members in old_groups.items():
        if key[0] not in unclear or key not in new_groups:
            continue
        rest_old = [index for index in old_members if new_of[index] < 0]
        if rest_old:
            taken = {new_of[index] for index in old_members}
            rest_new = [index for index in new_groups[key] if index not in taken]
            _pair_rest(old, new, rest_old, rest_new, new_of)


def _files(
    traces: Sequence[Trace], groups: Mapping[tuple[str, str, str], list[int]], wanted: Set[str]
) -> dict[str, list[int]]:
    files: dict[str, list[int]] = defaultdict(list)
    for key, members in groups.items():
        if key[0] in wanted:
            files[key[0]].extend(members)
    for members in files.values():
        members.sort(key=lambda index: (traces[index][3:], traces[index][1:3]))
    return files


def _pair_rest(
    old: Sequence[Trace],
    new: Sequence[Trace],
    old_members: list[int],
    new_members: list[int],
    new_of: list[int],
) -> None:
    """What does not lie along the file's chain: code that was moved as a block, then whatever is nearest."""
    old_members, new_members = _pair_moved_together(old, new, old_members, new_members, new_of)
    lines_before = [old[index].line for index in old_members]
    lines_now = [new[index].line for index in new_members]
    if len(old_members) <= len(new_members):
        for few, many in _sweep(lines_before, lines_now):
            new_of[old_members[few]] = new_members[many]
    else:
        for few, many in _sweep(lines_now, lines_before):
            new_of[old_members[many]] = new_members[few]


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
    new_of: list[int],
) -> tuple[list[int], list[int]]:
    """Pair the findings that moved by one and the same distance, the largest such set first; return the rest."""
    while 1 < len(old_members) * len(new_members) <= COMPARISONS:
        distances = Counter(
            (new[right].line - old[left].line, new[right].column - old[left].column)
            for left in old_members
            for right in new_members
        )
        distance, together = max(
            distances.items(), key=lambda item: (item[1], -abs(item[0][0]), item[0])
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
    """What is left on both sides with one name is one finding under a new rule."""
    old_left = [index for index, hit in enumerate(new_of) if hit < 0]
    if not old_left:
        return
    taken = set(new_of)
    new_left = [index for index in range(len(new)) if index not in taken]
    if not new_left:
        return
    _pair_at_one_place(old, new, old_left, new_left, renamed, new_of)
    _pair_of_one_name(old, new, old_left, new_left, renamed, new_of)


def _pair_at_one_place(
    old: Sequence[Trace],
    new: Sequence[Trace],
    old_left: Sequence[int],
    new_left: Sequence[int],
    renamed: Mapping[str, str],
    new_of: list[int],
) -> None:
    places: dict[tuple[str, int, int], list[int]] = defaultdict(list)
    for index in new_left:
        places[(new[index].path, new[index].line, new[index].column)].append(index)
    claims: dict[int, list[int]] = defaultdict(list)
    for index in old_left:
        trace = old[index]
        place = (renamed.get(trace.path, trace.path), trace.line, trace.column)
        heirs = [hit for hit in places.get(place, ()) if _one_name(trace.symbol, new[hit].symbol)]
        if len(heirs) == 1:
            claims[heirs[0]].append(index)
    for heir, claimants in claims.items():
        if len(claimants) == 1:
            new_of[claimants[0]] = heir


def _one_name(one: str, other: str) -> bool:
    """The same name, or one that leads to the other: a module and what was taken from it."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _pair_of_one_name(
    old: Sequence[Trace],
    new: Sequence[Trace],
    old_left: Sequence[int],
    new_left: Sequence[int],
    renamed: Mapping[str, str],
    new_of: list[int],
) -> None:
    """Lines moved too: every finding of a symbol in a file, all of one rule before and all of another now."""
    taken = set(new_of)
    old_named = _groups([old[index]._replace(rule="") for index in old_left], renamed)
    new_named = _groups([new[index]._replace(rule="") for index in new_left], {})
    for key, old_places in old_named.items():
        before = [old_left[place] for place in old_places if new_of[old_left[place]] < 0]
        now = [new_left[place] for place in new_named.get(key, ()) if new_left[place] not in taken]
        if (
            len(before) == len(now)
            and len({old[index].rule for index in before}) == 1
            and len({new[index].rule for index in now}) == 1
            and [old[index].column for index in before] == [new[index].column for index in now]
        ):
            _pair_in_order(before, now, new_of)


# ------------------------------------------------------------------ within a scan


def told_twice(traces: Sequence[Trace]) -> set[int]:
    """Findings that only repeat what another one says of the same name at the same place, under another rule.

    ruff 0.9 told of a class that moved to a provider twice: that it is gone, and where it went. Later versions
    tell once. The rule that sorts last is kept: it is the one that says where to.
    """
    last: dict[tuple[str, str, int, int], str] = {}
    told = 0
    for path, rule, symbol, line, column, _content in traces:
        if rule.startswith(_OF_MOVES) and column:
            told += 1
            place = (path, symbol, line, column)
            if last.get(place, "") < rule:
                last[place] = rule
    if len(last) == told:
        return set()
    return {
        index
        for index, (path, rule, symbol, line, column, _content) in enumerate(traces)
        if rule.startswith(_OF_MOVES) and column and rule < last[(path, symbol, line, column)]
    }
