"""Joins what every file tells: ids that hang on other files, and which DAGs import which files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from planner.domain.report import DagEntry
from planner.scanner.dag_map.following import Follower
from planner.scanner.dag_map.making import DagCode, entries, idle_entry, module_scope
from planner.scanner.dag_map.modules import Modules
from planner.scanner.dag_map.outline import Outline, unpacked
from planner.scanner.dag_map.outlining import outline_of
from planner.scanner.dag_map.values import MISSING, Module, Outer, Scope, Value
from planner.scanner.python_file import TOO_DEEP, PythonFile

_DEEPEST_IMPORT = 90

Reading = Callable[[str], bytes | None]
"""The bytes of a file of the tree."""


@dataclass
class DagMap:
    """Every DAG of a tree, and which files each of them imports."""

    dags: list[DagEntry] = field(default_factory=list)
    used_by: dict[str, list[int]] = field(default_factory=dict)
    """For every other file that DAGs import, directly or not, their places in ``dags``."""


def dag_map(
    codes: Mapping[str, DagCode],
    imports: Mapping[str, Sequence[str]],
    *,
    read: Reading,
    above: tuple[str, ...] = (),
) -> DagMap:
    """The map of a tree.

    Args:
        codes: what each file that may make DAGs tells by itself.
        imports: the full names that each Python file imports, by path.
        read: gives the bytes of a file whose constants or functions others use.
        above: the names of the folders that the tree lies in, its own name last.
    """
    modules = Modules(imports, above)
    dags = list(_Linker(codes, modules, read).dags())
    return DagMap(dags, _used_by(dags, imports, modules))


class _Linker:
    """Follows the files that hang on others. The ``Tree`` of their followers."""

    def __init__(self, codes: Mapping[str, DagCode], modules: Modules, read: Reading) -> None:
        self._codes = codes
        self._modules = modules
        self._read = read
        self._loaded: dict[str, Module | None] = {}
        self._followers: dict[str, tuple[Follower, Outline]] = {}

    def dags(self) -> Iterator[DagEntry]:
        """The DAGs of the tree, file by file."""
        for path, code in self._codes.items():
            if any(self._modules.find(full, path) for full in code.awaits):
                self._load(path, 0)
        visited = {
            site for follower, _outline in self._followers.values() for site in follower.visited
        }
        for path, code in sorted(self._codes.items()):
            linked = self._followers.get(path)
            found = entries(*linked) if linked else code.dags
            yield from found
            known = {entry.dag_id for entry in found}
            for idle in code.idle:
                entry = idle_entry(path, idle)
                if (path, idle.line) not in visited and entry.dag_id not in known:
                    yield entry

    def value_of(self, outer: Outer, depth: int) -> Value:
        """What a name of another module is; MISSING where no file of the tree has it."""
        found = self._modules.find(outer.full, outer.path)
        if found is None or depth > _DEEPEST_IMPORT:
            return MISSING
        path, left = found
        module = self._load(path, depth)
        if module is None:
            return MISSING
        value: Value = module
        reader = Follower(path, self, depth + 1)
        for name in left:
            value = reader.attribute(value, name)
        return value

    def submodule(self, package: Module, name: str, depth: int) -> Module | None:
        """A module or package that lies in a package."""
        found = self._modules.find(f".{name}", package.path)
        return self._load(found[0], depth) if found and not found[1] else None

    def _load(self, path: str, depth: int) -> Module | None:
        """A file of the tree as a module, followed once; while that lasts, as far as it got."""
        if path in self._loaded:
            return self._loaded[path]
        if depth > _DEEPEST_IMPORT:
            return None
        outline = self._outline(path)
        if outline is None:
            self._loaded[path] = None
            return None
        scope: Scope = module_scope(path, outline)
        module = Module(path, scope)
        self._loaded[path] = module
        follower = Follower(path, self, depth)
        self._followers[path] = (follower, outline)
        follower.follow(outline, scope)
        return module

    def _outline(self, path: str) -> Outline | None:
        code = self._codes.get(path)
        if code is not None:
            return unpacked(code.outline)
        content = self._read(path)
        if content is None:
            return None
        try:
            return outline_of(PythonFile(path, content.decode("utf-8-sig")))
        except (UnicodeDecodeError, *TOO_DEEP):
            return None


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
