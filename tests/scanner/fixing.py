"""Patches tried on small trees: applied by real git, scanned again, and run in a made-up Airflow 2 and 3."""

from __future__ import annotations

import builtins
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.domain.report import Observation
from planner.rulebook.load import rulebook
from planner.scanner.fixes import PatchResult, patch_of
from planner.scanner.scan import scan_tree

CURRENT = "2.9.3"

Key = tuple[str, str, str]


@dataclass
class Tried:
    """What one patch did to a tree."""

    patch: PatchResult
    before: list[Observation]
    again: list[Observation]

    @property
    def new(self) -> Counter[Key]:
        """Findings that nobody had before."""
        return Counter(map(_key, self.again)) - Counter(map(_key, self.before))

    @property
    def gone(self) -> Counter[Key]:
        return Counter(map(_key, self.before)) - Counter(map(_key, self.again))

    @property
    def promised(self) -> Counter[Key]:
        """Findings that the patch says it takes away."""
        return Counter(map(_key, self.patch.included))


def _key(one: Observation) -> Key:
    return one.path, one.rule, one.symbol


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)


def patched(
    folder: Path,
    *,
    side: str = "now",
    unsafe: bool = False,
    current: str = CURRENT,
    target: str = "3.3",
    owner: str = "",
) -> Tried:
    """Patches a tree as a person would."""
    result = scan_tree(folder, target=target, current=current)
    patch = patch_of(result, side=side, unsafe=unsafe, owner=owner)
    if patch.text:
        subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            input=patch.text.encode(),
            cwd=folder,
            check=True,
        )
    again = scan_tree(folder, target=target, current=current)
    return Tried(patch, result.observations, again.observations)


def fixed(source: str, folder: Path, **options: Any) -> str:
    """One file after its patch, which must do what it says."""
    write(folder, {"dags/a.py": source})
    tried = patched(folder, **options)
    assert not tried.new
    assert tried.gone == tried.promised
    text = (folder / "dags/a.py").read_bytes().decode()
    compile(text, "a.py", "exec")
    return text


class _Thing:
    """An Airflow name in use: whatever is done to it works, and calls are written down."""

    def __init__(self, name: str, calls: list[str]) -> None:
        self._name, self._calls = name, calls

    def __call__(self, *args: object, **kwargs: object) -> _Thing:
        self._calls.append(self._name)
        return self

    def __getattr__(self, name: str) -> _Thing:
        return self

    def __enter__(self) -> _Thing:
        return self

    def __exit__(self, *error: object) -> None:
        return None


class _Module:
    """A module of a made-up Airflow, which has some names and no others."""

    def __init__(self, path: str, world: World) -> None:
        self._path, self._world = path, world

    def __getattr__(self, name: str) -> object:
        return self._world.found(f"{self._path}.{name}")


class World:
    """An Airflow that has exactly these names. ``run`` gives what code called of it, by the names of 3.x."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._modules = frozenset(
            ".".join(name.split(".")[:upto])
            for name in names
            for upto in range(1, name.count(".") + 1)
        )
        self._calls: list[str] = []

    def found(self, full: str) -> object:
        if full in self._modules:
            return _Module(full, self)
        if full in self._names:
            moved = rulebook().fixes.moves.get(full)
            return _Thing(moved.new if moved else full, self._calls)
        raise AttributeError(full)

    def _import(
        self,
        name: str,
        namespace: object = None,
        local: object = None,
        fromlist: tuple[str, ...] | None = (),
        level: int = 0,
    ) -> object:
        if name.partition(".")[0] != "airflow":
            return builtins.__import__(name, None, None, fromlist or (), level)
        if name not in self._modules:
            raise ModuleNotFoundError(f"No module named {name!r}")
        for each in fromlist or ():
            try:
                self.found(f"{name}.{each}")
            except AttributeError as error:
                raise ImportError(f"cannot import name {each!r} from {name!r}") from error
        return _Module(name if fromlist else "airflow", self)

    def run(self, source: str) -> list[str]:
        """What code calls; it fails as an import in this Airflow would."""
        self._calls.clear()
        names = {**vars(builtins), "__import__": self._import}
        exec(compile(source, "a.py", "exec", dont_inherit=True), {"__builtins__": names})
        return list(self._calls)
