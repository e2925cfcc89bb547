"""One file of a source as a scan sees it: of a folder today, of a repository at a commit in its copy here.

Paths come from reports, so nothing about them is trusted: no link is followed on the way, and nothing but a
regular file is opened.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from planner.scanner.git import blob_at, repository_at
from planner.scanner.result import ScanFailed
from planner.scanner.tree import LARGEST_FILE, TreeFile, read_bytes


def file_in_folder(folder: Path, path: str) -> bytes:
    """The bytes of a file below a folder. Raises ScanFailed with one sentence where there is no such file."""
    parts = _parts_of(path)
    place = folder.resolve()
    for part in parts[:-1]:
        place /= part
        if place.is_symlink():
            raise _missing(path)
    place /= parts[-1]
    content = read_bytes(TreeFile(path, str(place)))
    if content is None:
        raise _missing(path)
    return _whole(path, content.bytes)


def file_at_commit(location: str, *, commit: str, path: str, cache_dir: Path) -> bytes:
    """The bytes of a file at a commit that was fetched before; nothing is fetched.

    Raises ScanFailed with one sentence where the copy has no such commit or file.
    """
    repository = repository_at(location, cache_dir=cache_dir)
    content = blob_at(repository, commit, "/".join(_parts_of(path)), largest=LARGEST_FILE)
    return _whole(path, content)


def _parts_of(path: str) -> tuple[str, ...]:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        raise ScanFailed(f"{path!r} is not the path of a file in its source.")
    return parts


def _whole(path: str, content: bytes) -> bytes:
    if len(content) >= LARGEST_FILE:
        raise ScanFailed(f"{path} is larger than {LARGEST_FILE // 1024**2} MB.")
    return content


def _missing(path: str) -> ScanFailed:
    return ScanFailed(f"{path} is not in the folder any more, or cannot be opened.")
