"""The map of DAGs of a tree that was read. It is kept from before where no Python file has changed since."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

import msgspec

from planner.scanner.cache import key_of
from planner.scanner.dag_map import dag_map, outline_in
from planner.scanner.dag_map.linking import Outlines
from planner.scanner.dag_map.outline.language import Outline, packed, unpacked
from planner.scanner.dags import DagMap
from planner.scanner.facts import FileFacts
from planner.scanner.kept import Kept

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
    files: Mapping[str, FileFacts],
    kept: Kept,
    *,
    read: Callable[[str], bytes | None],
    above: tuple[str, ...],
) -> DagMap:
    """The map of the files that were read. ``read`` gives the bytes of one once more."""
    python = [path for path in files if path.endswith(".py")]
    key = key_of("/".join(above).encode(), *map(kept.key, python))
    value = kept.get_of_all(_MAP, key)
    if value is not None:
        with contextlib.suppress(msgspec.MsgspecError):
            return _decode(value)
    outlines = _Outlines(kept, read)
    made = map_of(files, outlines, above)
    if not outlines.have_changed:
        kept.put_of_all(_MAP, key, _encode(made))
    return made


class _Outlines:
    """The outlines of files that tell of no DAGs by themselves, kept too: only here is it known which matter."""

    def __init__(self, kept: Kept, read: Callable[[str], bytes | None]) -> None:
        self.have_changed = False
        """A file is no longer what was read."""
        self._kept = kept
        self._read = read

    def __call__(self, path: str) -> Outline | None:
        known = self._kept.get(_OUTLINE, path)
        if known is not None:
            with contextlib.suppress(msgspec.MsgspecError):
                return unpacked(known) if known else None
        content = self._read(path)
        made = outline_in(path, content) if content is not None else None
        if content is None or not self._kept.is_as_read(path, content):
            self.have_changed = True
        else:
            self._kept.put(_OUTLINE, path, packed(made) if made else b"")
        return made
