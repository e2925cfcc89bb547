"""What one file yields to Flightplan's own checks and to ruff. The work on it is done in any process: see ``pool.py``."""

from __future__ import annotations

import msgspec

from planner.domain.report import Observation
from planner.parsers.ruff import SYNTAX
from planner.scanner.code.flaws import Flaw, flaw_in
from planner.scanner.detail import Source
from planner.scanner.facts import FileFacts, facts_of
from planner.scanner.noqa import Noqa, noqa_of
from planner.scanner.readers import reader_of
from planner.scanner.text import text_of


class Fixed(msgspec.Struct):
    """The fixes of one file's findings, and what else they depend on."""

    asked: bytes
    """The findings and the versions between which the upgrade leads."""
    elsewhere: dict[str, bool]
    """Whether other files import these names from files of the tree."""
    fixes: list[bytes]


class FileSeen(msgspec.Struct, omit_defaults=True):
    """What one file yields: to Flightplan's own checks, and to ruff."""

    facts: FileFacts = msgspec.field(default_factory=FileFacts)
    ruffs: list[Observation] = []
    """Unrated, with the text of their lines and the diffs of their fixes."""


class Unread(msgspec.Struct, array_like=True):
    """A file to read: its path in the tree, its bytes, and what ruff says of it where that is known."""

    path: str
    content: bytes
    ruffs: list[Observation] = []
    wants_noqa: bool = True


class Detailed(msgspec.Struct, array_like=True):
    """What ruff says of a file, with what only the file itself tells."""

    ruffs: list[Observation]
    noqa: list[Noqa]
    flaw: Flaw | None
    """Why the file does not parse, where ruff says that it does not."""


encode = msgspec.msgpack.Encoder().encode
_unread = msgspec.msgpack.Decoder(Unread).decode
seen_decode = msgspec.msgpack.Decoder(FileSeen).decode
facts_decode = msgspec.msgpack.Decoder(FileFacts).decode
fixes_decode = msgspec.msgpack.Decoder(list[Fixed]).decode
detailed_decode = msgspec.msgpack.Decoder(Detailed).decode


def look(message: bytes) -> bytes:
    """What Flightplan's own checks see in an ``Unread``, as ``FileFacts``."""
    unread = _unread(message)
    reader = reader_of(unread.path)
    return encode(facts_of(unread.path, unread.content, reader) if reader else FileFacts())


def detail(message: bytes) -> bytes:
    """What ruff says of an ``Unread``, as ``Detailed``."""
    unread = _unread(message)
    text = text_of(unread.content) or ""
    Source(unread.path, text).detail(unread.ruffs)
    is_broken = any(one.rule == SYNTAX for one in unread.ruffs)
    return encode(
        Detailed(
            ruffs=unread.ruffs,
            noqa=noqa_of(unread.path, text, is_code=True) if unread.wants_noqa else [],
            flaw=flaw_in(text) if is_broken and unread.path.endswith(".py") else None,
        )
    )
