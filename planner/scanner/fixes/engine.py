"""Fixes of one file's observations: edits that run on today's version and on the target, or after the flip.

Names are rewritten for the whole file at once, and every finding about one of them carries the same edits, so
that any choice of findings makes a patch that fits together. What the result would not parse is not offered.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from planner.domain import patch
from planner.domain.rating import canonical_rule, when_of
from planner.domain.report import Observation
from planner.domain.rules import Remedy as Entry
from planner.parsers.fix import Edit, Fix, fix_bytes
from planner.rulebook.load import rulebook
from planner.scanner import edits
from planner.scanner.dag_call import dag_calls
from planner.scanner.diff import LARGEST_DIFF, applied, plain
from planner.scanner.fixes.remedies import Remedy, Terms, import_remedy
from planner.scanner.fixes.rewrite import Rewrite, Rewriter
from planner.scanner.python_file import TOO_DEEP, PythonFile, parsed

_IMPORTS = "imports"
_decode = msgspec.json.Decoder(Fix).decode


@dataclass
class _Offer:
    """The fix of one observation before it is tried."""

    edits: list[Edit]
    says: str
    when: str
    safe: bool
    side: str = "now"
    needs: tuple[str, ...] = ()
    group: str = ""
    rank: int = 0


@dataclass
class _Wanted:
    """The rewrites of a file's imports with the observations that ask for them."""

    remedies: dict[str, Remedy] = field(default_factory=dict)
    asked: list[tuple[int, str]] = field(default_factory=list)
    """The index of each observation with its symbol."""


def fixes_of(
    path: str,
    text: str,
    observations: Sequence[Observation],
    terms: Terms,
    elsewhere: frozenset[str] = frozenset(),
) -> list[bytes]:
    """The fix of each observation of one file, or nothing.

    Args:
        text: the file, its byte order mark included.
        elsewhere: the names that other files of the tree import from files of the tree.
    """
    if "\r" in text.replace("\r\n", ""):
        return [b""] * len(observations)
    offers: dict[int, _Offer] = {}
    if path.endswith(".py"):
        try:
            file = PythonFile(path, text.removeprefix("\ufeff"))
        except TOO_DEEP:
            return [b""] * len(observations)
        offers = _Engine(file, observations, terms, elsewhere).offers()
        _drop_broken(file.source, offers)
    elif not path.endswith(".ipynb"):
        for index, one in enumerate(observations):
            if one.fix:
                offers[index] = _own(one)
    return _written(path, text, offers, len(observations))


def _own(observation: Observation) -> _Offer:
    """The edits that one of Flightplan's own checks proposes."""
    fix = _decode(observation.fix)
    when = when_of(observation.rule, observation.symbol, rulebook())
    side = "after" if when == "after" else "now"
    return _Offer(fix.edits, fix.message or "", when, fix.applicability == "safe", side)


class _Engine:
    """One file's observations turned into offers."""

    def __init__(
        self,
        file: PythonFile,
        observations: Sequence[Observation],
        terms: Terms,
        elsewhere: frozenset[str],
    ) -> None:
        self._file = file
        self._observations = observations
        self._terms = terms
        self._elsewhere = elsewhere
        self._book = rulebook()
        self._table = self._book.fixes
        self._rewriter = Rewriter(file)
        self._wanted = _Wanted()
        self._offers: dict[int, _Offer] = {}
        self._drops: dict[tuple[ast.Call, str], list[tuple[int, str]]] = {}

    def offers(self) -> dict[int, _Offer]:
        """The offer for each observation, by its index."""
        for index, one in enumerate(self._observations):
            offer = self._offer(index, one)
            if offer is not None and offer.edits:
                self._offers[index] = offer
        self._offer_imports()
        self._offer_drops()
        return self._offers

    def _offer(self, index: int, one: Observation) -> _Offer | None:
        """The offer for an observation by itself; those that belong together are noted for later."""
        if one.cell is not None:
            return None
        if not one.rule.startswith("AIR") and one.fix:
            return _own(one)
        if one.symbol.startswith("airflow.") and self._asks_for_import(index, one):
            return None
        entry = self._table.remedies.get(one.symbol)
        if entry is not None:
            return self._from_entry(index, one, entry)
        if not one.rule.startswith("AIR") or not one.fix:
            return None
        return self._from_tool(one)

    def _from_tool(self, one: Observation) -> _Offer | None:
        """ruff's own edit. One that nobody knows to run on both sides waits for the flip, if it is no import:
        those it leaves half done."""
        fix = _decode(one.fix)
        if one.rule in self._table.both_sides:
            return _Offer(fix.edits, fix.message or "", "now", fix.applicability == "safe")
        if any("import" in (edit.content or "") for edit in fix.edits):
            return None
        return _Offer(fix.edits, fix.message or "", "after", False, "after")

    # --- Names

    def _asks_for_import(self, index: int, one: Observation) -> bool:
        """Notes a name whose import is to be rewritten."""
        symbol = one.symbol
        rule = self._book.rules.get(canonical_rule(one.rule, one.rule_name, "", "", self._book))
        if rule is None or not rule.by_symbol:
            return False
        if symbol not in self._wanted.remedies:
            remedy = self._remedy(symbol)
            if remedy is None or not self._rewriter.possible(remedy.rewrite):
                return False
            self._wanted.remedies[symbol] = remedy
        self._wanted.asked.append((index, symbol))
        return True

    def _remedy(self, symbol: str) -> Remedy | None:
        if self._is_unused(symbol):
            return Remedy(Rewrite(symbol), "Delete the import: nothing uses the name", "now")
        return import_remedy(symbol, self._rewriter, self._terms, self._table)

    def _is_unused(self, symbol: str) -> bool:
        """Whether nothing here or elsewhere needs the import."""
        if self._file.path.endswith("__init__.py") or self._rewriter.uses_of(symbol):
            return False
        return all(
            one.alias.asname != one.alias.name
            and one.local not in self._elsewhere
            and not self._rewriter.is_exported(one.local)
            and not self._rewriter.is_mentioned(one)
            for one in self._rewriter.imports_of(symbol)
        )

    def _offer_imports(self) -> None:
        """The offers for all names: the safe ones together, the others apart, or with them where they touch."""
        remedies = self._wanted.remedies
        now = [one for one in remedies.values() if one.side == "now"]
        safe = [one.rewrite for one in now if one.safe]
        rest = [one.rewrite for one in now if not one.safe]
        after = [one.rewrite for one in remedies.values() if one.side == "after"]
        safe_edits = self._rewriter.edits_of(safe)
        rest_edits = self._rewriter.edits_of(rest)
        joined = _touch(safe_edits, rest_edits)
        if joined:
            rest_edits = self._rewriter.edits_of([*safe, *rest])
        after_edits = self._rewriter.edits_of(after)
        for index, symbol in self._wanted.asked:
            remedy = remedies[symbol]
            is_after = remedy.side == "after"
            is_safe = remedy.safe and not is_after
            self._offers[index] = _Offer(
                edits=after_edits if is_after else safe_edits if is_safe else rest_edits,
                says=remedy.says,
                when=remedy.when,
                safe=is_safe,
                side=remedy.side,
                needs=remedy.needs,
                group=_IMPORTS if joined and not is_after else "",
                rank=0 if is_safe else 1,
            )
        self._offer_what_goes_too(safe, rest, after)

    def _offer_what_goes_too(self, *together: Sequence[Rewrite]) -> None:
        """Modules and names whose imports go with others get the same edits."""
        for rewrites in together:
            taken = self._rewriter.taken_by(rewrites)
            wanted = {rewrite.symbol for rewrite in rewrites}
            like = next(
                (self._offers[index] for index, symbol in self._wanted.asked if symbol in wanted),
                None,
            )
            for index, one in enumerate(self._observations):
                if (
                    like
                    and index not in self._offers
                    and not one.fix
                    and self._goes(one, taken, rewrites)
                ):
                    self._offers[index] = replace(like, says="It goes with its import", needs=())

    def _goes(
        self, one: Observation, taken: frozenset[tuple[str, int]], rewrites: Sequence[Rewrite]
    ) -> bool:
        """Whether an import that goes is meant, or a part of a dotted name that is rewritten."""
        return (one.symbol, one.line) in taken or any(
            rewrite.symbol.startswith(f"{one.symbol}.")
            and (one.line, one.column) in self._rewriter.chains_at(rewrite.symbol)
            for rewrite in rewrites
            if one.symbol
        )

    # --- Arguments and words

    def _from_entry(self, index: int, one: Observation, entry: Entry) -> _Offer | None:
        match entry.do:
            case "keep":
                return self._kept(one, entry)
            case "drop":
                self._note_drop(index, one, entry)
            case "text":
                return self._text(one, entry)
            case "string":
                return self._string(one, entry)
            case "undecorate":
                self._undecorate(index, one, entry)
        return None

    def _kept(self, one: Observation, entry: Entry) -> _Offer | None:
        """ruff's own edit, or the same for a word in quotes that ruff only names."""
        side = entry.side
        if not one.fix:
            return self._string(one, entry) if entry.to and self._has_dates() else None
        fix = _decode(one.fix)
        if not self._terms.runs_today(entry.since):
            side = "after"
        safe = fix.applicability == "safe"
        return _Offer(fix.edits, fix.message or "", side, safe, side)

    def _string(self, one: Observation, entry: Entry) -> _Offer | None:
        """The same for a word in quotes."""
        node = self._constant_at(one)
        if node is None:
            return None
        changes = edits.rename_string(self._file, node, entry.to)
        return _Offer(changes, entry.says or f"Use `{entry.to}` instead", "now", True)

    def _has_dates(self) -> bool:
        """Whether runs of the file's DAGs have a logical date, as far as it tells."""
        dags = dag_calls(self._file)
        return not dags or any(dag.schedule.by_time for dag in dags)

    def _constant_at(self, one: Observation) -> ast.Constant | None:
        for node in self._file.of(ast.Constant):
            place = self._file.place(node)
            if (place.line, place.column) == (one.line, one.column) and node.value == one.symbol:
                return node
        return None

    def _note_drop(self, index: int, one: Observation, entry: Entry) -> None:
        for call in self._file.of(ast.Call):
            for keyword in call.keywords:
                place = self._file.place(keyword)
                if keyword.arg == one.symbol and (place.line, place.column) == (
                    one.line,
                    one.column,
                ):
                    self._drops.setdefault((call, entry.side), []).append((index, one.symbol))

    def _offer_drops(self) -> None:
        """Arguments of one call that go are dropped together, so that their commas are counted once."""
        for (call, side), dropped in self._drops.items():
            names = {symbol for _, symbol in dropped}
            changes = edits.drop_keyword(self._file, call, *names)
            for index, symbol in dropped:
                entry = self._table.remedies[symbol]
                if changes:
                    self._offers[index] = _Offer(changes, entry.says, side, entry.safe, side)

    def _text(self, one: Observation, entry: Entry) -> _Offer | None:
        """The last part of a dotted name, written otherwise."""
        for node in self._file.of(ast.Attribute):
            place = self._file.place(node)
            here = place.line == one.line and place.column == one.column
            if here and self._file.name(node) == one.symbol:
                end = edits.end_of(self._file, node)
                start = (end[0], end[1] - len(node.attr))
                return _Offer(
                    [edits.edit(start, end, entry.to)], entry.says, "now", entry.safe, entry.side
                )
        return None

    def _undecorate(self, index: int, one: Observation, entry: Entry) -> None:
        """Notes a decorator that goes with its import; all its uses must be decorators."""
        symbol = entry.to
        if symbol not in self._wanted.remedies:
            uses = self._rewriter.uses_of(symbol)
            changes = [change for use in uses for change in self._without_decorator(use)]
            rewrite = Rewrite(symbol, edits=tuple(changes), keeps_uses=True)
            if len(changes) != len(uses) or not self._rewriter.possible(rewrite):
                return
            self._wanted.remedies[symbol] = Remedy(rewrite, entry.says, "now", entry.safe)
        self._wanted.asked.append((index, symbol))

    def _without_decorator(self, use: ast.expr) -> list[Edit]:
        function = self._file.parent(use)
        if isinstance(function, ast.FunctionDef) and any(
            use is each for each in function.decorator_list
        ):
            return edits.drop_lines(self._file, use.lineno, use.end_lineno or use.lineno)
        return []


def _touch(some: Iterable[Edit], others: Sequence[Edit]) -> bool:
    mine = [plain(edit) for edit in some]
    theirs = [plain(edit) for edit in others]
    return any(
        one != other and patch.clash(one, other) for one in mine for other in theirs
    ) or bool(set(mine) & set(theirs))


def _drop_broken(source: str, offers: dict[int, _Offer]) -> None:
    """Takes out every offer whose result would not parse. Most files are tried in one go."""
    for side in ("now", "after"):
        indexes = [index for index, offer in offers.items() if offer.side == side]
        distinct: dict[int, list[Edit]] = {id(offers[at].edits): offers[at].edits for at in indexes}
        ranked = [offers[at] for at in indexes]
        best = max((offer.rank for offer in ranked if offer.group), default=0)
        together = {
            id(offer.edits): offer.edits
            for offer in ranked
            if not offer.group or offer.rank == best
        }
        every = list({plain(edit): edit for one in together.values() for edit in one}.values())
        if len(distinct) == len(together) and _parses(source, every):
            continue
        broken = {key for key, some in distinct.items() if not _parses(source, some)}
        for index in indexes:
            if id(offers[index].edits) in broken:
                del offers[index]


def _parses(source: str, some: Sequence[Edit]) -> bool:
    try:
        parsed(applied(source, some))
    except (patch.EditsRefused, *TOO_DEEP):
        return False
    return True


def _written(path: str, text: str, offers: dict[int, _Offer], count: int) -> list[bytes]:
    """The fixes with their diffs. Offers that share their edits share the diff."""
    lines = patch.numbered(patch.lines_of(text))
    diffs: dict[int, str] = {}
    fixes = [b""] * count
    for index, offer in offers.items():
        if id(offer.edits) not in diffs:
            diffs[id(offer.edits)] = _diff(path, lines, offer.edits)
        diff = diffs[id(offer.edits)]
        if not diff:
            continue
        fixes[index] = fix_bytes(
            Fix(
                "safe" if offer.safe else "unsafe",
                offer.says,
                offer.edits,
                diff,
                side=offer.side,
                when=offer.when,
                needs=list(offer.needs),
                group=offer.group,
                rank=offer.rank,
            )
        )
    return fixes


def _diff(path: str, lines: patch.Lines, some: Sequence[Edit]) -> str:
    try:
        diff = patch.unified_diff(path, lines, list(map(plain, some)))
    except patch.EditsRefused:
        return ""
    return diff if len(diff) <= LARGEST_DIFF else ""
