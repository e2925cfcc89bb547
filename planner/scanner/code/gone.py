"""Names of Airflow in a Python file that some 3.x release no longer has, told from what was measured."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from planner.domain.rating import measured
from planner.rulebook.load import rulebook
from planner.scanner.code.glimpse import Glimpse, Spelled
from planner.scanner.code.python_file import PythonFile, text_of
from planner.scanner.material import Hit

_DOTTED = re.compile(rb"airflow(?:\.[A-Za-z_]\w*){1,12}")
_LOADERS = ("import_module", "import_string", "__import__")
"""Functions whose first argument is the dotted name that they import."""


class GoneName(NamedTuple):
    """One place that needs a name which some release does not have."""

    node: ast.AST
    symbol: str
    lines: tuple[str, ...]
    """The target lines that do not have it."""
    in_function: bool
    """Fails only when a function runs, not when the file is imported."""


@functools.lru_cache(maxsize=2)
def gone_names(file: PythonFile) -> list[GoneName]:
    """Imports of names that are gone, used or not, and uses of a module's name that is gone.

    Left out are places that also work without the name, and names below an import that fails already.
    """
    return [
        GoneName(shown, _listed(name), lines, file.function_of(statement) is not None)
        for shown, name, statement in _named(file)
        if (lines := lines_without(name)) and not file.is_guarded(statement)
    ]


@functools.lru_cache(maxsize=2)
def may_name_gone(glimpse: Glimpse) -> bool:
    """Whether a file's words can mean a name that is gone, or something below a name that it imports."""
    if b"import airflow as" in glimpse.content:
        return True
    imported = {full.removesuffix(".*") for full in glimpse.imports if full.startswith("airflow")}
    spelled = {name.decode() for name in set(_DOTTED.findall(glimpse.content))}
    if any(map(lines_without, imported | spelled)):
        return True
    below = _gone_below()
    return any(below[name].may_be_in(glimpse) for name in imported if name in below)


@functools.cache
def _gone_below() -> Mapping[str, Spelled]:
    """What is gone below each name of Airflow's: the parts that must be spelled to mean it."""
    below: dict[str, list[str]] = {}
    for symbol, statuses in rulebook().symbols.items():
        if "gone" not in statuses.values():
            continue
        parts = symbol.split(".")
        for length in range(2, len(parts)):
            below.setdefault(".".join(parts[:length]), []).append(".".join(parts[length:]))
    return {name: Spelled(rests) for name, rests in below.items()}


def gone_hit(file: PythonFile, gone: GoneName) -> Hit:
    """The hit for a name that is gone."""
    when = ": this fails when it runs" if gone.in_function else ": the file fails"
    whose = "the provider's releases for " if gone.symbol.startswith("airflow.providers.") else ""
    message = f"`{gone.symbol}` is gone on {whose}Airflow {{lines}}{when}"
    return on_lines(file.hit(gone.node, "", symbol=gone.symbol), message, gone.lines)


def on_lines(hit: Hit, message: str, lines: Sequence[str]) -> Hit:
    """The hit with its words, for what some target lines lack; it holds only there where a later one has it."""
    for_good = lines[-1] == rulebook().target_lines[-1]
    hit.message = message.format(lines=f"{lines[0]} and later" if for_good else " and ".join(lines))
    hit.lines = [] if for_good else list(lines)
    return hit


@functools.lru_cache(maxsize=20_000)
def lines_without(symbol: str) -> tuple[str, ...]:
    """The target lines without a name: from the one on after which it never comes back, else every one."""
    book = rulebook()
    if not any(name in book.symbols for name in _prefixes(symbol)):
        return ()
    without = [line for line in book.target_lines if measured(symbol, line, book) == "gone"]
    lasting = [
        line
        for at, line in enumerate(book.target_lines)
        if set(book.target_lines[at:]) <= set(without)
    ]
    return tuple(lasting or without)


def _prefixes(symbol: str) -> Iterator[str]:
    while symbol:
        yield symbol
        symbol = symbol.rpartition(".")[0]


def _named(file: PythonFile) -> list[tuple[ast.AST, str, ast.AST]]:
    imported = list(_imported(file))
    failing = [name for _, name, _ in imported if lines_without(name)]
    return [*imported, *_used(file, failing)]


def _imported(file: PythonFile) -> Iterator[tuple[ast.AST, str, ast.AST]]:
    """Each imported name of Airflow: where to show it, the name, the statement that imports it."""
    for imported in file.imports:
        name = imported.alias.name if isinstance(imported.node, ast.Import) else imported.full
        if name.startswith("airflow."):
            yield imported.alias, name.removesuffix(".*"), imported.node
    if not any(loader in file.source for loader in _LOADERS):
        return
    for call in file.of(ast.Call):
        if call.args and file.name(call.func).rpartition(".")[2] in _LOADERS:
            name = text_of(call.args[0]) or ""
            if name.startswith("airflow."):
                yield call.args[0], name, call


def _used(file: PythonFile, failing: Sequence[str]) -> Iterator[tuple[ast.AST, str, ast.AST]]:
    """Each use of a name through a module that is still there; through one that is gone, its import says it."""
    bound = {found.local for found in file.imports if found.full.startswith("airflow")}
    for head in file.of(ast.Name):
        if head.id in bound and (node := _whole(file, head)) is not head:
            name = file.name(node)
            if name.startswith("airflow.") and not any(_below(name, gone) for gone in failing):
                yield node, name, node


def _listed(name: str) -> str:
    """The name without what is taken of it: ``airflow.models.SlaMiss`` of ``airflow.models.SlaMiss.dag_id``."""
    symbols = rulebook().symbols
    above = name
    while above and above not in symbols:
        above = above.rpartition(".")[0]
    return above if above.rpartition(".")[2][:1].isupper() else name


def _whole(file: PythonFile, node: ast.AST) -> ast.AST:
    """The dotted name that begins with a name."""
    while isinstance(above := file.parent(node), ast.Attribute):
        node = above
    return node


def _below(symbol: str, above: str) -> bool:
    return symbol == above or symbol.startswith(f"{above}.")
