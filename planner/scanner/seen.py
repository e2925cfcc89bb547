"""What one file yields to Flightplan's own checks and to ruff. The work on it is done in any process: see ``pool.py``."""

from __future__ import annotations

import msgspec

from planner.domain.report import Observation
from planner.parsers.ruff import SYNTAX
from planner.scanner.code.flaws import flaw_in, newer
from planner.scanner.detail import source_of
from planner.scanner.facts import FileFacts, facts_of
from planner.scanner.fixes.fixed import Fixed, fixed_of, is_worth_fixing
from planner.scanner.fixes.remedies import Terms
from planner.scanner.joined import joined
from planner.scanner.readers import reader_of
from planner.scanner.result import SkipReason
from planner.scanner.suppression import silenced_by_comments
from planner.scanner.text import text_of
from planner.scanner.tree import TreeFile, read_bytes


class FileSeen(msgspec.Struct, omit_defaults=True):
    """What one file yields: to Flightplan's own checks, and to ruff."""

    facts: FileFacts = msgspec.field(default_factory=FileFacts)
    ruffs: list[Observation] = []
    """Unrated, with the text of their lines."""


class Unread(msgspec.Struct, array_like=True):
    """A file to read: its path in the tree, the place to open it, and what ruff and other files say."""

    path: str
    place: str
    terms: Terms
    ruffs: list[Observation] = []
    settings: frozenset[str] = frozenset()
    """Options that other files set, by ``section.option``."""


class Looked(msgspec.Struct, array_like=True):
    """A ``FileSeen``, still packed, and the fixes of what will most likely be told of the file."""

    seen: bytes = b""
    """Nothing where the file cannot be opened."""
    fixed: Fixed | None = None


encode = msgspec.msgpack.Encoder().encode
_unread = msgspec.msgpack.Decoder(Unread).decode
seen_decode = msgspec.msgpack.Decoder(FileSeen).decode
looked_decode = msgspec.msgpack.Decoder(Looked).decode


def look(message: bytes) -> bytes:
    """What Flightplan's own checks see in an ``Unread``, joined to what ruff says of it, as ``Looked``."""
    unread = _unread(message)
    content = read_bytes(TreeFile(unread.path, unread.place))
    if content is None:
        return encode(Looked())
    seen = _seen(unread.path, content.bytes, unread.ruffs)
    return encode(Looked(encode(seen), _fixed_ahead(unread, content.bytes, seen)))


def _seen(path: str, content: bytes, ruffs: list[Observation]) -> FileSeen:
    reader = reader_of(path)
    reported = {one.line or 0 for one in ruffs}
    facts = facts_of(path, content, reader, reported=reported) if reader else FileFacts()
    seen = FileSeen(facts, ruffs)
    if ruffs:
        source_of(path, text_of(content) or "").detail(ruffs)
    if path.endswith(".py"):
        _compare_flaws(seen, content)
    return seen


def _compare_flaws(seen: FileSeen, content: bytes) -> None:
    """Says of a file that only one of ruff and this Python can read why that is."""
    facts = seen.facts
    is_broken = any(one.rule == SYNTAX for one in seen.ruffs)
    if is_broken and not facts.flaw:
        flaw = flaw_in(text_of(content) or "")
        if flaw:
            facts.flaw, facts.flaw_line, facts.flaw_reason = flaw
    elif not is_broken and facts.flaw_reason == SkipReason.SYNTAX:
        facts.flaw, facts.flaw_reason = newer(facts.flaw), SkipReason.NEWER


def _fixed_ahead(unread: Unread, content: bytes, seen: FileSeen) -> Fixed | None:
    """The fixes while the file is parsed anyhow. What the rest of the tree says may ask for others."""
    found = joined(
        unread.path, seen.facts, seen.ruffs, target=unread.terms.target, settings=unread.settings
    )
    found, _ = silenced_by_comments(found, {unread.path: seen.facts})
    if not is_worth_fixing(found):
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return fixed_of(unread.path, text, found, unread.terms, frozenset())
