"""Names of Airflow in a Python file that some 3.x release no longer has, told from what was measured."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from typing import NamedTuple

from planner.domain.rating import measured
from planner.rulebook.load import rulebook
from planner.scanner.material import Hit
from planner.scanner.python_file import PythonFile, text_of

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

    @property
    def for_good(self) -> bool:
        """Whether no later line has it again."""
        return self.lines[-1] == rulebook().target_lines[-1]


@functools.lru_cache(maxsize=2)
def gone_names(file: PythonFile) -> list[GoneName]:
    """Imports of names that are gone, used or not, and uses of a module's name that is gone.

    Left out are places that also work without the name, and names below an import that fails already.
    """
    imported = list(_imported(file))
    failing = tuple(name.symbol for name in imported)
    return imported + [
        name for name in _used(file) if not any(_below(name.symbol, gone) for gone in failing)
    ]


def gone_hit(file: PythonFile, gone: GoneName) -> Hit:
    """The hit for a name that is gone."""
    when = ": this fails when it runs" if gone.in_function else ": the file fails"
    whose = "the provider's releases for " if gone.symbol.startswith("airflow.providers.") else ""
    if gone.for_good:
        message = f"`{gone.symbol}` is gone from {whose}Airflow {gone.lines[0]} on{when}"
        return file.hit(gone.node, message, symbol=gone.symbol)
    message = f"Airflow {' and '.join(gone.lines)} has no `{gone.symbol}`{when}"
    hit = file.hit(gone.node, message, symbol=gone.symbol)
    hit.lines = list(gone.lines)
    return hit


@functools.lru_cache(maxsize=20_000)
def lines_without(symbol: str) -> tuple[str, ...]:
    """The target lines without a name: from the one on after which it never comes back, else every one."""
    book = rulebook()
    without = [line for line in book.target_lines if measured(symbol, line, book) == "gone"]
    lasting = [
        line
        for at, line in enumerate(book.target_lines)
        if set(book.target_lines[at:]) <= set(without)
    ]
    return tuple(lasting or without)


def _imported(file: PythonFile) -> Iterator[GoneName]:
    for imported in file.imports:
        symbol = imported.alias.name if isinstance(imported.node, ast.Import) else imported.full
        yield from _gone(file, imported.alias, symbol.removesuffix(".*"), imported.node)


def _used(file: PythonFile) -> Iterator[GoneName]:
    bound = {found.local for found in file.imports if found.full.startswith("airflow")}
    for node in file.of(ast.Attribute):
        if not isinstance(file.parent(node), ast.Attribute) and _head(node) in bound:
            yield from _gone(file, node, _listed(file.name(node)), node)
    for call in file.of(ast.Call):
        if call.args and file.name(call.func).rpartition(".")[2] in _LOADERS:
            yield from _gone(file, call.args[0], text_of(call.args[0]) or "", call)


def _gone(file: PythonFile, shown: ast.AST, symbol: str, statement: ast.AST) -> Iterator[GoneName]:
    lines = lines_without(symbol) if symbol.startswith("airflow.") else ()
    if lines and not file.is_guarded(statement):
        yield GoneName(shown, symbol, lines, file.function_of(statement) is not None)


def _listed(symbol: str) -> str:
    """The nearest measured name at or above a name, which is what fails; the name where none is."""
    symbols = rulebook().symbols
    name = symbol
    while name and name not in symbols:
        name = name.rpartition(".")[0]
    return name or symbol


def _head(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _below(symbol: str, above: str) -> bool:
    return symbol == above or symbol.startswith(f"{above}.")
