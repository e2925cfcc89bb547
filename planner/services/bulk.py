"""The one place that writes rows by the hundred thousand: COPY on PostgreSQL, executemany on SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection, models
from psycopg import sql

Row = Sequence[Any]


def moment(value: datetime) -> Any:
    """A time as the database's driver wants it."""
    return connection.ops.adapt_datetimefield_value(value)


def day(value: date | None) -> Any:
    """A date as the database's driver wants it."""
    return connection.ops.adapt_datefield_value(value)


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """``count`` unused primary keys. Must run inside the transaction that inserts them."""
    if count == 0:
        return []
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                [table, count],
            )
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()
    start = (last[0] if last else 0) + 1
    return list(range(start, start + count))


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows given as tuples in the order of ``columns`` (column names, not field names)."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if is_postgresql():
            _copy(cursor, table, columns, rows)
            return
        names = ", ".join(f'"{column}"' for column in columns)
        marks = ", ".join("?" * len(columns))
        _raw(cursor).executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)


def update(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Update rows given as tuples of the primary key followed by the values of ``columns``."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if is_postgresql():
            _update_from_copy(cursor, table, columns, rows)
            return
        sets = ", ".join(f'"{column}" = ?{place}' for place, column in enumerate(columns, 2))
        _raw(cursor).executemany(f'UPDATE "{table}" SET {sets} WHERE "id" = ?1', rows)


def mark(model: type[models.Model], column: str, value: Any, ids: Sequence[int]) -> None:
    """Set one column to one value in many rows."""
    if not ids:
        return
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if is_postgresql():
            statement = f'UPDATE "{table}" SET "{column}" = %s WHERE "id" = ANY(%s)'
            cursor.execute(statement, [value, list(ids)])
            return
        _raw(cursor).executemany(
            f'UPDATE "{table}" SET "{column}" = ? WHERE "id" = ?', ((value, key) for key in ids)
        )


def _raw(cursor: Any) -> Any:
    """The driver's own cursor: Django's wrapper would keep a copy of every row it passes on."""
    return cursor.cursor


def _copy(cursor: Any, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _update_from_copy(cursor: Any, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    names = ", ".join(f'"{column}"' for column in ("id", *columns))
    cursor.execute(
        f'CREATE TEMPORARY TABLE "changed" ON COMMIT DROP AS SELECT {names} FROM "{table}" WITH NO DATA'
    )
    _copy(cursor, "changed", ("id", *columns), rows)
    cursor.execute('ANALYZE "changed"')
    sets = ", ".join(f'"{column}" = "changed"."{column}"' for column in columns)
    cursor.execute(
        f'UPDATE "{table}" SET {sets} FROM "changed" WHERE "{table}"."id" = "changed"."id"'
    )
    cursor.execute('DROP TABLE "changed"')
