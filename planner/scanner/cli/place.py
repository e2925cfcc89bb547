"""Where a scan begins, and which folder its paths are shown from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from planner.scanner.cli.usage import UsageError
from planner.scanner.kinds import kind_of
from planner.scanner.tree import LARGEST_FILE, TreeFile

CONFIG = "airflow.cfg"
"""The kind of file that is read as Airflow's settings."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The folder that all paths are relative to, and what of it is looked at."""

    root: Path
    paths: tuple[str, ...]
    only_folders: bool
    """No single file was named: what is absent from the answer is absent from the folders."""

    def covers(self, path: str) -> bool:
        """Whether a file of this path would have been looked at if it were there."""
        return any(
            start == "." or path == start or path.startswith(f"{start}/") for start in self.paths
        )


def ground(paths: Sequence[str], root: str | None) -> Ground:
    """The folder named as root, else the git root, else the folder that was given.

    Raises UsageError where a path is not there or lies outside of that folder.
    """
    places = [_existing(path) for path in paths]
    top = _named(root) if root is not None else _found(places)
    inside = []
    for written, place in zip(paths, places, strict=True):
        if not place.is_relative_to(top):
            raise UsageError(f"{written} does not lie below {top}; check one tree at a time.")
        inside.append(place.relative_to(top).as_posix())
    return Ground(top, tuple(dict.fromkeys(inside)), all(place.is_dir() for place in places))


def _existing(written: str) -> Path:
    if not written:
        raise UsageError("A path is empty; name a folder or file, or . for this folder.")
    try:
        return Path(written).expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it cannot be followed"
        raise UsageError(f"{written!r} cannot be checked: {why}.") from error


def _named(root: str) -> Path:
    place = _existing(root)
    if not place.is_dir():
        raise UsageError(f"--root: {root} is no folder.")
    return place


def _found(places: Sequence[Path]) -> Path:
    folders = [place if place.is_dir() else place.parent for place in places]
    common = Path(os.path.commonpath(folders))
    return next(_with_git(common), common)


def _with_git(folder: Path) -> Iterator[Path]:
    """The folder or what is above it, where a git repository begins. Nothing in it is read."""
    return (each for each in (folder, *folder.parents) if os.path.lexists(each / ".git"))


def config_file(written: str | None, place: Ground) -> list[TreeFile]:
    """The airflow.cfg that was named, unless the scan meets it anyway. Raises UsageError."""
    if written is None:
        return []
    file = _existing(written)
    if not file.is_file():
        raise UsageError(f"--config: {written} is no file.")
    if file.stat().st_size > LARGEST_FILE:
        raise UsageError(f"--config: {written} is too large to be an airflow.cfg.")
    inside = file.is_relative_to(place.root)
    shown = file.relative_to(place.root).as_posix() if inside else file.name
    kind = kind_of(shown)
    if kind is None or kind.name != CONFIG:
        shown = f"{shown}.airflow.cfg"
    elif inside and place.covers(shown):
        return []
    return [TreeFile(shown, str(file))]
