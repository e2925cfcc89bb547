"""The map of DAGs of a tree that was read. It is kept from before where no Python file has changed since."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping

import msgspec

from planner.scanner.cache import Cache, key_of
from planner.scanner.dag_map import DagMap, dag_map, outline_in
from planner.scanner.dag_map.linking import Outlines
from planner.scanner.dag_map.outline.language import Outline, packed, unpacked
from planner.scanner.facts import FileFacts
from planner.scanner.reading import LARGEST_KEPT, TreeReader

_MAP = b"map"
_OUTLINE = b"outline"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(DagMap).decode


def map_of(
    files: Mapping[str, FileFacts], outline: Outlines, above: tuple[str, ...] = ()
) -> DagMap:
    """The map of these files; see ``dag_map``."""
    python = {path: facts for path, facts in files.items() if path.endswith(".py")}
    codes = {path: facts.dag_code for path, facts in python.items() if facts.dag_code}
    imports = {path: facts.imports for path, facts in python.items()}
    return dag_map(codes, imports, outline=outline, above=above)


def known_map(
    reader: TreeReader,
    cache: Cache | None,
    *,
    read: Callable[[str], bytes | None],
    above: tuple[str, ...],
) -> DagMap:
    """The map of the files that were read. ``read`` gives the bytes of one once more."""
    files = {path: seen.facts for path, seen in reader.reading.seen.items()}
    outlines = _Outlines(reader, read)
    if cache is None:
        return map_of(files, outlines, above)
    key = key_of(_MAP, "/".join(above).encode(), *_keys(reader, files))
    value = cache.get(key)
    if value is not None:
        with contextlib.suppress(msgspec.MsgspecError):
            return _decode(value)
    made = map_of(files, outlines, above)
    value = _encode(made)
    if not outlines.have_changed and len(value) <= LARGEST_KEPT:
        cache.put(key, value)
    return made


def _keys(reader: TreeReader, paths: Iterable[str]) -> Iterable[bytes]:
    """Under which the Python files are kept: they hang on path and bytes."""
    return (reader.reading.keys[path] for path in paths if path.endswith(".py"))


class _Outlines:
    """The outlines of files that tell of no DAGs by themselves, kept too: only here is it known which matter."""

    def __init__(self, reader: TreeReader, read: Callable[[str], bytes | None]) -> None:
        self.have_changed = False
        """A file is no longer what was read."""
        self._reader = reader
        self._read = read

    def __call__(self, path: str) -> Outline | None:
        kept = self._reader.kept(_OUTLINE, path)
        if kept is not None:
            with contextlib.suppress(msgspec.MsgspecError):
                return unpacked(kept) if kept else None
        content = self._read(path)
        made = outline_in(path, content) if content is not None else None
        if content is None or not self._reader.is_as_read(path, content):
            self.have_changed = True
        else:
            self._reader.keep(_OUTLINE, path, packed(made) if made else b"")
        return made
