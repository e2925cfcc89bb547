"""The files of a source tree that a scan looks at. Follows no links, opens nothing but regular files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from planner.scanner.readers import reader_of
from planner.scanner.result import ScanFailed

LARGEST_FILE = 2 * 1024 * 1024
"""Larger ones are generated or hostile, and cost a parser 100 times their size in memory."""
MOST_FILES = 200_000
LONGEST_PATH = 1000

SKIPPED_FOLDERS = frozenset(
    [
        ".bzr",
        ".direnv",
        ".eggs",
        ".git",
        ".hg",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".pytype",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        "__pycache__",
        "__pypackages__",
        "node_modules",
        "site-packages",
    ]
)
"""Tools' own folders. Unlike ruff, ``build``, ``dist`` and what .gitignore names are read: Airflow loads
DAGs from there too. Virtual environments are known by their ``pyvenv.cfg``, whatever their name."""

CODEOWNERS_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where the file may lie, the first one found counts."""
LARGEST_CODEOWNERS = 3 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TreeFile:
    """One file: ``path`` relative to the tree as shown, ``place`` to open it, ``flaw`` why it cannot be."""

    path: str
    place: Path
    flaw: str = ""


def tree_at(root: Path) -> Path:
    """The real folder of a tree. Raises ScanFailed where there is none."""
    try:
        tree = root.expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise ScanFailed(f"The folder {root} cannot be read: {_reason(error)}.") from error
    if not tree.is_dir():
        raise ScanFailed(f"{root} is not a folder.")
    return tree


def folder_within(tree: Path, inside: str) -> Path:
    """A folder of the tree by its relative path. Raises ScanFailed where it leads out or is missing."""
    parts = PurePosixPath(inside.replace("\\", "/")).parts
    folder = tree.joinpath(*parts)
    if ".." in parts or not folder.resolve().is_relative_to(tree):
        raise ScanFailed(f"The root {inside!r} leads out of the source's own folder.")
    if not folder.exists():
        raise ScanFailed(f"The root {inside!r} does not exist in the source.")
    return folder


def files_below(tree: Path, starts: Sequence[Path]) -> list[TreeFile]:
    """Every file that something reads below the starting places, in order, each once."""
    found: dict[str, TreeFile] = {}
    for start in starts:
        for entry_path, status in _walk(start):
            file = _tree_file(tree, entry_path, status)
            found[file.path] = file
            if len(found) > MOST_FILES:
                raise ScanFailed(
                    f"There are more than {MOST_FILES:,} files to read; name a folder as the root."
                )
    return [found[path] for path in sorted(found)]


def _walk(start: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Regular files with the right endings. Unreadable folders are skipped like absent ones."""
    status = start.lstat()
    if stat.S_ISREG(status.st_mode) and is_read(str(start)):
        yield str(start), status
    waiting = [str(start)] if stat.S_ISDIR(status.st_mode) else []
    while waiting:
        entries = _entries(waiting.pop())
        if any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED_FOLDERS:
                    waiting.append(entry.path)
            elif entry.is_file(follow_symlinks=False) and is_read(entry.path):
                yield entry.path, entry.stat(follow_symlinks=False)


def is_read(path: str) -> bool:
    """Whether a scan looks at a file of this path at all."""
    return path.endswith(".ipynb") or reader_of(path) is not None


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise ScanFailed(f"The folder {folder} cannot be read: {_reason(error)}.") from error


def _tree_file(tree: Path, place: str, status: os.stat_result) -> TreeFile:
    relative = os.path.relpath(place, tree).replace(os.sep, "/")
    shown = relative.encode("utf-8", "replace").decode()[:LONGEST_PATH]
    return TreeFile(shown, Path(place), _flaw(relative, shown, status))


def _flaw(relative: str, shown: str, status: os.stat_result) -> str:
    if shown != relative or not relative.isprintable():
        return "The file's name is too long or holds characters that tools cannot read."
    if status.st_size > LARGEST_FILE:
        return f"The file is larger than {LARGEST_FILE // (1024 * 1024)} MB, so it was not checked."
    return ""


def read_bytes(file: TreeFile) -> bytes | None:
    """The bytes of a file, or None where it cannot be opened."""
    try:
        descriptor = os.open(file.place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            return stream.read(LARGEST_FILE + 1)
    except OSError:
        return None


def read_source(file: TreeFile) -> str | None:
    """The text of a file, or None where it cannot be read as UTF-8."""
    content = read_bytes(file)
    try:
        return None if content is None else content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def codeowners_of(tree: Path) -> str:
    """The text of the tree's CODEOWNERS file, or nothing."""
    for name in CODEOWNERS_PLACES:
        place = tree / name
        try:
            if stat.S_ISREG(place.lstat().st_mode) and place.resolve().is_relative_to(tree):
                with place.open("rb") as stream:
                    return (
                        stream.read(LARGEST_CODEOWNERS)
                        .decode("utf-8", "replace")
                        .replace("\x00", "")
                    )
        except OSError:
            continue
    return ""


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
