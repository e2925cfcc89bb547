"""Fixes of one file's observations: edits that run on today's version and on the target, or after the flip.

Names are rewritten for the whole file at once, and every finding about one of them carries the same edits, so
that any choice of findings makes a patch that fits together. What the result would not parse is not offered.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Container, Iterable, Iterator, Sequence

import msgspec

from planner.domain import patch
from planner.domain.rating import canonical_rule, when_of
from planner.domain.report import Observation
from planner.domain.rules import Remedy as Entry
from planner.parsers.fix import Edit, Fix, fix_bytes
from planner.rulebook.load import rulebook
from planner.scanner.code import edits
from planner.scanner.code.dag_call import dag_calls
from planner.scanner.code.python_file import TOO_DEEP, PythonFile, python_file
from planner.scanner.diff import LARGEST_DIFF, plain
from planner.scanner.fixes.remedies import Remedy, Terms, import_remedy
from planner.scanner.fixes.rewrite import Rewrite, Rewriter
from planner.scanner.fixes.trial import Trial

MOST_FINDINGS = 3_000
"""A file with more is generated or hostile: its findings get no edits."""

_IMPORTS = "imports"
_decode = msgspec.json.Decoder(Fix).decode


class _Offer(msgspec.Struct):
    """The fix of one observation before it is tried."""

    edits: list[Edit]
    says: str
    when: str
    safe: bool
    side: str = "now"
    needs: tuple[str, ...] = ()
    group: str = ""
    rank: int = 0


class _Wanted(msgspec.Struct):
    """The rewrites of a file's imports with the observations that ask for them."""

    remedies: dict[str, Remedy] = {}
    asked: list[tuple[int, str]] = []
    """The index of each observation with its symbol."""
    unused: dict[str, Rewrite] = {}
    """Imports that nothing uses, of names that the file uses by another import and an observation is about: they
    go where what is below the name is rewritten."""


def fixes_of(
    path: str,
    text: str,
    observations: Sequence[Observation],
    terms: Terms,
    elsewhere: Container[str] = frozenset(),
) -> list[bytes]:
    """The fix of each observation of one file, or nothing.

    Args:
        text: the file, its byte order mark included.
        elsewhere: the names that other files of the tree import from files of the tree.
    """
    if "\r" in text and "\r" in text.replace("\r\n", ""):
        return [b""] * len(observations)
    offers: dict[int, _Offer] = {}
    if path.endswith(".py"):
        if len(observations) > MOST_FINDINGS or not any(map(_may_have_fix, observations)):
            return [b""] * len(observations)
        try:
            file = python_file(path, text.removeprefix("\ufeff"))
        except TOO_DEEP:
            return [b""] * len(observations)
        offers = _Engine(file, observations, terms, elsewhere).offers()
        if offers:
            _drop_broken(file, offers)
    elif not path.endswith(".ipynb"):
        for index, one in enumerate(observations):
            if one.fix and not one.rule.startswith(
                "AIR"
            ):  # a stub has ruff's edits: it is never run
                offers[index] = _own(one.fix, _when(one))
    return _written(path, text, offers, len(observations)) if offers else [b""] * len(observations)


def _may_have_fix(one: Observation) -> bool:
    """Whether parsing the file again is worth it."""
    table = rulebook().fixes
    rule = rulebook().rules.get(one.rule)
    return (
        bool(one.fix or one.own_fix)
        or one.symbol in table.moves
        or one.symbol in table.remedies
        or (rule is not None and rule.by_symbol and rule.checker != "ruff")
    )


def _own(proposed: bytes, when: str = "") -> _Offer:
    """The edits that one of Flightplan's own checks proposes. ``when`` is said here or by the fix itself."""
    fix = _decode(proposed)
    when = when or fix.when
    side = "after" if when == "after" else "now"
    return _Offer(fix.edits, fix.message or "", when, fix.applicability == "safe", side)


def _when(one: Observation) -> str:
    return when_of(one.rule, one.symbol, rulebook())


class _Engine:
    """One file's observations turned into offers."""

    def __init__(
        self,
        file: PythonFile,
        observations: Sequence[Observation],
        terms: Terms,
        elsewhere: Container[str],
    ) -> None:
        self._file = file
        self._observations = observations
        self._terms = terms
        self._elsewhere = elsewhere
        self._book = rulebook()
        self._table = self._book.fixes
        self._rewriter = Rewriter(file, frozenset(one.symbol for one in observations))
        self._wanted = _Wanted()
        self._offers: dict[int, _Offer] = {}
        self._drops: dict[tuple[ast.Call, str], list[tuple[int, str]]] = {}
        self._remedies: dict[str, Remedy | None] = {}
        self._possible: dict[str, Remedy | None] = {}

    def offers(self) -> dict[int, _Offer]:
        """The offer for each observation, by its index."""
        self._let_unused_leave()
        for index, one in enumerate(self._observations):
            offer = self._offer(index, one)
            if offer is not None and offer.edits:
                self._offers[index] = offer
        self._offer_imports()
        self._offer_drops()
        self._offer_own()
        return self._offers

    def _offer(self, index: int, one: Observation) -> _Offer | None:
        """The offer for an observation by itself; those that belong together are noted for later."""
        if one.cell is not None:
            return None
        if not one.rule.startswith("AIR") and one.fix:
            return _own(one.fix, _when(one))
        if one.symbol.startswith("airflow.") and self._asks_for_import(index, one):
            return None
        entry = self._table.remedies.get(one.symbol)
        if entry is not None:
            return self._from_entry(index, one, entry)
        if not one.rule.startswith("AIR") or not one.fix:
            return None
        return self._from_tool(one)

    def _offer_own(self) -> None:
        """Where another tool told of a place and nothing is offered there for now, what our own check would do."""
        for index, one in enumerate(self._observations):
            known = self._offers.get(index)
            if one.own_fix and one.cell is None and (known is None or known.side != "now"):
                own = _own(one.own_fix)
                if own.side == "now":
                    self._offers[index] = own

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
        if (
            not _is_by_symbol(one.rule, one.rule_name)
            or (one.line, one.column) in self._whole_paths
        ):
            return False
        remedy = self._wanted.remedies.get(symbol) or self._possible_remedy(symbol)
        if remedy is None:
            return False
        if remedy.rewrite.only_goes and not self._is_at_import(one):
            self._wanted.unused[symbol] = remedy.rewrite
            return False
        self._wanted.remedies[symbol] = remedy
        self._wanted.asked.append((index, symbol))
        return True

    def _possible_remedy(self, symbol: str) -> Remedy | None:
        """The remedy, where the file lets it be written. Ask when all names that leave are known."""
        if symbol not in self._possible:
            remedy = self._remedy(symbol)
            is_possible = remedy is not None and self._rewriter.possible(remedy.rewrite)
            self._possible[symbol] = remedy if is_possible else None
        return self._possible[symbol]

    def _is_at_import(self, one: Observation) -> bool:
        """Whether an observation is about the statement that imports its name, not about a use."""
        return any(
            self._at(imported.alias) == (one.line, one.column)
            for imported in self._rewriter.imports_of(one.symbol)
        )

    def _let_unused_leave(self) -> None:
        """Frees the names of imports that nothing uses: what others are rewritten to may be called so."""
        for one in self._observations:
            if (
                one.cell is None
                and _is_by_symbol(one.rule, one.rule_name)
                and self._is_at_import(one)
            ):
                remedy = self._remedy(one.symbol)
                if remedy is not None and remedy.rewrite.only_goes:
                    self._rewriter.leave(remedy.rewrite)

    def _remedy(self, symbol: str) -> Remedy | None:
        if symbol not in self._remedies:
            self._remedies[symbol] = self._remedy_of(symbol)
        return self._remedies[symbol]

    def _remedy_of(self, symbol: str) -> Remedy | None:
        deleted = None
        if self._is_unused(symbol):
            rewrite = Rewrite(symbol, only_goes=True)
            deleted = Remedy(rewrite, "Delete the import: nothing uses the name", "now")
            if not self._rewriter.uses_of(symbol):
                return deleted
        return import_remedy(symbol, self._rewriter, self._terms) or deleted

    def _is_unused(self, symbol: str) -> bool:
        """Whether nothing here or elsewhere needs what the import binds. The file may still use the name by
        its whole path, from another import."""
        if self._file.path.endswith("__init__.py"):
            return False
        imports = self._rewriter.imports_of(symbol)
        is_unused_here = all(
            one.alias.asname != one.alias.name
            and not self._rewriter.is_exported(one.local)
            and not self._rewriter.is_mentioned(one)
            for one in imports
        )
        # Asked last: what hangs on other files may have to be done again once they are known.
        return is_unused_here and all(one.local not in self._elsewhere for one in imports)

    def _offer_imports(self) -> None:
        """The offers for all names: the safe ones together, the others apart, or with them where they touch."""
        remedies = self._wanted.remedies
        now = [one for one in remedies.values() if one.side == "now"]
        safe = [one.rewrite for one in now if one.safe]
        rest = [one.rewrite for one in now if not one.safe]
        after = [one.rewrite for one in remedies.values() if one.side == "after"]
        safe_edits = self._edits_of(safe)
        rest_edits = self._edits_of(rest)
        joined = _touch(safe_edits, rest_edits)
        if joined:
            rest_edits = self._edits_of([*safe, *rest])
        after_edits = self._edits_of(after)
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

    def _edits_of(self, rewrites: Sequence[Rewrite]) -> list[Edit]:
        """The edits of these names, with imports that have nothing to stay for once these are rewritten."""
        if not rewrites:
            return []
        above = {name for rewrite in rewrites for name in _above(rewrite.symbol)}
        known = {rewrite.symbol for rewrite in rewrites}
        unused = [
            rewrite
            for symbol, rewrite in self._wanted.unused.items()
            if symbol in above and symbol not in known
        ]
        return self._rewriter.edits_of([*rewrites, *unused])

    def _offer_what_goes_too(self, *together: Sequence[Rewrite]) -> None:
        """Imports that go with others, parts of dotted names that are rewritten, and what hangs on a name whose
        old import is gone altogether get the same edits."""
        for rewrites in together:
            wanted = {rewrite.symbol for rewrite in rewrites}
            asked = [index for index, symbol in self._wanted.asked if symbol in wanted]
            if not asked:
                continue
            like = msgspec.structs.replace(
                self._offers[asked[0]], says="It goes with its import", needs=()
            )
            taken = self._rewriter.taken_by(rewrites)
            chains = self._rewriter.chains_at(wanted)
            plainly = {rewrite.symbol for rewrite in rewrites if rewrite.is_plain}
            for index, one in enumerate(self._observations):
                if index in self._offers or one.fix or not one.symbol:
                    continue
                chain = chains.get((one.line, one.column), "")
                if (
                    (one.symbol, one.line) in taken
                    or chain.startswith(f"{one.symbol}.")
                    or any(above in plainly for above in _above(one.symbol))
                ):
                    self._offers[index] = like

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
        node = self._constants.get((one.line, one.column))
        return node if node is not None and node.value == one.symbol else None

    @functools.cached_property
    def _constants(self) -> dict[tuple[int | None, int | None], ast.Constant]:
        return {
            self._at(node): node
            for node in self._file.of(ast.Constant)
            if isinstance(node.value, str)
        }

    @functools.cached_property
    def _keywords(self) -> dict[tuple[int | None, int | None], ast.Call]:
        """The call of each keyword, by where the keyword stands."""
        return {
            self._at(keyword): call
            for call in self._file.of(ast.Call)
            for keyword in call.keywords
            if keyword.arg
        }

    @functools.cached_property
    def _attributes(self) -> dict[tuple[int | None, int | None, str], ast.Attribute]:
        return {
            (*self._at(node), self._file.name(node)): node for node in self._file.of(ast.Attribute)
        }

    @functools.cached_property
    def _whole_paths(self) -> frozenset[tuple[int, int]]:
        """Where modules are imported by their whole path. Such an import binds only ``airflow``: it goes when the
        last use below the module does."""
        return frozenset(
            self._at(one.alias)
            for one in self._file.imports
            if isinstance(one.node, ast.Import) and not one.alias.asname
        )

    def _at(self, node: ast.AST) -> tuple[int, int]:
        place = self._file.place(node)
        return place.line, place.column

    def _note_drop(self, index: int, one: Observation, entry: Entry) -> None:
        call = self._keywords.get((one.line, one.column))
        if call is not None and any(keyword.arg == one.symbol for keyword in call.keywords):
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
        node = self._attributes.get((one.line, one.column, one.symbol))
        if node is None:
            return None
        end = edits.end_of(self._file, node)
        change = edits.edit((end[0], end[1] - len(node.attr)), end, entry.to)
        return _Offer([change], entry.says, "now", entry.safe, entry.side)

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


@functools.cache
def _is_by_symbol(rule_id: str, rule_name: str) -> bool:
    book = rulebook()
    rule = book.rules.get(canonical_rule(rule_id, rule_name, "", "", book))
    return rule is not None and rule.by_symbol


def _above(symbol: str) -> Iterator[str]:
    """The names that a dotted name hangs on."""
    while symbol := symbol.rpartition(".")[0]:
        yield symbol


def _touch(some: Iterable[Edit], others: Iterable[Edit]) -> bool:
    """Whether two lists of edits cannot be applied apart: they clash, or have one in common."""
    taken = patch.Taken()
    taken.add(map(plain, some))
    return any(edit in taken or taken.clashes(edit) for edit in map(plain, others))


def _drop_broken(file: PythonFile, offers: dict[int, _Offer]) -> None:
    """Takes out every offer whose result would not parse. Most files are tried in one go."""
    trial = Trial(file)
    for side in ("now", "after"):
        some = [index for index, offer in offers.items() if offer.side == side]
        best = max((offers[index].rank for index in some), default=0)
        together = {
            id(offer.edits): offer.edits
            for offer in map(offers.__getitem__, some)
            if not offer.group or offer.rank == best
        }
        every = list({plain(edit): None for one in together.values() for edit in one})
        is_all = len({id(offers[index].edits) for index in some}) == len(together)
        if not some or (is_all and trial.parses(every)):
            continue
        parses = {
            id(one): trial.parses(list(map(plain, one)))
            for one in (offers[index].edits for index in some)
        }
        for index in some:
            if not parses[id(offers[index].edits)]:
                del offers[index]


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
