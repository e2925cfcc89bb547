"""A read-only look at Airflow's metadata database: how large it is, which release it is of, what stands in the way.

Nothing is ever written, each statement has a time limit, and no message holds a password.
"""

from __future__ import annotations

import importlib
import re
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from planner.domain.numbers import plural
from planner.domain.report import Coverage, Observation
from planner.rulebook.load import rulebook
from planner.scanner.code.python_file import TOO_DEEP, PythonFile
from planner.scanner.dag_map import dag_code_of

CHECKER = "upgradecheck"
DUPLICATE = "AF3-METADATA-DUPLICATE-DAG"
PICKLED = "AF3-METADATA-PICKLED-XCOM"
RULES = frozenset([DUPLICATE, PICKLED])
NO_FILE = "metadata-database"
"""The path of what is about the database and about no file."""

_LONGEST_SOURCE = 1024 * 1024
_PICKLE = 0x80
"""The first byte of a pickle since protocol 2. A JSON value begins with none of these."""
_CONNECT_SECONDS = 10


class MetadataRefused(Exception):
    """The database cannot be looked at. The message is one sentence for a person, without any password."""


class _TooSlow(Exception):
    """A statement took longer than it may."""


@dataclass(frozen=True, slots=True)
class TableSize:
    name: str
    rows: int | None
    """None where it was not known in time."""
    is_estimate: bool = False
    bytes: int | None = None
    """With its indexes, where the database says."""


@dataclass(frozen=True, slots=True)
class DuplicateDag:
    dag_id: str
    files: tuple[str, ...]
    """As Airflow names them, on its own machine."""


@dataclass(frozen=True, slots=True)
class MetadataLook:
    """What the database showed."""

    kind: str
    """sqlite or postgresql."""
    server: str
    """The version of the database."""
    bytes: int
    revision: str
    airflow: str
    """The releases that have this revision, in words; nothing for an unknown one."""
    dags: int
    tables: list[TableSize]
    """The big ones that are there, largest first."""
    archives: list[str]
    """Tables that `airflow db clean` left behind."""
    pickled_xcoms: int | None
    """None where counting took too long."""
    duplicates: list[DuplicateDag]
    unanswered: list[str] = field(default_factory=list)
    """Questions that took too long, in words."""

    def as_keys(self) -> dict[str, Any]:
        """The look as JSON."""
        return {
            "kind": self.kind,
            "server": self.server,
            "bytes": self.bytes,
            "revision": self.revision,
            "airflow": self.airflow,
            "dags": self.dags,
            "tables": [
                {"name": t.name, "rows": t.rows, "estimate": t.is_estimate, "bytes": t.bytes}
                for t in self.tables
            ],
            "archives": self.archives,
            "pickled_xcoms": self.pickled_xcoms,
            "duplicates": [{"dag_id": d.dag_id, "files": list(d.files)} for d in self.duplicates],
            "unanswered": self.unanswered,
        }

    def as_text(self) -> str:
        """The look for a person, in lines."""
        return "\n".join(_lines(self)) + "\n"

    def observations(self, files: Collection[str] = ()) -> list[Observation]:
        """What of it is a finding. ``files`` of the tree stand for those of the database where their ends agree."""
        found = [_duplicate(one, path, files) for one in self.duplicates for path in one.files[1:]]
        if self.pickled_xcoms:
            rows = plural(self.pickled_xcoms, "row")
            message = f"The xcom table holds {rows} of pickles, which Airflow 3 puts away unread"
            found.append(
                Observation(rule=PICKLED, severity="WARNING", path=NO_FILE, message=message)
            )
        return found

    def coverage(self, found: Sequence[Observation]) -> Coverage:
        """What these observations speak for: the files they name, and the rules whose question was answered."""
        rules = RULES if self.pickled_xcoms is not None else RULES - {PICKLED}
        return Coverage(
            checker=CHECKER,
            files=frozenset({NO_FILE, *(one.path for one in found)}),
            rules=rules,
            status="partial" if self.unanswered else "success",
        )


def url_of(argument: str, environment: Mapping[str, str]) -> str:
    """The URL that an argument means: itself, or the value of the variable in ``env:NAME``."""
    if not argument.startswith("env:"):
        return argument
    name = argument.removeprefix("env:")
    if not environment.get(name):
        raise MetadataRefused(f"The environment variable {name} is not set.")
    return environment[name]


def look_at_metadata(url: str) -> MetadataLook:
    """Looks at the database behind a URL as Airflow writes it, or at a SQLite file by its path.

    Raises MetadataRefused where it cannot be opened, is of a kind that is not read, or is not Airflow's.
    """
    database = _opened(url)
    try:
        return _look(database)
    finally:
        database.close()


# --- Two kinds of database, one way to ask them


class _Database(Protocol):
    kind: str

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of one SELECT (with ``?`` for values). Raises _TooSlow, MetadataRefused."""

    def server(self) -> str: ...

    def size(self) -> int: ...

    def table_names(self) -> set[str]: ...

    def table_size(self, name: str) -> TableSize: ...

    def pickled(self, column: str) -> str:
        """The condition under which a binary column holds a pickle."""

    def close(self) -> None: ...


def _opened(url: str) -> _Database:
    scheme = urlsplit(url).scheme.partition("+")[0].lower() if "://" in url else "sqlite"
    match scheme:
        case "sqlite":
            return _Sqlite(url)
        case "postgresql" | "postgres":
            return _Postgres(url)
        case "mysql" | "mariadb":
            raise MetadataRefused(
                "MySQL is not looked at yet; PostgreSQL and SQLite are. The scan itself needs no database."
            )
    raise MetadataRefused(f"A database of kind {scheme!r} is not known; name PostgreSQL or SQLite.")


class _Sqlite:
    kind = "sqlite"

    def __init__(self, url: str) -> None:
        place = Path(unquote(re.sub(r"^sqlite(?:\+\w+)?://(?:/|$)", "", url.partition("?")[0])))
        if not place.is_file():
            raise MetadataRefused(f"There is no SQLite file {place}.")
        self._place = place
        try:
            self._connection = sqlite3.connect(
                f"{place.absolute().as_uri()}?mode=ro", uri=True, timeout=_CONNECT_SECONDS
            )
            self._connection.execute("PRAGMA query_only = ON")
        except sqlite3.Error as error:
            raise MetadataRefused(f"{place} cannot be opened: {error}.") from error
        self._ends_at = 0.0
        self._connection.set_progress_handler(lambda: time.monotonic() > self._ends_at, 10_000)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        self._ends_at = time.monotonic() + _statement_seconds()
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            if "interrupted" in str(error):
                raise _TooSlow from error
            raise MetadataRefused(f"{self._place} cannot be read: {error}.") from error
        except sqlite3.Error as error:
            raise MetadataRefused(f"{self._place} cannot be read: {error}.") from error

    def server(self) -> str:
        return sqlite3.sqlite_version

    def size(self) -> int:
        return self._place.stat().st_size

    def table_names(self) -> set[str]:
        return {
            name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        }

    def table_size(self, name: str) -> TableSize:
        try:
            ((rows,),) = self.rows(f'SELECT count(*) FROM "{name}"')
        except _TooSlow:
            return TableSize(name, None)
        return TableSize(name, rows)

    def pickled(self, column: str) -> str:
        return f"typeof({column}) = 'blob' AND substr({column}, 1, 1) = x'{_PICKLE:02x}'"

    def close(self) -> None:
        self._connection.close()


def _driver() -> ModuleType:
    """psycopg. Only those who look at PostgreSQL need it: the wheel brings none, and loading it takes as long as a
    scan of a small tree."""
    try:
        return importlib.import_module("psycopg")
    except ImportError:
        raise MetadataRefused(
            'Looking at PostgreSQL needs the package psycopg; install it with `pip install "psycopg[binary]"`.'
        ) from None


class _Postgres:
    kind = "postgresql"

    def __init__(self, url: str) -> None:
        self._driver = psycopg = _driver()
        self._url = re.sub(r"^\w+(?:\+\w+)?://", "postgresql://", url)
        milliseconds = _statement_seconds() * 1000
        try:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=_CONNECT_SECONDS,
                application_name="upgradecheck",
            )
            self._connection.execute("SET default_transaction_read_only = on")
            self._connection.execute(f"SET statement_timeout = {milliseconds}")
            self._connection.execute(f"SET lock_timeout = {milliseconds}")
        except (psycopg.Error, ValueError) as error:
            raise MetadataRefused(
                f"The database cannot be reached: {_without_secrets(str(error), url)}"
            ) from None

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            query = statement.replace("?", "%s").encode()
            return self._connection.execute(query, values or None).fetchall()
        except self._driver.errors.QueryCanceled as error:
            raise _TooSlow from error
        except self._driver.Error as error:
            sentence = _without_secrets(str(error), self._url)
            raise MetadataRefused(f"The database cannot be read: {sentence}") from None

    def server(self) -> str:
        ((version,),) = self.rows("SHOW server_version")
        return str(version)

    def size(self) -> int:
        ((size,),) = self.rows("SELECT pg_database_size(current_database())")
        return int(size)

    def table_names(self) -> set[str]:
        asked = (
            "SELECT c.relname FROM pg_class c "
            "WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) "
            "AND c.relnamespace <> 'pg_catalog'::regnamespace"
        )
        return {name for (name,) in self.rows(asked)}

    def table_size(self, name: str) -> TableSize:
        """The planner's estimate; a count only where the table was never analysed."""
        asked = (
            "SELECT c.reltuples, pg_total_relation_size(c.oid) FROM pg_class c "
            "WHERE c.relname = ? AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)"
        )
        ((tuples, size),) = self.rows(asked, name)
        if tuples >= 0:
            return TableSize(name, int(tuples), True, int(size))
        try:
            ((rows,),) = self.rows(f'SELECT count(*) FROM "{name}"')
        except _TooSlow:
            return TableSize(name, None, False, int(size))
        return TableSize(name, rows, False, int(size))

    def pickled(self, column: str) -> str:
        return f"length({column}) > 0 AND get_byte({column}, 0) = {_PICKLE}"

    def close(self) -> None:
        self._connection.close()


def _statement_seconds() -> int:
    return int(rulebook().metadata["statement_seconds"])


def _without_secrets(message: str, url: str) -> str:
    """One line of a driver's message, with nothing of the URL but its host."""
    first = " ".join(message.split())[:300]
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        password = ""
    for secret in (url, password, unquote(password)):
        if secret:
            first = first.replace(secret, "…")
    return first


# --- The questions


def _look(database: _Database) -> MetadataLook:
    names = database.table_names()
    if not {"alembic_version", "dag"} <= names:
        raise MetadataRefused(
            "This is no metadata database of Airflow, or its schema is not on the search path: "
            "the tables alembic_version and dag are not there."
        )
    known = rulebook().metadata
    unanswered: list[str] = []
    tables = [database.table_size(name) for name in known["big_tables"] if name in names]
    unanswered += [f"rows of {table.name}" for table in tables if table.rows is None]
    revision = "".join(
        str(row[0]) for row in database.rows("SELECT version_num FROM alembic_version")
    )
    pickled = _pickled(database, unanswered)
    ((dags,),) = database.rows("SELECT count(*) FROM dag")
    return MetadataLook(
        kind=database.kind,
        server=database.server(),
        bytes=database.size(),
        revision=revision,
        airflow=_airflow_of(revision),
        dags=dags,
        tables=sorted(tables, key=lambda table: (-(table.bytes or 0), -(table.rows or 0))),
        archives=sorted(name for name in names if name.startswith(known["archive_prefix"])),
        pickled_xcoms=pickled,
        duplicates=_duplicates(database, names, unanswered),
        unanswered=unanswered,
    )


def _airflow_of(revision: str) -> str:
    """The releases whose database has this revision."""
    releases = list(rulebook().metadata["revisions"].items())
    for at, (release, head) in enumerate(releases):
        if head == revision:
            following = releases[at + 1][0] if at + 1 < len(releases) else ""
            return f"{release} or later, before {following}" if following else f"{release} or later"
    return ""


def _pickled(database: _Database, unanswered: list[str]) -> int | None:
    """Rows of xcom that are pickles. Since 3.0 the column is JSON and holds none."""
    try:
        ((binary,),) = database.rows(_IS_BINARY[database.kind])
        if not binary:
            return 0
        ((rows,),) = database.rows(f"SELECT count(*) FROM xcom WHERE {database.pickled('value')}")
    except _TooSlow:
        unanswered.append("how many XComs are pickled")
        return None
    return int(rows)


_IS_BINARY = {
    "sqlite": "SELECT count(*) FROM pragma_table_info('xcom') WHERE name = 'value' AND type = 'BLOB'",
    "postgresql": (
        "SELECT count(*) FROM information_schema.columns WHERE table_name = 'xcom' "
        "AND table_schema = ANY(current_schemas(false)) AND column_name = 'value' AND data_type = 'bytea'"
    ),
}


def _duplicates(
    database: _Database, names: Collection[str], unanswered: list[str]
) -> list[DuplicateDag]:
    """DAG ids that the sources of several files make. The dag table itself has one row for an id."""
    if "dag_code" not in names:
        return []
    try:
        known = {dag_id for (dag_id,) in database.rows("SELECT dag_id FROM dag")}
        sources = database.rows(
            "SELECT fileloc, source_code FROM dag_code WHERE length(source_code) < ? "
            "ORDER BY last_updated DESC LIMIT ?",
            _LONGEST_SOURCE,
            rulebook().metadata["most_sources"],
        )
    except _TooSlow:
        unanswered.append("which DAG ids are in several files")
        return []
    files: dict[str, set[str]] = {}
    for path, source in _newest(sources):
        for dag_id in known.intersection(_dag_ids(path, source)):
            files.setdefault(dag_id, set()).add(path)
    return [
        DuplicateDag(dag_id, tuple(sorted(paths)))
        for dag_id, paths in sorted(files.items())
        if len(paths) > 1
    ]


def _dag_ids(path: str, source: str) -> set[str]:
    """The ids that a source surely makes."""
    try:
        code = dag_code_of(PythonFile(path, source))
    except TOO_DEEP:
        return set()
    return {dag.dag_id for dag in code.dags if dag.resolved} if code else set()


def _newest(sources: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The newest source of each file: 3.x keeps one for each version of a DAG."""
    seen: set[str] = set()
    for path, source in sources:
        if path not in seen:
            seen.add(path)
            yield path, source


# --- What is said of it


def _duplicate(one: DuplicateDag, path: str, files: Collection[str]) -> Observation:
    shown = _in_tree(path, files)
    others = ", ".join(_in_tree(other, files) for other in one.files if other != path)
    return Observation(
        rule=DUPLICATE,
        severity="WARNING",
        path=shown,
        message=f"The DAG `{one.dag_id}` is made here and in {others}; only one of them counts",
        symbol=one.dag_id,
        dag_id=one.dag_id,
    )


def _in_tree(path: str, files: Collection[str]) -> str:
    """The tree's file whose end agrees best with a path of Airflow's machine, where it is one; else that path."""
    parts = PurePosixPath(path).parts
    for at in range(1, len(parts)):
        end = "/".join(parts[at:])
        found = [file for file in files if file == end or file.endswith(f"/{end}")]
        if len(found) == 1:
            return found[0]
        if found:
            break
    return path


def _lines(look: MetadataLook) -> Iterator[str]:
    release = f", of Airflow {look.airflow}" if look.airflow else ", which no release is known by"
    yield f"Metadata database: {_KINDS[look.kind]} {look.server}, {_amount(look.bytes)}, {plural(look.dags, 'DAG')}"
    yield f"  schema revision {look.revision}{release}"
    for table in look.tables:
        if table.rows == 0:
            continue
        rows = "not counted in time" if table.rows is None else plural(table.rows, "row")
        about = "about " if table.is_estimate else ""
        size = "" if table.bytes is None else f", {_amount(table.bytes)}"
        yield f"  {table.name}: {about}{rows}{size}"
    if look.archives:
        yield f"  left by `airflow db clean`, dropped with `airflow db drop-archived`: {', '.join(look.archives)}"
    if look.pickled_xcoms:
        yield f"  pickled XComs: {look.pickled_xcoms:,}"
    for one in look.duplicates:
        yield f"  DAG {one.dag_id} is in several files: {', '.join(one.files)}"
    if look.unanswered:
        yield f"  not answered in time: {', '.join(look.unanswered)}"


_KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def _amount(size: int) -> str:
    """Bytes with as many digits as tell anything."""
    amount = float(size)
    for unit in ("bytes", "KB", "MB", "GB"):
        if amount < 1024:
            return (
                f"{amount:.0f} {unit}"
                if unit == "bytes" or amount >= 10
                else f"{amount:.1f} {unit}"
            )
        amount /= 1024
    return f"{amount:.1f} TB"
