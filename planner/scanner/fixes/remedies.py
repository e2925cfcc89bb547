"""What to write instead of what an observation is about: from the rulebook, for one pair of versions."""

from __future__ import annotations

import ast
import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from packaging.version import InvalidVersion, Version

from planner.domain.rules import Fixes, Limit, Move
from planner.parsers.fix import Edit
from planner.rulebook.load import rulebook
from planner.scanner.code import edits
from planner.scanner.fixes.rewrite import Rewrite, Rewriter

OLDEST = "2.7"
"""Where nobody says what runs today, the result must run on this and on everything since."""
_ANY_USE = Limit()


class Terms(msgspec.Struct, frozen=True):
    """The versions between which the upgrade leads."""

    target: str
    """The line that is aimed at: ``3.3``."""
    current: str = ""
    """The version that runs today; empty where it is not known."""

    @property
    def current_line(self) -> Version | None:
        """The line that runs today: ``2.9`` of ``2.9.3``."""
        try:
            version = Version(self.current)
        except InvalidVersion:
            return None
        return Version(f"{version.major}.{version.minor}")

    def runs_today(self, since: str) -> bool:
        """Whether what a 2.x version brought is there today."""
        return not since or (self.current_line or Version(OLDEST)) >= Version(since)


class Remedy(msgspec.Struct, frozen=True):
    """One name's rewrite, with what to say of it."""

    rewrite: Rewrite
    says: str
    when: str
    safe: bool = True
    needs: tuple[str, ...] = ()
    side: str = "now"


class _Way(NamedTuple):
    """How a name that has moved is written for both sides, in a file that uses it as the limit says."""

    remedy: Remedy
    limit: Limit
    arguments: frozenset[str] | None
    """See ``_known_arguments``."""


def import_remedy(symbol: str, rewriter: Rewriter, terms: Terms) -> Remedy | None:
    """How a name that the file imports is written for both sides; None where there is no way."""
    table = rulebook().fixes
    if symbol in table.moves:
        return _moved(symbol, rewriter, terms)
    known = table.remedies.get(symbol)
    if known is None or known.do not in ("define", "name"):
        return None
    rewrite = Rewrite(symbol, use=known.to, imports=known.imports, code=known.code)
    return Remedy(rewrite, known.says, known.side, known.safe, side=known.side)


def _moved(symbol: str, rewriter: Rewriter, terms: Terms) -> Remedy | None:
    way = _way(symbol, terms)
    if way is None:
        return None
    changes = _within(way.limit, way.arguments, symbol, rewriter)
    if changes is None:
        return None
    if not changes:
        return way.remedy
    return msgspec.structs.replace(
        way.remedy, rewrite=msgspec.structs.replace(way.remedy.rewrite, edits=tuple(changes))
    )


@functools.lru_cache(maxsize=4_096)
def _way(symbol: str, terms: Terms) -> _Way | None:
    """What becomes of a name that has moved, whatever the file."""
    table = rulebook().fixes
    move = table.moves[symbol]
    if move.on.get(terms.target, _last(move.on)) not in ("ok", "released"):
        return None
    limit = table.limits.get(move.new, _ANY_USE)
    arguments = _known_arguments(move, terms, table)
    is_plain = limit.side == "after" or imports_today(move, terms)
    bundled = move.needs.partition(">")[0] in table.bundled
    needs = (_needed(move.needs, terms),) if move.needs and not bundled else ()
    rewrite = Rewrite(symbol, new=move.new, old=move.instead, is_plain=is_plain)
    says = _says(move, is_plain, needs)
    if limit.side == "after":
        remedy = Remedy(rewrite, says, "after", False, needs, "after")
    else:
        when = "provider" if needs else "now" if is_plain else "shim"
        remedy = Remedy(rewrite, says, when, True, needs)
    return _Way(remedy, limit, arguments)


def _needed(package: str, terms: Terms) -> str:
    """The package with the lowest version that has the name and that the target takes."""
    name, _, floor = package.partition(">=")
    known = rulebook().packages["providers"].get(name.removeprefix("apache-airflow-providers-"), {})
    asked = known.get("needs", {}).get(terms.target, "")
    versions = [version for version in (floor, asked) if version]
    return f"{name}>={max(versions, key=Version)}" if versions else name


def _says(move: Move, is_plain: bool, needs: Sequence[str]) -> str:
    module, _, name = move.new.rpartition(".")
    otherwise = "" if is_plain else ", and from its old place where that fails"
    first = "".join(f". The target needs `{need}` first" for need in needs)
    return f"Import `{name}` from `{module}`{otherwise}{first}"


def _known_arguments(move: Move, terms: Terms, table: Fixes) -> frozenset[str] | None:
    """The arguments that an operator may have: others would fail where the provider is installed on 2.x
    already, save those that have an edit of their own."""
    if not move.new.startswith("airflow.providers.standard."):
        return None
    own = rulebook().operator_arguments.get(move.new.rpartition(".")[2])
    if own is None:
        return None
    edited = {
        name
        for name, entry in table.remedies.items()
        if entry.side == "now" and terms.runs_today(entry.since)
    }
    return own | edited


def _last(on: Mapping[str, str]) -> str:
    """What was measured on the newest line, for lines that came after it."""
    return on[max(on, key=Version)]


def imports_today(move: Move, terms: Terms) -> bool:
    """Whether the new name imports on what runs today: on every 2.x, for providers have their own versions."""
    line = terms.current_line
    if line is not None and line.major > 2:
        reached = [each for each in move.on if Version(each) <= line]
        return move.on[max(reached, key=Version)] == "ok"
    return all(
        status in ("ok", "same") for each, status in move.on.items() if Version(each).major == 2
    )


def _within(
    limit: Limit, arguments: frozenset[str] | None, symbol: str, rewriter: Rewriter
) -> list[Edit] | None:
    """What must change at the uses of a name whose new form differs; None where a use does not fit it."""
    changes: list[Edit] = []
    if limit == _ANY_USE and arguments is None:
        return changes
    for use in rewriter.uses_of(symbol):
        parent = rewriter.file.parent(use)
        call: ast.AST | None = parent
        if isinstance(parent, ast.Attribute):
            if limit.attributes is not None and parent.attr not in limit.attributes:
                return None
            call, use = rewriter.file.parent(parent), parent
        elif isinstance(parent, ast.Call) and parent.func is use and not limit.called:
            return None
        if isinstance(call, ast.Call) and call.func is use:
            found = _call_within(limit, arguments, call, rewriter)
            if found is None:
                return None
            changes += found
    return changes


def _call_within(
    limit: Limit, arguments: frozenset[str] | None, call: ast.Call, rewriter: Rewriter
) -> Sequence[Edit] | None:
    if limit.most_positional is not None and len(call.args) > limit.most_positional:
        return None
    for keyword in call.keywords:
        if keyword.arg is None:
            if limit.as_positional:
                return None
        elif keyword.arg in limit.as_positional:
            return positional(rewriter, call, keyword, limit.as_positional[keyword.arg])
        elif arguments is not None and keyword.arg not in arguments:
            return None
    return []


def positional(
    rewriter: Rewriter, call: ast.Call, keyword: ast.keyword, position: int
) -> Sequence[Edit] | None:
    """The edits that give a keyword's value by its place instead; None where its place is not next."""
    if len(call.args) != position or call.keywords[0] is not keyword:
        return None
    file = rewriter.file
    start, end = edits.start_of(file, keyword), edits.start_of(file, keyword.value)
    text = file.lines[start[0] - 1][start[1] : end[1]]
    if start[0] != end[0] or text.replace(" ", "") != f"{keyword.arg}=":
        return None
    return [edits.edit(start, end, "")]
