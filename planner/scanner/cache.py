"""What files yielded before, kept on disk under the hash of their bytes, so that unchanged files cost nothing.

One SQLite file. It can always be thrown away: a cache that cannot be opened, read or written, that is broken or
belongs to something else, is no cache, and ``trouble`` says so. Scans may share it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

FILE_NAME = "upgradecheck.sqlite3"
LARGEST = 256 * 1024 * 1024
"""Bytes of what is kept; what was used longest ago goes first."""
_OURS = 0x464C5031
"""Says in the file's header that it is ours and has this layout."""
_WAIT = 2.0
"""Seconds to wait for another scan that writes."""
_TABLE = """
    CREATE TABLE IF NOT EXISTS kept (
        key BLOB PRIMARY KEY, used INTEGER NOT NULL, value BLOB NOT NULL
    ) WITHOUT ROWID
"""
_MAKE_ROOM = """
    DELETE FROM kept WHERE key IN (
        SELECT key FROM (
            SELECT key, SUM(LENGTH(value) + 64) OVER (ORDER BY used DESC, key) AS total FROM kept
        ) WHERE total > ?
    )
"""
_DAY = 86_400
"""Seconds after which a use is noted again, so that most scans of unchanged trees write nothing."""


def user_folder() -> Path:
    """Where a person's caches lie."""
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (chosen if chosen.is_absolute() else Path.home() / ".cache") / "flightplan"


def key_of(*parts: bytes) -> bytes:
    """One key of several parts, none of which can be taken for another."""
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8))
        total.update(part)
    return total.digest()


class Cache:
    """Values by key. Use as a context manager; what was put is written at the end."""

    def __init__(self, folder: Path, *, largest: int = LARGEST) -> None:
        self.trouble = ""
        """Why there is no cache, in a sentence; empty where there is one."""
        self._largest = largest
        self._now = int(time.time())
        self._new: list[tuple[bytes, int, bytes]] = []
        self._used: list[tuple[int, bytes]] = []
        self._connection: sqlite3.Connection | None = None
        place = folder / FILE_NAME
        with self._no_harm(place):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = _opened(place)

    def __enter__(self) -> Cache:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.write()
        self._close()

    def get(self, key: bytes) -> bytes | None:
        """What was kept under a key."""
        if self._connection is None:
            return None
        row = None
        with self._no_harm():
            row = self._connection.execute(
                "SELECT used, value FROM kept WHERE key = ?", (key,)
            ).fetchone()
        if row is None or not isinstance(row[1], bytes):
            return None
        if abs(self._now - row[0]) > _DAY:
            self._used.append((self._now, key))
        return row[1]

    def put(self, key: bytes, value: bytes) -> None:
        """Keeps a value; it is on disk after ``write``."""
        if self._connection is not None:
            self._new.append((key, self._now, value))

    def write(self) -> None:
        """Brings what was put to disk, and makes room."""
        if self._connection is not None and (self._new or self._used):
            with self._no_harm(), self._connection as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("UPDATE kept SET used = ? WHERE key = ?", self._used)
                connection.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", self._new)
                if _size(connection) > self._largest:
                    connection.execute(_MAKE_ROOM, (self._largest * 3 // 4,))
        self._new, self._used = [], []

    @contextlib.contextmanager
    def _no_harm(self, place: Path | None = None) -> Iterator[None]:
        """Whatever goes wrong with the file, the scan goes on without it."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            where = f"The cache {place}" if place else "The cache"
            self.trouble = f"{where} is not used: {error}."
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def _opened(place: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        place, timeout=_WAIT, isolation_level=None, check_same_thread=False
    )
    try:
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        if tables and owner != _OURS:
            raise sqlite3.DatabaseError("it belongs to something else")
        if not tables:
            connection.execute(f"PRAGMA application_id = {_OURS}")
            connection.execute(_TABLE)
        connection.execute("PRAGMA synchronous = OFF")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _size(connection: sqlite3.Connection) -> int:
    """The bytes that are in use."""
    pages, free, each = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * each
