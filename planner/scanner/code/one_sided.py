"""Files of a tree that only one side of the upgrade loads, because a condition on a version imports them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Protocol

from planner.scanner.code.of_tests import in_test_folder
from planner.scanner.dag_map import Modules


class Importing(Protocol):
    """What a file tells of its imports: see ``FileFacts``."""

    @property
    def imports(self) -> list[str]: ...

    @property
    def by_version(self) -> list[str]: ...


def one_sided(files: Mapping[str, Importing], above: tuple[str, ...]) -> frozenset[str]:
    """Files that are imported, but never without asking for a version first; tests do not count.

    Args:
        files: every Python file of the tree, by its path.
        above: the names of the folders that the tree lies in, its own name last.
    """
    if not any(facts.by_version for facts in files.values()):
        return frozenset()
    importers: defaultdict[str, set[tuple[str, bool]]] = defaultdict(set)
    modules = Modules(files, above)
    for path, facts in files.items():
        if not in_test_folder(path):
            for found, asks in _imported(modules, path, facts):
                importers[found].add((path, asks))
    told: set[str] = set()
    grew = True
    while grew:
        more = {
            path
            for path, every in importers.items()
            if path not in told and all(asks or importer in told for importer, asks in every)
        }
        grew = bool(more)
        told |= more
    return frozenset(told)


def _imported(modules: Modules, path: str, facts: Importing) -> Iterator[tuple[str, bool]]:
    by_version = set(facts.by_version)
    for full in facts.imports:
        found = modules.find(full, path)
        if found is not None and found[0] != path:
            yield found[0], full in by_version
