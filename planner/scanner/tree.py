"""The files of a source tree that a scan looks at. Follows no links, opens nothing but regular files."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import msgspec

from planner.scanner.kinds import kind_of
from planner.scanner.result import ScanFailed, Skipped, SkipReason

LARGEST_FILE = 2 * 1024 * 1024
"""Larger ones are generated or hostile, and cost a parser 100 times their size in memory."""
MOST_FILES = 200_000
LONGEST_PATH = 1000

FOLDERS_WITHOUT_CODE = frozenset(
    [
        ".bzr",
        ".git",
        ".hg",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".pytest_cache",
        ".pytype",
        ".ruff_cache",
        ".svn",
        "__pycache__",
    ]
)
"""What tools keep for themselves. Nobody misses it, so it is not named."""
FOLDERS_OF_TOOLS = frozenset(
    [
        ".direnv",
        ".eggs",
        ".nox",
        ".tox",
        ".venv",
        "__pypackages__",
        "node_modules",
        "site-packages",
    ]
)
"""Code of others that tools put there. Unlike ruff, ``build``, ``dist`` and what .gitignore names are read:
Airflow loads DAGs from there too. Virtual environments are known by their ``pyvenv.cfg``, whatever their name."""

CODEOWNERS_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where the file may lie, the first one found counts."""
LARGEST_CODEOWNERS = 3 * 1024 * 1024


class TreeFile(msgspec.Struct, frozen=True):
    """One file: ``path`` relative to the tree as shown, ``place`` to open it, ``flaw`` why it cannot be."""

    path: str
    place: str
    flaw: str = ""
    reason: SkipReason | None = None
    """The kind of flaw."""
    size: int = 0
    """Bytes, as it was listed."""


class Listing(msgspec.Struct):
    """What lies below the places that were asked for."""

    files: list[TreeFile] = []
    """Every file that something reads, in order, each once."""
    skipped: list[Skipped] = []
    """What was passed over: links, special files, unreadable folders, the folders of tools."""

    @property
    def is_whole(self) -> bool:
        """Every folder could be read."""
        return all(skipped.reason != SkipReason.FOLDER for skipped in self.skipped)


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


def files_below(tree: Path, starts: Sequence[Path]) -> Listing:
    """Every file that something reads below the starting places, and what was passed over.

    Raises ScanFailed where a starting place cannot be read at all.
    """
    walk = _Walk(tree)
    for start in starts:
        walk.take(start)
    return Listing(
        files=[walk.files[path] for path in sorted(walk.files)],
        skipped=[walk.skipped[path] for path in sorted(walk.skipped)],
    )


class _Walk:
    """Goes through folders without recursion and without following links."""

    def __init__(self, tree: Path) -> None:
        self._tree = str(tree)
        self.files: dict[str, TreeFile] = {}
        self.skipped: dict[str, Skipped] = {}

    def take(self, start: Path) -> None:
        relative = os.path.relpath(start, self._tree).replace(os.sep, "/")
        mode = start.lstat().st_mode
        if stat.S_ISDIR(mode):
            self._folder(str(start), "" if relative == "." else f"{relative}/")
        elif stat.S_ISREG(mode) and is_read(relative):
            self._file(str(start), relative, start.lstat().st_size)
        else:
            self._skip(str(start), relative, mode)

    def _folder(self, start: str, prefix: str) -> None:
        waiting = [(start, prefix)]
        while waiting:
            place, prefix = waiting.pop()
            entries = self._entries(place, prefix, is_start=place == start)
            if any(entry.name == "pyvenv.cfg" for entry in entries):
                self._pass_over(prefix.rstrip("/"), SkipReason.TOOLS, "a virtual environment")
                continue
            for entry in entries:
                relative = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if entry.name in FOLDERS_WITHOUT_CODE:
                        continue
                    if entry.name in FOLDERS_OF_TOOLS:
                        self._pass_over(relative, SkipReason.TOOLS, f"a folder called {entry.name}")
                    else:
                        waiting.append((entry.path, f"{relative}/"))
                elif not entry.is_file(follow_symlinks=False):
                    self._special(entry, relative)
                elif is_read(relative):
                    self._file(entry.path, relative, entry.stat(follow_symlinks=False).st_size)

    def _entries(self, folder: str, prefix: str, *, is_start: bool) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if is_start:
                raise ScanFailed(
                    f"The folder {folder} cannot be read: {_reason(error)}."
                ) from error
            self._pass_over(prefix.rstrip("/"), SkipReason.FOLDER, _reason(error))
            return []

    def _file(self, place: str, relative: str, size: int) -> None:
        shown = _shown(relative)
        flaw, reason = _flaw(relative, shown, size)
        self.files[shown] = TreeFile(shown, place, flaw, reason, size)
        if len(self.files) > MOST_FILES:
            raise ScanFailed(
                f"There are more than {MOST_FILES:,} files to read; name a folder as the root."
            )

    def _special(self, entry: os.DirEntry[str], relative: str) -> None:
        if entry.is_symlink() or is_read(relative):
            self._skip(entry.path, relative, entry.stat(follow_symlinks=False).st_mode)

    def _skip(self, place: str, relative: str, mode: int) -> None:
        if not stat.S_ISLNK(mode):
            self._pass_over(relative, SkipReason.SPECIAL, "no regular file")
            return
        try:
            target = os.path.realpath(place, strict=True)
            is_folder = Path(target).is_dir()
        except OSError as error:
            if error.errno == errno.ELOOP:
                self._pass_over(relative, SkipReason.LOOP, "leads to itself")
            elif is_read(relative):
                self._pass_over(relative, SkipReason.LINK, "leads nowhere")
            return
        if not is_folder and not is_read(relative):
            return
        within = _is_within(target, self._tree)
        if is_folder and _is_within(place, target):
            self._pass_over(relative, SkipReason.LOOP, "leads to a folder around itself")
        elif within:
            inside = _shown(os.path.relpath(target, self._tree).replace(os.sep, "/"))
            self._pass_over(relative, SkipReason.LINK, f"leads to {inside}")
        else:
            self._pass_over(relative, SkipReason.LINK, "leads out of the tree")

    def _pass_over(self, relative: str, reason: SkipReason, why: str) -> None:
        shown = _shown(relative) or "."
        self.skipped[shown] = Skipped(shown, reason, why)


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _shown(relative: str) -> str:
    return relative.encode("utf-8", "replace").decode()[:LONGEST_PATH]


def is_read(path: str) -> bool:
    """Whether a scan looks at a file of this path at all."""
    return kind_of(path) is not None


def _flaw(relative: str, shown: str, size: int) -> tuple[str, SkipReason | None]:
    if shown != relative or not relative.isprintable():
        return (
            "The file's name is too long or holds characters that tools cannot read.",
            SkipReason.NAME,
        )
    if size > LARGEST_FILE:
        megabytes = LARGEST_FILE // (1024 * 1024)
        return (
            f"The file is larger than {megabytes} MB, so it was not checked.",
            SkipReason.TOO_LARGE,
        )
    return "", None


class Mark(NamedTuple):
    """What changes when a file does."""

    inode: int
    size: int
    changed_ns: int


class Content(NamedTuple):
    """The bytes of a file as it was at one moment."""

    bytes: bytes
    mark: Mark


def mark_of(file: TreeFile) -> Mark | None:
    """The mark of a file now; None where it is gone."""
    try:
        return _mark(os.lstat(file.place))
    except OSError:
        return None


def _mark(status: os.stat_result) -> Mark:
    return Mark(status.st_ino, status.st_size, status.st_mtime_ns)


def read_bytes(file: TreeFile) -> Content | None:
    """What is in a file, or None where it cannot be opened or is no regular file any more."""
    try:
        descriptor = os.open(file.place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        return Content(_read_whole(descriptor, status.st_size), _mark(status))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _read_whole(descriptor: int, size: int) -> bytes:
    """At most ``LARGEST_FILE`` bytes. A read may stop short of what is there; nothing marks the end but nothing."""
    parts, left = [], LARGEST_FILE
    while left > 0 and (part := os.read(descriptor, min(size + 1, left))):
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


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
