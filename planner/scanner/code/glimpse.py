"""What the bytes of a Python file tell before any parser: most files that mention Airflow hold nothing to find.

Whatever is said here of code must also be said of every form in which that code can be written: a name stands
somewhere in the file letter for letter, whoever imports it under another name.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable

from planner.scanner.dag_map.modules import imports_in

_WORD_OF = (
    bytes(at if chr(at).isalnum() or at == ord("_") else ord(" ") for at in range(128)) + b" " * 128
)
"""Each byte as it stands in a word, a blank for all others."""
_DAGS = (
    re.compile(rb"DAG[ \t]*\("),
    re.compile(rb"\.DAG\b"),
    re.compile(rb"class[ \t]+DAG\b"),
    re.compile(rb"dag(?<=\Wdag)[ \t]*\("),
    re.compile(rb"@[ \t]*[\w.]*dag\b"),
)
"""Each begins with letters, which is what makes looking for it cheap."""


class Glimpse:
    """One file. A notebook's code is in strings of JSON, where line ends and quotes are spelled out."""

    def __init__(self, content: bytes, path: str = "") -> None:
        self.path = path
        self.is_notebook = path.endswith(".ipynb")
        if self.is_notebook:
            content = content.replace(b"\\n", b"\n").replace(b'\\"', b'"')
        self.content = content

    def has(self, *tokens: bytes) -> bool:
        """Whether one of these stands anywhere, also within words."""
        return any(token in self.content for token in tokens)

    @functools.cached_property
    def mentions_airflow(self) -> bool:
        """Whether the word is anywhere in it."""
        return b"airflow" in self.content

    @functools.cached_property
    def words(self) -> frozenset[str]:
        """Every name and every word of every text."""
        return frozenset(self.content.translate(_WORD_OF).decode("ascii").split())

    @functools.cached_property
    def in_lower_case(self) -> Glimpse:
        """The same without capitals."""
        lower = Glimpse(self.content.lower())
        lower.words = frozenset(map(str.lower, self.words))
        return lower

    @functools.cached_property
    def imports(self) -> list[str]:
        """The full names that import lines name."""
        return imports_in(self.content)

    @functools.cached_property
    def names_tables(self) -> bool:
        """Whether something in it may mean a name of ``airflow.models``."""
        return self.has(b"airflow.models") or "airflow.models" in self.imports

    @functools.cached_property
    def makes_dags(self) -> bool:
        """Whether something in it may call Airflow's DAG or use ``@dag``."""
        if any(full.rpartition(".")[2] in ("DAG", "dag", "*") for full in self.imports):
            return True
        return any(form.search(self.content) for form in _DAGS)

    def spells(self, names: Iterable[str]) -> bool:
        """Whether one of these words is in it."""
        return not self.words.isdisjoint(names)


def may_make_dags(glimpse: Glimpse) -> bool:
    """``Glimpse.makes_dags``, to ask with."""
    return glimpse.makes_dags


def is_imported(name: str, glimpse: Glimpse) -> bool:
    """Whether a file imports a full name, or something that it lies in, or spells it whole."""
    if name.encode() in glimpse.content:
        return True
    return any(name == full or name.startswith(f"{full}.") for full in glimpse.imports)


class Spelled:
    """Dotted names, each of which can only be meant where all its parts are spelled."""

    def __init__(self, names: Collection[str]) -> None:
        self._by_last: dict[str, list[frozenset[str]]] = {}
        self._names: dict[str, list[str]] = {}
        for name in names:
            last = name.rpartition(".")[2]
            self._by_last.setdefault(last, []).append(frozenset(name.split(".")))
            self._names.setdefault(last, []).append(name)
        self._lasts = frozenset(self._by_last)

    def may_be_in(self, glimpse: Glimpse) -> bool:
        """Whether all parts of one of them are words of the file."""
        return any(
            parts <= glimpse.words
            for last in self._lasts & glimpse.words
            for parts in self._by_last[last]
        )

    def may_be_imported_in(self, glimpse: Glimpse) -> bool:
        """The same of full names, which a file must import or spell whole."""
        return self.may_be_in(glimpse) and any(
            is_imported(name, glimpse)
            for last in self._lasts & glimpse.words
            for name in self._names[last]
        )
