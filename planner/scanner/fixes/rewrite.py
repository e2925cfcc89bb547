"""Writes the imports of a file anew: names from their new place, from the old one where that fails.

All names of a file are rewritten together, so that one statement is changed once, one shim holds what goes
together, and an import whose last name goes leaves nothing behind.
"""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set

import msgspec

from planner.parsers.fix import Edit
from planner.scanner.code import edits
from planner.scanner.code.python_file import ImportedName, PythonFile
from planner.scanner.fixes.statements import (
    Import,
    Place,
    is_shim,
    step_of,
)

LONGEST_LINE = 100

_Entry = tuple[str, str, str]
"""Module, name, and what the file calls it."""
_Shim = tuple[_Entry, _Entry, str]
"""The new import, the old one, and the comment beside it."""


class Rewrite(msgspec.Struct, frozen=True):
    """What becomes of one name that a file imports."""

    symbol: str
    new: str = ""
    """Its new full name; empty: none is imported."""
    old: str = ""
    """What is imported where the new one fails; empty: the symbol."""
    is_plain: bool = False
    """The new name imports on both sides; otherwise the old one is caught."""
    use: str = ""
    """What every use becomes; empty: uses stay as they are."""
    imports: tuple[str, ...] = ()
    """Statements that what is written needs."""
    code: str = ""
    """A definition that takes the import's place, with ``{name}``."""
    edits: tuple[Edit, ...] = ()
    """What else changes in the file."""
    keeps_uses: bool = False
    """``edits`` are all that happens to uses."""
    only_goes: bool = False
    """The import is deleted; what the file uses by the whole path is another import's."""


class _Block(msgspec.Struct, eq=False):
    """What is written at one run of imports."""

    at: Place
    literal: list[str] = []
    plain: list[tuple[_Entry, str]] = []
    """Imports with the comments beside them."""
    shims: dict[str, list[_Shim]] = {}
    """By what must be installed."""
    code: list[str] = []


class Rewriter:
    """Rewrites of one file. ``edits_of`` gives nothing for a name it cannot rewrite cleanly."""

    def __init__(self, file: PythonFile, told: Set[str] = frozenset()) -> None:
        """``told``: the names that findings are about."""
        self.file = file
        self._told = told
        self._leaving: set[str] = set()
        self._imports: dict[str, list[ImportedName]] = {}
        self._chains: dict[str, list[ast.Attribute]] = {}
        self._settled: dict[ast.AST, bool] = {}
        self._places: dict[ast.stmt, Place | None] = {}

    def leave(self, rewrite: Rewrite) -> None:
        """Lets others have the name of an import that goes."""
        if self.possible(rewrite):
            self._leaving.add(rewrite.symbol)

    def _place(self, node: ast.stmt) -> Place | None:
        """Where an import stands; None where lines cannot be put there."""
        if node not in self._places:
            self._places[node] = self._place_of(node)
        return self._places[node]

    def _place_of(self, node: ast.stmt) -> Place | None:
        parent = self.file.parent(node)
        for name in ("body", "orelse", "finalbody"):
            body = getattr(parent, name, None)
            if isinstance(body, list) and node in body:
                place = Place(self.file, node, body, body.index(node))
                return place if place.can_change else None
        return None

    # --- What the file has

    @functools.cached_property
    def _by_full_name(self) -> dict[str, list[ImportedName]]:
        found: dict[str, list[ImportedName]] = {}
        for imported in self.file.imports:
            found.setdefault(imported.full, []).append(imported)
        return found

    def _is_settled(self, node: ast.AST) -> bool:
        """One side of a form that works on both already. What is only for type checkers is not."""
        if node not in self._settled:
            self._settled[node] = self.file.is_guarded(node) and not self._is_for_checkers(node)
        return self._settled[node]

    def _is_for_checkers(self, node: ast.AST) -> bool:
        parent = self.file.parent(node)
        return isinstance(parent, ast.If) and "TYPE_CHECKING" in ast.dump(parent.test)

    @functools.cached_property
    def _locals(self) -> dict[str, list[ImportedName]]:
        found: dict[str, list[ImportedName]] = {}
        for imported in self.file.imports:
            found.setdefault(imported.local, []).append(imported)
        return found

    @functools.cached_property
    def _names(self) -> dict[str, list[ast.Name]]:
        found: defaultdict[str, list[ast.Name]] = defaultdict(list)
        for node in self.file.of(ast.Name):
            found[node.id].append(node)
        return dict(found)

    @functools.cached_property
    def _attributes(self) -> dict[str, list[ast.Attribute]]:
        """By the last part of the name."""
        found: defaultdict[str, list[ast.Attribute]] = defaultdict(list)
        for node in self.file.of(ast.Attribute):
            found[node.attr].append(node)
        return dict(found)

    def _chains_of(self, symbol: str) -> list[ast.Attribute]:
        """Dotted uses of a name of Airflow, those whose first name an import binds."""
        known = self._chains.get(symbol)
        if known is None:
            nodes = self._attributes.get(symbol.rpartition(".")[2], ())
            known = self._chains[symbol] = [
                node
                for node in nodes
                if symbol.startswith("airflow.") and self.file.name(node) == symbol
            ]
        return known

    @functools.cached_property
    def _bound(self) -> frozenset[str]:
        """Every name that something other than an import binds."""
        file = self.file
        bound = {node.id for node in file.of(ast.Name) if not isinstance(node.ctx, ast.Load)}
        bound |= {node.arg for node in file.of(ast.arg)}
        bound |= {node.name for node in file.of(ast.FunctionDef)}
        bound |= {node.name for node in file.of(ast.AsyncFunctionDef)}
        bound |= {node.name for node in file.of(ast.ClassDef)}
        bound |= {node.name for node in file.of(ast.ExceptHandler) if node.name}
        bound |= {node.name for node in file.of(ast.MatchAs) if node.name}
        bound |= {node.name for node in file.of(ast.MatchStar) if node.name}
        return frozenset(bound)

    def imports_of(self, symbol: str) -> list[ImportedName]:
        """The imports of the very name that may be changed."""
        known = self._imports.get(symbol)
        if known is None:
            every = self._by_full_name.get(symbol, ())
            known = self._imports[symbol] = [one for one in every if not self._is_settled(one.node)]
        return known

    def uses_of(self, symbol: str) -> list[ast.expr]:
        """Where the file uses the name, by whatever import."""
        found: list[ast.expr] = list(self._chains_of(symbol))
        for local in {imported.local for imported in self.imports_of(symbol)}:
            found += [node for node in self._names.get(local, ()) if self.file.name(node) == symbol]
        return found

    def _dotted(self, rewrite: Rewrite) -> Sequence[ast.Attribute]:
        """The dotted uses that it is about."""
        return () if rewrite.only_goes else self._chains_of(rewrite.symbol)

    def chains_at(self, symbols: Iterable[str]) -> dict[tuple[int | None, int | None], str]:
        """Where dotted uses of these names begin."""
        found: dict[tuple[int | None, int | None], str] = {}
        for symbol in symbols:
            for node in self._chains_of(symbol):
                place = self.file.place(node)
                found[place.line, place.column] = symbol
        return found

    def is_mentioned(self, imported: ImportedName) -> bool:
        """Whether the name stands anywhere in the file but in imports: in strings and comments too, and where
        a comment beside the import says that it is for others."""
        local = imported.local
        if local in self._names or (not self._stands_once(local) and local in self._words):
            return True
        place = self._place(imported.node)
        return place is not None and "noqa" in _comment_of(place, imported.alias)

    def _stands_once(self, local: str) -> bool:
        """Whether the name an import binds is nowhere but there, as far as that is soon told."""
        source = self.file.source
        return source.isascii() and source.count(local) == 1

    @functools.cached_property
    def _words(self) -> frozenset[str]:
        """Every word outside import statements and the comments behind them; ``name`` in ``module.name`` is
        nobody's mention of what the file calls so."""
        lines = list(self.file.lines)
        for node in {one.node for one in self.file.imports}:
            (first, begin), (last, end) = (
                edits.start_of(self.file, node),
                edits.end_of(self.file, node),
            )
            tail = lines[last - 1][end:]
            rest = "" if tail.lstrip().startswith("#") else tail
            blank = " " * (end if first != last else end - begin)
            lines[first - 1 : last] = [lines[first - 1][:begin], *[""] * (last - first)]
            lines[last - 1] += blank + rest
        words = Counter(re.findall(r"\w+", "\n".join(lines)))
        return frozenset(words - Counter(node.attr for node in self.file.of(ast.Attribute)))

    # --- What is written

    def possible(self, rewrite: Rewrite) -> bool:
        """Whether the name can be rewritten cleanly wherever the file has it."""
        places = [self._place(one.node) for one in self._touched(rewrite)]
        if not places or None in places:
            return False
        if self._dotted(rewrite) and not self._can_leave_module(rewrite):
            return False
        needed = {line.rpartition(" ")[2]: line for line in rewrite.imports}
        if any(not self._is_free(name, line) for name, line in needed.items()):
            return False
        locals_ = {one.local for one in self.imports_of(rewrite.symbol)}
        if rewrite.use or rewrite.code:
            return not locals_ & self._bound
        return True

    def _touched(self, rewrite: Rewrite) -> list[ImportedName]:
        """The imported names by which the file reaches the symbol."""
        heads = {_head(node).id for node in self._dotted(rewrite)}
        reached = [
            one
            for head in sorted(heads)
            for one in self._locals.get(head, ())
            if _reaches(one, rewrite.symbol)
        ]
        return [*self.imports_of(rewrite.symbol), *reached]

    def _can_leave_module(self, rewrite: Rewrite) -> bool:
        """Whether ``module.name`` can become a name of its own."""
        name = rewrite.symbol.rpartition(".")[2]
        heads = {_head(node).id for node in self._chains_of(rewrite.symbol)}
        if heads & self._bound or any(self._is_settled(one.node) for one in self._touched(rewrite)):
            return False
        if any(not isinstance(node.ctx, ast.Load) for node in self._chains_of(rewrite.symbol)):
            return False
        for head in heads:
            if head != "airflow" and len(self._locals.get(head, ())) != 1:
                return False
        if rewrite.use or rewrite.keeps_uses:
            return True
        return self._is_free(name, "", rewrite.symbol)

    def _is_free(self, name: str, line: str, symbol: str = "") -> bool:
        """Whether a name may be bound: nothing else is called so."""
        if name in self._bound:
            return False
        for one in self._locals.get(name, ()):
            if one.full not in (symbol, *self._leaving) and _line_of(one) != line:
                return False
        return name not in self._names or name in self._locals

    def edits_of(self, rewrites: Sequence[Rewrite]) -> list[Edit]:
        """The edits of all these together; ask ``possible`` of each first."""
        taken = self._taken(rewrites)
        blocks = self._blocks(rewrites, taken)
        found: list[Edit] = []
        for rewrite in rewrites:
            found += rewrite.edits
            found += self._use_edits(rewrite)
        done: set[ast.AST] = set()
        for block in blocks:
            found += self._written(block, taken)
            done.add(block.at.node)
        for node, aliases in taken.items():
            place = self._place(node)
            if node not in done and place is not None:
                found += _taken_out(place, aliases, "")
        return list({_key(each): each for each in found}.values())

    def _taken(self, rewrites: Sequence[Rewrite]) -> dict[Import, list[ast.alias]]:
        """What goes out of each import statement."""
        taken: dict[Import, list[ast.alias]] = {}
        gone: set[int] = set()
        heads: set[str] = set()
        for rewrite in rewrites:
            for one in self.imports_of(rewrite.symbol):
                taken.setdefault(one.node, []).append(one.alias)
            firsts = [_head(node) for node in self._dotted(rewrite)]
            gone |= set(map(id, firsts))
            heads |= {first.id for first in firsts}
        for one in self.file.imports:
            known = any(one.alias is each for each in taken.get(one.node, ()))
            reaches = one.local in heads and any(
                _reaches(one, rewrite.symbol) for rewrite in rewrites
            )
            is_idle = reaches and self._is_idle(one, gone, taken)
            if not known and (is_idle or self._is_left_over(one, rewrites)):
                taken.setdefault(one.node, []).append(one.alias)
        return taken

    def _is_left_over(self, one: ImportedName, rewrites: Iterable[Rewrite]) -> bool:
        """Whether it imports, by its whole path and for nothing, a module that is told of, whose names are
        rewritten where another import brings them."""
        module = one.alias.name
        return (
            isinstance(one.node, ast.Import)
            and not one.alias.asname
            and module in self._told
            and one.local not in self._names
            and one.local not in self._exported
            and not self._is_settled(one.node)
            and self._place(one.node) is not None
            and any(rewrite.symbol.startswith(f"{module}.") for rewrite in rewrites)
        )

    def taken_by(self, rewrites: Sequence[Rewrite]) -> frozenset[tuple[str, int]]:
        """The full names whose imports go with these, each with its line: modules that nothing uses any more
        are among them."""
        return frozenset(
            (
                alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}",
                alias.lineno,
            )
            for node, aliases in self._taken(rewrites).items()
            for alias in aliases
        )

    def _is_idle(
        self,
        imported: ImportedName,
        gone: set[int],
        taken: Mapping[Import, Sequence[ast.alias]],
    ) -> bool:
        """Whether a module's import has no use once those in ``gone`` are rewritten."""
        if self._is_settled(imported.node) or self._place(imported.node) is None:
            return False
        nodes = self._names.get(imported.local, ())
        left = [node for node in nodes if id(node) not in gone]
        if len(left) == len(nodes) or imported.local in self._exported:
            return False
        others = [
            other.alias.name
            for other in self._locals[imported.local]
            if other.alias is not imported.alias
            and isinstance(other.node, ast.Import)
            and not other.alias.asname
            and not any(other.alias is each for each in taken.get(other.node, ()))
        ]
        return all(any(_below(self._full_of(node), name) for name in others) for node in left)

    @functools.cached_property
    def _exported(self) -> frozenset[str]:
        """The names in ``__all__``."""
        found: set[str] = set()
        if "__all__" not in self.file.source:
            return frozenset()
        for node in self._names.get("__all__", ()):
            statement = self.file.parent(node)
            for each in ast.walk(statement) if statement else ():
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    found.add(each.value)
        return frozenset(found)

    def is_exported(self, local: str) -> bool:
        """Whether ``__all__`` names it."""
        return local in self._exported

    def _full_of(self, node: ast.Name) -> str:
        """The longest dotted name that begins with this one."""
        top: ast.expr = node
        while isinstance(above := self.file.parent(top), ast.Attribute):
            top = above
        return self.file.name(top)

    def _use_edits(self, rewrite: Rewrite) -> list[Edit]:
        """What becomes of each use."""
        name = rewrite.use or rewrite.symbol.rpartition(".")[2]
        nodes: list[ast.expr] = list(self._dotted(rewrite))
        if rewrite.keeps_uses:
            return []
        if rewrite.use:
            nodes = self.uses_of(rewrite.symbol)
        return [change for node in nodes for change in edits.replace(self.file, node, name)]

    def _blocks(
        self,
        rewrites: Sequence[Rewrite],
        taken: Mapping[Import, Sequence[ast.alias]],
    ) -> list[_Block]:
        """What is written where: one block for each run of imports, at its last statement that changes."""
        blocks: dict[tuple[int, int], _Block] = {}
        for node in taken:
            self._block_at(blocks, node)
        for rewrite in rewrites:
            for one in self._touched(rewrite):
                self._fill(self._block_at(blocks, one.node), rewrite, one)
        return list(blocks.values())

    def _block_at(self, blocks: dict[tuple[int, int], _Block], node: Import) -> _Block:
        place = self._place(node)
        assert place is not None
        first, _ = place.run()
        block = blocks.setdefault((id(place.body), first), _Block(place))
        if place.index > block.at.index:
            block.at = place
        return block

    def _fill(self, block: _Block, rewrite: Rewrite, one: ImportedName) -> None:
        """Adds to a block what a name needs that ``one`` imported."""
        for line in rewrite.imports:
            if line not in block.literal and not self._has(line, one.node):
                block.literal.append(line)
        is_name = one.full == rewrite.symbol
        local = one.local if is_name else rewrite.symbol.rpartition(".")[2]
        if rewrite.code:
            code = rewrite.code.replace("{name}", local)
            if code not in block.code:
                block.code.append(code)
        if not rewrite.new:
            return
        new = (*_split(rewrite.new), local)
        place = self._place(one.node)
        comment = _comment_of(place, one.alias) if place and is_name else ""
        if rewrite.is_plain:
            if all(new != entry for entry, _ in block.plain):
                block.plain.append((new, comment))
            return
        old = (*_split(rewrite.old or rewrite.symbol), local)
        shim = block.shims.setdefault(_root(rewrite.new), [])
        if all((new, old) != (entry[0], entry[1]) for entry in shim):
            shim.append((new, old, comment))

    def _has(self, line: str, near: ast.AST) -> bool:
        """Whether the file imports it already, where it can be seen."""
        return any(
            _line_of(one) == line
            and self.file.function_of(one.node) in (None, self.file.function_of(near))
            and not self._is_settled(one.node)
            for one in self._locals.get(line.rpartition(" ")[2], ())
        )

    def _written(
        self,
        block: _Block,
        taken: Mapping[Import, Sequence[ast.alias]],
    ) -> list[Edit]:
        """The edits of one block and of the statement that it stands at."""
        place, step = block.at, step_of(self.file)
        found: list[Edit] = []
        lines = list(block.literal)
        lines += _from_lines(block.plain, step)
        for root, entries in block.shims.items():
            joined = self._joined(place, root, entries)
            found += joined
            if not joined:
                lines += _shim_lines(entries, step)
        last = place.body[place.run()[1]]
        if block.code and last is not place.node:
            behind = Place(self.file, last, place.body, place.run()[1])
            found.append(behind.insert(_text(self._code_lines(behind, block.code))))
        elif block.code:
            lines += self._code_lines(place, block.code)
        return found + _taken_out(
            place, taken.get(place.node, ()) if isinstance(place.node, Import) else (), _text(lines)
        )

    def _code_lines(self, place: Place, code: Sequence[str]) -> list[str]:
        """Definitions as they stand behind imports, with their blank lines."""
        gap = 0 if place.indent else 2
        lines = [line for one in code for line in [*[""] * gap, *one.splitlines()]]
        behind = self.file.lines[place.end[0] :]
        blank = next((at for at, line in enumerate(behind) if line.strip()), gap)
        return [*lines, *[""] * (gap - blank)]

    def _joined(
        self,
        place: Place,
        root: str,
        entries: Sequence[_Shim],
    ) -> list[Edit]:
        """The edits that put the names into a shim which stands in the same run; none where there is none."""
        first, last = place.run()
        for shim in place.body[first : last + 1]:
            if not isinstance(shim, ast.Try) or not is_shim(shim):
                continue
            tried, caught = shim.body[-1], shim.handlers[0].body[-1]
            tried_at, caught_at = self._place(tried), self._place(caught)
            if tried_at is None or caught_at is None or not _is_from(tried, root):
                continue
            step = step_of(self.file)
            new = _from_lines([(entry, "") for entry, _, _ in entries], step)
            old = _from_lines([(entry, comment) for _, entry, comment in entries], step)
            return [tried_at.insert(_text(new)), caught_at.insert(_text(old))]
        return []


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _taken_out(place: Place, aliases: Sequence[ast.alias], text: str) -> list[Edit]:
    """The edits that take names out of a statement and write lines behind what is left of it."""
    if len(aliases) == len(place.names):
        own = _text(_own_comments(place))
        if not text and len(place.body) == 1 and not place.at_top:
            text = "pass\n"
        return [place.cut(own + text)]
    found = place.without(aliases) if aliases else []
    return [*found, place.insert(text)] if text else found


def _own_comments(place: Place) -> list[str]:
    """The comments that stand on lines of their own inside a statement."""
    rows = {alias.end_lineno for alias in place.names} | {place.start[0], place.end[0]}
    return [text for row, text in place.comments.items() if row not in rows]


def _comment_of(place: Place, alias: ast.alias) -> str:
    """The comment beside a name, or beside the whole statement."""
    comments = place.comments
    if alias.end_lineno in comments:
        return comments[alias.end_lineno]
    if alias is place.names[0] and place.start[0] in comments:
        return comments[place.start[0]]
    return comments.get(place.end[0], "") if alias is place.names[-1] else ""


def _from_lines(entries: Sequence[tuple[_Entry, str]], step: str) -> list[str]:
    """``from module import name as local`` for each module once, with the comments of its names."""
    modules: dict[str, list[str]] = {}
    comments: dict[str, list[str]] = {}
    for (module, name, local), comment in entries:
        spelt = name if name == local else f"{name} as {local}"
        if spelt not in modules.setdefault(module, []):
            modules[module].append(spelt)
        if comment and comment not in comments.setdefault(module, []):
            comments[module].append(comment)
    lines = []
    for module in sorted(modules):
        modules[module].sort()
        beside = "".join(f"  {comment}" for comment in comments.get(module, ()))
        line = f"from {module} import {', '.join(modules[module])}"
        if len(line) <= LONGEST_LINE - len(step):
            lines.append(line + beside)
        else:
            lines += [f"from {module} import ({beside}"]
            lines += [*(f"{step}{name}," for name in modules[module]), ")"]
    return lines


def _shim_lines(entries: Sequence[_Shim], step: str) -> list[str]:
    new = _from_lines([(entry, "") for entry, _, _ in entries], step)
    old = _from_lines([(entry, comment) for _, entry, comment in entries], step)
    return [
        "try:",
        *(f"{step}{line}" for line in new),
        "except ImportError:",
        *(f"{step}{line}" for line in old),
    ]


def _is_from(node: ast.stmt, root: str) -> bool:
    module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
    return _below(module, root)


def _root(new: str) -> str:
    """What must be installed for a name: the task SDK, one provider, Airflow itself."""
    parts = new.split(".")
    if parts[1:2] == ["providers"]:
        two = parts[2] in ("apache", "atlassian", "cncf", "common", "dbt", "microsoft")
        return ".".join(parts[: 4 if two else 3])
    return ".".join(parts[:2])


def _split(full: str) -> tuple[str, str]:
    module, _, name = full.rpartition(".")
    return module, name


def _head(node: ast.expr) -> ast.Name:
    while isinstance(node, ast.Attribute):
        node = node.value
    assert isinstance(node, ast.Name)
    return node


def _reaches(imported: ImportedName, symbol: str) -> bool:
    """Whether dotted uses of a symbol begin with this import."""
    name = imported.alias.name
    if isinstance(imported.node, ast.Import) and not imported.alias.asname:
        return _below(symbol, name) and symbol != name
    return _below(symbol, imported.full) and symbol != imported.full


def _below(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def _line_of(imported: ImportedName) -> str:
    """The import of one name as a statement of its own."""
    if isinstance(imported.node, ast.Import):
        return f"import {imported.full}"
    module, name = _split(imported.full)
    return f"from {module} import {name}"


def _key(edit: Edit) -> tuple[int, int, int, int, str | None]:
    start, end = edit.location, edit.end_location
    return start.row, start.column, end.row, end.column, edit.content
