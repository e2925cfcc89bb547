"""Which file of the last scan is which file of this one, where its path has changed."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from unicodedata import normalize

from planner.domain.identity import Trace

SIMILAR_ENOUGH = 0.5
"""Share of common findings that lets a file of the same name count as moved (measured on the history series)."""
NEARLY_ALL = 0.75
"""Share of common findings that lets a file of another, similar name count as renamed."""
NO_CHANCE = 5
"""Findings from which on no name need speak for a file that has the very same."""
TELLING = 3
"""Common findings below which a similar name proves nothing."""
MANY = 40_000
"""Vanished × appeared files of one folder up to which similar names are looked for: among more they prove nothing."""

_WORD = re.compile(r"[^\W_]+")


def renamed_files(
    old: Sequence[Trace],
    new: Sequence[Trace],
    renames: Mapping[str, str],
    *,
    still_there: Set[str] = frozenset(),
    deleted: Set[str] = frozenset(),
) -> dict[str, str]:
    """Old path → new path: what git says, and what can only be so. Ambiguous moves stay apart.

    Args:
        renames: git's own rename map; empty where there is none.
        still_there: files that this scan looked at: without findings they are clean, not gone.
        deleted: files that git says were deleted: nothing is guessed of them, save a change of letter case.
    """
    old_paths = {trace.path for trace in old}
    new_paths = {trace.path for trace in new}
    renamed = {path: renames[path] for path in old_paths if path in renames}
    taken = {*renames.values()}
    vanished = old_paths - new_paths - renamed.keys() - still_there
    appeared = new_paths - old_paths - taken
    if not vanished or not appeared:
        return renamed
    for guess in (
        _same_but_for_case,
        _same_findings,
        _same_tail,
        _same_folder_move,
        _akin_name,
        _same_set,
    ):
        found = guess(_Moves(old, new, vanished, appeared, renamed))
        renamed.update(found)
        vanished -= found.keys() | deleted
        appeared -= set(found.values())
        if not vanished or not appeared:
            break
    return renamed


@dataclass(frozen=True, slots=True)
class _Moves:
    """What a guess may look at: the files without a partner so far, and the moves already found."""

    old: Sequence[Trace]
    new: Sequence[Trace]
    vanished: set[str]
    appeared: set[str]
    renamed: Mapping[str, str]


def _one_to_one(vanished: Mapping[str, object], appeared: Mapping[str, object]) -> dict[str, str]:
    """Pair the paths whose signature occurs exactly once on both sides."""
    old_by_signature: dict[object, list[str]] = defaultdict(list)
    new_by_signature: dict[object, list[str]] = defaultdict(list)
    for path, signature in vanished.items():
        old_by_signature[signature].append(path)
    for path, signature in appeared.items():
        new_by_signature[signature].append(path)
    return {
        paths[0]: new_by_signature[signature][0]
        for signature, paths in old_by_signature.items()
        if len(paths) == 1 == len(new_by_signature.get(signature, ()))
    }


def _same_but_for_case(moves: _Moves) -> dict[str, str]:
    """Another letter case, or letters with accents in another spelling, as macOS writes them."""
    return _one_to_one(
        {path: normalize("NFC", path).casefold() for path in moves.vanished},
        {path: normalize("NFC", path).casefold() for path in moves.appeared},
    )


def _same_findings(moves: _Moves) -> dict[str, str]:
    """The same findings at the same places, as no other file has them, and a name that speaks for it or many of them."""
    old_rows, new_rows = _rows(moves.old, moves.vanished), _rows(moves.new, moves.appeared)
    same_name = _one_to_one(
        {path: (_name(path), *rows) for path, rows in old_rows.items()},
        {path: (_name(path), *rows) for path, rows in new_rows.items()},
    )
    same_rows = _one_to_one(
        {path: tuple(rows) for path, rows in old_rows.items()},
        {path: tuple(rows) for path, rows in new_rows.items()},
    )
    akin = {
        path: target
        for path, target in same_rows.items()
        if path not in same_name
        and target not in same_name.values()
        and _kinship(path, target) >= _kinship_asked(len(old_rows[path]))
    }
    return {**same_name, **akin}


def _kinship_asked(findings: int) -> float:
    """How much a name must speak for a file with so many findings at the very same places."""
    if findings >= NO_CHANCE:
        return 0.0
    return 0.5 if findings > 1 else 1.0


def _same_tail(moves: _Moves) -> dict[str, str]:
    """The same end of the path, the longest first, once on each side, and half of the findings in common.

    Where the folder is the same too, half of the findings of the file that has fewer will do: code is often mended
    on the occasion of a move.
    """
    found: dict[str, str] = {}
    for length in range(max(map(_depth, moves.vanished)), 0, -1):
        guessed = _one_to_one(
            {path: _tail(path, length) for path in moves.vanished - found.keys()},
            {path: _tail(path, length) for path in moves.appeared - set(found.values())},
        )
        found.update(_similar(moves, guessed, of_fewer=length > 1))
    return found


def _akin_name(moves: _Moves) -> dict[str, str]:
    """A name of the same words in the same folder, and nearly the same findings as in no other such file."""
    old_tokens, new_tokens = _tokens(moves.old, moves.vanished), _tokens(moves.new, moves.appeared)
    old_by_folder, new_by_folder = _by_folder(moves.vanished), _by_folder(moves.appeared)
    likely = [
        (_overlap(old_tokens[path], new_tokens[target]), path, target)
        for folder, paths in old_by_folder.items()
        if len(paths) * len(new_by_folder[folder]) <= MANY
        for path in paths
        for target in new_by_folder[folder]
        if sum((old_tokens[path] & new_tokens[target]).values()) >= TELLING
        and _kinship(path, target) >= 0.5
    ]
    best_old, best_new = _clear_best(likely, 1), _clear_best(likely, 2)
    return {
        path: target
        for share, path, target in likely
        if share >= NEARLY_ALL and best_old.get(path) == target and best_new.get(target) == path
    }


def _by_folder(paths: Set[str]) -> defaultdict[str, list[str]]:
    by_folder: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        by_folder[_folder(path)].append(path)
    return by_folder


def _same_set(moves: _Moves) -> dict[str, str]:
    """Another name in the same folder, and the very same findings, many of them, as in no other such file."""

    def signatures(tokens: Mapping[str, Counter[tuple[str, str]]]) -> dict[str, object]:
        return {
            path: (_folder(path), frozenset(counted.items()))
            for path, counted in tokens.items()
            if counted.total() >= NO_CHANCE
        }

    return _one_to_one(
        signatures(_tokens(moves.old, moves.vanished)),
        signatures(_tokens(moves.new, moves.appeared)),
    )


def _clear_best(likely: list[tuple[float, str, str]], side: int) -> dict[str, str]:
    """For each path of one side the path of the other that is more like it than any other."""
    ranked: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for entry in likely:
        ranked[str(entry[side])].append((entry[0], str(entry[3 - side])))
    best = {}
    for path, others in ranked.items():
        others.sort(reverse=True)
        if len(others) == 1 or others[0][0] > others[1][0]:
            best[path] = others[0][1]
    return best


def _same_folder_move(moves: _Moves) -> dict[str, str]:
    """Files that follow a change of folders which other files have already shown."""
    changes = Counter(_folder_change(old, new) for old, new in sorted(moves.renamed.items()))
    guessed: dict[str, str] = {}
    for change, _count in changes.most_common():
        for path in moves.vanished if change else ():
            target = _followed(path, *change)
            if target in moves.appeared:
                guessed.setdefault(path, target)
    return {
        path: target
        for path, target in guessed.items()
        if sum(other == target for other in guessed.values()) == 1
    }


def _folder_change(old: str, new: str) -> tuple[int, tuple[str, ...], tuple[str, ...]] | tuple[()]:
    """After how many folders which ones became which; nothing where the name itself has changed."""
    before, after = old.split("/"), new.split("/")
    if before[-1] != after[-1]:
        return ()
    while before and after and before[-1] == after[-1]:
        before.pop()
        after.pop()
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    return head, tuple(before[head:]), tuple(after[head:])


def _followed(path: str, head: int, before: tuple[str, ...], after: tuple[str, ...]) -> str:
    """Where a file would be now if its folders had changed likewise; nowhere if it lies elsewhere."""
    parts = path.split("/")
    end = head + len(before)
    if len(parts) <= end or tuple(parts[head:end]) != before:
        return ""
    return "/".join((*parts[:head], *after, *parts[end:]))


def _similar(
    moves: _Moves, guessed: Mapping[str, str], *, of_fewer: bool = False
) -> dict[str, str]:
    old_tokens = _tokens(moves.old, set(guessed))
    new_tokens = _tokens(moves.new, set(guessed.values()))
    return {
        path: target
        for path, target in guessed.items()
        if _overlap(old_tokens[path], new_tokens[target], min if of_fewer else max)
        >= SIMILAR_ENOUGH
    }


def _overlap(
    left: Counter[tuple[str, str]],
    right: Counter[tuple[str, str]],
    measured_by: Callable[[int, int], int] = max,
) -> float:
    """Share of common findings, of the file that has more or of the one that has fewer."""
    common = sum((left & right).values())
    return common / measured_by(sum(left.values()), sum(right.values()))


def _tokens(traces: Sequence[Trace], paths: set[str]) -> dict[str, Counter[tuple[str, str]]]:
    tokens: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for trace in traces:
        if trace.path in paths:
            tokens[trace.path][(trace.rule, trace.symbol)] += 1
    return tokens


def _rows(traces: Sequence[Trace], paths: set[str]) -> dict[str, list[tuple[int, int, str, str]]]:
    rows: dict[str, list[tuple[int, int, str, str]]] = defaultdict(list)
    for trace in traces:
        if trace.path in paths:
            rows[trace.path].append((trace.line, trace.column, trace.rule, trace.symbol))
    for found in rows.values():
        found.sort()
    return rows


def _kinship(old: str, new: str) -> float:
    """Share of the words of the shorter name that the other name has too; nothing across folders."""
    if _folder(old) != _folder(new):
        return 0.0
    words, others = (_WORD.findall(_name(path).rsplit(".", 1)[0].lower()) for path in (old, new))
    if "".join(words) == "".join(others):
        return 1.0
    return len({*words} & {*others}) / max(1, min(len({*words}), len({*others})))


def _depth(path: str) -> int:
    return path.count("/") + 1


def _tail(path: str, length: int) -> str:
    """The last parts of a path; of a shorter path nothing that another can equal."""
    return "/".join(path.split("/")[-length:]) if _depth(path) >= length else f"{path}/"


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]
