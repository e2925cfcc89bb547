"""Joins what every file tells: ids that hang on other files, and which DAGs import which files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from planner.domain.report import DagEntry
from planner.scanner.dag_map.dag_code import DagCode
from planner.scanner.dag_map.entries import entries_of, idle_entry, left_over
from planner.scanner.dag_map.following.follower import Follower
from planner.scanner.dag_map.modules import Modules
from planner.scanner.dag_map.outline.language import Outline, unpacked
from planner.scanner.dag_map.values import MISSING, Module, Outer, Value, module_scope
from planner.scanner.dags import DagMap

_DEEPEST_IMPORT = 90

Outlines = Callable[[str], Outline | None]
"""Gives the outline of a file of the tree by its path; None where it cannot be read."""


def dag_map(
    codes: Mapping[str, DagCode],
    imports: Mapping[str, Sequence[str]],
    *,
    outline: Outlines,
    above: tuple[str, ...] = (),
) -> DagMap:
    """The map of a tree.

    Args:
        codes: what each file that may make DAGs tells by itself.
        imports: the full names that each Python file imports, by path.
        outline: asked for other files, whose constants or functions DAGs use.
        above: the names of the folders that the tree lies in, its own name last.
    """
    modules = Modules(imports, above)
    dags = list(_Linker(codes, modules, outline).dags())
    return DagMap(dags, _used_by(dags, imports, modules))


class _Linker:
    """Follows the files that hang on others. The ``Tree`` of their followers."""

    def __init__(self, codes: Mapping[str, DagCode], modules: Modules, outline: Outlines) -> None:
        self._codes = codes
        self._modules = modules
        self._outline = outline
        self._loaded: dict[str, Module | None] = {}
        self._followed: dict[str, tuple[Follower, Outline]] = {}

    def dags(self) -> Iterator[DagEntry]:
        """The DAGs of the tree, file by file."""
        for path, code in self._codes.items():
            if any(self._modules.find(full, path) for full in code.awaits):
                self._load(path, 0)
        visited = {
            place for follower, _outline in self._followed.values() for place in follower.visited
        }
        for path, code in sorted(self._codes.items()):
            found = self._found(path, code)
            yield from found
            known = {entry.dag_id for entry in found}
            for factory in code.idle:
                entry = idle_entry(path, factory)
                if (path, factory.line) not in visited and entry.dag_id not in known:
                    yield entry

    def _found(self, path: str, code: DagCode) -> list[DagEntry]:
        if path not in self._followed:
            return code.dags
        follower, outline = self._followed[path]
        found = entries_of(follower, outline)
        return [*found, *left_over(code.dags, found)] if follower.ran_out else found

    def value_of(self, outer: Outer, depth: int) -> Value:
        """What a name of another module is; MISSING where no file of the tree has it."""
        found = self._modules.find(outer.full, outer.path)
        if found is None or depth > _DEEPEST_IMPORT:
            return MISSING
        path, left = found
        value: Value = self._load(path, depth) or MISSING
        reader = Follower(path, self, depth + 1)
        for name in left if value is not MISSING else ():
            value = reader.attribute(value, name)
        return value

    def submodule(self, package: Module, name: str, depth: int) -> Module | None:
        """A module or package that lies in a package."""
        found = self._modules.find(f".{name}", package.path)
        return self._load(found[0], depth) if found and not found[1] else None

    def _load(self, path: str, depth: int) -> Module | None:
        """A file of the tree as a module, followed once; while that lasts, as far as it got."""
        if path not in self._loaded and depth <= _DEEPEST_IMPORT:
            code = self._codes.get(path)
            outline = unpacked(code.outline) if code else self._outline(path)
            self._loaded[path] = self._follow(path, outline, depth) if outline else None
        return self._loaded.get(path)

    def _follow(self, path: str, outline: Outline, depth: int) -> Module:
        module = Module(path, module_scope(path, outline))
        self._loaded[path] = module
        follower = Follower(path, self, depth)
        self._followed[path] = (follower, outline)
        follower.follow(outline, module.scope)
        return module


def _used_by(
    dags: Sequence[DagEntry], imports: Mapping[str, Sequence[str]], modules: Modules
) -> dict[str, list[int]]:
    """For every file the DAGs that reach it through imports, those of the file itself left out."""
    places: dict[str, list[int]] = {}
    for place, entry in enumerate(dags):
        places.setdefault(entry.path, []).append(place)
    edges: dict[str, list[str]] = {}
    reached_by: dict[str, list[str]] = {}
    for start in places:
        for path in _reached(start, imports, modules, edges):
            reached_by.setdefault(path, []).append(start)
    return {
        path: sorted(place for start in starts for place in places[start])
        for path, starts in sorted(reached_by.items())
    }


def _reached(
    start: str,
    imports: Mapping[str, Sequence[str]],
    modules: Modules,
    edges: dict[str, list[str]],
) -> Iterable[str]:
    """The files that a file imports, directly or not. ``edges`` are those that are known so far."""
    seen = {start}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path not in edges:
            edges[path] = list(
                {other for full in imports.get(path, ()) for other in modules.imported(full, path)}
            )
        fresh = [other for other in edges[path] if other not in seen]
        seen.update(fresh)
        waiting += fresh
    return seen - {start}
