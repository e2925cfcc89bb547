"""Which file of the last scan is which file of this one, where its path has changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from planner.domain.identity import Trace

SIMILAR_ENOUGH = 0.5
"""Share of common findings that lets a file of the same name count as moved (measured on the history series)."""


def renamed_files(
    old: Sequence[Trace],
    new: Sequence[Trace],
    renames: Mapping[str, str],
    still_there: Set[str] = frozenset(),
) -> dict[str, str]:
    """Old path → new path: what git says, and what can only be so. Ambiguous moves stay apart.

    Args:
        renames: git's own rename map; empty where there is none.
        still_there: files that this scan looked at: without findings they are clean, not gone.
    """
    old_paths = {trace.path for trace in old}
    new_paths = {trace.path for trace in new}
    renamed = {path: renames[path] for path in old_paths if path in renames}
    taken = set(renamed.values())
    vanished = old_paths - new_paths - renamed.keys() - still_there
    appeared = new_paths - old_paths - taken
    if not vanished or not appeared:
        return renamed
    for guess in (_same_but_for_case, _same_findings, _same_name, _same_folder_move):
        found = guess(_Moves(old, new, vanished, appeared, renamed))
        renamed.update(found)
        vanished -= found.keys()
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
    return _one_to_one(
        {path: path.casefold() for path in moves.vanished},
        {path: path.casefold() for path in moves.appeared},
    )


def _same_findings(moves: _Moves) -> dict[str, str]:
    """The same name and the same findings at the same lines."""
    return _one_to_one(
        {path: (_name(path), *rows) for path, rows in _rows(moves.old, moves.vanished).items()},
        {path: (_name(path), *rows) for path, rows in _rows(moves.new, moves.appeared).items()},
    )


def _same_name(moves: _Moves) -> dict[str, str]:
    """The same file name, once on each side, and at least half of the findings in common."""
    guessed = _one_to_one(
        {path: _name(path) for path in moves.vanished},
        {path: _name(path) for path in moves.appeared},
    )
    return _similar(moves, guessed)


def _same_folder_move(moves: _Moves) -> dict[str, str]:
    """Files that follow a folder which other files have already shown to have moved."""
    folders = Counter(_folder_change(old, new) for old, new in sorted(moves.renamed.items()))
    guessed: dict[str, str] = {}
    for before, after in (
        change for change, _count in folders.most_common() if change[0] != change[1]
    ):
        for path in moves.vanished:
            target = after + path[len(before) :]
            if path.startswith(before) and target in moves.appeared:
                guessed.setdefault(path, target)
    return {
        path: target
        for path, target in guessed.items()
        if sum(other == target for other in guessed.values()) == 1
    }


def _folder_change(old: str, new: str) -> tuple[str, str]:
    """The part of two paths that differs once the common tail is taken off."""
    old_parts, new_parts = old.split("/"), new.split("/")
    while old_parts and new_parts and old_parts[-1] == new_parts[-1]:
        old_parts.pop()
        new_parts.pop()
    return (
        "/".join(old_parts) + "/" if old_parts else "",
        "/".join(new_parts) + "/" if new_parts else "",
    )


def _similar(moves: _Moves, guessed: Mapping[str, str]) -> dict[str, str]:
    old_tokens = _tokens(moves.old, set(guessed))
    new_tokens = _tokens(moves.new, set(guessed.values()))
    return {
        path: target
        for path, target in guessed.items()
        if _overlap(old_tokens[path], new_tokens[target]) >= SIMILAR_ENOUGH
    }


def _overlap(left: Counter[tuple[str, str]], right: Counter[tuple[str, str]]) -> float:
    common = sum((left & right).values())
    return common / max(sum(left.values()), sum(right.values()))


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


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]
